/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of the RDMA connection manager. */
#include "../sock.h"

struct event {
	__u64 time_ns;
	struct tuple tuple;
	struct owner owner;	/* who made the id; pid 0: the kernel, or not known */
	__u32 netns;		/* 0: not known */
	__u32 kind;		/* enum rdma_cm_event_type */
	__s32 status;		/* -errno; of a rejection the reason that came */
	__u32 pad;
};
