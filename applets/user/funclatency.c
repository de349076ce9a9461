// SPDX-License-Identifier: GPL-2.0-or-later
// Time functions of kernel, programs and libraries, as histograms.
#include "applet.h"
#include "features.h"
#include "elf.h"
#include "ksyms.h"
#include "procs.h"
#include "tracefs.h"
#include "usyms.h"
#include "funclatency.h"
#include "funclatency.skel.h"
#define RODATA struct funclatency_bpf__rodata
#define EVENT struct hist_key

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <limits.h>
#include <regex.h>
#include <unistd.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not nanoseconds", 1000000),
	OPT_CONST('u', hist_div, "microseconds", "in microseconds", 1000),
	OPT('F', by_function, "function", NULL, "one histogram per function"),
	OPT('P', by_process, "process", NULL, "one histogram per process"),
	OPT_RANGE('l', max_level, "level", "N",
		  "only calls at most N deep within each other (1: outermost)", 1, LEVELS_MAX),
	OPT_USER('r', "regexp", NULL, "FUNCTION is a regular expression, from the name's start on"),
	OPT_USER('k', "kprobes", NULL, "use plain kprobes even where something cheaper works"),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end",
		     1, 1000000000),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	LETTER('d', "duration"),
	{ 0 }
};

/* To time everything is to stop everything; and of probes one by one the core holds 1024, two for
 * each function. */
enum { FUNCS_MAX = 4096, SINGLES_MAX = 512 };

/* One function to be timed. Its index is the cookie of its probes. */
struct func {
	char *name, *shown;
	char *path;		/* of its ELF file; NULL: of the kernel */
	uint64_t offset;
	bool glob;		/* found by a pattern: not each that matches need be one to probe */
	bool traced;		/* ftrace knows it: many can be attached at once (6.10) */
};

struct funcs {
	struct func *v;
	size_t n, kernel;	/* the kernel's come first once all are known */
	bool cookies;
	struct ksyms *ksyms;
	const char **names;	/* of the traced ones, with their cookies */
	u64 *cookie;
	size_t traced;
};

/* ---- finding them ---- */

struct pattern {
	struct funcs *all;
	const char *text, *path;
	bool regexp, found;
	regex_t re;
};

/* Two names of one place are one function. */
static void func_add(struct pattern *p, const char *name, uint64_t offset, bool glob)
{
	struct funcs *all = p->all;
	const char *path = p->path;
	const char *slash = path ? strrchr(path, '/') : NULL, *base = slash ? slash + 1 : path;
	char shown[512];

	p->found = true;
	for (size_t i = 0; i < all->n; i++) {
		const struct func *f = &all->v[i];

		if (!path == !f->path && (path ? offset == f->offset && !strcmp(path, f->path)
					       : !strcmp(name, f->name)))
			return;
	}
	if (all->n == FUNCS_MAX)
		die(EXIT_FAIL, "more than %d functions: be more particular", FUNCS_MAX);
	all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
	snprintf(shown, sizeof(shown), "%s%s%s", base ? base : "", base ? ":" : "", name);
	all->v[all->n++] = (struct func){
		.name = xstrdup(name), .shown = xstrdup(shown), .glob = glob,
		.path = path ? xstrdup(path) : NULL, .offset = offset,
	};
}

static bool pattern_fits(const struct pattern *p, const char *name)
{
	regmatch_t m;

	if (!p->regexp)
		return glob_matches(p->text, name);
	return !regexec(&p->re, name, 1, &m, 0) && !m.rm_so;
}

static bool kernel_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct pattern *p = arg;

	(void)addr, (void)module;
	if (pattern_fits(p, name))
		func_add(p, name, 0, true);
	return true;
}

static bool user_see(const struct elf_func *f, void *arg)
{
	struct pattern *p = arg;

	/* An indirect one is only a resolver, which runs once. */
	if (!f->ifunc && pattern_fits(p, f->name))
		func_add(p, f->name, f->offset, true);
	return true;
}

static void kernel_find(struct pattern *p, bool exact)
{
	char real[256];

	if (!exact)
		kallsyms_match(p->regexp ? "*" : p->text, kernel_see, p);
	else if (kallsyms_has_func(p->text, real, sizeof(real)))
		func_add(p, real, 0, false);
}

static void user_find(struct pattern *p, bool exact)
{
	const char *why;
	struct elf *e = elf_file_open(p->path, &why);
	struct elf_func f;

	if (!e)
		die(EXIT_FAIL, "%s: %s", p->path, why);
	if (elf_is_go(e))
		die(EXIT_CANNOT, "%s is a Go program: Go moves its stacks, and a probe on a return "
		    "would crash it", p->path);
	if (!exact)
		elf_each_func(e, user_see, p);
	else if (!elf_find_func(e, p->text, &f) && f.ifunc)
		die(EXIT_CANNOT, "%s: %s only chooses one of several functions when the program "
		    "starts; name one of those", p->path, p->text);
	else if (!elf_find_func(e, p->text, &f))
		func_add(p, p->text, f.offset, false);
	elf_file_close(e);
}

/* The file that the part before the colon means: the program of -p, a library or a program; with -p
 * as that process sees it. */
static void file_find(struct run *run, const char *name, char path[PATH_MAX])
{
	int pid = opt_u64(run, 'p', 0);

	if (!*name && !pid)
		die(EXIT_USAGE, "':FUNCTION' is one of the program of -p PID, which is missing");
	if (!*name || (pid && !strchr(name, '/') && proc_runs(pid, name))) {
		snprintf(path, PATH_MAX, "/proc/%d/exe", pid);
		return;
	}
	if (strchr(name, '/') && *name != '/')
		pid = 0; /* from our own current directory */
	if (lib_find(pid, name, path, PATH_MAX) &&
	    (!pid || strchr(name, '/') || lib_find(0, name, path, PATH_MAX)) &&
	    program_find(name, path, PATH_MAX))
		die(EXIT_FAIL, "there is no library or program '%s'", name);
}

static void pattern_compile(struct pattern *p)
{
	char why[128];
	int err = regcomp(&p->re, p->text, REG_EXTENDED);

	if (!err)
		return;
	regerror(err, &p->re, why, sizeof(why));
	die(EXIT_USAGE, "FUNCTION '%s': %s", p->text, why);
}

/* FUNCTION, FILE:FUNCTION, :FUNCTION, and with the "p:" that BCC puts before them. */
static void operand_find(struct run *run, const char *operand)
{
	struct pattern p = { .all = run->own, .text = operand, .regexp = opt_on(run, 'r') };
	bool exact, kernel = false;
	char path[PATH_MAX], file[PATH_MAX];
	const char *colon;

	if (!strncmp(p.text, "p:", 2) && strchr(p.text + 2, ':')) {
		p.text += 2;
		kernel = *p.text == ':';
	}
	colon = strrchr(p.text, ':');
	if (colon) {
		snprintf(file, sizeof(file), "%.*s", (int)(colon - p.text), p.text);
		p.text = colon + 1;
	}
	if (!*p.text)
		die(EXIT_USAGE, "FUNCTION '%s': it has no name", operand);
	exact = !p.regexp && !strpbrk(p.text, "*?");
	if (p.regexp)
		pattern_compile(&p);
	if (!colon || kernel) {
		kernel_find(&p, exact);
	} else {
		file_find(run, file, path);
		p.path = path;
		user_find(&p, exact);
	}
	if (p.regexp)
		regfree(&p.re);
	if (!p.found && p.path)
		die(EXIT_FAIL, "there is no function '%s' in %s", p.text, p.path);
	if (!p.found)
		die(EXIT_FAIL, "the kernel has no function '%s'", p.text);
}

static int by_where(const void *a, const void *b)
{
	const struct func *x = a, *y = b;

	if (!x->path || !y->path)
		return !x->path == !y->path ? strcmp(x->name, y->name) : !!x->path - !!y->path;
	return strcmp(x->path, y->path) ?: strcmp(x->name, y->name);
}

/* "NAME" or "NAME [MODULE]" */
static bool traced_see(char *text, size_t len, void *arg)
{
	struct funcs *all = arg;
	struct func key = { .name = text }, *f;

	(void)len;
	text[strcspn(text, " \t")] = 0;
	f = bsearch(&key, all->v, all->kernel, sizeof(*all->v), by_where);
	if (f)
		f->traced = true;
	return true;
}

/* Which of several kernel functions can be attached at once. One that was named has to be. */
static void traced_find(struct funcs *all)
{
	int fd = all->kernel > 1 && tracefs_fd() >= 0
		? openat(tracefs_fd(), "available_filter_functions", O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	file_lines(fd, traced_see, all);
	all->names = xalloc(all->kernel * sizeof(*all->names));
	all->cookie = xalloc(all->kernel * sizeof(*all->cookie));
	for (size_t i = 0; i < all->kernel; i++) {
		if (!all->v[i].traced && !all->v[i].glob) {
			all->traced = 0;
			return;
		}
		all->names[all->traced] = all->v[i].name;
		all->cookie[all->traced] = i;
		all->traced += all->v[i].traced;
	}
}

static void funcs_find(struct run *run)
{
	struct funcs *all = run->own = xalloc(sizeof(*all));
	bool same_file = true;

	if (!run->argc)
		die(EXIT_USAGE, "which function? Try 'funclatency vfs_read', 'funclatency c:read' "
		    "or 'funclatency --help'");
	for (int i = 0; i < run->argc; i++)
		operand_find(run, run->argv[i]);
	qsort(all->v, all->n, sizeof(*all->v), by_where);
	while (all->kernel < all->n && !all->v[all->kernel].path)
		all->kernel++;
	for (size_t i = all->kernel; i < all->n; i++)
		same_file &= !strcmp(all->v[i].path, all->v[all->kernel].path);
	for (size_t i = 0; i < all->n; i++)
		if (same_file && (!all->kernel || all->kernel == all->n))
			all->v[i].shown = all->v[i].name;
	traced_find(all);
	all->cookies = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie,
					       NULL) == 1;
	all->ksyms = ksyms_new();
}

/* ---- probing them ---- */

/* In the order of their KFUNC numbers in the program. */
static const char *const session_kfuncs[] = { "bpf_session_is_return", "bpf_session_cookie" };

static void setup(struct run *run)
{
	struct funcs *all = run->own;

	if (!all) {
		funcs_find(run);
		all = run->own;
	}
	RUN_RODATA(run)->cookies = all->cookies;
	if (!opt_on(run, 'm') && !opt_on(run, 'u'))
		RUN_RODATA(run)->hist_div = 1;
	run->interval_ns = opt_u64(run, 'i', 0) * 1000000000;
	if (all->kernel == 1 && !opt_on(run, 'k')) {
		prog_target(run, "kernel_fentry", all->v[0].name);
		prog_target(run, "kernel_fexit", all->v[0].name);
	} else {
		prog_off(run, "kernel_fentry");
		prog_off(run, "kernel_fexit");
	}
	if (all->traced && !opt_on(run, 'k') &&
	    !prog_kfuncs(run, "kernel_session", session_kfuncs, ARRAY_LEN(session_kfuncs)))
		prog_targets(run, "kernel_session", all->names, all->cookie, all->traced);
	else
		prog_off(run, "kernel_session");
	if (!all->kernel) {
		prog_off(run, "kernel_kprobe");
		prog_off(run, "kernel_kretprobe");
	}
	if (all->kernel == all->n) {
		prog_off(run, "user_enter");
		prog_off(run, "user_return");
	}
}

static int kernel_attach(struct run *run, const struct funcs *all, size_t i)
{
	const char *name = all->v[i].name;
	uint64_t cookie = all->cookies ? i : 0;
	int err = prog_attach_kprobe(run, "kernel_kretprobe", true, name, cookie);

	/* The return first: a call that is only seen to begin would stay for nothing. */
	return err ? err : prog_attach_kprobe(run, "kernel_kprobe", false, name, cookie);
}

/* `n` functions of one file, from the i-th on. */
static int user_attach(struct run *run, const struct funcs *all, size_t i, size_t n)
{
	unsigned long *offset = xalloc(n * sizeof(*offset));
	u64 *cookie = xalloc(n * sizeof(*cookie));
	const char *path = all->v[i].path;
	int pid = opt_u64(run, 'p', 0), err;

	for (size_t j = 0; j < n; j++) {
		offset[j] = all->v[i + j].offset;
		cookie[j] = all->cookies ? i + j : 0;
	}
	err = prog_attach_uprobes(run, "user_return", true, pid, path, offset, cookie, n);
	if (!err)
		err = prog_attach_uprobes(run, "user_enter", false, pid, path, offset, cookie, n);
	free(offset);
	free(cookie);
	return err;
}

/* How many from the i-th on can be attached as one: those of its file. */
static size_t group_of(const struct funcs *all, size_t i)
{
	const char *path = all->v[i].path;
	size_t n = 1;

	while (path && uprobe_multi_works() && i + n < all->n && !strcmp(all->v[i + n].path, path))
		n++;
	return n;
}

/* Returns how many are refused. A group in which one is refused is tried one by one. */
static size_t group_attach(struct run *run, const struct funcs *all, size_t i, size_t n)
{
	const struct func *f = &all->v[i];
	size_t refused = 0;
	int err = f->path ? user_attach(run, all, i, n) : kernel_attach(run, all, i);

	if (err && n > 1) {
		for (size_t j = 0; j < n; j++)
			refused += group_attach(run, all, i + j, 1);
		return refused;
	}
	if (err && !f->glob)
		die(EXIT_CANNOT, "%s cannot be probed: %s", f->shown,
		    err == -EINVAL ? "the kernel forbids it there" : uprobe_error(err));
	return err != 0;
}

static void attach(struct run *run)
{
	struct funcs *all = run->own;
	size_t from = prog_loaded(run, "kernel_kprobe") ? 0 : all->kernel, refused = 0, n;

	if (prog_loaded(run, "kernel_session"))
		refused = all->kernel - all->traced;
	if ((uprobe_multi_works() ? all->kernel : all->n) - from > SINGLES_MAX)
		die(EXIT_FAIL, "more than %d functions to be probed one by one: be more particular",
		    SINGLES_MAX);
	for (size_t i = from; i < all->n; i += n) {
		n = group_of(all, i);
		refused += group_attach(run, all, i, n);
	}
	if (refused && refused == all->n)
		die(EXIT_CANNOT, "none of the %zu functions can be probed", all->n);
	if (refused)
		warn("%zu of %zu functions cannot be probed and are left out", refused, all->n);
}

/* ---- telling them ---- */

/* Before 5.15: functions at the same place in their pages look alike, so all of them are named. */
static void name_by_place(const struct funcs *all, uint64_t place, char *text, size_t size)
{
	size_t n = 0;

	for (const struct func *f = all->v + all->kernel; f < all->v + all->n; f++)
		if (f->offset % FUNC_PAGE == place && n < size)
			n += snprintf(text + n, size - n, "%s%s", n ? " or " : "", f->shown);
}

static void fmt_function(struct cell *cell, const void *row)
{
	const struct funcs *all = cell_run(cell)->own;
	uint64_t func = ((const EVENT *)row)->func;
	char text[512] = "?";
	const char *name = text;

	if (func == FUNC_ALONE)
		name = all->v[0].shown;
	else if (all->cookies && func < all->n)
		name = all->v[func].shown;
	else if (func < FUNC_PAGE)
		name_by_place(all, func, text, sizeof(text));
	else
		name = ksyms_find(all->ksyms, func, NULL, NULL);
	cell_str(cell, name ? name : "?");
}

static const struct col keys[] = {
	COL_FMT_IF('F', func, "Function", 0, fmt_function),
	COL_IF('P', pid, "pid", 0),
	{ 0 }
};

static const struct hist hist = {
	.name = "latency",
	.keys = keys,
	.extension = HIST_ALWAYS,
};

static const struct probe probes[] = {
	{ "kernel functions", "kernel_fentry kernel_fexit" },
	{ "kernel functions", "kernel_session" },
	{ "kernel functions", "kernel_kprobe kernel_kretprobe" },
	{ 0 }
};

BPF_OBJECT(funclatency);

APPLET(funclatency) = {
	.name = "funclatency",
	.brief = "Time functions of kernel, programs and libraries, as histograms.",
	.args = "FUNCTION...",
	.help = "FUNCTION is NAME of a kernel function, LIBRARY:NAME, PROGRAM:NAME, /PATH:NAME, or\n"
		":NAME of the program of -p. NAME may have * and ?, and several may be given.\n"
		"Examples:\n"
		"  funclatency vfs_read              reads of all files, in nanoseconds\n"
		"  funclatency -uF 'vfs_*'           a histogram of microseconds per function\n"
		"  funclatency -p 181 -i 5 c:malloc  malloc() of process 181, every 5 seconds\n"
		"  funclatency -r '/usr/sbin/mysqld:dispatch_(command|sql)'\n"
		"The time of a function has that of those it calls in it, and recursion counts each\n"
		"call; of a recursion in user space the kernel sees the outer 64 return.\n",
	.title = "Tracing functions... Hit Ctrl-C to end.",
	OBJECT(funclatency),
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.operands = OPERANDS_OWN,
	.stamp_key = 'T',
	.trial = "vfs_read",
	.setup = setup,
	.attach = attach,
};
