// SPDX-License-Identifier: GPL-2.0-or-later
// Show the lines typed into bash, on all terminals.
#include "applet.h"
#include "features.h"
#include "elf.h"
#include "procs.h"
#include "usyms.h"
#include "bashreadline.h"
#include "bashreadline.skel.h"
#define RODATA struct bashreadline_bpf__rodata
#define EVENT struct event

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER('s', "shared", "FILE",
		 "watch this libreadline, or program that has readline(), not bash"),
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('P', "print-ppid", NULL, "show PPID"),
	OPT_USER('C', "print-comm", NULL, "show COMM"),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

enum { FILES_MAX = 32 };

/* A file by its identity: bash has many names, and each container its own. */
struct file {
	dev_t dev;
	ino_t ino;
	char *path;
	uint64_t offset;	/* of the function to watch, if any */
};

struct shells {
	struct file probed[FILES_MAX], bash[FILES_MAX];
	size_t nprobed, nbash;
	bool library;		/* some of them have readline in a library, which others use too */
	char tried[PATH_MAX];	/* where it was not found */
};

/* False: known already, or not to be had. */
static bool file_add(struct file *all, size_t *n, const char *path, uint64_t offset)
{
	struct stat st;

	if (*n == FILES_MAX || stat(path, &st))
		return false;
	for (size_t i = 0; i < *n; i++)
		if (all[i].dev == st.st_dev && all[i].ino == st.st_ino)
			return false;
	all[(*n)++] = (struct file){
		.dev = st.st_dev, .ino = st.st_ino, .path = xstrdup(path), .offset = offset,
	};
	return true;
}

/* The return of the last part comes after the line was typed. That of readline() itself is seen
 * only where it was called after the probe was there: the line being typed then would be missed. */
static bool readline_in(struct shells *all, const char *path)
{
	struct elf *e = elf_file_open(path, NULL);
	struct elf_func f;
	bool found = e && (!elf_find_func(e, "readline_internal_teardown", &f) ||
			   !elf_find_func(e, "readline", &f));

	if (found)
		file_add(all->probed, &all->nprobed, path, f.offset);
	else if (!all->tried[0])
		snprintf(all->tried, sizeof(all->tried), "%s", path);
	elf_file_close(e);
	return found;
}

/* The libreadline that the program is linked to, as on its disk or in its process. */
static bool library_of(int pid, const char *program, char path[PATH_MAX])
{
	struct elf *e = elf_file_open(program, NULL);
	const char *name = NULL;
	bool found;

	for (unsigned i = 0; e && (name = elf_needed(e, i)); i++)
		if (!strncmp(name, "libreadline.so", 14))
			break;
	found = name && !lib_find(pid, name, path, PATH_MAX);
	elf_file_close(e);
	return found;
}

/* One bash: `pid` runs it, or 0. */
static void bash_add(struct shells *all, int pid, const char *path)
{
	char library[PATH_MAX];

	if (!file_add(all->bash, &all->nbash, path, 0))
		return;
	if (!readline_in(all, path) && library_of(pid, path, library) && readline_in(all, library))
		all->library = true;
}

/* Those that run now may be in containers, or of a path that nobody would guess. */
static void process_see(int pid, void *arg)
{
	char path[32];

	if (!proc_runs(pid, "bash"))
		return;
	snprintf(path, sizeof(path), "/proc/%d/exe", pid);
	bash_add(arg, pid, path);
}

static void bash_installed(struct shells *all)
{
	static const char *const usual[] = { "/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash" };
	char path[PATH_MAX];

	if (!program_find("bash", path, sizeof(path)))
		bash_add(all, 0, path);
	for (size_t i = 0; i < ARRAY_LEN(usual); i++)
		bash_add(all, 0, usual[i]);
}

static void shells_find(struct run *run)
{
	struct shells *all = run->own = xalloc(sizeof(*all));
	int pid = opt_u64(run, 'p', 0);
	const char *given = opt_str(run, 's');
	char path[PATH_MAX];

	if (given) {
		if (lib_find(*given == '/' ? pid : 0, given, path, sizeof(path)))
			die(EXIT_FAIL, "%s: there is no such file or library", given);
		if (!readline_in(all, path))
			die(EXIT_FAIL, "there is no function 'readline' in %s", path);
		return;
	}
	if (pid) {
		snprintf(path, sizeof(path), "/proc/%d/exe", pid);
		bash_add(all, pid, path);
		if (!all->nbash)
			die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	} else {
		bash_installed(all);
		proc_each(process_see, all);
	}
	if (!all->nbash)
		die(EXIT_CANNOT, "there is no bash here; name the file that has readline() with -s");
	if (!all->nprobed)
		die(EXIT_CANNOT, "there is no function 'readline' in %s or a library of its; name "
		    "the file that has it with -s", all->tried);
}

static void setup(struct run *run)
{
	if (!run->own)
		shells_find(run);
}

static void attach(struct run *run)
{
	const struct shells *all = run->own;

	for (const struct file *f = all->probed; f < all->probed + all->nprobed; f++) {
		int err = prog_attach_uprobe(run, "line_typed", true, opt_u64(run, 'p', 0), f->path,
					     f->offset, 0);

		if (err)
			die(EXIT_CANNOT, "%s cannot be probed: %s", f->path, uprobe_error(err));
	}
}

/* Other programs use the library as well. Who has ended already is believed to have been bash. */
static bool keep(struct run *run, void *event)
{
	const struct shells *all = run->own;
	char exe[32];
	struct stat st;

	snprintf(exe, sizeof(exe), "/proc/%u/exe", ((EVENT *)event)->pid);
	if (!all->library || stat(exe, &st))
		return true;
	for (const struct file *f = all->bash; f < all->bash + all->nbash; f++)
		if (f->dev == st.st_dev && f->ino == st.st_ino)
			return true;
	return false;
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('P', ppid, "PPID", -7),
	COL_IF('C', comm, "COMM", -16),
	COL(line, "COMMAND", 0),
	{ 0 }
};

BPF_OBJECT(bashreadline);

APPLET(bashreadline) = {
	.name = "bashreadline",
	.brief = "Show the lines typed into bash, on all terminals.",
	.help = "Every bash that is installed or runs now is watched, in containers too.\n"
		"Examples:\n"
		"  bashreadline                 all of them\n"
		"  bashreadline -UP -u alice    of user alice, with UID and PPID\n"
		"  bashreadline -s readline     all programs that use libreadline\n"
		"  bashreadline -p 181          only that shell\n",
	OBJECT(bashreadline),
	EVENT_UPTO(line),
	.opts = opts,
	.cols = cols,
	.setup = setup,
	.attach = attach,
	.keep = keep,
};
