/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who uses the page cache. */
#include "../pagecache.h"

struct key {
	__u32 pid, uid;
	char comm[TASK_COMM_LEN];
};
