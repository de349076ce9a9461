/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What inject fails, and when, for both sides. All of it is read-only data of the programs. */
#ifndef INJECT_H
#define INJECT_H

#include "../predicate.h"
#include "../stack.h"

enum {
	CHAINS = 4,	/* of calls; one is enough */
	LINKS = 8,	/* functions of a chain; the first is the one that fails */
	PARTS = 4,	/* pieces of a function, NAME and NAME.cold, or functions of one name */
	FRAMES = 127,	/* of a stack: kernel.perf_event_max_stack */
};

struct link {
	struct { __u64 from, len; } part[PARTS];
	__u8 test;	/* the first one of its condition, TEST_YES or TEST_NO */
};

struct chain {
	struct link link[LINKS];
	__u32 links;
};

/* What a thread's latest call of a function of a chain was found to be; only what holds is kept. */
struct verdict_key {
	__u32 tid;
	__u32 link;		/* chain * LINKS + link */
};

struct sum {
	__u64 calls;		/* along the chain, with all conditions met */
	__u64 failed;
};

struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__u32 chain;
	char comm[TASK_COMM_LEN];
	struct stack_ref stacks;
};

#endif
