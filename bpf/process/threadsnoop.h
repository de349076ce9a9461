/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One new thread. */
struct event {
	__u64 time_ns;
	__u64 routine;		/* what pthread_create() was given; 0: nobody was seen to call it */
	__u32 pid, tid, uid;	/* who made it */
	__u32 new_tid;
	bool kthread;
	char comm[TASK_COMM_LEN];
};
