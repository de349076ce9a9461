/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connection and the time it spent in each state of congestion control. */
#include "../sock.h"

enum { CA_OPEN, CA_DISORDER, CA_CWR, CA_RECOVERY, CA_LOSS, CA_STATES };

struct cong {
	__u64 since_ns;		/* in the present state; 0: not established (yet) */
	__u64 ns[CA_STATES];	/* of stays that are over */
	__u64 changes;
	struct tuple tuple;
	__u32 netns;
	__u32 state;
};

/* A value of the map socks, and of ended, whose keys are just numbers. */
struct sock_value {
	struct owner owner;
	__u32 pad;
	struct cong cong;
};

struct hist_key {
	__u32 state;
};
