// SPDX-License-Identifier: GPL-2.0-or-later
// Show which processes use the disks most.
#include "applet.h"
#include "disks.h"
#include "biotop.h"
#include "biotop.skel.h"
#define RODATA struct biotop_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT_USER('s', "sort", "ORDER", "all (bytes, then I/O), io, bytes or time [all]"),
	OPT_USER_NUM('r', "rows", "N", "at most N rows [20]", 1, 1000000),
	OPT_USER('t', "time", NULL, "show TIME(ms), that of all I/O of a row, too"),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

static void fmt_op(struct cell *cell, const void *row)
{
	char text[IO_TEXT];

	cell_str(cell, io_letters(((const EVENT *)row)->key.flags, text));
}

static void fmt_major(struct cell *cell, const void *row)
{
	cell_u64(cell, ((const EVENT *)row)->key.dev >> 20);
}

static void fmt_minor(struct cell *cell, const void *row)
{
	cell_u64(cell, ((const EVENT *)row)->key.dev & 0xfffff);
}

static void fmt_disk(struct cell *cell, const void *row)
{
	char text[DISK_NAME_LEN];

	cell_str(cell, disk_name(((const EVENT *)row)->key.dev, text));
}

static void fmt_average(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_f64(cell, (double)e->value.ns / e->value.ios / 1e6, 3);
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL(key.comm, "COMM", -16),
	COL_FMT(key.flags, "D", -3, fmt_op),
	COL_FMT(key.dev, "MAJ", -3, fmt_major),
	COL_FMT(key.dev, "MIN", -4, fmt_minor),
	COL_FMT(key.dev, "DISK", -9, fmt_disk),
	COL(value.ios, "I/O", 6),
	COL_DIV(value.bytes, "Kbytes", 9, 1024, 1),
	COL_FMT(value.ns, "AVGms", 8, fmt_average),
	COL(value.errors, "ERR", 5),
	COL_DIV_IF('t', value.ns, "TIME(ms)", 10, 1000000, 3),
	{ 0 }
};

/* Bytes first, number where those are equal. */
static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	(void)run;
	return v->bytes + v->ios / 1e6;
}

static const struct order orders[] = {
	{ "all", NULL }, { "io", "I/O" }, { "bytes", "Kbytes" }, { "time", "TIME(ms)" },
	{ 0 }
};

static const struct top top = {
	.map = "users",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
}

BPF_OBJECT(biotop);

APPLET(biotop) = {
	.name = "biotop",
	.brief = "Show which processes use the disks most.",
	.help = "Examples:\n"
		"  biotop                    the 20 rows with most bytes, each second\n"
		"  biotop -C -s time 5 3     by the time the disk took, each five seconds, thrice\n"
		"  biotop -d /dev/md0 -p 12  one process on one disk\n"
		"A row is a process, a disk and an operation (D): Read, Write, Discard, Flush, ...\n"
		"AVGms is the time from the issue to the driver to the end, ERR how many failed.\n"
		"What was written to files is mostly written later, by kworkers. Disks without\n"
		"requests of their own (dm, md, zram) are seen when named by -d.\n",
	OBJECT(biotop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = disk_probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.setup = setup,
};
