// SPDX-License-Identifier: GPL-2.0-or-later
// How long the queries of a database take, as a histogram.
#define HIST_NO_KEY
#include "hist.bpf.h"

static int query_begin(void *ctx, const char *text, u64 len);
static int query_end(void *ctx);
#include "db.bpf.h"

const volatile u64 min_ns;

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} starts SEC(".maps");

static __noinline int query_begin(void *ctx, const char *text, u64 len)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();

	if (bpf_map_update_elem(&starts, &tid, &now, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int query_end(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *start = bpf_map_lookup_elem(&starts, &tid), ns;

	if (!start)
		return 0; /* began before we did, or is not wanted */
	ns = bpf_ktime_get_ns() - *start;
	bpf_map_delete_elem(&starts, &tid);
	if (ns >= min_ns)
		hist_add(NULL, ns);
	return 0;
}
