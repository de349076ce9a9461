// SPDX-License-Identifier: GPL-2.0-or-later
// How long tasks have a CPU each time they get one; or how long they are without.
#include "task_hist.bpf.h"

struct task_value {
	u64 ns;	/* since when it is off its CPU */
};
#include "task_store.bpf.h"

const volatile bool off_cpu;
const volatile bool include_idle;

/* Since when each CPU runs what it runs: a turn begins and ends on one CPU. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} turns SEC(".maps");

static __always_inline bool uninteresting(struct task_struct *task, bool typed)
{
	return (!include_idle && !TYPED_READ(typed, task, pid)) || task_filtered(task);
}

static __always_inline void turn_over(struct task_struct *prev, u64 now, bool typed)
{
	u32 zero = 0;
	u64 *since = bpf_map_lookup_elem(&turns, &zero), began;

	if (!since)
		return;
	began = *since;
	*since = now;
	if (began && !uninteresting(prev, typed)) /* what began before we did is not known */
		task_hist_add(prev, now - began);
}

static __always_inline int switched(struct task_struct *prev, struct task_struct *next, bool typed)
{
	struct task_value start = { .ns = bpf_ktime_get_ns() }, *was;
	u64 now = start.ns;

	if (!off_cpu) {
		turn_over(prev, now, typed);
		return 0;
	}
	/* Thread 0 is the idle task of every CPU, each of which has nothing but its own CPU. */
	if (!task_gone(prev, typed) && TYPED_READ(typed, prev, pid) && !task_filtered(prev))
		task_set(prev, typed, &start);
	was = TYPED_READ(typed, next, pid) ? task_get(next, typed) : NULL;
	if (!was)
		return 0;
	task_hist_add(next, now - was->ns);
	task_drop(next, typed, was);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_btf, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(prev, next, true);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(prev, next, false);
}
