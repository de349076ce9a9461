/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* What a histogram is of. */
struct hist_key {
	struct stack_ref stacks;	/* of the task that asked for it, then */
	char comm[TASK_COMM_LEN];
	char disk[DISK_NAME_LEN];
	__u32 pid;
	__u32 pad;
};
