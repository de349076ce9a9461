/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call on System V shared memory. */
enum call { SHMGET, SHMAT, SHMDT, SHMCTL };

struct event {
	__u64 time_ns;		/* of its return */
	__u64 args[3];
	__s64 ret;
	__u32 pid, tid, uid;
	__u32 call;		/* enum call */
	char comm[TASK_COMM_LEN];
};
