/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where kernels differ: one function for each thing that was renamed, moved or changed its shape,
 * with the version that did it. Programs call these and know nothing of versions. Nothing here
 * tests a version number: distributions backport; the kernel's BTF says what is. */
#ifndef CORE_FIXES_BPF_H
#define CORE_FIXES_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "shared.h"

extern const volatile struct filter filter;

/* ---- tasks ---- */

/* task_struct.state became __state, and an unsigned int, in 5.14. */
static __always_inline u32 task_state(struct task_struct *task)
{
	struct task_struct___state *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return BPF_CORE_READ(old, state);
}

/* The pid (process: the thread group's) of a task as seen from the pid namespace that the tool runs
 * in, or 0 where it cannot be seen from there. In the first namespace that is just the number. */
static __always_inline u32 task_pid_seen(struct task_struct *task, bool process)
{
	struct pid *pid;
	struct upid *upid;
	u32 level;

	if (!filter.pidns_ino)
		return process ? BPF_CORE_READ(task, tgid) : BPF_CORE_READ(task, pid);
	pid = process ? BPF_CORE_READ(task, group_leader, thread_pid)
		      : BPF_CORE_READ(task, thread_pid);
	level = BPF_CORE_READ(pid, level);
	upid = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	/* Pid namespaces nest 32 deep at most (MAX_PID_NS_LEVEL). */
	for (u32 i = 0; i <= 32 && i <= level; i++) {
		if (BPF_CORE_READ(upid, ns, ns.inum) == filter.pidns_ino)
			return BPF_CORE_READ(upid, nr);
		upid = (void *)upid + bpf_core_type_size(struct upid);
	}
	return 0;
}

/* bpf_get_current_pid_tgid() as seen from the tool's own pid namespace (the helper: 5.7). */
static __always_inline u64 current_pid_tgid(void)
{
	struct bpf_pidns_info ns = {};

	if (!filter.pidns_ino)
		return bpf_get_current_pid_tgid();
	if (bpf_get_ns_current_pid_tgid(filter.pidns_dev, filter.pidns_ino, &ns, sizeof(ns)))
		return 0;
	return (u64)ns.tgid << 32 | ns.pid;
}

/* The id of the task's cgroup (v2), or of its ancestor, `level` steps below the root. The array of
 * ids became one of pointers in 6.1. 0 where the task is not that deep. */
static __always_inline u64 task_cgroup_at(struct task_struct *task, u32 level)
{
	struct cgroup *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp), *up = NULL;
	u64 id = 0;

	if (BPF_CORE_READ(cgrp, level) < (int)level)
		return 0;
	if (bpf_core_field_exists(cgrp->ancestors)) {
		bpf_probe_read_kernel(&up, sizeof(up),
				      (void *)cgrp + bpf_core_field_offset(cgrp->ancestors) +
					      level * sizeof(void *));
		return BPF_CORE_READ(up, kn, id);
	}
	bpf_probe_read_kernel(&id, sizeof(id),
			      (void *)cgrp +
				      bpf_core_field_offset(struct cgroup___ids, ancestor_ids) +
				      level * sizeof(id));
	return id;
}

static __always_inline bool comm_equal(const char *comm)
{
	const u64 *a = (const void *)comm;
	const volatile u64 *b = (const volatile void *)filter.comm;

	return a[0] == b[0] && a[1] == b[1];
}

#endif
