/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A socket of any family, and a system call on it, as events carry them (applets/net/sock_call.h prints
 * them). */
#ifndef SOCK_CALL_H
#define SOCK_CALL_H

#include "sock.h"

enum { FREEBIND = 1, TRANSPARENT = 2, BIND_ADDRESS_NO_PORT = 4, REUSEADDR = 8, REUSEPORT = 16 };

struct sock_call {
	struct tuple tuple;	/* IP: the local end; of a failed call what was asked for */
	__u32 pid, tid, uid;
	char comm[TASK_COMM_LEN];
	__s32 ret;		/* 0 or -errno */
	__u32 netns;
	__u32 ifindex;		/* that the socket is bound to; 0: any */
	__u32 port;		/* not IP: netlink's port id */
	__u16 family, type, protocol; /* all 0 where the descriptor is none of a socket */
	__u8 options;		/* bits from above */
	__u8 pad;
	__u32 len;		/* of address */
	/* Not IP: a struct sockaddr of that family. */
	char address[112];
};

#endif
