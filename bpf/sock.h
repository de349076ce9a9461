/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The two ends of a connection, as events and keys carry them (core/net.h prints them). */
#ifndef SOCK_H
#define SOCK_H

#include "shared.h"

/* No padding, so that it can be a key. */
struct tuple {
	__u8 saddr[16];		/* the local address; IPv4 in the first four bytes */
	__u8 daddr[16];		/* the remote one */
	__u16 sport, dport;	/* in the host's order; 0: not known (yet) */
	__u32 ip;		/* 4 or 6; IPv4 on an IPv6 socket (::ffff:a.b.c.d) is 4 */
};

/* The task whose socket it is: the one that connected, accepted, listens; of a socket that was open
 * before, the first that had it in its table of files. pid 0: nobody known (not accepted yet). */
struct owner {
	__u64 cgroup;		/* inode number of its cgroup v2 folder */
	__u32 pid, tid, uid;
	__u32 pad;
	char comm[TASK_COMM_LEN];
};

#endif
