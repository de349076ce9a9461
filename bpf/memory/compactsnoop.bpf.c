// SPDX-License-Identifier: GPL-2.0-or-later
// Compaction of memory, zone by zone, from begin to end.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "compactsnoop.h"

const volatile __u64 min_ns;
const volatile bool kernel_stack;
const volatile bool extended;

struct started {
	u64 ns;
	struct zone *zone;
	u64 min, low, high, free;
	s32 order;
	s32 fragindex;
	u32 mode;
};

/* By thread. Not all who ask whether a zone is suitable begin (see compaction_begin()). */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

/* What the failure of an allocation of that order would have to be put down to: 0 lack of memory,
 * 1000 fragmentation, -1000: it would not fail. The kernel's own fragmentation_index() does not let
 * itself be watched everywhere; this follows Gorman and Whitcroft, as it does. */
static __noinline s32 fragindex(struct zone *zone, u32 order)
{
	u64 blocks = 0, pages = 0, suitable = 0, n = 0;
	struct free_area *area = (void *)zone + bpf_core_field_offset(zone->free_area);

	for (u32 i = 0; i < 11 && order < 11; i++) { /* MAX_ORDER of nearly all kernels */
		bpf_probe_read_kernel(&n, sizeof(n), (void *)area +
				      i * bpf_core_type_size(struct free_area) +
				      bpf_core_field_offset(area->nr_free));
		blocks += n;
		pages += n << i;
		if (i >= order)
			suitable += n;
	}
	if (!blocks || order >= 11)
		return 0;
	if (suitable)
		return -1000;
	return 1000 - (1000 + pages * 1000 / (1ULL << order)) / blocks;
}

static __always_inline void zone_note(struct started *s, struct zone *zone)
{
	u64 boost = BPF_CORE_READ(zone, watermark_boost);

	s->min = BPF_CORE_READ(zone, _watermark[0]) + boost;
	s->low = BPF_CORE_READ(zone, _watermark[1]) + boost;
	s->high = BPF_CORE_READ(zone, _watermark[2]) + boost;
	bpf_probe_read_kernel(&s->free, sizeof(s->free), (void *)zone +
			      bpf_core_field_offset(zone->vm_stat) + sizeof(s->free) *
			      bpf_core_enum_value(enum zone_stat_item, NR_FREE_PAGES));
	s->fragindex = s->order < 0 ? -1000 : fragindex(zone, s->order);
}

static __noinline int begins(struct zone *zone, s32 order, u32 mode)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = { .zone = zone, .order = order, .mode = mode };

	if (filtered())
		return 0;
	if (extended)
		zone_note(&s, zone);
	s.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

static __always_inline bool has_control(void)
{
	return !bpf_core_type_exists(btf_trace_mm_compaction_begin___old);
}

SEC("raw_tp/mm_compaction_begin")
int compaction_begin(struct bpf_raw_tracepoint_args *ctx)
{
	struct compact_control *cc = (void *)ctx->args[0];
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s;

	if (has_control()) /* 5.19 */
		return begins(BPF_CORE_READ(cc, zone), BPF_CORE_READ(cc, order),
			      BPF_CORE_READ(cc, mode));
	/* Before, the same thread was just asked whether the zone is suitable. */
	s = bpf_map_lookup_elem(&starts, &tid);
	if (!s)
		return 0;
	s->mode = ctx->args[4]; /* a bool: is it synchronous? */
	s->ns = bpf_ktime_get_ns();
	return 0;
}

SEC("raw_tp/mm_compaction_suitable")
int zone_suitable(struct bpf_raw_tracepoint_args *ctx)
{
	if (has_control())
		return 0;
	return begins((void *)ctx->args[0], ctx->args[1], 0);
}

static __noinline void tell(void *ctx, struct started *s, u32 status)
{
	u64 now = bpf_ktime_get_ns();
	struct zone *zone = s->zone;
	struct event *e;

	if (now - s->ns < min_ns)
		return;
	e = event_reserve(sizeof(*e));
	if (!e)
		return;
	e->time_ns = now;
	e->lat_ns = now - s->ns;
	e->order = s->order;
	e->mode = s->mode;
	e->sync_only = !has_control();
	e->status = status;
	e->min = s->min;
	e->low = s->low;
	e->high = s->high;
	e->free = s->free;
	e->fragindex = s->fragindex;
	e->node = -1;
	if (bpf_core_field_exists(zone->node)) /* CONFIG_NUMA */
		e->node = BPF_CORE_READ(zone, node);
	bpf_probe_read_kernel_str(e->zone, sizeof(e->zone), BPF_CORE_READ(zone, name));
	task_note(e);
	if (kernel_stack)
		stack_ref_take(ctx, &e->stacks, STACK_KERNEL);
	event_submit(ctx, e, sizeof(*e));
}

SEC("raw_tp/mm_compaction_end")
int compaction_end(struct bpf_raw_tracepoint_args *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid), copy;
	u64 status;

	TYPE_FOR_USER_SPACE(enum migrate_mode);
	TYPE_FOR_USER_SPACE(enum compact_result);
	if (!s)
		return 0;
	copy = *s;
	bpf_map_delete_elem(&starts, &tid);
	if (has_control()) {
		status = ctx->args[4];
		/* Else one load from a computed place, which is refused. */
		asm volatile("" : "+r"(status));
	} else {
		status = ctx->args[5];
	}
	tell(ctx, &copy, status);
	return 0;
}
