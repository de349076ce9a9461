// SPDX-License-Identifier: GPL-2.0-or-later
// Show the sizes of block I/O as a histogram for each name of a task.
#include "applet.h"
#include "disks.h"
#include "bitesize.h"
#include "bitesize.skel.h"
#define RODATA struct bitesize_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM('c'), FILTER_CGROUP(2),
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT('D', by_disk, "disks", NULL, "one histogram a disk"),
	OPT('F', by_flags, "flags", NULL, "one for each set of I/O flags: reads and writes apart"),
	OPT_USER('e', "extension", NULL, "the average, the total and the count too"),
	OPT_USER('T', "timestamp", NULL, "the time of day before each report"),
	{ 0 }
};

static void fmt_flags(struct cell *cell, const void *row)
{
	char text[IO_TEXT];

	cell_str(cell, io_words(((const EVENT *)row)->flags, text));
}

static const struct col keys[] = {
	COL(comm, "comm", 0),
	COL_IF('D', disk, "disk", 0),
	COL_FMT_IF('F', flags, "flags", 0, fmt_flags),
	{ 0 }
};

static const struct hist hist = {
	.name = "size", .unit = "bytes", .keys = keys, .from_first = true, .extension = 'e'
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->hist_div = 1;
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
}

BPF_OBJECT(bitesize);

APPLET(bitesize) = {
	.name = "bitesize",
	.brief = "Show the sizes of block I/O as a histogram for each name of a task.",
	.help = "Examples:\n"
		"  bitesize                 until Ctrl-C\n"
		"  bitesize -F -c postgres  one program's, reads and writes apart\n"
		"  bitesize -D -T 5         by disk, each five seconds\n"
		"The name is that of the task that asked for the I/O: what was written to files is\n"
		"mostly written later, by kworkers. Disks without requests of their own (dm, md,\n"
		"zram) are seen when named by -d.\n",
	.title = "Tracing block I/O... Hit Ctrl-C to end.",
	OBJECT(bitesize),
	.opts = opts,
	.hist = &hist,
	.probes = disk_probes,
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.setup = setup,
};
