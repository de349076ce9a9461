// SPDX-License-Identifier: GPL-2.0-or-later
// Count the pages that processes have read back from swap.
#include "applet.h"
#include "swapin.h"
#include "swapin.skel.h"
#define RODATA struct swapin_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('T', "notime", NULL, "do not show the time of day"),
	{ 0 }
};

static const struct col cols[] = {
	{ .head = "TIME", .width = -8, .kind = K_TIME, .unless = 'T' },
	COL(key.comm, "COMM", -16),
	COL(key.pid, "PID", -7),
	COL(value.reads, "COUNT", 8),
	COL(value.pages, "PAGES", 8),
	{ 0 }
};

static const struct top top = {
	.map = "swapins",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.sort = "COUNT",
	.ascending = true,
};

static const struct probe probes[] = {
	{ "reads from swap", "read_fentry" },
	{ "reads from swap", "read_old_fentry" },
	{ "reads from swap", "read_kprobe" },
	{ "reads from swap", "read_old_kprobe" },
	{ 0 }
};

BPF_OBJECT(swapin);

APPLET(swapin) = {
	.name = "swapin",
	.brief = "Count the pages that processes have read back from swap.",
	.help = "Examples:\n"
		"  swapin 5 3         each five seconds, three times\n"
		"  swapin -p 181      those of process 181\n"
		"COUNT are reads, of one page or of several in one piece (PAGES). A process that\n"
		"needs one page reads its neighbours with it. What zswap has in memory counts, too.\n",
	OBJECT(swapin),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
};
