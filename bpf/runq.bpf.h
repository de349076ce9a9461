/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Run queues: how many tasks wait for a CPU. */
#ifndef RUNQ_BPF_H
#define RUNQ_BPF_H

#include "common.bpf.h"

enum { MAX_RT_PRIO = 100 };	/* task_struct.prio of fair tasks is this or more */
enum { SCHED_EXT_POLICY = 7 };	/* SCHED_EXT, 6.12 */

/* The run queue of the CPU that a task is on: the queues of fair tasks know it, be they of a cgroup
 * or not, and each task has one, also those of another class and the idle ones. No program with
 * this loads without CONFIG_FAIR_GROUP_SCHED. */
static __always_inline struct rq *task_rq(struct task_struct *task)
{
	return BPF_CORE_READ(task, se.cfs_rq, rq);
}

/* Fair tasks that sleep, but are kept in the queue until their lag is made up (6.12). The first of
 * these kernels had no number of them. */
static __always_inline u32 rq_delayed(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct cfs_rq___running *old = (void *)cfs;

	if (bpf_core_field_exists(cfs->h_nr_runnable))
		return BPF_CORE_READ(cfs, h_nr_queued) - BPF_CORE_READ(cfs, h_nr_runnable);
	if (bpf_core_field_exists(old->h_nr_delayed))
		return BPF_CORE_READ(old, h_nr_delayed);
	return 0;
}

/* Fair tasks that are runnable, those in cgroups too, with the one that runs. */
static __always_inline u32 rq_fair(struct rq *rq)
{
	struct cfs_rq *cfs = &rq->cfs;
	struct cfs_rq___running *old = (void *)cfs;

	if (bpf_core_field_exists(cfs->h_nr_runnable))
		return BPF_CORE_READ(cfs, h_nr_runnable);
	if (bpf_core_field_exists(old->h_nr_running))
		return BPF_CORE_READ(old, h_nr_running) - rq_delayed(rq);
	return BPF_CORE_READ(cfs, h_nr_queued);
}

/* Tasks of every class. */
static __always_inline u32 rq_all(struct rq *rq)
{
	return BPF_CORE_READ(rq, nr_running) - rq_delayed(rq);
}

static __always_inline bool task_is_fair(struct task_struct *task)
{
	return BPF_CORE_READ(task, pid) && BPF_CORE_READ(task, prio) >= MAX_RT_PRIO &&
	       BPF_CORE_READ(task, policy) != SCHED_EXT_POLICY;
}

#endif
