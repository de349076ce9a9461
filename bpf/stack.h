/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks by their ids, for bpf/stack_store.bpf.h, bpf/stack.bpf.h and core/. */
#ifndef STACK_H
#define STACK_H

#include "shared.h"

/* Ids that are no stack: there is none (a kernel thread has no user stack), or no room for it. */
enum { STACK_NONE, STACK_LOST };

enum { STACK_KERNEL = 1, STACK_USER = 2 };

/* The stacks of one moment, as a member of an event or of a histogram's key. */
struct stack_ref {
	__u64 kernel, user; /* ids in the map `stacks` */
	__u32 pid;	/* whose user stack it is, as the tool's pid namespace numbers it */
	__u32 taken;	/* STACK_KERNEL, STACK_USER */
};

/* What `stack_news` carries: a process whose user stack was taken. */
struct stack_proc {
	__u64 mm;	/* changes with exec */
	__u32 pid;	/* as the tool's pid namespace numbers it */
	__u32 unused;
};

/* The key of stack_counts: whose stacks are summed. */
struct stack_key {
	__u32 pid;	/* process, as the tool's pid namespace numbers it */
	__u32 tid;	/* 0 where a tool sums its threads up */
	__u64 kernel, user; /* ids in the map `stacks` */
	char comm[TASK_COMM_LEN];
};

/* The key where a stack is summed together with that of the task that woke it up. */
struct stack_pair {
	struct stack_key target, waker;
};

#endif
