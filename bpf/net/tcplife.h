/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP session, at its end. */
#include "../sock.h"

struct event {
	__u64 time_ns;		/* of its end */
	__u64 span_ns;		/* since the first SYN was sent, or the handshake done (server) */
	__u64 tx_bytes, rx_bytes; /* payload */
	struct tuple tuple;
	__u32 pid;		/* 0: nobody had accepted it */
	__u32 netns;
	__u32 rtt_us, retrans;
	char comm[TASK_COMM_LEN];
};
