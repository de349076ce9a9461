// SPDX-License-Identifier: GPL-2.0-or-later
// Trace open, openat and openat2 system calls with their result.
#include "applet.h"
#include "opensnoop.h"
#include "opensnoop.skel.h"
#define RODATA struct opensnoop_bpf__rodata
#define EVENT struct event

#include <fcntl.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP(2),
	OPT('x', only_failed, "failed", NULL, "only opens that failed"),
	OPT_USER('n', "name", "TEXT", "only tasks with this in their name"),
	OPT_USER('f', "flag-filter", "FLAG[,FLAG]", "only opens with one of these, O_WRONLY,O_CREAT"),
	OPT('F', full_path, "full-path", NULL, "make relative paths absolute"),
	OPT('c', callers, "callers", NULL, "show the user stack, the functions that called open"),
	OPT_USER('e', "extended-fields", NULL, "show FLAGS and MODE"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	LETTER('d', "duration"),
	{ 0 }
};

static const struct { const char *name; unsigned value; } flag_names[] = {
	{ "O_WRONLY", O_WRONLY }, { "O_RDWR", O_RDWR }, { "O_CREAT", O_CREAT },
	{ "O_EXCL", O_EXCL }, { "O_NOCTTY", O_NOCTTY }, { "O_TRUNC", O_TRUNC },
	{ "O_APPEND", O_APPEND }, { "O_NONBLOCK", O_NONBLOCK }, { "O_DSYNC", O_DSYNC },
	{ "O_SYNC", O_SYNC & ~O_DSYNC }, { "O_DIRECT", O_DIRECT }, { "O_LARGEFILE", 0100000 },
	{ "O_DIRECTORY", O_DIRECTORY }, { "O_NOFOLLOW", O_NOFOLLOW }, { "O_NOATIME", O_NOATIME },
	{ "O_CLOEXEC", O_CLOEXEC }, { "O_PATH", O_PATH },
	{ "O_TMPFILE", O_TMPFILE & ~O_DIRECTORY },
};

static void setup(struct run *run)
{
	const char *list = opt_str(run, 'f');
	size_t n;

	for (; list && *list; list += n + (list[n] == ',')) {
		size_t i = 0;

		n = strcspn(list, ",");
		while (i < ARRAY_LEN(flag_names) && (strlen(flag_names[i].name) != n ||
						     strncmp(flag_names[i].name, list, n)))
			i++;
		if (i == ARRAY_LEN(flag_names))
			opt_bad(run, 'f', "expected names like O_CREAT, separated by commas");
		RUN_RODATA(run)->any_flags |= flag_names[i].value;
	}
}

static bool keep(struct run *run, void *event)
{
	const char *name = opt_str(run, 'n');

	return !name || strstr(((EVENT *)event)->comm, name);
}

static void fmt_fd(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_s64(cell, e->ret < 0 ? -1 : e->ret);
}

static void fmt_err(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_s64(cell, e->ret < 0 ? -e->ret : 0);
}

static void fmt_flags(struct cell *cell, const void *row)
{
	cell_printf(cell, "%08llo", (unsigned long long)((const EVENT *)row)->flags);
}

/* Without one of these flags the mode argument is not there, whatever the register held. */
static void fmt_mode(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->flags & O_CREAT || (e->flags & O_TMPFILE) == O_TMPFILE)
		cell_printf(cell, "%04o", e->mode);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('t', tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(ret, "FD", 3, fmt_fd),
	COL_FMT(ret, "ERR", 3, fmt_err),
	COL_FMT_IF('e', flags, "FLAGS", -8, fmt_flags),
	COL_FMT_IF('e', mode, "MODE", -5, fmt_mode),
	COL(path, "PATH", 0),
	COL_STACKS('c', stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "open", "openat2_fexit" },
	{ "open", "?open_exit_regs openat_exit_regs ?openat2_exit_regs" },
	{ "open", "?open_enter openat_enter ?openat2_enter ?open_exit openat_exit ?openat2_exit" },
	{ 0 }
};

BPF_OBJECT(opensnoop);

APPLET(opensnoop) = {
	.name = "opensnoop",
	.brief = "Trace open, openat and openat2 system calls with their result.",
	.help = "Examples:\n"
		"  opensnoop -p 181              opens of process 181\n"
		"  opensnoop -x                  only those that failed\n"
		"  opensnoop -T --comm nginx     with the time, of nginx alone\n"
		"  opensnoop -F -f O_CREAT       created files by their full paths\n"
		"Opens by io_uring are no system calls; with fexit (see --verbose) they are not seen\n"
		"either.\n",
	OBJECT(opensnoop),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
};
