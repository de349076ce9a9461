/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One open: what was asked, by whom, and what came of it. */
#include "../stack.h"

struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__s32 ret;		/* descriptor, or -errno */
	struct stack_ref stacks; /* of the user, with -c */
	__u64 flags;		/* O_* as given */
	__u32 mode;
	char comm[TASK_COMM_LEN];
	char path[4096];	/* sent as long as it is */
};
