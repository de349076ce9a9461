// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long tasks have a CPU at a time, or are without one, as a histogram.
#include "applet.h"
#include "cpudist.skel.h"
#include "bpf/task_hist.h"
#define RODATA struct cpudist_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT('O', off_cpu, "offcpu", NULL, "the times off the CPU, not on it"),
	TASK_SPLIT_OPTS,
	OPT('I', include_idle, "include-idle", NULL, "count the time of idle CPUs too"),
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not microseconds", 1000000),
	OPT_USER('e', "extension", NULL, "show average, total and count too"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static const struct col keys[] = { TASK_SPLIT_KEYS, { 0 } };

static const struct hist hist = { .name = "time per turn", .keys = keys, .extension = 'e' };

static const struct probe probes[] = {
	{ "the scheduler", "switch_btf" },
	{ "the scheduler", "switch_raw" },
	{ 0 }
};

static void setup(struct run *run)
{
	TASK_SPLIT_CHECK(run);
	if (opt_on(run, 'O') && opt_on(run, 'I'))
		die(EXIT_USAGE, "-O and -I exclude each other: an idle task is never off its CPU");
}

BPF_OBJECT(cpudist);

APPLET(cpudist) = {
	.name = "cpudist",
	.brief = "Show how long tasks have a CPU at a time, or are without one, as a histogram.",
	.help = "Examples:\n"
		"  cpudist 1 10                  ten reports, one a second\n"
		"  cpudist -mT 1                 in milliseconds, with the time\n"
		"  cpudist -O -p 181             how long process 181 is off its CPU\n"
		"  cpudist -P -e                 of each process, with averages\n"
		"A turn ends when the task sleeps, ends or has to leave. Off the CPU a task sleeps\n"
		"or waits for a CPU; the time counts when it runs again.\n",
	.title = "Tracing turns on the CPUs... Hit Ctrl-C to end.",
	OBJECT(cpudist),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
};
