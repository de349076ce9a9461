// SPDX-License-Identifier: GPL-2.0-or-later
// Trace block I/O: who asked for it, where, how much, how long it took.
#include "applet.h"
#include "disks.h"
#include "biosnoop.h"
#include "biosnoop.skel.h"
#define RODATA struct biosnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT_SCALE('m', min_ns, "min", "MS", "only what took at least so long", 1000000),
	OPT('x', only_failed, "failed", NULL, "only what failed"),
	OPT_USER('Q', "queued", NULL, "show QUE(ms), the time before it went to the driver"),
	OPT('P', patterns, "pattern", NULL, "show P: Sequential, Random, Unknown"),
	OPT_USER('e', "extended-fields", NULL, "show TID, UID, PART and ERR"),
	OPT_USER('t', "timestamp", NULL, "the time of day, not seconds since the start"),
	{ 0 }
};

static void fmt_ops(struct cell *cell, const void *row)
{
	char text[IO_TEXT];

	cell_str(cell, io_letters(((const EVENT *)row)->flags, text));
}

static void fmt_part(struct cell *cell, const void *row)
{
	uint32_t part = ((const EVENT *)row)->part;
	char text[DISK_NAME_LEN];

	if (part)
		cell_str(cell, disk_name(part, text));
	else
		cell_none(cell);
}

static void fmt_pattern(struct cell *cell, const void *row)
{
	cell_printf(cell, "%c", (int)((const EVENT *)row)->pattern);
}

static void fmt_err(struct cell *cell, const void *row)
{
	int status = ((const EVENT *)row)->status;

	cell_s64(cell, status < 0 ? -status : io_errno(status));
}

static const struct col cols[] = {
	{ .head = "TIME(s)", .width = -11, .kind = K_TIME_REL, .unless = 't' },
	{ .head = "TIMESTAMP", .width = -15, .kind = K_TIME, .when = 't' },
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "TID", -7),
	COL_IF('e', uid, "UID", -6),
	COL(disk, "DISK", -9),
	COL_FMT_IF('e', part, "PART", -9, fmt_part),
	COL_FMT(flags, "T", -4, fmt_ops),
	COL(sector, "SECTOR", -10),
	COL(bytes, "BYTES", -7),
	COL_FMT_IF('e', status, "ERR", 3, fmt_err),
	COL_FMT_ONLY('P', pattern, "P", 1, fmt_pattern),
	COL_DIV_IF('Q', queue_ns, "QUE(ms)", 8, 1000000, 3),
	COL_DIV(lat_ns, "LAT(ms)", 8, 1000000, 3),
	{ 0 }
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
}

BPF_OBJECT(biosnoop);

APPLET(biosnoop) = {
	.name = "biosnoop",
	.brief = "Trace block I/O: who asked for it, where, how much, how long it took.",
	.help = "Examples:\n"
		"  biosnoop -Q -d sda        one disk, with the time that I/O waits in queues\n"
		"  biosnoop -m 10            what took the disk 10 ms or more\n"
		"  biosnoop -P --comm dd     is it sequential?\n"
		"T is as in the kernel's trace events: Read, Write, Discard, Flush; then F for\n"
		"force unit access, A for read-ahead, S for synchronous, M for metadata. What was\n"
		"written to files is mostly written later, by kworkers. Disks without requests of\n"
		"their own (dm, md, zram) are seen when named by -d.\n",
	OBJECT(biosnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = disk_probes,
	.operands = OPERANDS_DURATION,
	.setup = setup,
};
