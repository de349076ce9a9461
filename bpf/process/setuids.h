/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call that changes user or group ids, when it returns. */
enum call {
	SETUID, SETGID, SETREUID, SETREGID, SETRESUID, SETRESGID, SETFSUID, SETFSGID, SETGROUPS, CALLS
};

enum { REAL, EFFECTIVE, SAVED, FS, IDS };

enum { GROUPS_SHOWN = 32 };

struct event {
	__u64 time_ns;
	__s64 ret;		/* 0 or -errno; setfsuid, setfsgid: the id before */
	__u32 pid, tid, uid;	/* that of the call's begin */
	__u32 call;		/* enum call */
	__s32 arg[3];		/* as given; setgroups: how many */
	__u32 now[IDS];		/* what came of it: ids of users, or of groups */
	char comm[TASK_COMM_LEN];
	__u32 group[GROUPS_SHOWN]; /* setgroups: the first of them */
};
