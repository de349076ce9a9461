/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How long a task waits for a CPU: from being woken, or taken off a CPU that it would have kept,
 * until it runs. Includes the programs, to be named in probes[] by RUN_WAIT_PROBES (run_wait.h);
 * the tool defines, before or after the include, what is done with a wait when it is over:
 *
 *	static void waited(void *ctx, struct task_struct *task, struct task_struct *prev, u64 ns)
 *
 * `prev` had the CPU before. Tasks that the filter does not want are not looked at. */
#ifndef RUN_WAIT_BPF_H
#define RUN_WAIT_BPF_H

#include "common.bpf.h"

struct task_value {
	u64 ns;	/* since when it waits */
};
#include "task_store.bpf.h"

static void waited(void *ctx, struct task_struct *task, struct task_struct *prev, u64 ns);

/* The tasks here are the woken one and the next one, hardly ever the current one. */
static __noinline int wait_begins(struct task_struct *task, bool typed)
{
	struct task_value start = { .ns = bpf_ktime_get_ns() };

	if (!task_filtered(task))
		task_set(task, typed, &start);
	return 0;
}

static __always_inline int wait_switched(void *ctx, bool preempt, struct task_struct *prev,
					 struct task_struct *next, bool typed)
{
	struct task_value *start;
	u64 ns;

	/* A task that is preempted on its way to sleep stays runnable, whatever its state. */
	if (!task_gone(prev, typed) && (preempt || !task_state(prev, typed)) &&
	    TYPED_READ(typed, prev, pid))
		wait_begins(prev, typed);
	if (!TYPED_READ(typed, next, pid)) /* idle */
		return 0;
	start = task_get(next, typed);
	if (!start)
		return 0;
	ns = bpf_ktime_get_ns() - start->ns;
	task_drop(next, typed, start);
	waited(ctx, next, prev, ns);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup_btf, struct task_struct *task)
{
	return wait_begins(task, true);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(wakeup_new_btf, struct task_struct *task)
{
	return wait_begins(task, true);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_btf, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return wait_switched(ctx, preempt, prev, next, true);
}

SEC("raw_tp/sched_wakeup")
int BPF_PROG(wakeup_raw, struct task_struct *task)
{
	return wait_begins(task, false);
}

SEC("raw_tp/sched_wakeup_new")
int BPF_PROG(wakeup_new_raw, struct task_struct *task)
{
	return wait_begins(task, false);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return wait_switched(ctx, preempt, prev, next, false);
}

#endif
