/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process (or thread) that ended, and how. */
struct event {
	__u64 time_ns;
	__u64 start_ns;		/* when it was forked */
	__u64 cgroup;		/* id: the inode of the cgroup v2 folder */
	__u32 pid, ppid, tid, uid;
	__u32 status;		/* as wait(2) gives it */
	_Bool dumped;
	char comm[TASK_COMM_LEN];
};
