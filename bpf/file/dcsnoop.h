/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One lookup of a name. */
struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	char type[2];		/* "M": missed; "R": found */
	char comm[TASK_COMM_LEN];
	char path[4096 + 256];	/* sent as long as it is */
};
