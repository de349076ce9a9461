/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One socket that became an MPTCP one. */
#include "../shared.h"

enum { TARGETS = 64 };

struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	char comm[TASK_COMM_LEN];
	__u32 netns;
	__u32 ip;		/* 4 or 6 */
	__s32 ret;		/* of socket(2): the descriptor or -errno */
	__u32 compat;		/* of a 32-bit program, whose descriptor is not known */
};

/* Where the kernel has refused an MPTCP socket: net.mptcp.enabled is 0, or it has no IPv6 for it. */
struct refusal {
	__u32 netns, ip;
};
