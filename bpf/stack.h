/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The key of stack_counts, for bpf/stack.bpf.h and core/stacks.c. */
#ifndef STACK_H
#define STACK_H

#include "shared.h"

#define STACK_NONE (-14) /* EFAULT: as bpf_get_stackid() says it where there is no such stack */

struct stack_key {
	__u32 pid;	/* process */
	__u32 tid;
	__s32 kernel, user; /* ids in the map `stacks`; negative: none */
	char comm[TASK_COMM_LEN];
};

#endif
