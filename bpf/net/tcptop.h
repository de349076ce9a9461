/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP session, as a process uses it; and what it moved. */
#include "../sock.h"

struct session {
	struct tuple tuple;
	__u32 pid;
	__u32 netns;
	char comm[TASK_COMM_LEN];
};

struct traffic {
	__u64 sent, received;	/* bytes */
};
