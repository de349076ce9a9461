/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who has pages read back from swap. */
struct key {
	__u32 pid;
	char comm[TASK_COMM_LEN];
	__u32 pad;	/* the value begins at a multiple of 8 */
};

struct value {
	__u64 reads, pages;
};
