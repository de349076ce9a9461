// SPDX-License-Identifier: GPL-2.0-or-later
// Runtimes of languages by their USDT probes.
#include "langs.h"
#include "features.h"
#include "elf.h"
#include "procs.h"
#include "usdt.h"
#include "usyms.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

static const struct {
	const char *name, *file; /* what its program or library is called */
	const char *who;	/* has the probes */
} about[LANGS] = {
	[LANG_C] = { "c", "libc.so*", "glibc configured with --enable-systemtap has them" },
	[LANG_JAVA] = { "java", "libjvm.so*",
			"OpenJDK configured with --enable-dtrace, as Debian's, has them" },
	[LANG_NODE] = { "node", "node*", "node up to 18 configured with --with-dtrace has them" },
	[LANG_PERL] = { "perl", "*perl*", "perl configured with -Dusedtrace has them" },
	[LANG_PHP] = { "php", "*php*", "php configured with --enable-dtrace, as Debian's, has them" },
	[LANG_PYTHON] = { "python", "*python*",
			  "python configured with --with-dtrace, as Debian's and Fedora's, has them" },
	[LANG_RUBY] = { "ruby", "*ruby*",
			"ruby configured with --enable-dtrace, as Debian's, has them" },
	[LANG_TCL] = { "tcl", "libtcl*", "tcl configured with --enable-dtrace has them" },
};

/* A file by its identity: containers have their own under the same name. */
struct file {
	u64 dev, ino;
};

/* A process that was seen, and which program it ran then. Libraries come a little later: so it is
 * looked at for some more times. */
struct seen {
	int pid;
	unsigned char looks;
	struct file exe;
};

enum { LOOKS = 3, FILES_MAX = 65536 };

struct langs {
	const struct lang_probe *probes;
	enum lang lang;
	int pid;
	size_t places, maps;
	struct file *files;	/* all that were looked into */
	size_t nfiles;
	struct seen *seen;	/* by pid */
	size_t nseen;
	u64 has;		/* bits of languages: of these the process has files, by name */
	bool told;
};

/* For the timer, which knows of the run alone. */
static struct {
	struct langs *langs;
	int fd;
} watched;

enum lang langs_lang(const struct langs *langs)
{
	return langs->lang;
}

int langs_pid(const struct langs *langs)
{
	return langs->pid;
}

/* ---- what the user wants ---- */

static bool has_probes(const struct lang_probe *probes, int lang)
{
	for (const struct lang_probe *p = probes; p->prog; p++)
		if (p->lang == lang)
			return true;
	return false;
}

static enum lang lang_given(const struct run *run, const struct lang_probe *probes, bool none)
{
	const char *word = opt_str(run, 'l');
	char why[128] = "expected";
	size_t n = strlen(why);

	if (!word)
		return LANG_ANY;
	if (none && !strcmp(word, "none"))
		return LANG_NONE;
	for (int i = 0; i < LANGS; i++) {
		if (!has_probes(probes, i))
			continue;
		if (!strcmp(word, about[i].name))
			return i;
		n += snprintf(why + n, sizeof(why) - n, " %s", about[i].name);
	}
	snprintf(why + n, sizeof(why) - n, "%s", none ? " none" : "");
	opt_bad(run, 'l', why);
}

struct langs *langs_setup(struct run *run, const struct lang_probe *probes, bool none)
{
	struct langs *langs = xalloc(sizeof(*langs));
	uint64_t pid = opt_u64(run, KEY_LANG_PID, 0);

	langs->probes = probes;
	langs->lang = lang_given(run, probes, none);
	if (run->applet->operands == OPERANDS_OWN && run->argc &&
	    (!parse_u64(run->argv[0], &pid) || !pid || pid > INT_MAX))
		die(EXIT_USAGE, "PID '%s': expected the number of a process", run->argv[0]);
	langs->pid = pid;
	return langs;
}

void langs_interval(struct run *run)
{
	uint64_t seconds;

	if (run->argc > 2)
		die(EXIT_USAGE, "too many operands");
	if (run->argc < 2)
		return;
	if (!parse_u64(run->argv[1], &seconds) || !seconds || seconds > 1000000000)
		die(EXIT_USAGE, "INTERVAL '%s': expected a number of seconds", run->argv[1]);
	run->interval_ns = seconds * 1000000000;
}

void langs_filter(const struct langs *langs, struct filter *filter)
{
	filter->pid = langs->pid;
	filter->any |= langs->pid != 0;
}

void lang_print(struct cell *cell, const struct lang_name *name)
{
	cell_printf(cell, "%.*s%s%.*s", (int)sizeof(name->class), name->class,
		    *name->class ? "." : "", (int)sizeof(name->method), name->method);
}

/* ---- files ---- */

static bool file_is_new(struct langs *l, const struct mapped_file *m)
{
	for (size_t i = 0; i < l->nfiles; i++)
		if (l->files[i].ino == m->ino && l->files[i].dev == m->dev)
			return false;
	if (l->nfiles == FILES_MAX)
		return false;
	if (!(l->nfiles & (l->nfiles - 1)))
		l->files = xrealloc(l->files, (l->nfiles ? 2 * l->nfiles : 1) * sizeof(*l->files));
	l->files[l->nfiles++] = (struct file){ m->dev, m->ino };
	return true;
}

static bool wanted(const struct langs *l, const struct lang_probe *p)
{
	return l->lang == LANG_ANY || l->lang == p->lang;
}

/* Has the file a provider that is of interest? */
static bool note_see(struct elf *e, const struct usdt_note *note, void *arg)
{
	const struct langs *l = arg;
	size_t n = strlen(note->provider);

	(void)e;
	for (const struct lang_probe *p = l->probes; p->prog; p++)
		if (wanted(l, p) && !strncmp(p->probe, note->provider, n) && p->probe[n] == ':')
			return false;
	return true;
}

struct look {
	struct run *run;
	struct langs *langs;
	struct seen *now;	/* the next langs->seen */
	size_t nnow;
};

/* Does /proc/PID/FILE have the word? True where that cannot be told. */
static bool proc_has(int pid, const char *file, const char *word)
{
	char path[64], text[32768];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, text, sizeof(text));
	if (fd >= 0)
		close(fd);
	return n <= 0 || memmem(text, n, word, strlen(word));
}

/* Probes of calls are there whatever happens, but are hit only if the runtime was started so.
 * Python 3.11 reaches them only while it traces (the instruction DO_TRACING of Python/ceval.c),
 * 3.12 has none. */
static void tell_extended(struct langs *l, const struct lang_probe *p, const char *path)
{
	const char *minor = strstr(path, "python3.");

	if (!p->extended || !l->pid || l->told)
		return;
	l->told = true;
	if (p->lang == LANG_JAVA && !proc_has(l->pid, "cmdline", "DTrace"))
		warn("process %d was not started with -XX:+ExtendedDTraceProbes: calls and objects "
		     "are not seen then", l->pid);
	else if (p->lang == LANG_PHP && !proc_has(l->pid, "environ", "USE_ZEND_DTRACE=1"))
		warn("process %d was not started with USE_ZEND_DTRACE=1: calls are not seen then",
		     l->pid);
	else if (p->lang == LANG_PYTHON && minor && atoi(minor + strlen("python3.")) >= 11)
		warn("Python from 3.11 on tells of calls only while a profiler is on "
		     "(sys.setprofile)");
}

static void file_attach(struct look *k, const char *path)
{
	struct langs *l = k->langs;

	for (const struct lang_probe *p = l->probes; p->prog; p++) {
		int n;

		if (!*p->probe || !wanted(l, p) || !prog_loaded(k->run, p->prog))
			continue;
		n = prog_attach_usdt(k->run, p->prog, l->pid, path, p->probe, p->cookie);
		if (n < 0)
			warn("%s in %s cannot be probed: %s", p->probe, path, uprobe_error(n));
		if (n <= 0)
			continue;
		l->places += n;
		tell_extended(l, p, path);
	}
}

static void mapped_see(const struct mapped_file *m, void *arg)
{
	struct look *k = arg;
	char path[PATH_MAX];
	struct elf *e;
	bool found;

	k->langs->maps++;
	for (int i = 0; i < LANGS; i++)
		if (glob_matches(about[i].file, m->base))
			k->langs->has |= 1 << i;
	if (!file_is_new(k->langs, m) || mapped_file_path(m, path, sizeof(path)))
		return;
	e = elf_file_open(path, NULL); /* what is mapped to be run need not be ELF */
	if (!e)
		return;
	found = usdt_each(e, note_see, k->langs);
	elf_file_close(e);
	if (found)
		file_attach(k, path);
}

/* ---- processes ---- */

static void die_without(const struct langs *l) __attribute__((noreturn));
static void die_without(const struct langs *l)
{
	int lang = l->lang;

	for (int known = 1; known >= 0; known--)
		for (int i = LANG_JAVA; lang == LANG_ANY && i < LANGS; i++)
			if (l->has & 1 << i && has_probes(l->probes, i) >= known)
				lang = i;
	if (lang == LANG_ANY)
		die(EXIT_CANNOT, "process %d has no language's runtime with USDT probes for this",
		    l->pid);
	if (!has_probes(l->probes, lang))
		die(EXIT_CANNOT, "process %d is in %s, for which there is nothing to watch here",
		    l->pid, about[lang].name);
	die(EXIT_CANNOT, "process %d has no USDT probes of %s for this compiled in; %s", l->pid,
	    about[lang].name, about[lang].who);
}

static int by_pid(const void *a, const void *b)
{
	return ((const struct seen *)a)->pid - ((const struct seen *)b)->pid;
}

/* Of a process that is known already only whether it runs another program by now. */
static void process_look(int pid, void *arg)
{
	struct look *k = arg;
	struct langs *l = k->langs;
	struct seen s = { .pid = pid }, *old;
	char path[32];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	if (stat(path, &st))
		return; /* those of the kernel have none */
	s.exe = (struct file){ st.st_dev, st.st_ino };
	old = l->seen ? bsearch(&s, l->seen, l->nseen, sizeof(s), by_pid) : NULL;
	if (old && !memcmp(&old->exe, &s.exe, sizeof(s.exe)))
		s.looks = old->looks;
	if (s.looks < LOOKS) {
		s.looks++;
		mapped_each(pid, mapped_see, k); /* it may have ended */
	}
	if (!(k->nnow & (k->nnow - 1)))
		k->now = xrealloc(k->now, (k->nnow ? 2 * k->nnow : 1) * sizeof(*k->now));
	k->now[k->nnow++] = s;
}

static void processes_look(struct run *run, struct langs *l)
{
	struct look k = { .run = run, .langs = l };

	proc_each(process_look, &k);
	free(l->seen);
	qsort(k.now, k.nnow, sizeof(*k.now), by_pid);
	l->seen = k.now;
	l->nseen = k.nnow;
}

/* Processes that have come since. */
static void look_again(struct run *run)
{
	uint64_t times;

	if (read(watched.fd, &times, sizeof(times)) > 0)
		processes_look(run, watched.langs);
}

static void look_each_second(struct run *run, struct langs *l)
{
	const struct itimerspec second = { .it_interval = { 1, 0 }, .it_value = { 1, 0 } };

	watched.langs = l;
	watched.fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watched.fd < 0 || timerfd_settime(watched.fd, 0, &second, NULL))
		die(EXIT_FAIL, "timerfd: %s", strerror(errno));
	run_watch(run, watched.fd, look_again);
}

void langs_try(struct run *run, struct langs *l)
{
	struct look k = { .run = run, .langs = l };
	int err;

	if (l->lang == LANG_NONE || l->lang == LANG_C)
		return;
	if (!l->pid) {
		processes_look(run, l);
		look_each_second(run, l);
		return;
	}
	err = mapped_each(l->pid, mapped_see, &k);
	if (!err && !l->maps)
		err = -ESRCH; /* a zombie, or a thread of the kernel */
	if (err)
		die(EXIT_FAIL, "process %d: %s", l->pid, strerror(-err));
}

void langs_attach(struct run *run, struct langs *l)
{
	langs_try(run, l);
	if (l->pid && !l->places && l->lang != LANG_NONE && l->lang != LANG_C)
		die_without(l);
}
