// SPDX-License-Identifier: GPL-2.0-or-later
// Trace flush requests to md devices (software RAID).
#include "applet.h"
#include "disks.h"
#include "mdflush.h"
#include "mdflush.skel.h"
#define RODATA struct mdflush_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('d', "disk", "DISK", "this md device or partition of one only"),
	OPT_USER('e', "extended-fields", NULL, "show TID, UID and ERR"),
	{ 0 }
};

static void fmt_err(struct cell *cell, const void *row)
{
	cell_u64(cell, io_errno(((const EVENT *)row)->status));
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "TID", -7),
	COL_IF('e', uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL(disk, "DEVICE", -10),
	COL(bytes, "BYTES", -7),
	COL_FMT_IF('e', status, "ERR", 3, fmt_err),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	{ 0 }
};

static void setup(struct run *run)
{
	const char *disk = opt_str(run, 'd');
	bool bios;

	if (disk)
		RUN_RODATA(run)->disk_dev = disk_find(disk, &bios);
}

BPF_OBJECT(mdflush);

APPLET(mdflush) = {
	.name = "mdflush",
	.brief = "Trace flush requests to md devices (software RAID).",
	.help = "Examples:\n"
		"  mdflush             all of them, until Ctrl-C\n"
		"  mdflush -d /dev/md0 --comm postgres\n"
		"A flush makes the disks write their caches out: fsync() and journals ask for it.\n"
		"BYTES are what is written with it, LAT(ms) the time until it was done.\n",
	.title = "Tracing md flush requests... Hit Ctrl-C to end.",
	OBJECT(mdflush),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_DURATION,
	.setup = setup,
};
