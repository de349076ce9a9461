/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP session, at its end. */
#include "../sock.h"

struct event {
	__u64 time_ns;		/* of its end */
	__u64 span_ns;		/* since the first SYN; 0: it began before us */
	__u64 tx_bytes, rx_bytes; /* payload */
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__u32 rtt_us, retrans;
};
