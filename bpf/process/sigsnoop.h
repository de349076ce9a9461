/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One signal on its way to a task, or one system call that sends signals (with -k). */
struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;	/* the sender */
	__s32 sig;
	__s32 tpid;		/* target process; below 0 a group as kill(2) has it */
	__s32 ttid;		/* target thread; 0: the whole process */
	__s32 result;		/* RESULT_*, or with -k what the call returned */
	__s32 si_code;
	__u32 targets;		/* processes or threads that got it */
	__u32 call;		/* CALL_* */
	char comm[TASK_COMM_LEN], tcomm[TASK_COMM_LEN];
};

/* What the kernel did with it (the tracepoint's numbers). */
enum { RESULT_DELIVERED, RESULT_IGNORED, RESULT_PENDING, RESULT_OVERFLOW, RESULT_LOSE_INFO };

enum {
	CALL_NONE, CALL_KILL, CALL_TKILL, CALL_TGKILL, CALL_SIGQUEUE, CALL_TGSIGQUEUE, CALL_PIDFD,
};

enum { SIGNALS = 65 };	/* 0, the test whether a process exists, to 64 */
