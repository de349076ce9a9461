/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One change of a TCP state. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	__u64 span_ns;		/* in the old state; 0: not known */
	__u64 skaddr;		/* which socket */
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__u32 oldstate, newstate;
};
