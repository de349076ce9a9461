/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connect, when it was answered. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	__u64 lat_ns;
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__s32 err;	/* errno of one that failed */
};
