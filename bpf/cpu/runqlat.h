/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram is of. */
enum split { SPLIT_NONE, SPLIT_PROCESS, SPLIT_THREAD, SPLIT_PIDNS };

struct hist_key {
	__u32 id;		/* process, thread or pid namespace */
	char comm[TASK_COMM_LEN]; /* not of a namespace */
};
