// SPDX-License-Identifier: GPL-2.0-or-later
// Show block I/O latency as a histogram.
#include "applet.h"
#include "disks.h"
#include "biolatency.h"
#include "biolatency.skel.h"
#define RODATA struct biolatency_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT('Q', queued, "queued", NULL, "from when it was asked for: with the time in queues"),
	OPT_CONST('m', hist_div, "milliseconds", "milliseconds, not microseconds", 1000000),
	OPT('D', by_disk, "disks", NULL, "one histogram a disk"),
	OPT('F', by_flags, "flags", NULL, "one for each set of I/O flags"),
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT_USER('e', "extension", NULL, "the average, the total and the count too"),
	OPT_USER('T', "timestamp", NULL, "the time of day before each report"),
	LETTER('j', "json"),
	{ 0 }
};

static void fmt_flags(struct cell *cell, const void *row)
{
	char text[IO_TEXT];

	cell_str(cell, io_words(((const EVENT *)row)->flags, text));
}

static const struct col keys[] = {
	COL_IF('D', disk, "disk", 0),
	COL_FMT_IF('F', flags, "flags", 0, fmt_flags),
	{ 0 }
};

static const struct hist hist = { .name = "latency", .keys = keys, .extension = 'e' };

/* Whose a request is, and when it was asked for, is noted only where that matters. */
static void setup(struct run *run)
{
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
	RUN_RODATA(run)->io_details = RUN_RODATA(run)->by_disk || RUN_RODATA(run)->by_flags;
	if (RUN_RODATA(run)->queued || RUN_RODATA(run)->filter.any)
		return;
	prog_off(run, "request_start");
	prog_off(run, "request_insert");
}

BPF_OBJECT(biolatency);

APPLET(biolatency) = {
	.name = "biolatency",
	.brief = "Show block I/O latency as a histogram.",
	.help = "Examples:\n"
		"  biolatency -mT 1 10       a report each second, ten of them, in milliseconds\n"
		"  biolatency -Q -d nvme0n1  one disk, with the time that I/O waits in queues\n"
		"  biolatency -D -F 5        by disk and kind of I/O, each five seconds\n"
		"The I/O of a task is what it asks for itself: what it wrote to files is mostly\n"
		"written later, by kworkers. Disks without requests of their own (dm, md, zram)\n"
		"are seen when named by -d, as those who use them see them.\n",
	.title = "Tracing block device I/O... Hit Ctrl-C to end.",
	OBJECT(biolatency),
	.opts = opts,
	.hist = &hist,
	.probes = disk_probes,
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.setup = setup,
};
