/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

enum { HELD_MAX = 32 };

/* "Whoever has `held` may wait for `wanted`." The rest is of the first time. */
struct edge_key {
	__u64 held, wanted;
};

struct edge {
	__u64 held_at;		/* where in the program the first one was locked: a return address */
	__u64 wanted_at;	/* the same of the second one, which its stack may lack */
	__u64 stack;		/* at the second one, in the map `stacks` */
	__u32 pid, tid;
	char comm[TASK_COMM_LEN];
};

/* Who made a thread: the stack then. */
struct origin {
	__u64 stack;
	__u32 parent;		/* thread */
	__u32 pad;
};
