// SPDX-License-Identifier: GPL-2.0-or-later
// Trace the writing back of dirty pages: where to, how many, why, how long it took.
#include "applet.h"
#include "disks.h"
#include "enums.h"
#include "writeback.h"
#include "writeback.skel.h"
#define RODATA struct writeback_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	OPT_SCALE('m', min_ns, "min", "MS", "only rounds that took at least so long", 1000000),
	OPT('w', only_written, "written", NULL, "only rounds that wrote something"),
	LETTER('d', "duration"),
	{ 0 }
};

static void setup(struct run *run)
{
	if (!run->own)
		run->own = enum_read(run, "wb_reason", "WB_REASON_");
}

/* Block devices have their number as a name there, file systems without one (NFS, btrfs) another. */
static void fmt_device(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char text[DISK_NAME_LEN];
	unsigned major, minor;
	char more;

	if (sscanf(e->device, "%u:%u%c", &major, &minor, &more) == 2)
		cell_str(cell, disk_name(major << 20 | minor, text));
	else
		cell_strn(cell, e->device, sizeof(e->device));
}

static void fmt_reason(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_enum_read(cell, cell_run(cell)->own, e->reason);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(device, "DEVICE", -12, fmt_device),
	COL(pages, "PAGES", 8),
	COL_FMT(reason, "REASON", -16, fmt_reason),
	COL_DIV(lat_ns, "ms", 10, 1000000, 3),
	{ 0 }
};

BPF_OBJECT(writeback);

APPLET(writeback) = {
	.name = "writeback",
	.brief = "Trace the writing back of dirty pages: where to, how many, why, how long it took.",
	.help = "Examples:\n"
		"  writeback -w       rounds that wrote pages\n"
		"  writeback -m 100   rounds that took 100 ms or longer\n"
		"A job of writing back is done in rounds, each of which is a line. REASON is why it\n"
		"was asked for, in the kernel's own words: background (too many dirty pages),\n"
		"periodic (old ones), sync, vmscan (memory is short) and so on.\n",
	OBJECT(writeback),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.setup = setup,
};
