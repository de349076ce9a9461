// SPDX-License-Identifier: GPL-2.0-or-later
// Show the time that soft interrupts take, by vector.
#include "applet.h"
#include "softirq_names.h"
#include "softirqs.skel.h"
#include "bpf/irq_time.h"
#define RODATA struct softirqs_bpf__rodata
#define EVENT struct irq_row

enum { BY_CPU = 10 };

static const struct opt opts[] = {
	FILTERS,
	OPT_RANGE('c', only_cpu, "cpu", "CPU", "on this CPU only", 0, 65535),
	OPT(BY_CPU, by_cpu, "by-cpu", NULL, "each CPU for itself"),
	OPT('d', distributed, "distributed", NULL, "histograms of the times, not their sums"),
	OPT_USER('C', "count", NULL, "show how many there were, too"),
	OPT_CONST('N', hist_div, "nanoseconds", "in nanoseconds, not microseconds", 1),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static const struct col cols[] = {
	COL_FMT(key.irq, "SOFTIRQ", -16, fmt_softirq),
	IRQ_TIME_COLS,
	COL_IF('C', value.count, "TOTAL_count", 11),
	COL_ONLY(BY_CPU, key.cpu, "CPU", 5),
	{ 0 }
};

static double weight(const struct run *run, const void *row)
{
	(void)run;
	return ((const EVENT *)row)->value.total_ns;
}

static const struct top top = { IRQ_TIME_TOP, .weight = weight };

static const struct col keys[] = {
	COL_IF(BY_CPU, key.cpu, "cpu", 0),
	COL_FMT(key.irq, "softirq", 0, fmt_softirq),
	{ 0 }
};

static const struct hist hist = { .name = "soft interrupt time", .keys = keys, .when = 'd' };

static const struct probe probes[] = {
	{ "soft interrupts", "entry_btf exit_btf" },
	{ "soft interrupts", "entry_raw exit_raw" },
	{ 0 }
};

BPF_OBJECT(softirqs);

APPLET(softirqs) = {
	.name = "softirqs",
	.brief = "Show the time that soft interrupts take, by vector.",
	.help = "Examples:\n"
		"  softirqs 1 5          five reports, one a second\n"
		"  softirqs -C --by-cpu  with counts, for each CPU\n"
		"  softirqs -d -N 10 1   histograms, in nanoseconds\n"
		"The time is that from entry to exit, with what interrupts it. A filter is on the\n"
		"tasks that are interrupted, or run the interrupt: ksoftirqd.\n",
	.title = "Tracing soft interrupts... Hit Ctrl-C to end.",
	OBJECT(softirqs),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.top = &top,
	.probes = probes,
	.setup = softirq_names_read,
};
