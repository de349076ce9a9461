/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Migrations of misplaced memory: calls of the function that does it, and pages. */
struct key {
	__u32 pid;
	char comm[TASK_COMM_LEN];
	__u32 unused;
};

enum { MIGRATIONS, TIME_NS, PAGES, FAILED, SUMS };

struct sums {
	__u64 n[SUMS];
};
