/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One accepted connection. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	__u64 wait_ns;		/* in the accept queue; 0: not known */
	struct tuple tuple;
	struct owner owner;
	__u32 netns;
	__u32 backlog, backlog_max; /* what else waits in the queue, its limit; 0: not known */
};
