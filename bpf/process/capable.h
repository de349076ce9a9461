/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* One question whether a task may do something. */
struct event {
	__u64 time_ns;
	struct stack_ref stacks;
	__u32 pid, tid, uid;
	__u32 cap;
	__s32 ret;		/* 0: it may; -EPERM */
	__s32 opts;		/* CHECK_*; -1: not known, as the tracepoint does not tell */
	__u32 userns;		/* in which the capability is asked for: its inode number */
	char comm[TASK_COMM_LEN];
};

/* Options of a check (security.h of the kernel, since 5.1). */
enum { CHECK_NOAUDIT = 2, CHECK_INSETID = 4 };

/* What is told once only: a capability with its verdict, by process or by cgroup. */
enum unique { UNIQUE_OFF, UNIQUE_PROCESS, UNIQUE_CGROUP };
