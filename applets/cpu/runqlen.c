// SPDX-License-Identifier: GPL-2.0-or-later
// Sample the length of the run queues, as a histogram.
#include "applet.h"
#include "runqlen.h"
#include "runqlen.skel.h"
#define RODATA struct runqlen_bpf__rodata

#include <linux/perf_event.h>

struct row {
	struct hist_key key;
	struct occupancy value;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT('C', by_cpu, "cpus", NULL, "each CPU for itself"),
	OPT_USER_NUM('f', "frequency", "HZ", "samples a second on each CPU [99]", 1, 100000),
	OPT('O', occupancy_only, "runqocc", NULL, "in which part of the samples tasks waited"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	OPT('H', every_class, "host", NULL, "also real-time, deadline and sched_ext tasks"),
	{ 0 }
};

#undef EVENT
#define EVENT struct hist_key
static const struct col keys[] = { COL_IF('C', cpu, "cpu", 0), { 0 } };
#undef EVENT
#define EVENT struct row

static const struct hist hist = {
	.name = "run queue length", .keys = keys, .linear = true, .unit = "tasks",
};

static void fmt_occupancy(struct cell *cell, const void *row)
{
	const struct occupancy *o = cell_ptr(cell, row);

	cell_f64(cell, o->samples ? 100.0 * o->queued / o->samples : 0, 2);
}

static const struct col cols[] = {
	COL_ONLY('C', key.cpu, "CPU", -5),
	COL(value.samples, "SAMPLES", 10),
	COL(value.queued, "QUEUED", 10),
	COL_FMT(value, "RUNQOCC(%)", 10, fmt_occupancy),
	{ 0 }
};

static const struct top top = {
	.when = 'O',
	.map = "occupancies",
	.key_size = sizeof(struct hist_key),
	.value_size = sizeof(struct occupancy),
	.sort = "CPU",
	.ascending = true,
};

static const struct probe probes[] = {
	{ "the run queues (CONFIG_FAIR_GROUP_SCHED)", "sample" },
	{ 0 }
};

static void attach(struct run *run)
{
	prog_attach_perf(run, "sample", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
			 opt_u64(run, 'f', 99), 0, -1);
}

BPF_OBJECT(runqlen);

APPLET(runqlen) = {
	.name = "runqlen",
	.brief = "Sample the length of the run queues, as a histogram.",
	.help = "Examples:\n"
		"  runqlen 1 5           five reports, one a second\n"
		"  runqlen -C            a histogram for each CPU\n"
		"  runqlen -O -T 10      how often tasks waited, each ten seconds\n"
		"A length is the number of tasks that wait while another runs. Those in cgroups\n"
		"are counted; what sleeps and is only kept in the queue (Linux 6.12) is not.\n",
	.title = "Sampling run queue length... Hit Ctrl-C to end.",
	OBJECT(runqlen),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.top = &top,
	.probes = probes,
	.attach = attach,
};
