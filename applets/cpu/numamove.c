// SPDX-License-Identifier: GPL-2.0-or-later
// Show memory that moves between NUMA nodes to its users, and what that costs.
#include "applet.h"
#include "numa.h"
#include "numamove.h"
#include "numamove.skel.h"
#define RODATA struct numamove_bpf__rodata

struct row {
	struct key key;
	struct sums value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT('P', by_process, "pids", NULL, "each process for itself"),
	{ 0 }
};

static void fmt_ms(struct cell *cell, const void *row)
{
	if (prog_loaded(cell_run(cell), "untimed"))
		cell_none(cell);
	else
		cell_f64(cell, *(const uint64_t *)cell_ptr(cell, row) / 1e6, 3);
}

static void fmt_pages(struct cell *cell, const void *row)
{
	if (prog_loaded(cell_run(cell), "pages"))
		cell_u64(cell, *(const uint64_t *)cell_ptr(cell, row));
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_ONLY('P', key.pid, "PID", -7),
	COL_ONLY('P', key.comm, "COMM", -16),
	COL(value.n[MIGRATIONS], "NUMA_migrations", 15),
	COL_FMT(value.n[TIME_NS], "NUMA_migrations_ms", 18, fmt_ms),
	COL_FMT(value.n[PAGES], "PAGES", 9, fmt_pages),
	COL_FMT(value.n[FAILED], "FAILED", 9, fmt_pages),
	{ 0 }
};

static const struct top top = {
	.when = 'P',
	.map = "processes",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct sums),
	.sort = "NUMA_migrations",
};

static void tick(struct run *run)
{
	struct row row = { .key = { .pid = 0 } };

	if (opt_on(run, 'P'))
		return;
	counts_since(run, "counts", 0, (uint64_t *)row.value.n, SUMS);
	row_print(run, &row, false);
}

static void attach(struct run *run)
{
	char text[16];

	(void)run;
	numa_needed();
	if (file_read("/proc/sys/kernel/numa_balancing", text, sizeof(text)) < 0)
		die(EXIT_CANNOT, "this kernel does not move memory (CONFIG_NUMA_BALANCING)");
	if (!strcmp(text, "0"))
		warn("nothing will move: sysctl kernel.numa_balancing is 0");
}

static const struct probe probes[] = {
	{ "NUMA migrations", "folio_fentry folio_fexit" },
	{ "NUMA migrations", "page_fentry page_fexit" },
	{ "NUMA migrations", "folio_kprobe folio_kretprobe" },
	{ "NUMA migrations", "page_kprobe page_kretprobe" },
	{ "NUMA migrations", "untimed" },
	{ "migrated pages", "pages" },
	{ "migrated pages", "" },
	{ 0 }
};

BPF_OBJECT(numamove);

APPLET(numamove) = {
	.name = "numamove",
	.brief = "Show memory that moves between NUMA nodes to its users, and what that costs.",
	.help = "Examples:\n"
		"  numamove          each second\n"
		"  numamove -P 10    by process, each ten seconds\n"
		"A migration is one page or folio; PAGES are base pages (4 KB on most machines),\n"
		"FAILED those that stayed. The time is spent in page faults of the task itself.\n",
	.title = "Tracing NUMA migrations... Hit Ctrl-C to end.",
	OBJECT(numamove),
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.attach = attach,
	.tick = tick,
};
