// SPDX-License-Identifier: GPL-2.0-or-later
// Trace compaction of memory: in which zone, for whom, how it ended, how long it took.
#include "applet.h"
#include "enums.h"
#include "compactsnoop.h"
#include "compactsnoop.skel.h"
#define RODATA struct compactsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_SCALE('m', min_ns, "min", "MS", "only what took at least so long", 1000000),
	OPT('K', kernel_stack, "kernel-stack", NULL, "show the kernel stack, which says why"),
	OPT('e', extended, "extended-fields", NULL, "show the state of the zone at the begin"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	LETTER('d', "duration"),
	{ 0 }
};

struct names {
	struct enum_names *modes, *results;
};

static void setup(struct run *run)
{
	struct names *names = run->own;

	if (names)
		return;
	run->own = names = xalloc(sizeof(*names));
	names->modes = enum_read(run, "migrate_mode", "MIGRATE_");
	names->results = enum_read(run, "compact_result", "COMPACT_");
}

static void fmt_node(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->node < 0)
		cell_none(cell);
	else
		cell_s64(cell, e->node);
}

static void fmt_mode(struct cell *cell, const void *row)
{
	const struct names *names = cell_run(cell)->own;
	const EVENT *e = row;

	if (e->sync_only)
		cell_str(cell, e->mode ? "sync" : "async");
	else
		cell_enum_read(cell, names->modes, e->mode);
}

static void fmt_fragindex(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_f64(cell, e->fragindex / 1000.0, 3);
}

static void fmt_status(struct cell *cell, const void *row)
{
	const struct names *names = cell_run(cell)->own;
	const EVENT *e = row;

	cell_enum_read(cell, names->results, e->status);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_FMT(node, "NODE", 4, fmt_node),
	COL(zone, "ZONE", -8),
	COL(order, "ORDER", 5),
	COL_FMT(mode, "MODE", -10, fmt_mode),
	COL_FMT_ONLY('e', fragindex, "FRAGIDX", 7, fmt_fragindex),
	COL_ONLY('e', min, "MIN", 8),
	COL_ONLY('e', low, "LOW", 8),
	COL_ONLY('e', high, "HIGH", 8),
	COL_ONLY('e', free, "FREE", 8),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	COL_FMT(status, "STATUS", -18, fmt_status),
	COL_STACKS('K', stacks),
	{ 0 }
};

BPF_OBJECT(compactsnoop);

APPLET(compactsnoop) = {
	.name = "compactsnoop",
	.brief = "Trace compaction of memory: in which zone, for whom, how it ended, how long it took.",
	.help = "Examples:\n"
		"  compactsnoop -e      with watermarks and fragmentation of the zone\n"
		"  compactsnoop -K      and why it came to that\n"
		"ORDER is what was asked for, 2^ORDER pages in one piece; -1 is all of the zone, by\n"
		"/proc/sys/vm/compact_memory. MODE and STATUS are the kernel's own words. MIN, LOW,\n"
		"HIGH (watermarks, with what they are boosted by) and FREE are pages; FRAGIDX is 0\n"
		"where memory is short, 1 where it is in pieces, -1 where such a piece was free.\n",
	OBJECT(compactsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.setup = setup,
};
