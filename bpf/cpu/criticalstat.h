/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A section of kernel code that nothing could interrupt, or preempt, for too long. */
#include "../stack.h"

enum section_kind { IRQS_OFF, PREEMPT_OFF, KINDS };

/* Where in the kernel: an address of the code, and one of its caller. */
struct place {
	__u64 ip, parent;
};

struct event {
	__u64 time_ns;		/* its end */
	__u64 ns;
	struct place start, end;
	struct stack_ref stacks; /* at the end */
	__u32 kind;		/* enum section_kind */
	__u32 cpu;
	__u32 pid, tid, uid;
	char comm[TASK_COMM_LEN];
};
