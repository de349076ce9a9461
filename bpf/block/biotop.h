/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who asks which disk for what, and what came of it. */
struct key {
	__u32 pid;
	__u32 dev;		/* of the disk: 12 bits of major, 20 of minor */
	__u32 flags;		/* IO_OP, and IO_OPS_OLD if that is how it is numbered */
	__u32 pad;
	char comm[TASK_COMM_LEN];
};

struct value {
	__u64 ios, bytes;
	__u64 ns;		/* from issue to end, of all */
	__u64 errors;
};
