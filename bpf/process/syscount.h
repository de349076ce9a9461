/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What syscount counts by, and what it counts. */
struct key {
	__u32 id;	/* system call, or process */
	__u32 compat;	/* 1: a call of the 32-bit table */
};

struct value {
	__u64 count;
	__u64 total_ns;
};
