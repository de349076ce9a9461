/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of each disk. */
struct key {
	__u32 dev;		/* 12 bits of major, 20 of minor */
	__u32 pad;
};

struct value {
	__u64 sequential, random, unknown;
	__u64 bytes;
};
