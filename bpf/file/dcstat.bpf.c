// SPDX-License-Identifier: GPL-2.0-or-later
// Count hits and misses of the dentry cache, the cache of file names.
#include "dcache.bpf.h"
#include "dcstat.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counts);
} counts SEC(".maps");

static __noinline int looked_up(void *ctx, struct lookup *l)
{
	u32 zero = 0;
	struct counts *c = bpf_map_lookup_elem(&counts, &zero);

	if (!c)
		return 0;
	c->refs += !!(l->result & LOOKUP);
	c->slow += !!(l->result & SLOW);
	c->misses += !!(l->result & MISS);
	return 0;
}
