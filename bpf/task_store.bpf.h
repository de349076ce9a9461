/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One value for each task: stamps from one scheduler event to the next. In the task itself (task
 * storage: no limit, no leak) where the kernel can do that safely, else in a hash by thread. Define
 * the value first, with the member ns, which is not 0 while it is set:
 *
 *	struct task_value { u64 ns; ... };
 *	#include "task_store.bpf.h"
 *
 * (What has a task's number at hand only, as a system call from entry to exit, does well with a hash by
 * thread: each call returns, so nothing is left behind. LRU hashes forget in silence when full.)
 *
 * `typed` says that the task came from the arguments of a tp_btf program, which alone may use task
 * storage. A task that ends may leave its value behind: task_gone() at its last switch. */
#ifndef TASK_STORE_BPF_H
#define TASK_STORE_BPF_H

#include "common.bpf.h"

enum { TASK_DEAD = 0x80 }; /* of task_struct.__state */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE); /* 5.11; the core leaves it out before */
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct task_value);
} task_store SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct task_value);
} task_table SEC(".maps");

static __always_inline void task_set(struct task_struct *task, bool typed,
				     const struct task_value *value)
{
	struct task_value *to;
	u32 tid;

	if (typed && task_storage_safe()) {
		to = bpf_task_storage_get(&task_store, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (to)
			*to = *value;
		else
			LOST(entries);
		return;
	}
	tid = BPF_CORE_READ(task, pid);
	if (bpf_map_update_elem(&task_table, &tid, value, BPF_ANY))
		LOST(entries);
}

/* What was set, NULL if nothing is. */
static __always_inline struct task_value *task_get(struct task_struct *task, bool typed)
{
	struct task_value *value;
	u32 tid;

	if (typed && task_storage_safe()) {
		value = bpf_task_storage_get(&task_store, task, NULL, 0);
		return value && value->ns ? value : NULL;
	}
	tid = BPF_CORE_READ(task, pid);
	return bpf_map_lookup_elem(&task_table, &tid);
}

/* `value` as task_get() gave it. */
static __always_inline void task_drop(struct task_struct *task, bool typed,
				      struct task_value *value)
{
	u32 tid;

	if (typed && task_storage_safe()) {
		value->ns = 0;
		return;
	}
	tid = BPF_CORE_READ(task, pid);
	bpf_map_delete_elem(&task_table, &tid);
}

/* To be called with each task that leaves its CPU: is it the last time? */
static __always_inline bool task_gone(struct task_struct *task, bool typed)
{
	u32 tid;

	if (!(task_state(task, typed) & TASK_DEAD))
		return false;
	if (!typed || !task_storage_safe()) {
		tid = BPF_CORE_READ(task, pid);
		bpf_map_delete_elem(&task_table, &tid);
	}
	return true;
}

#endif
