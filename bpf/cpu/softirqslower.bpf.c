// SPDX-License-Identifier: GPL-2.0-or-later
// Soft interrupts, from being raised to their begin, and from there to their end.
#include "events.bpf.h"
#include "softirqslower.h"

#define VECTORS_MAX 32 /* bits of the kernel's word of those pending; it has 10 */

const volatile u64 min_ns = 10000000;
const volatile s32 only_cpu = -1;

/* A vector is raised, begins and ends on one CPU. */
struct times {
	u64 raised[VECTORS_MAX]; /* 0: it is not, or since before we looked */
	u64 began;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct times);
} times SEC(".maps");

static __always_inline struct times *times_here(void)
{
	u32 zero = 0;

	if (only_cpu >= 0 && bpf_get_smp_processor_id() != only_cpu)
		return NULL;
	return bpf_map_lookup_elem(&times, &zero);
}

static __noinline int told(void *ctx, u32 vector, u32 stage, u64 ns)
{
	struct event *e;

	if (ns < min_ns || filtered())
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->ns = ns;
	e->stage = stage;
	e->vector = vector;
	e->cpu = bpf_get_smp_processor_id();
	task_note(e);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

/* When the vector was raised. The mask is for the verifier, which cannot follow what the compiler
 * makes of a comparison. */
static __always_inline u64 *raised_at(struct times *t, u32 vector)
{
	asm volatile("" : "+r"(vector));
	return &t->raised[vector & (VECTORS_MAX - 1)];
}

/* It may be raised again before it comes: it is late since the first time. */
static __always_inline int raised(u32 vector)
{
	struct times *t = times_here();

	if (t && !*raised_at(t, vector))
		*raised_at(t, vector) = bpf_ktime_get_ns();
	return 0;
}

static __always_inline int began(void *ctx, u32 vector)
{
	struct times *t = times_here();
	u64 since;

	if (!t)
		return 0;
	since = *raised_at(t, vector);
	*raised_at(t, vector) = 0;
	t->began = bpf_ktime_get_ns();
	return since ? told(ctx, vector, STAGE_RAISED, t->began - since) : 0;
}

static __always_inline int ended(void *ctx, u32 vector)
{
	struct times *t = times_here();
	u64 since;

	if (!t || !t->began)
		return 0;
	since = t->began;
	t->began = 0;
	return told(ctx, vector, STAGE_RUN, bpf_ktime_get_ns() - since);
}

SEC("tp_btf/softirq_raise")
int BPF_PROG(raise_btf, u32 vector)
{
	return raised(vector);
}

SEC("tp_btf/softirq_entry")
int BPF_PROG(entry_btf, u32 vector)
{
	return began(ctx, vector);
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(exit_btf, u32 vector)
{
	return ended(ctx, vector);
}

SEC("raw_tp/softirq_raise")
int BPF_PROG(raise_raw, u32 vector)
{
	return raised(vector);
}

SEC("raw_tp/softirq_entry")
int BPF_PROG(entry_raw, u32 vector)
{
	return began(ctx, vector);
}

SEC("raw_tp/softirq_exit")
int BPF_PROG(exit_raw, u32 vector)
{
	return ended(ctx, vector);
}
