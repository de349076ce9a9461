/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A soft interrupt that came late, or took long. */
enum stage { STAGE_RAISED, STAGE_RUN, STAGES };

struct event {
	__u64 time_ns;		/* when it came, or was done */
	__u64 ns;
	__u32 stage;		/* enum stage */
	__u32 vector;
	__u32 cpu;
	__u32 pid, tid, uid;	/* of the task that was interrupted, or is ksoftirqd */
	char comm[TASK_COMM_LEN];
};
