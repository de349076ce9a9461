/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Data of a TCP connection that a thread took, and how long it had been there. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	__u64 lat_ns;
	struct tuple tuple;
	struct owner owner;	/* the thread that reads */
	__u32 netns;
};
