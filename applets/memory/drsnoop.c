// SPDX-License-Identifier: GPL-2.0-or-later
// Trace direct reclaim: tasks that have to free memory before they get some.
#include "applet.h"
#include "drsnoop.h"
#include "drsnoop.skel.h"
#define RODATA struct drsnoop_bpf__rodata
#define EVENT struct event

#include <unistd.h>

enum { MEMCG = 6 };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('n', "name", "TEXT", "only tasks with this in their name"),
	OPT_SCALE('m', min_ns, "min", "MS", "only what took at least so long", 1000000),
	OPT_USER(MEMCG, "memcg", NULL, "also where the limit of a memory cgroup is reached"),
	OPT_USER('e', "extended", NULL, "show the machine's free memory at the begin"),
	OPT('K', kernel_stack, "kernel-stack", NULL, "show the kernel stack: what the memory is for"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	LETTER('d', "duration"),
	{ 0 }
};

/* Where the kernel keeps its numbers of pages: data, which core/ksyms.h leaves out. 0 where it hides
 * that (kernel.kptr_restrict), or has no names of data (CONFIG_KALLSYMS_ALL). */
static u64 zone_stat_find(void)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	char *line = NULL, name[64], type;
	unsigned long long addr, found = 0;
	size_t room = 0;

	while (f && !found && getline(&line, &room, f) > 0)
		if (sscanf(line, "%llx %c %63s", &addr, &type, name) == 3 &&
		    !strcmp(name, "vm_zone_stat"))
			found = addr;
	free(line);
	if (f)
		fclose(f);
	return found;
}

static void setup(struct run *run)
{
	if (opt_on(run, 'e'))
		RUN_RODATA(run)->zone_stat = zone_stat_find();
}

static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;
	const char *name = opt_str(run, 'n');

	return !name || strstr(e->comm, name);
}

static void fmt_free(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->free_pages < 0)
		cell_none(cell);
	else
		cell_s64(cell, e->free_pages * (sysconf(_SC_PAGESIZE) / 1024));
}

static void fmt_kind(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_str(cell, e->memcg ? "memcg" : "global");
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	COL(pages, "PAGES", 6),
	COL(order, "ORDER", 5),
	COL_FMT_IF(MEMCG, memcg, "KIND", -6, fmt_kind),
	COL_FMT_ONLY('e', free_pages, "FREE(KB)", 10, fmt_free),
	COL_STACKS('K', stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "direct reclaim", "direct_begin direct_end" },
	{ "reclaim of cgroups", "memcg_begin memcg_end", MEMCG },
	{ 0 }
};

BPF_OBJECT(drsnoop);

APPLET(drsnoop) = {
	.name = "drsnoop",
	.brief = "Trace direct reclaim: tasks that have to free memory before they get some.",
	.help = "Examples:\n"
		"  drsnoop -e          with the memory that is free\n"
		"  drsnoop -m 10       what held up a task for 10 ms or longer\n"
		"  drsnoop --memcg     where a memory cgroup is at its limit, too\n"
		"PAGES were reclaimed; ORDER is the size of what was asked for, 2^ORDER pages in one\n"
		"piece. Free memory is known where /proc/kallsyms has the address of its counter.\n",
	OBJECT(drsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
};
