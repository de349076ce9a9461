// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks are taken where a task leaves its CPU, and the time is added to them when it is back.
#include "stack.bpf.h"

const volatile u32 pids[128];
const volatile u32 tids[128];
const volatile bool only_user_threads;
const volatile bool only_kernel_threads;
const volatile u64 min_block_ns = 1000;
const volatile u64 max_block_ns = -1;
const volatile u32 state_mask = -1; /* any of these states; 0: those that were still runnable */

struct task_value {
	u64 ns;	/* since when it is off its CPU */
	struct stack_key key;
};
#include "task_store.bpf.h"

enum { PF_KTHREAD = 0x200000 };

static __always_inline bool wanted(struct task_struct *task, bool preempt)
{
	u64 id = current_pid_tgid();
	/* A preempted task is runnable, whatever it was about to do. */
	u32 state = preempt ? 0 : task_state(task);
	u32 kthread = BPF_CORE_READ(task, flags) & PF_KTHREAD;

	/* To the idle tasks, thread 0 on each CPU, it is no waiting. */
	if (!(u32)bpf_get_current_pid_tgid() || filtered() || !list_wants(pids, id >> 32) ||
	    !list_wants(tids, (u32)id))
		return false;
	if ((only_user_threads && kthread) || (only_kernel_threads && !kthread))
		return false;
	return state_mask ? state_mask == (u32)-1 || state & state_mask : !state;
}

/* The task that leaves is still the current one. */
static __always_inline int switched(void *ctx, bool preempt, struct task_struct *prev,
				    struct task_struct *next, bool typed)
{
	struct task_value start = { .ns = bpf_ktime_get_ns() }, *was;
	u64 now = start.ns, delta;

	if (!task_gone(prev, typed) && wanted(prev, preempt)) {
		stack_take(ctx, &start.key);
		task_set(prev, typed, &start);
	}
	if (!BPF_CORE_READ(next, pid))
		return 0;
	was = task_get(next, typed);
	if (!was)
		return 0;
	delta = now - was->ns;
	if (delta >= min_block_ns && delta <= max_block_ns)
		stack_add(&was->key, delta);
	task_drop(next, typed, was);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_btf, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(ctx, preempt, prev, next, true);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(ctx, preempt, prev, next, false);
}
