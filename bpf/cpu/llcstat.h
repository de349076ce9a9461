/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the last-level cache, where, and how often: in samples. */
struct key {
	__u32 cpu;
	__u32 pid;
	__u64 tid;		/* 0 where threads are not told apart */
	char comm[TASK_COMM_LEN];
};

struct counts {
	__u64 references, misses;
};
