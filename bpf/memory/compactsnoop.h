/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One compaction of a zone. */
#include "../stack.h"

struct event {
	__u64 time_ns;		/* of its end */
	__u64 lat_ns;
	__u64 min, low, high, free; /* of the zone at the begin, in pages */
	struct stack_ref stacks;
	__u32 pid, tid, uid;
	__s32 node;		/* -1: this kernel knows no nodes */
	__s32 order;		/* -1: all of the zone */
	__s32 fragindex;	/* thousandths; -1000: a block of that order is free */
	__u32 mode;		/* enum migrate_mode; until 5.19 only MIGRATE_ASYNC or sync */
	__u32 sync_only;	/* is that all that is known? */
	__u32 status;		/* enum compact_result */
	char comm[TASK_COMM_LEN];
	char zone[16];
};
