/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the samples are counted by. */
struct key {
	__u32 cpu;
	__u32 pid;		/* 0 and no name where processes are not told apart */
	char comm[TASK_COMM_LEN];
};
