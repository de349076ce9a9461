// SPDX-License-Identifier: GPL-2.0-or-later
// How long tasks wait for a CPU: from being woken, or taken off a CPU that they would have kept,
// until they run.
#include "common.bpf.h"
#include "runqlat.h"
#include "hist.bpf.h"

const volatile u32 split;	/* enum split */

struct task_value {
	u64 ns;	/* since when it waits */
};
#include "task_store.bpf.h"

/* The pid namespace that a task lives in: the innermost of those that have a number for it. */
static __always_inline u32 task_pidns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			    BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(upid, ns, ns.inum);
}

/* The tasks here are the woken one and the next one, hardly ever the current one. */
static __noinline int waits(struct task_struct *task, bool typed)
{
	struct task_value start = { .ns = bpf_ktime_get_ns() };

	if (!task_filtered(task))
		task_set(task, typed, &start);
	return 0;
}

static __noinline void count(struct task_struct *task, u64 delta_ns)
{
	struct hist_key key = {};

	if (split == SPLIT_PIDNS) {
		key.id = task_pidns(task);
	} else if (split == SPLIT_PROCESS) {
		key.id = task_pid_seen(task, true);
		BPF_CORE_READ_STR_INTO(&key.comm, task, group_leader, comm);
	} else if (split == SPLIT_THREAD) {
		key.id = task_pid_seen(task, false);
		BPF_CORE_READ_STR_INTO(&key.comm, task, comm);
	}
	hist_add(split ? &key : NULL, delta_ns);
}

static __always_inline int switched(bool preempt, struct task_struct *prev,
				    struct task_struct *next, bool typed)
{
	struct task_value *start;

	/* A task that is preempted on its way to sleep stays runnable, whatever its state. */
	if (!task_gone(prev, typed) && (preempt || !task_state(prev)) && BPF_CORE_READ(prev, pid))
		waits(prev, typed);
	if (!BPF_CORE_READ(next, pid)) /* idle */
		return 0;
	start = task_get(next, typed);
	if (!start)
		return 0;
	count(next, bpf_ktime_get_ns() - start->ns);
	task_drop(next, typed, start);
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(wakeup_btf, struct task_struct *task)
{
	return waits(task, true);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(wakeup_new_btf, struct task_struct *task)
{
	return waits(task, true);
}

SEC("tp_btf/sched_switch")
int BPF_PROG(switch_btf, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(preempt, prev, next, true);
}

SEC("raw_tp/sched_wakeup")
int BPF_PROG(wakeup_raw, struct task_struct *task)
{
	return waits(task, false);
}

SEC("raw_tp/sched_wakeup_new")
int BPF_PROG(wakeup_new_raw, struct task_struct *task)
{
	return waits(task, false);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(preempt, prev, next, false);
}
