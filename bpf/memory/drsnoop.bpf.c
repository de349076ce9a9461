// SPDX-License-Identifier: GPL-2.0-or-later
// Direct reclaim: tasks that free memory themselves, from begin to end.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "drsnoop.h"

const volatile __u64 min_ns;
const volatile bool kernel_stack;
const volatile u64 zone_stat;	/* address of vm_zone_stat: pages of all zones by enum zone_stat_item */

struct started {
	u64 ns;
	s64 free_pages;
	s32 order;
	u32 memcg;
};

/* A reclaim does not allocate such that another one begins in it (PF_MEMALLOC). */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

static __always_inline s64 free_pages(void)
{
	s64 n = 0;

	if (!zone_stat)
		return -1;
	bpf_probe_read_kernel(&n, sizeof(n), (void *)zone_stat +
			      bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES) * sizeof(n));
	return n > 0 ? n : 0;
}

/* In 7.1 the flags of the allocation went before its order, and a cgroup behind them. */
static __noinline int begins(u64 first, u64 second, bool memcg)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = { .memcg = memcg };

	if (filtered())
		return 0;
	s.order = bpf_core_type_exists(btf_trace_mm_vmscan_direct_reclaim_begin___memcg) ? second
											  : first;
	s.free_pages = free_pages();
	s.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int ends(void *ctx, u64 pages)
{
	u64 now = bpf_ktime_get_ns();
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);
	struct event *e = NULL;

	if (!s)
		return 0;
	if (now - s->ns >= min_ns)
		e = event_reserve(sizeof(*e));
	if (e) {
		e->time_ns = now;
		e->lat_ns = now - s->ns;
		e->pages = pages;
		e->free_pages = s->free_pages;
		e->order = s->order;
		e->memcg = s->memcg;
		task_note(e);
		if (kernel_stack)
			stack_ref_take(ctx, &e->stacks, STACK_KERNEL);
		event_submit(ctx, e, sizeof(*e));
	}
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("raw_tp/mm_vmscan_direct_reclaim_begin")
int direct_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return begins(ctx->args[0], ctx->args[1], false);
}

SEC("raw_tp/mm_vmscan_direct_reclaim_end")
int direct_end(struct bpf_raw_tracepoint_args *ctx)
{
	return ends(ctx, ctx->args[0]);
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_begin")
int memcg_begin(struct bpf_raw_tracepoint_args *ctx)
{
	return begins(ctx->args[0], ctx->args[1], true);
}

SEC("raw_tp/mm_vmscan_memcg_reclaim_end")
int memcg_end(struct bpf_raw_tracepoint_args *ctx)
{
	return ends(ctx, ctx->args[0]);
}
