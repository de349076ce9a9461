/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connect: who, where to; and what became of it, where that is asked for. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	struct tuple tuple;
	__u32 pid, uid, netns;
	__s32 err;		/* errno of a failed one */
	char comm[TASK_COMM_LEN];
};
