// SPDX-License-Identifier: GPL-2.0-or-later
// Show the slab caches of the kernel from which most is allocated.
#include "applet.h"
#include "btf.h"
#include "enums.h"
#include "slabratetop.h"
#include "slabratetop.skel.h"
#define RODATA struct slabratetop_bpf__rodata

#include <bpf/bpf.h>

struct row {
	u64 key;
	struct value value;
};
#define EVENT struct row

#include <bpf/btf.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('s', "sort", "ORDER", "name, count or size [count]"),
	OPT_USER_NUM('r', "rows", "N", "at most N caches [20]", 1, 1000000),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

/* The caches of kmalloc() are named by their size; above that it takes whole pages. Those of its kinds
 * (-cg-, -rcl-, -rnd-) are one here. */
static void kmalloc_name(char *name, size_t size, u64 bytes)
{
	if (bytes > KMALLOC_MAX_CACHE)
		snprintf(name, size, "kmalloc-large");
	else if (bytes >= 1024 && bytes % 1024 == 0)
		snprintf(name, size, "kmalloc-%lluk", (unsigned long long)bytes / 1024);
	else
		snprintf(name, size, "kmalloc-%llu", (unsigned long long)bytes);
}

static bool keep(struct run *run, void *event)
{
	struct row *row = event;
	char *name = row->value.name;

	if (row->key < 1 << 30) /* no address */
		kmalloc_name(name, CACHE_NAME, row->key);
	else if (bpf_map_lookup_elem(map_fd(run, "cache_names"), &row->key, name))
		snprintf(name, CACHE_NAME, "%#llx", (unsigned long long)row->key);
	return row->value.allocs;
}

static const struct col cols[] = {
	COL(value.name, "CACHE", -32),
	COL(value.allocs, "ALLOCS", 8),
	COL(value.bytes, "BYTES", 12),
	{ 0 }
};

static const struct order orders[] = {
	{ "name", "CACHE" }, { "count", "ALLOCS" }, { "size", "BYTES" },
	{ 0 }
};

static const struct top top = {
	.map = "caches",
	.key_size = sizeof(u64),
	.value_size = sizeof(struct value),
	.sort = "ALLOCS",
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
};

/* Since 6.1 the tracepoint has a record of its own, with the cache in it. */
static void setup(struct run *run)
{
	struct btf *btf = types_read(run);

	if (btf && !btf_has_struct(btf, "trace_event_raw_kmem_cache_alloc"))
		prog_off(run, "cache_tp");
	btf__free(btf);
}

static const struct probe probes[] = {
	{ "slab caches", "cache_tp" },
	{ "slab caches", "kmem_cache_alloc_fentry kmem_cache_alloc_node_fentry" },
	{ "slab caches", "kmem_cache_alloc_kprobe kmem_cache_alloc_node_kprobe" },
	{ "allocations on a node", "?kmalloc_node_tp" },
	{ "allocations in bulk", "bulk_fentry" },
	{ "allocations in bulk", "bulk_old_fentry" },
	{ "allocations in bulk", "bulk_kprobe" },
	{ "allocations in bulk", "bulk_old_kprobe" },
	{ "allocations in bulk", "" },
	{ 0 }
};

BPF_OBJECT(slabratetop);

APPLET(slabratetop) = {
	.name = "slabratetop",
	.brief = "Show the slab caches of the kernel from which most is allocated.",
	.help = "Examples:\n"
		"  slabratetop -s size 5   by bytes, each five seconds\n"
		"  slabratetop -p 181      what the kernel allocates for process 181\n"
		"BYTES are those of the objects as the cache lays them out. kmalloc-large is\n"
		"whole pages. Allocations in bulk are seen where the kernel lets functions be watched\n"
		"(see --verbose).\n",
	OBJECT(slabratetop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.keep = keep,
	.setup = setup,
};
