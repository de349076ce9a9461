// SPDX-License-Identifier: GPL-2.0-or-later
// Count new processes and threads per second.
#include "applet.h"
#include "pidpersec.h"
#include "pidpersec.skel.h"
#define RODATA struct pidpersec_bpf__rodata

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('P', by_parent, "parents", NULL, "by the process that makes them"),
	OPT_USER('n', "counts", NULL, "show the numbers, too"),
	OPT_USER_NUM('r', "rows", "N", "at most N parents [20]", 1, 1000000),
	{ 0 }
};

#define EVENT struct counts

static void tick(struct run *run)
{
	struct counts row;

	if (opt_on(run, 'P'))
		return;
	counts_since(run, "counts", 0, (uint64_t *)row.n, KINDS);
	row_print(run, &row, false);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_RATE(n[PROCESSES], "PIDS/s", 9),
	COL_RATE(n[THREADS], "THREADS/s", 9),
	COL_RATE(n[KTHREADS], "KTHREADS/s", 10),
	COL_IF('n', n[PROCESSES], "PIDS", 9),
	COL_IF('n', n[THREADS], "THREADS", 9),
	COL_IF('n', n[KTHREADS], "KTHREADS", 9),
	{ 0 }
};

#undef EVENT
struct row {
	struct parent key;
	struct counts value;
};
#define EVENT struct row

static const struct col parent_cols[] = {
	COL(key.pid, "PID", -7),
	COL(key.comm, "COMM", -16),
	COL_RATE(value.n[PROCESSES], "PIDS/s", 9),
	COL_RATE(value.n[THREADS], "THREADS/s", 9),
	COL_RATE(value.n[KTHREADS], "KTHREADS/s", 10),
	COL_IF('n', value.n[PROCESSES], "PIDS", 9),
	COL_IF('n', value.n[THREADS], "THREADS", 9),
	COL_IF('n', value.n[KTHREADS], "KTHREADS", 9),
	{ 0 }
};

static double weight(const struct run *run, const void *row)
{
	const struct counts *c = &((const EVENT *)row)->value;

	(void)run;
	return c->n[PROCESSES] + c->n[THREADS] + c->n[KTHREADS];
}

static const struct top top = {
	.when = 'P',
	.cols = parent_cols,
	.map = "parents",
	.key_size = sizeof(struct parent),
	.value_size = sizeof(struct counts),
	.weight = weight,
	.rows_key = 'r',
	.rows = 20,
};

BPF_OBJECT(pidpersec);

APPLET(pidpersec) = {
	.name = "pidpersec",
	.brief = "Count new processes and threads per second.",
	.help = "Examples:\n"
		"  pidpersec              each second\n"
		"  pidpersec -n 10 6      each ten seconds, six times, with the numbers themselves\n"
		"  pidpersec -P -r 5      the five processes that make most\n"
		"Filters are about who makes them. KTHREADS are threads of the kernel.\n",
	OBJECT(pidpersec),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.tick = tick,
};
