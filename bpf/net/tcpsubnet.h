/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Subnets, in the order in which they are tried. */
#include "../sock.h"

enum { SUBNETS_MAX = 64 };

struct subnet {
	__u32 addr[4], mask[4];	/* IPv4 in the first */
	__u32 ip;		/* 4 or 6; 0 ends the list */
};
