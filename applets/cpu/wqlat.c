// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long the kernel's work queues keep their work waiting, as a histogram.
#include "applet.h"
#include "ksyms.h"
#include "wqlat.h"
#include "wqlat.skel.h"
#define RODATA struct wqlat_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	OPT('W', by_queue, "workqueues", NULL, "a histogram for each queue"),
	OPT('F', by_function, "functions", NULL, "a histogram for each function that does work"),
	OPT('w', only_queue, "wqname", "NAME", "this queue only"),
	OPT('R', run_time, "runtime", NULL, "how long the work takes, not how long it waits"),
	OPT_CONST('N', hist_div, "nanoseconds", "in nanoseconds, not microseconds", 1),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static void fmt_function(struct cell *cell, const void *row)
{
	uint64_t addr = ((const EVENT *)row)->function;
	const char *name = ksyms_find(cell_run(cell)->own, addr, NULL, NULL);

	if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "0x%llx", (unsigned long long)addr);
}

static const struct col keys[] = {
	COL_IF('W', queue, "wqname", 0),
	COL_FMT_IF('F', function, "function", 0, fmt_function),
	{ 0 }
};

static const struct hist hist = { .name = "work queue time", .keys = keys };

#define PROBES(how) { "work queues", "queue_" how " start_" how " ?end_" how }
static const struct probe probes[] = { PROBES("btf"), PROBES("raw"), { 0 } };

static void setup(struct run *run)
{
	if (!run->own)
		run->own = ksyms_new();
	if (!opt_on(run, 'R')) {
		prog_off(run, "end_btf");
		prog_off(run, "end_raw");
		map_resize(run, "under_way", 1);
	}
}

BPF_OBJECT(wqlat);

APPLET(wqlat) = {
	.name = "wqlat",
	.brief = "Show how long the kernel's work queues keep their work waiting, as a histogram.",
	.help = "Examples:\n"
		"  wqlat 1 10            ten reports, one a second\n"
		"  wqlat -W              a histogram for each work queue\n"
		"  wqlat -w events -F    of the queue \"events\", by function\n"
		"  wqlat -R -N -F        how long the work itself takes\n"
		"Work waits from being queued until a worker begins with it.\n",
	.title = "Tracing work queues... Hit Ctrl-C to end.",
	OBJECT(wqlat),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
};
