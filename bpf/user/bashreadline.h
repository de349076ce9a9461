/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One line that was typed. */
struct event {
	__u64 time_ns;
	__u32 pid, ppid, uid;
	char comm[TASK_COMM_LEN];
	char line[16000];	/* sent as long as it is */
};
