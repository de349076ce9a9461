/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram is of. */
struct hist_key {
	char comm[TASK_COMM_LEN];
	char disk[DISK_NAME_LEN];
	__u32 flags;	/* IO_* */
};
