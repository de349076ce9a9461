/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One segment sent again, or a loss probe. */
#include "../sock.h"

enum { RETRANS = 1, PROBE };

struct event {
	__u64 time_ns;
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__u32 state;
	__u32 type;
	__u32 seq;
};

struct flow_key {
	struct tuple tuple;
	__u32 netns;
	__u32 pad;
};
