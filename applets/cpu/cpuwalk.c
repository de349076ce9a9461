// SPDX-License-Identifier: GPL-2.0-or-later
// Sample which CPUs run processes, and how much of their time.
#include "applet.h"
#include "cpuwalk.h"
#include "cpuwalk.skel.h"
#define RODATA struct cpuwalk_bpf__rodata

#include <linux/perf_event.h>

struct row {
	struct key key;
	__u64 samples;
};
#define EVENT struct row

enum { HERTZ = 99 };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER_NUM('f', "frequency", "HZ", "samples a second on each CPU [99]", 1, 100000),
	OPT('P', by_process, "pids", NULL, "each process for itself"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

/* The part of the time in which it ran, by the number of samples that there could be. */
static void fmt_busy(struct cell *cell, const void *row)
{
	const struct run *run = cell_run(cell);
	double all = run->elapsed_ns / 1e9 * opt_u64(run, 'f', HERTZ);

	cell_f64(cell, all > 0 ? MIN(100.0 * ((const EVENT *)row)->samples / all, 100.0) : 0, 1);
}

static const struct col cols[] = {
	COL(key.cpu, "CPU", 5),
	COL_ONLY('P', key.pid, "PID", -7),
	COL_ONLY('P', key.comm, "COMM", -16),
	COL(samples, "SAMPLES", 8),
	COL_FMT(samples, "BUSY(%)", 7, fmt_busy),
	{ 0 }
};

/* By CPU, and on each the largest first. */
static double weight(const struct run *run, const void *row)
{
	const EVENT *r = row;

	(void)run;
	return -(double)r->key.cpu * UINT32_MAX + MIN(r->samples, UINT32_MAX);
}

static const struct top top = {
	.map = "samples",
	.key_size = sizeof(struct key),
	.value_size = sizeof(__u64),
	.weight = weight,
};

static void attach(struct run *run)
{
	prog_attach_perf(run, "sample", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
			 opt_u64(run, 'f', HERTZ), 0, -1);
}

BPF_OBJECT(cpuwalk);

APPLET(cpuwalk) = {
	.name = "cpuwalk",
	.brief = "Sample which CPUs run processes, and how much of their time.",
	.help = "Examples:\n"
		"  cpuwalk 10 1         for ten seconds\n"
		"  cpuwalk -P 1         by process, each second\n"
		"  cpuwalk -p 181 1     where process 181 runs\n"
		"CPUs that were found idle each time are not shown. With a filter, BUSY is the\n"
		"time for those tasks.\n",
	.title = "Sampling the CPUs... Hit Ctrl-C to end.",
	OBJECT(cpuwalk),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.cols = cols,
	.top = &top,
	.attach = attach,
};
