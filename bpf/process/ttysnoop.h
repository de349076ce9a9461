/* SPDX-License-Identifier: GPL-2.0-or-later */
enum { PIECE = 4096 };

/* A piece of what is written to the terminal. */
struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__u32 bytes;		/* of data */
	__u64 unread;		/* bytes of this write that are missing after these */
	char comm[TASK_COMM_LEN];
	char data[PIECE];	/* sent as long as it is */
};
