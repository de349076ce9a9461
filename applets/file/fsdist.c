// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long the operations of a file system take, as histograms.
#include "applet.h"
#include "filesystems.h"
#include "fsdist.h"
#include "fsdist.skel.h"
#define RODATA struct fsdist_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT_USER('t', "type", "TYPE", "the file system: ext4, xfs, btrfs, nfs, overlay, tmpfs, ..."),
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not microseconds", 1000000),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static const char *const names[] = {
	[FS_READ] = "read", [FS_WRITE] = "write", [FS_OPEN] = "open", [FS_FSYNC] = "fsync",
	[FS_GETATTR] = "getattr",
};

static void fmt_operation(struct cell *cell, const void *row)
{
	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->op);
}

static const struct col keys[] = {
	COL_FMT(op, "operation", 0, fmt_operation),
	{ 0 }
};

static const struct hist hist = {
	.name = "latency",
	.keys = keys,
	.extension = HIST_ALWAYS,
};

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (!opt_on(run, 't'))
		die(EXIT_USAGE, "of which file system? Give one, as in 'fsdist -t ext4'");
	fs_setup(run, opt_str(run, 't'), (struct fs_choice *)&ro->fs_choice, ro->fs_calls);
}

static const struct probe probes[] = {
	FS_PROBES(FS_ALL),
	{ 0 }
};

BPF_OBJECT(fsdist);

APPLET(fsdist) = {
	.name = "fsdist",
	.brief = "Show how long the operations of a file system take, as histograms.",
	.help = "Examples:\n"
		"  fsdist -t ext4             until Ctrl-C; ext4dist is the same\n"
		"  fsdist -t xfs -mT 1 10     in milliseconds, ten reports, one a second\n"
		"  fsdist -t tmpfs -p 181     any file system of /proc/filesystems; of process 181\n"
		FS_HELP,
	.title = "Tracing file system operations... Hit Ctrl-C to end.",
	OBJECT(fsdist),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.trial = "-t tmpfs",
	.setup = setup,
	.attach = fs_attach,
};

#define DIST(fs)							\
	ALIAS(fs##dist) = {						\
		.name = #fs "dist",					\
		.applet = "fsdist",					\
		.brief = "Show how long operations of " #fs " take, as histograms.", \
		.args = "-t " #fs,					\
	}
DIST(bcachefs);
DIST(btrfs);
DIST(ext4);
DIST(f2fs);
DIST(fuse);
DIST(nfs);
DIST(xfs);
DIST(zfs);
