/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* A task that had to free memory itself before it got some. */
struct event {
	__u64 time_ns;		/* of its end */
	__u64 lat_ns;
	__u64 pages;		/* reclaimed */
	__s64 free_pages;	/* of the machine, at its begin; -1: not known */
	struct stack_ref stacks;
	__u32 pid, tid, uid;
	__s32 order;		/* of what was asked for: 2^order pages */
	__u32 memcg;		/* is it the limit of a memory cgroup? */
	char comm[TASK_COMM_LEN];
};
