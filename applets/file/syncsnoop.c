// SPDX-License-Identifier: GPL-2.0-or-later
// Trace sync, fsync and their like: which file, how long it took, what came of it.
#include "applet.h"
#include "syncsnoop.h"
#include "syncsnoop.skel.h"
#define RODATA struct syncsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_SCALE('m', min_ns, "min", "MS", "only calls that took at least so long", 1000000),
	OPT('x', only_failed, "failed", NULL, "only calls that failed"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('T', "timestamp", NULL, "show the time of day at which they returned"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const call_names[] = {
	[SYNC] = "sync", [FSYNC] = "fsync", [FDATASYNC] = "fdatasync", [MSYNC] = "msync",
	[SYNC_FILE_RANGE] = "sync_file_range", [SYNC_FILE_RANGE2] = "sync_file_range2",
	[SYNCFS] = "syncfs",
};

static void fmt_call(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_enum(cell, call_names, ARRAY_LEN(call_names), e->call);
}

static void fmt_fd(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SYNC || e->call == MSYNC)
		cell_none(cell);
	else
		cell_s64(cell, e->fd);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(call, "CALL", -16, fmt_call),
	COL_FMT(fd, "FD", 3, fmt_fd),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	COL(err, "ERR", 3),
	COL_FMT(path, "PATH", 0, fmt_text),
	{ 0 }
};

static const struct probe probes[] = {
	{ "system calls", "sync_enter sync_exit fsync_enter fsync_exit fdatasync_enter "
		"fdatasync_exit ?msync_enter ?msync_exit ?syncfs_enter ?syncfs_exit "
		"?sync_file_range_enter ?sync_file_range_exit "
		"?sync_file_range2_enter ?sync_file_range2_exit" },
	{ "the file of msync", "msync_file_fentry" },
	{ "the file of msync", "msync_file_kprobe" },
	{ "the file of msync", "" },
	{ 0 }
};

BPF_OBJECT(syncsnoop);

APPLET(syncsnoop) = {
	.name = "syncsnoop",
	.brief = "Trace sync, fsync and their like: which file, how long it took, what came of it.",
	.help = "Examples:\n"
		"  syncsnoop -T              with the time of day\n"
		"  syncsnoop -m 10           only calls that took 10 ms or longer\n"
		"  syncsnoop -x -p 181       those of process 181 that failed\n"
		"A call is shown when it returns: sync, fsync, fdatasync, msync, sync_file_range\n"
		"(or sync_file_range2) and syncfs. sync has no file. That of msync is seen if it\n"
		"waits (MS_SYNC), where the kernel lets functions be watched (see --verbose).\n"
		"Not seen are io_uring, and 32-bit programs on a 64-bit kernel.\n",
	OBJECT(syncsnoop),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
