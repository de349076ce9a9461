// SPDX-License-Identifier: GPL-2.0-or-later
// Show how much of the I/O of each disk is random, how much sequential.
#include "applet.h"
#include "disks.h"
#include "biopattern.h"
#include "biopattern.skel.h"
#define RODATA struct biopattern_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTERS,
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT_USER('T', "timestamp", NULL, "the time of day, too"),
	{ 0 }
};

static void fmt_disk(struct cell *cell, const void *row)
{
	char text[DISK_NAME_LEN];

	cell_str(cell, disk_name(((const EVENT *)row)->key.dev, text));
}

/* Of those that are one or the other. */
static void fmt_percent(struct cell *cell, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;
	uint64_t all = v->sequential + v->random, part = *(const uint64_t *)cell_ptr(cell, row);

	if (all)
		cell_u64(cell, (part * 100 + all / 2) / all);
	else
		cell_none(cell);
}

static void fmt_count(struct cell *cell, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	cell_u64(cell, v->sequential + v->random + v->unknown);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_FMT(key.dev, "DISK", -9, fmt_disk),
	COL_FMT(value.random, "%RND", 5, fmt_percent),
	COL_FMT(value.sequential, "%SEQ", 5, fmt_percent),
	COL_FMT(value.sequential, "COUNT", 8, fmt_count),
	COL_DIV(value.bytes, "KBYTES", 10, 1024, 1),
	{ 0 }
};

static const struct top top = {
	.map = "disks",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.sort = "KBYTES",
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
}

BPF_OBJECT(biopattern);

APPLET(biopattern) = {
	.name = "biopattern",
	.brief = "Show how much of the I/O of each disk is random, how much sequential.",
	.help = "Examples:\n"
		"  biopattern               until Ctrl-C\n"
		"  biopattern -T 1 10       each second, ten times\n"
		"  biopattern -d sda        one disk\n"
		"An I/O is sequential that begins where the one issued before it on the same disk\n"
		"ended. What has no size, as a flush, does not count. Disks without requests of\n"
		"their own (dm, md, zram) are seen when named by -d.\n",
	OBJECT(biopattern),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = disk_probes,
	.operands = OPERANDS_INTERVAL,
	.setup = setup,
};
