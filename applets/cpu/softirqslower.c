// SPDX-License-Identifier: GPL-2.0-or-later
// Trace soft interrupts that come late or take long.
#include "applet.h"
#include "softirq_names.h"
#include "softirqslower.h"
#include "softirqslower.skel.h"
#define RODATA struct softirqslower_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTERS,
	OPT_RANGE('c', only_cpu, "cpu", "CPU", "on this CPU only", 0, 65535),
	{ 0 }
};

static void setup(struct run *run)
{
	uint64_t us;

	if (run->argc > 1)
		die(EXIT_USAGE, "only one limit can be given");
	if (run->argc) {
		if (!parse_u64(run->argv[0], &us) || us > UINT64_MAX / 1000)
			die(EXIT_USAGE, "%s: expected a number of microseconds", run->argv[0]);
		RUN_RODATA(run)->min_ns = us * 1000;
	}
	softirq_names_read(run);
}

static void fmt_stage(struct cell *cell, const void *row)
{
	static const char *const stages[STAGES] = {
		[STAGE_RAISED] = "irq(hard) to softirq", [STAGE_RUN] = "softirq runtime",
	};

	cell_enum(cell, stages, STAGES, ((const EVENT *)row)->stage);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(stage, "STAGE", -20, fmt_stage),
	COL_FMT(vector, "SOFTIRQ", -8, fmt_softirq),
	COL_DIV(ns, "LAT(us)", 14, 1000, 3),
	COL(cpu, "CPU", 4),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", 0),
	{ 0 }
};

static const struct probe probes[] = {
	{ "soft interrupts", "raise_btf entry_btf exit_btf" },
	{ "soft interrupts", "raise_raw entry_raw exit_raw" },
	{ 0 }
};

BPF_OBJECT(softirqslower);

APPLET(softirqslower) = {
	.name = "softirqslower",
	.brief = "Trace soft interrupts that come late or take long.",
	.args = "[MIN_US]",
	.help = "Examples:\n"
		"  softirqslower          10 milliseconds and more\n"
		"  softirqslower 100      a tenth of a millisecond\n"
		"  softirqslower -c 3 0   all of them, on CPU 3\n"
		"A soft interrupt is raised, mostly by a hard one, then begins, then ends: what\n"
		"takes longer than the limit of each is a line. COMM is the task that was\n"
		"interrupted, or ksoftirqd when the work is left to that.\n",
	.title = "Tracing slow soft interrupts... Hit Ctrl-C to end.",
	OBJECT(softirqslower),
	EVENT_SIZE,
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
