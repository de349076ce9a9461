/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key of stack_counts, for bpf/stack.bpf.h and core/stacks.c. */
#ifndef STACK_H
#define STACK_H

#include "shared.h"

/* Ids that are no stack: there is none (a kernel thread has no user stack), or no room for it. */
enum { STACK_NONE, STACK_LOST };

struct stack_key {
	__u32 pid;	/* process, as the tool's pid namespace numbers it */
	__u32 tid;	/* 0 where a tool sums its threads up */
	__u64 kernel, user; /* ids in the map `stacks` */
	char comm[TASK_COMM_LEN];
};

#endif
