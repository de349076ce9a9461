/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time that tasks spend off their CPU, by the stack with which they left it, and with
 * OFFCPU_WAKER defined before also by the stack of who woke them up. A wait is summed up when the task
 * has a CPU again. Programs for tp_btf, and for raw_tp where the kernel has no types of it. */
#ifndef OFFCPU_BPF_H
#define OFFCPU_BPF_H

#ifdef OFFCPU_WAKER
#define STACK_WAKER
#endif
#define STACK_WALK
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
	struct stacks_key key;
};
#include "task_store.bpf.h"

enum { PF_KTHREAD = 0x200000 };
enum { SITE_SWITCH, SITE_WAKING };

static __always_inline void offcpu_stacks(void *ctx, struct stack_key *key, u32 site, bool typed)
{
	if (typed)
		stack_take_walked(ctx, key, site);
	else
		stack_take(ctx, key);
}

#ifdef OFFCPU_WAKER
const volatile bool target_stacks = true;

static __always_inline void offcpu_take(void *ctx, struct stack_pair *key, bool typed)
{
	if (target_stacks) {
		offcpu_stacks(ctx, &key->target, SITE_SWITCH, typed);
		return;
	}
	key->target.pid = current_pid_tgid() >> 32;
	key->target.tid = current_pid_tgid();
	bpf_get_current_comm(key->target.comm, sizeof(key->target.comm));
}

/* Who was preempted, or began to run before it was off its CPU, was woken up by nobody. */
static __always_inline bool offcpu_whole(const struct stack_pair *key)
{
	return key->waker.comm[0];
}
#else
static __always_inline void offcpu_take(void *ctx, struct stack_key *key, bool typed)
{
	offcpu_stacks(ctx, key, SITE_SWITCH, typed);
}

static __always_inline bool offcpu_whole(const struct stack_key *key)
{
	return true;
}
#endif

static __always_inline bool wanted(struct task_struct *task, bool preempt, bool typed)
{
	u64 id = current_pid_tgid();
	/* A preempted task is runnable, whatever it was about to do. */
	u32 state = preempt ? 0 : task_state(task, typed);
	u32 kthread = TYPED_READ(typed, task, flags) & PF_KTHREAD;

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

	if (!task_gone(prev, typed) && wanted(prev, preempt, typed)) {
		offcpu_take(ctx, &start.key, typed);
		task_set(prev, typed, &start);
	}
	if (!TYPED_READ(typed, next, pid))
		return 0;
	was = task_get(next, typed);
	if (!was)
		return 0;
	delta = now - was->ns;
	if (delta >= min_block_ns && delta <= max_block_ns && offcpu_whole(&was->key))
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

#ifdef OFFCPU_WAKER
/* sched_waking is in the waker's context, as sched_wakeup need not be: that may come on the CPU of the
 * task, by an interrupt between the two. */
static __always_inline int woken(void *ctx, struct task_struct *task, bool typed)
{
	struct task_value *was = task_get(task, typed);

	if (was)
		offcpu_stacks(ctx, &was->key.waker, SITE_WAKING, typed);
	return 0;
}

SEC("tp_btf/sched_waking")
int BPF_PROG(waking_btf, struct task_struct *task)
{
	return woken(ctx, task, true);
}

SEC("raw_tp/sched_waking")
int BPF_PROG(waking_raw, struct task_struct *task)
{
	return woken(ctx, task, false);
}
#endif

#endif
