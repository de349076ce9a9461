// SPDX-License-Identifier: GPL-2.0-or-later
// Count hits and misses of the page cache.
#include "applet.h"
#include "bpf/pagecache.h"
#include "cachestat.skel.h"
#define RODATA struct cachestat_bpf__rodata

#include <unistd.h>

struct row {
	u64 hits, misses, dirties;
	u64 buffers_kb, cached_kb;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	{ 0 }
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
}

static u64 meminfo_kb(const char *text, const char *word)
{
	const char *p = strstr(text, word);

	return p ? strtoull(p + strlen(word), NULL, 10) : 0;
}

static void tick(struct run *run)
{
	struct pages_count c;
	char text[4096] = "";
	struct row row = { 0 };

	counts_since(run, "counts", 0, (uint64_t *)c.n, PAGES);
	/* A page may be taken back from what was said to be found after the last report. */
	row.hits = (s64)c.n[FOUND] > 0 ? c.n[FOUND] : 0;
	row.misses = c.n[ADDED] > c.n[CREATED] ? c.n[ADDED] - c.n[CREATED] : 0;
	row.dirties = c.n[DIRTIED];
	file_read("/proc/meminfo", text, sizeof(text));
	row.buffers_kb = meminfo_kb(text, "\nBuffers:");
	row.cached_kb = meminfo_kb(text, "\nCached:");
	row_print(run, &row, false);
}

static void fmt_ratio(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (!e->hits && !e->misses)
		cell_none(cell);
	else if (cell_run(cell)->format == FORMAT_TEXT)
		cell_printf(cell, "%.2f%%", 100.0 * e->hits / (e->hits + e->misses));
	else
		cell_f64(cell, 100.0 * e->hits / (e->hits + e->misses), 2);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL(hits, "HITS", 10),
	COL(misses, "MISSES", 10),
	COL(dirties, "DIRTIES", 10),
	COL_FMT(hits, "HITRATIO", 10, fmt_ratio),
	COL_DIV(buffers_kb, "BUFFERS_MB", 12, 1024, 0),
	COL_DIV(cached_kb, "CACHED_MB", 10, 1024, 0),
	{ 0 }
};

static const struct probe probes[] = {
	PAGECACHE_PROBES,
	{ 0 }
};

BPF_OBJECT(cachestat);

APPLET(cachestat) = {
	.name = "cachestat",
	.brief = "Count hits and misses of the page cache.",
	.help = "Examples:\n"
		"  cachestat -T 5     each five seconds, with the time of day\n"
		"  cachestat -p 181   what process 181 gets out of it\n"
		"All are pages. HITS were asked for by reads and page faults on files, and were\n"
		"there; a fault is one page, also where its neighbours are mapped with it. MISSES\n"
		"came from the file system, for the reader or ahead of it. DIRTIES are writes to\n"
		"clean pages. Not counted are tmpfs, and what file systems read for themselves.\n",
	OBJECT(cachestat),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.setup = setup,
	.tick = tick,
};
