// SPDX-License-Identifier: GPL-2.0-or-later
// Trace the stat family of system calls, by which programs look for files.
#include "applet.h"
#include "syscalls.h"
#include "statsnoop.h"
#include "statsnoop.skel.h"
#define RODATA struct statsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('x', only_failed, "failed", NULL, "only calls that failed"),
	OPT_USER('t', "timestamp", NULL, "show the seconds since the start"),
	OPT_USER('s', "sysname", NULL, "show the name of the system call"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	{ 0 }
};

static const char *const call_names[] = {
	[STAT] = "stat", [LSTAT] = "lstat", [FSTAT] = "fstat", [NEWFSTATAT] = "newfstatat",
	[STATX] = "statx", [STATFS] = "statfs", [FSTATFS] = "fstatfs",
};

/* Names that only 32-bit programs know. */
static const struct { const char *name; unsigned char call; } others[] = {
	{ "stat64", STAT }, { "lstat64", LSTAT }, { "fstat64", FSTAT },
	{ "fstatat64", NEWFSTATAT }, { "statfs64", STATFS }, { "fstatfs64", FSTATFS },
};

static unsigned char call_of(const char *name)
{
	for (size_t i = 1; i < ARRAY_LEN(call_names); i++)
		if (!strcmp(call_names[i], name))
			return i;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (!strcmp(others[i].name, name))
			return others[i].call;
	return NONE;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	for (int compat = 0; compat < 2; compat++) {
		for (int nr = 0; nr < SYSCALLS_MAX; nr++) {
			const char *name = syscall_name(nr, compat);

			ro->calls[compat][nr] = name ? call_of(name) : NONE;
		}
	}
}

static void fmt_ret(struct cell *cell, const void *row)
{
	cell_s64(cell, ((const EVENT *)row)->ret < 0 ? -1 : 0);
}

static void fmt_err(struct cell *cell, const void *row)
{
	cell_s64(cell, -((const EVENT *)row)->ret);
}

static void fmt_call(struct cell *cell, const void *row)
{
	cell_enum(cell, call_names, ARRAY_LEN(call_names), ((const EVENT *)row)->call);
}

static const struct col cols[] = {
	COL_TIME_REL('t', "TIME(s)"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(ret, "RET", 3, fmt_ret),
	COL_FMT(ret, "ERR", 3, fmt_err),
	COL_FMT_IF('s', call, "SYSCALL", -10, fmt_call),
	COL_FMT(path, "PATH", 0, fmt_text),
	{ 0 }
};

static const struct probe probes[] = {
	{ "system calls", "statx_exit statfs_exit fstatfs_exit ?newstat_exit ?newlstat_exit "
		"?newfstat_exit ?newfstatat_exit ?stat64_exit ?lstat64_exit ?fstat64_exit "
		"?fstatat64_exit ?statfs64_exit ?fstatfs64_exit" },
	{ "system calls", "syscall_exit" },
	{ 0 }
};

BPF_OBJECT(statsnoop);

APPLET(statsnoop) = {
	.name = "statsnoop",
	.brief = "Trace the stat family of system calls, by which programs look for files.",
	.help = "Examples:\n"
		"  statsnoop -t              with the seconds since the start\n"
		"  statsnoop -x -s           only those that failed, and which call it was\n"
		"  statsnoop -p 181          those of process 181\n"
		"Calls are stat, lstat, fstat, newfstatat, statx, statfs and fstatfs. Paths are\n"
		"made absolute: by the current folder, by the one that was given, or by the open\n"
		"file. Not seen are io_uring and, from Linux 5.15 on, 32-bit programs on a\n"
		"64-bit kernel.\n",
	OBJECT(statsnoop),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
