/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What went through a queue of a network interface. */
#include "../shared.h"

enum { NET_NAME = 16, SIZES = 6 };

struct interface {
	__u32 netns;		/* inode number */
	__u32 ifindex;
};

struct key {
	struct interface interface;
	__u16 queue;
	__u16 rx;		/* direction: 0 TX, 1 RX */
};

/* Packets by their length: up to 63 bytes, 511, 2047, 16383, 65535, and longer. */
struct value {
	__u64 packets, bytes;
	__u64 sizes[SIZES];
};
