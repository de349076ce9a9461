/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One wait for a CPU that took too long. */
struct event {
	__u64 time_ns;		/* when it was over */
	__u64 wait_ns;
	__u32 pid, tid;
	__u32 cpu;
	__u32 prev_pid, prev_tid; /* who had the CPU until then; 0 if it was idle */
	char comm[TASK_COMM_LEN];
	char prev_comm[TASK_COMM_LEN];
};
