/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One query. */
struct event {
	__u64 time_ns;		/* when it was over */
	__u64 duration_ns;	/* its start, for as long as it runs */
	__u32 pid, tid;
	__u32 len;		/* of the query, with its NUL */
	char comm[TASK_COMM_LEN];
	char query[2048];	/* sent as long as it is */
};
