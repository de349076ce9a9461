/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* One call of the function. */
struct event {
	__u64 time_ns;
	struct stack_ref stacks;
	__u32 pid, tid, uid, cpu;
	char comm[TASK_COMM_LEN];
};
