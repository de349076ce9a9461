// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long tasks wait for a CPU, as a histogram.
#include "applet.h"
#include "runqlat.skel.h"
#include "bpf/run_wait.h"
#include "bpf/task_hist.h"
#define RODATA struct runqlat_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	TASK_SPLIT_OPTS,
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not microseconds", 1000000),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static const struct col keys[] = { TASK_SPLIT_KEYS, { 0 } };

static const struct hist hist = { .name = "run queue latency", .keys = keys };

static const struct probe probes[] = { RUN_WAIT_PROBES, { 0 } };

static void setup(struct run *run)
{
	TASK_SPLIT_CHECK(run);
}

BPF_OBJECT(runqlat);

APPLET(runqlat) = {
	.name = "runqlat",
	.brief = "Show how long tasks wait for a CPU, as a histogram.",
	.help = "Examples:\n"
		"  runqlat 1 10                  ten reports, one a second\n"
		"  runqlat -mT 1                 in milliseconds, with the time\n"
		"  runqlat -P -p 181             of process 181\n"
		"  runqlat -c /sys/fs/cgroup/a   of the tasks in a cgroup\n"
		"A wait begins when a task is woken, or has to leave its CPU though it could go\n"
		"on; it ends when it runs.\n",
	.title = "Tracing run queue latency... Hit Ctrl-C to end.",
	OBJECT(runqlat),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
};
