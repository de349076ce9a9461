// SPDX-License-Identifier: GPL-2.0-or-later
// Show percentiles of the latency of block I/O, by its type.
#include "applet.h"
#include "disks.h"
#include "biolatpcts.h"
#include "biolatpcts.skel.h"
#define RODATA struct biolatpcts_bpf__rodata

#include <ctype.h>

enum { PERCENTILES_MAX = 24, HEAD_LEN = 24 };

struct row {
	const char *type;
	uint64_t count;
	double us[PERCENTILES_MAX];
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTERS,
	OPT_USER('w', "which", "WHICH",
		 "on-device, after-rq-alloc or from-rq-alloc: since when [on-device]"),
	OPT_USER('p', "pcts", "LIST", "percentiles [1,5,10,16,25,50,75,84,90,95,99,100]"),
	LETTER('i', "interval"), LETTER('j', "json"), LETTER('v', "verbose"),
	{ 0 }
};

static void fmt_type(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->type);
}

static void fmt_us(struct cell *cell, const void *row)
{
	if (((const EVENT *)row)->count)
		cell_f64(cell, *(const double *)cell_ptr(cell, row), 1);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_FMT(type, "TYPE", -8, fmt_type),
	COL(count, "COUNT", 8),
	COL_RATE(count, "IOPS", 8),
	{ 0 }
};

/* The numbers of the list, which was checked by cols_make(), into `pcts`. */
static size_t percentiles(const struct run *run, double pcts[PERCENTILES_MAX])
{
	const char *p = opt_str(run, 'p');
	size_t n = 0;
	char *end;

	if (!p)
		p = "1,5,10,16,25,50,75,84,90,95,99,100";
	for (;; p = end + 1) {
		pcts[n] = isdigit((unsigned char)*p) ? strtod(p, &end) : -1;
		if (pcts[n] < 0 || pcts[n] > 100 || (*end && *end != ','))
			opt_bad(run, 'p', "expected numbers from 0 to 100 with commas between");
		n++;
		if (!*end)
			return n;
		if (n == PERCENTILES_MAX)
			opt_bad(run, 'p', "these are more than 24");
	}
}

static const struct col *cols_make(struct run *run)
{
	double pcts[PERCENTILES_MAX];
	size_t n = percentiles(run, pcts), fixed = ARRAY_LEN(cols) - 1;
	struct col *all = xalloc((fixed + n + 1) * sizeof(*all));

	memcpy(all, cols, fixed * sizeof(*all));
	for (size_t i = 0; i < n; i++) {
		char *head = xalloc(HEAD_LEN);

		snprintf(head, HEAD_LEN, "P%.7g(us)", pcts[i]);
		all[fixed + i] = (struct col){
			.head = head, .width = 9, .fmt = fmt_us,
			.off = offsetof(struct row, us) + i * sizeof(double), .size = sizeof(double),
		};
	}
	all[fixed + n].head = NULL;
	return all;
}

static void setup(struct run *run)
{
	static const char *const words[] = {
		[ON_DEVICE] = "on-device",
		[AFTER_RQ_ALLOC] = "after-rq-alloc",
		[FROM_RQ_ALLOC] = "from-rq-alloc",
	};
	const char *word = opt_str(run, 'w');
	size_t which = ON_DEVICE;

	if (run->argc > 1)
		die(EXIT_USAGE, "unexpected operand '%s': one disk, or none for all", run->argv[1]);
	while (word && which < ARRAY_LEN(words) && strcmp(word, words[which]))
		which++;
	if (which == ARRAY_LEN(words))
		opt_bad(run, 'w', "expected on-device, after-rq-alloc or from-rq-alloc");
	RUN_RODATA(run)->which = which;
	RUN_RODATA(run)->disk_dev = disk_setup(run, run->argv[0]);
}

/* The latency in the middle of a slot, in ns. */
static double slot_ns(size_t slot)
{
	size_t magnitude = slot / STEPS, step = slot % STEPS;

	if (!magnitude)
		return slot;
	return (STEPS + step + 0.5) * (1ULL << (magnitude - 1));
}

static void row_fill(struct row *row, const uint64_t slots[SLOTS], const double *pcts, size_t n)
{
	uint64_t seen, want;
	size_t slot;

	row->count = 0;
	for (slot = 0; slot < SLOTS; slot++)
		row->count += slots[slot];
	for (size_t i = 0; i < n && row->count; i++) {
		/* The first so many of all, at least one. */
		want = row->count * pcts[i] / 100;
		want += want < row->count * pcts[i] / 100 || !want;
		seen = slot = 0;
		while (slot < SLOTS - 1 && (seen += slots[slot]) < want)
			slot++;
		row->us[i] = slot_ns(slot) / 1000;
	}
}

static void tick(struct run *run)
{
	static const char *const types[] = {
		[TYPE_READ] = "read", [TYPE_WRITE] = "write", [TYPE_DISCARD] = "discard",
		[TYPE_FLUSH] = "flush", [TYPE_ZEROES] = "zeroes", [TYPE_OTHER] = "other",
	};
	double pcts[PERCENTILES_MAX];
	size_t n = percentiles(run, pcts);
	uint64_t slots[SLOTS];

	if (*(uint64_t *)bss_var(run, "unstamped"))
		die(EXIT_CANNOT, "this disk's requests do not tell when they were allocated, which "
		    "the kernel notes for iocost (io.cost.qos) only; try -w after-rq-alloc");
	for (int i = 0; i < TYPES; i++) {
		struct row row = { .type = types[i] };

		counts_since(run, "latencies", i, slots, SLOTS);
		row_fill(&row, slots, pcts, n);
		if (row.count || i < TYPE_ZEROES)
			row_print(run, &row, false);
	}
	if (run->format == FORMAT_TEXT && !run->last)
		line_print(run, "%s", "");
}

BPF_OBJECT(biolatpcts);

APPLET(biolatpcts) = {
	.name = "biolatpcts",
	.brief = "Show percentiles of the latency of block I/O, by its type.",
	.args = "[DISK]",
	.help = "Examples:\n"
		"  biolatpcts                  all disks, each three seconds\n"
		"  biolatpcts -i 1 -p 50,99,99.9 nvme0n1\n"
		"  biolatpcts -w after-rq-alloc /dev/sda1\n"
		"DISK is a disk or partition: its name, path or MAJOR:MINOR. Latency is the time\n"
		"from the issue to the driver to the end, with after-rq-alloc from when the kernel\n"
		"had a request for it, with from-rq-alloc from before it waited for one, which\n"
		"the kernel notes only where iocost is in use. Values are within 3 %.\n",
	OBJECT(biolatpcts),
	.opts = opts,
	.cols = cols,
	.probes = disk_probes,
	.operands = OPERANDS_OWN,
	.interval = 3,
	.cols_make = cols_make,
	.setup = setup,
	.tick = tick,
};
