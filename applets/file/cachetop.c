// SPDX-License-Identifier: GPL-2.0-or-later
// Show which processes find their files in the page cache, and which do not.
#include "applet.h"
#include "cachetop.h"
#include "cachetop.skel.h"
#define RODATA struct cachetop_bpf__rodata

#include <unistd.h>

struct row {
	struct key key;
	struct pages_count value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('s', "sort", "ORDER", "total, hits, misses, dirties, read or write [total]"),
	OPT_USER_NUM('r', "rows", "N", "at most N rows [all]", 1, 1000000),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

/* What is found is counted before it turns out to be missing, so a report between has too much of it
 * and the next too little. */
static bool keep(struct run *run, void *event)
{
	struct pages_count *c = &((EVENT *)event)->value;

	(void)run;
	if ((s64)c->n[FOUND] < 0)
		c->n[FOUND] = 0;
	if (c->n[CREATED] > c->n[ADDED])
		c->n[ADDED] = c->n[CREATED];
	c->n[ADDED] -= c->n[CREATED]; /* the misses from here on */
	return c->n[FOUND] || c->n[ADDED] || c->n[DIRTIED];
}

static double percent(u64 part, u64 rest)
{
	return part + rest ? 100.0 * part / (part + rest) : -1;
}

static double read_hits(const EVENT *e)
{
	return percent(e->value.n[FOUND], e->value.n[ADDED]);
}

static double write_hits(const EVENT *e)
{
	const u64 *n = e->value.n;

	return percent(n[DIRTIED] > n[CREATED] ? n[DIRTIED] - n[CREATED] : 0, n[CREATED]);
}

static void fmt_percent(struct cell *cell, double v)
{
	if (v < 0)
		cell_none(cell);
	else
		cell_f64(cell, v, 1);
}

static void fmt_read(struct cell *cell, const void *row)
{
	fmt_percent(cell, read_hits(row));
}

static void fmt_write(struct cell *cell, const void *row)
{
	fmt_percent(cell, write_hits(row));
}

static double weight(const struct run *run, const void *row)
{
	const EVENT *e = row;
	const char *by = opt_str(run, 's');

	if (by && !strcmp(by, "read"))
		return read_hits(e);
	if (by && !strcmp(by, "write"))
		return write_hits(e);
	return e->value.n[FOUND] + e->value.n[ADDED] + e->value.n[DIRTIED];
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL(key.uid, "UID", -6),
	COL(key.comm, "CMD", -16),
	COL(value.n[FOUND], "HITS", 10),
	COL(value.n[ADDED], "MISSES", 10),
	COL(value.n[DIRTIED], "DIRTIES", 10),
	COL_FMT(value, "READ_HIT%", 10, fmt_read),
	COL_FMT(value, "WRITE_HIT%", 10, fmt_write),
	{ 0 }
};

static const struct order orders[] = {
	{ "total", NULL }, { "hits", "HITS" }, { "misses", "MISSES" }, { "dirties", "DIRTIES" },
	{ "read", NULL }, { "write", NULL },
	{ 0 }
};

static const struct top top = {
	.map = "users",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct pages_count),
	.weight = weight,
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.noclear_key = 'C',
};

static const struct probe probes[] = {
	PAGECACHE_PROBES,
	{ 0 }
};

BPF_OBJECT(cachetop);

APPLET(cachetop) = {
	.name = "cachetop",
	.brief = "Show which processes find their files in the page cache, and which do not.",
	.help = "Examples:\n"
		"  cachetop -C 1 10        each second, ten times, below each other\n"
		"  cachetop -s misses -r 5 the five with most misses\n"
		"All are pages: HITS were asked for by reads and page faults on files, and were\n"
		"there; MISSES came from the file system, for the reader or ahead of it. READ_HIT%\n"
		"is the share of the hits in both. DIRTIES are writes to clean pages, WRITE_HIT%\n"
		"the share of those which the cache had before. See cachestat, too.\n",
	OBJECT(cachetop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 5,
	.setup = setup,
	.keep = keep,
};
