/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call of the stat family: of which file, by whom, and what came of it. */
enum call { NONE, STAT, LSTAT, FSTAT, NEWFSTATAT, STATX, STATFS, FSTATFS, CALLS };

struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__s32 ret;		/* 0, or -errno */
	__u32 call;		/* enum call */
	char comm[TASK_COMM_LEN];
	char path[4096];	/* sent as long as it is; empty: the file has no name */
};

/* Numbers of system calls are below this, but for those of the x32 programs of x86. */
#define SYSCALLS_MAX 512
