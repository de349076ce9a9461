// SPDX-License-Identifier: GPL-2.0-or-later
// Count hits and misses of the page cache.
#include "common.bpf.h"
#include "pagecache.h"

/* Only user space takes differences, so that nothing falls between two reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct pages_count);
} counts SEC(".maps");

static __noinline void pages_add(enum pages what, s64 n)
{
	u32 zero = 0;
	struct pages_count *c = bpf_map_lookup_elem(&counts, &zero);

	if (c && what < PAGES)
		c->n[what] += n;
}

#include "pagecache.bpf.h"
