/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process that is killed since memory is short. */
#include "../stack.h"

enum { OOM_LIMIT = 1, OOM_MEMCG = 2, OOM_VICTIM = 4 };

struct event {
	__u64 time_ns;
	__u64 total_pages;	/* what there is, or may be used, where it is short */
	__u64 rss_pages;	/* of the victim */
	__u64 cgroup;		/* the id of the one whose limit it is */
	__u32 trigger_pid, trigger_tid, trigger_uid;
	__u32 pid, uid;
	__u32 known;		/* OOM_LIMIT: total_pages is; OOM_MEMCG: it is a cgroup's;
				   OOM_VICTIM: the victim's other members are */
	char trigger_comm[TASK_COMM_LEN];
	char comm[TASK_COMM_LEN];
	struct stack_ref stacks;	/* of the trigger */
};
