/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One packet that the kernel dropped. */
#include "../sock.h"
#include "../stack.h"

/* What a packet is, as one number: of the first kind that is known. */
enum {
	PROTO_IP = 1 << 16,	/* + protocol of IP (IPPROTO_UDP) */
	PROTO_ETHER = 2 << 16,	/* + type of Ethernet (ETH_P_ARP): no IP */
	PROTO_FAMILY = 3 << 16,	/* + family of the socket (AF_UNIX) that it belongs to */
};

struct event {
	__u64 time_ns;
	struct tuple tuple;	/* of the packet: from source to destination */
	__u64 location;		/* an address in the function that dropped it */
	__u32 reason;		/* 0: the kernel gives none */
	__u32 proto;		/* 0: not known */
	__u32 netns;		/* 0: not known */
	__u32 len;		/* bytes of it that were left then */
	char dev[16];		/* "": not known */
	struct stack_ref stacks;
};

struct drop_key {
	__u64 location;
	__u32 reason;
	__u32 pad;
};

struct drop_value {
	__u64 packets, bytes;
};
