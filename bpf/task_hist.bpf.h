/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms of times by process, thread or pid namespace, or one in all: task_hist_add(). */
#ifndef TASK_HIST_BPF_H
#define TASK_HIST_BPF_H

#include "common.bpf.h"
#include "task_hist.h"
#include "hist.bpf.h"

const volatile u32 split;	/* enum split */

/* The pid namespace that a task lives in: the innermost of those that have a number for it. */
static __always_inline u32 task_pidns(struct task_struct *task)
{
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers) +
			    BPF_CORE_READ(pid, level) * bpf_core_type_size(struct upid);

	return BPF_CORE_READ(upid, ns, ns.inum);
}

static __noinline void task_hist_add(struct task_struct *task, u64 ns)
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
	hist_add(split ? &key : NULL, ns);
}

#endif
