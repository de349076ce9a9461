// SPDX-License-Identifier: GPL-2.0-or-later
// Show operations of a file system that take long, with file, place and latency.
#include "applet.h"
#include "filesystems.h"
#include "fsslower.skel.h"
#define RODATA struct fsslower_bpf__rodata
#define EVENT struct fs_event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT_USER('t', "type", "TYPE", "the file system: ext4, xfs, btrfs, nfs, overlay, tmpfs, ..."),
	OPT_SCALE('m', min_ns, "min", "MS", "only those that took at least so long [10]", 1000000),
	OPT('x', only_failed, "failed", NULL, "only those that failed; shows ERR"),
	OPT_USER('b', "bytes", NULL, "show the exact place, as OFFSET in bytes"),
	LETTER('c', "csv"), LETTER('j', "csv"), LETTER('s', "csv"), LETTER('d', "duration"),
	{ 0 }
};

static void fmt_letter(struct cell *cell, const void *row)
{
	cell_strn(cell, &"RWOFG"[((const EVENT *)row)->op], 1);
}

static void fmt_kb(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->offset < 0)
		cell_none(cell);
	else
		cell_s64(cell, e->offset / 1024);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL_IF(2, uid, "UID", -6),
	COL_FMT(op, "T", -1, fmt_letter),
	COL_FMT(bytes, "BYTES", -7, fs_fmt_number),
	COL_FMT(offset, "OFF_KB", -8, fmt_kb),
	COL_FMT_IF('b', offset, "OFFSET", -12, fs_fmt_number),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	COL_IF('x', err, "ERR", 3),
	COL_FMT(path, "FILENAME", 0, fmt_text),
	{ 0 }
};

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (!opt_on(run, 't'))
		die(EXIT_USAGE, "of which file system? Give one, as in 'fsslower -t ext4'");
	fs_setup(run, opt_str(run, 't'), (struct fs_choice *)&ro->fs_choice, ro->fs_calls);
	fs_slow_setup(run, 'm', &ro->min_ns, (struct filter *)&ro->filter);
}

static const struct probe probes[] = {
	FS_PROBES(FS_ALL),
	{ 0 }
};

BPF_OBJECT(fsslower);

APPLET(fsslower) = {
	.name = "fsslower",
	.brief = "Show operations of a file system that take long, with file, place and latency.",
	.args = "[MIN_MS]",
	.help = "Examples:\n"
		"  fsslower -t ext4           those that took 10 ms or longer; so does ext4slower\n"
		"  fsslower -t xfs 1          1 ms or longer\n"
		"  fsslower -t tmpfs -m 0     all; any file system of /proc/filesystems\n"
		"T: R read, W write, O open, F fsync, G getattr. BYTES are those moved, or those that\n"
		"fsync is for, if not the whole file. MIN_MS is the same as -m. What the tool itself\n"
		"does is left out.\n"
		FS_HELP,
	OBJECT(fsslower),
	EVENT_UPTO(path),
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.trial = "-t tmpfs",
	.setup = setup,
	.attach = fs_attach,
};

#define SLOWER(fs)							\
	ALIAS(fs##slower) = {						\
		.name = #fs "slower",					\
		.applet = "fsslower",					\
		.brief = "Show operations of " #fs " that take long.",	\
		.args = "-t " #fs,					\
	}
SLOWER(bcachefs);
SLOWER(btrfs);
SLOWER(ext4);
SLOWER(f2fs);
SLOWER(fuse);
SLOWER(nfs);
SLOWER(xfs);
SLOWER(zfs);
