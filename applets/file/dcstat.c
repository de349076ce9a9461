// SPDX-License-Identifier: GPL-2.0-or-later
// Count hits and misses of the dentry cache, the cache of file names.
#include "applet.h"
#include "bpf/dcache.h"
#include "dcstat.h"
#include "dcstat.skel.h"
#define RODATA struct dcstat_bpf__rodata
#define EVENT struct counts

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP(2),
	OPT_USER('c', "counts", NULL, "show the numbers of lookups, too"),
	{ 0 }
};

static void tick(struct run *run)
{
	struct counts row;

	counts_since(run, "counts", 0, (uint64_t *)&row, sizeof(row) / sizeof(uint64_t));
	row_print(run, &row, false);
}

static void fmt_hits(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (!e->refs)
		cell_none(cell);
	else
		cell_f64(cell, e->misses < e->refs ? 100.0 * (e->refs - e->misses) / e->refs : 0, 2);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_RATE(refs, "REFS/s", 9),
	COL_RATE(slow, "SLOW/s", 9),
	COL_RATE(misses, "MISS/s", 9),
	COL_FMT(refs, "HIT%", 8, fmt_hits),
	COL_IF('c', refs, "REFS", 9),
	COL_IF('c', slow, "SLOW", 9),
	COL_IF('c', misses, "MISSES", 9),
	{ 0 }
};

static const struct probe probes[] = {
	DCACHE_PROBES,
	{ 0 }
};

BPF_OBJECT(dcstat);

APPLET(dcstat) = {
	.name = "dcstat",
	.brief = "Count hits and misses of the dentry cache, the cache of file names.",
	.help = "Examples:\n"
		"  dcstat 5 3         each five seconds, three times\n"
		"  dcstat -p 181      the lookups of process 181\n"
		"REFS are lookups, one for each part of a path; SLOW those that had to take locks;\n"
		"MISS those that were not in the cache, so that the file system was asked. A name\n"
		"that the cache knows not to exist is a hit.\n",
	OBJECT(dcstat),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.tick = tick,
};
