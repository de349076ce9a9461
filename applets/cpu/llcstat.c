// SPDX-License-Identifier: GPL-2.0-or-later
// Show references and misses of the last-level cache, by process and CPU.
#include "applet.h"
#include "llcstat.h"
#include "llcstat.skel.h"
#define RODATA struct llcstat_bpf__rodata

#include <linux/perf_event.h>

struct row {
	struct key key;
	struct counts value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT_USER_NUM('c', "sample_period", "N", "one sample after N events [100]", 1, INT32_MAX),
	OPT('t', by_thread, "tid", NULL, "each thread for itself"),
	OPT_USER_NUM('r', "rows", "N", "at most N lines", 1, 100000),
	{ 0 }
};

static uint64_t period(const struct run *run)
{
	return opt_u64(run, 'c', 100);
}

static void fmt_events(struct cell *cell, const void *row)
{
	cell_u64(cell, *(const uint64_t *)cell_ptr(cell, row) * period(cell_run(cell)));
}

/* The counters sample each for itself: there may be misses of a task and no reference. */
static void fmt_hit(struct cell *cell, const void *row)
{
	const struct counts *c = cell_ptr(cell, row);

	if (c->references)
		cell_f64(cell, c->misses >= c->references ? 0 :
			 100.0 * (c->references - c->misses) / c->references, 2);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL_ONLY('t', key.tid, "TID", -7),
	COL(key.comm, "NAME", -16),
	COL(key.cpu, "CPU", 4),
	COL_FMT(value.references, "REFERENCE", 12, fmt_events),
	COL_FMT(value.misses, "MISS", 12, fmt_events),
	COL_FMT(value, "HIT%", 7, fmt_hit),
	{ 0 }
};

/* Those with misses only come, too. */
static double weight(const struct run *run, const void *row)
{
	const struct counts *c = &((const EVENT *)row)->value;

	(void)run;
	return (double)c->references + c->misses;
}

/* run->own sums up all rows of a report, shown or not. */
static bool keep(struct run *run, void *row)
{
	struct counts *sum = run->own, *c = &((EVENT *)row)->value;

	sum->references += c->references;
	sum->misses += c->misses;
	return true;
}

static void tick(struct run *run)
{
	struct counts *sum = run->own;

	if (run->format == FORMAT_TEXT && sum->references)
		line_print(run, "Total References: %llu Total Misses: %llu Hit Rate: %.2f%%",
			   (unsigned long long)(sum->references * period(run)),
			   (unsigned long long)(sum->misses * period(run)),
			   100.0 - MIN(100.0 * sum->misses / sum->references, 100.0));
	memset(sum, 0, sizeof(*sum));
}

static void setup(struct run *run)
{
	if (!run->own)
		run->own = xalloc(sizeof(struct counts));
}

static void attach(struct run *run)
{
	prog_attach_perf(run, "reference", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_REFERENCES, 0,
			 period(run), -1);
	prog_attach_perf(run, "miss", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES, 0,
			 period(run), -1);
}

static const struct top top = {
	.map = "tasks",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct counts),
	.weight = weight,
	.rows_key = 'r',
};

BPF_OBJECT(llcstat);

APPLET(llcstat) = {
	.name = "llcstat",
	.brief = "Show references and misses of the last-level cache, by process and CPU.",
	.help = "Examples:\n"
		"  llcstat 10                for ten seconds\n"
		"  llcstat -c 1000 -t        by thread, at a tenth of the cost\n"
		"  llcstat --interval 1 -r 5 the five with most, each second\n"
		"Numbers are samples times the period, so that small ones are rough. It takes the\n"
		"CPU's own counters, which most virtual machines lack.\n",
	.title = "Sampling the last-level cache... Hit Ctrl-C to end.",
	OBJECT(llcstat),
	.operands = OPERANDS_DURATION,
	.opts = opts,
	.cols = cols,
	.top = &top,
	.setup = setup,
	.attach = attach,
	.keep = keep,
	.tick = tick,
};
