/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is counted: the cookies of the probes. */
enum { STAT_METHOD, STAT_GC, STAT_OBJECT, STAT_CLASS, STAT_EXCEPTION, STAT_THREAD, STATS };

struct key {
	__u32 pid;
	__u32 pad;
};

struct value {
	__u64 n[STATS];
};
