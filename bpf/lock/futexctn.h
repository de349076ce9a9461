/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* What a thread waits for. */
enum { FOR_LOCK, FOR_OTHER };

/* What a histogram is of. */
struct hist_key {
	__u64 lock;		/* the address of the futex in the process */
	struct stack_ref stacks;
	__u32 pid, tid;
	__u32 what;
	__u32 pad;
	char comm[TASK_COMM_LEN];
};

/* What a row of the summary is of. */
struct sum_key {
	__u64 lock;
	__u32 pid, what;
	char comm[TASK_COMM_LEN];
};

/* Each CPU's are added up, but for the last three, of which the largest counts. */
struct sum_value {
	__u64 count;
	__u64 total;		/* nanoseconds, as all */
	__u64 timeouts;		/* waits that ended so */
	__u64 max;
	__u64 min_not;		/* ~ of the shortest one */
	__u64 holder;		/* of the longest one: its time and who had the lock then */
};

/* A thread's number has 22 bits at most (PID_MAX_LIMIT); of the time there is room for 48 hours. */
#define HOLDER_BITS 22
#define HOLDER_NS_SHIFT 6
