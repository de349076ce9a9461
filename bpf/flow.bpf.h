/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which connections are of interest. The applet's options for it are in core/net.h; those it has none
 * for stay 0, and the verifier removes their tests. */
#ifndef FLOW_BPF_H
#define FLOW_BPF_H

#include "sock.bpf.h"

const volatile u8 only_ip;		/* 4 or 6; 0: both */
const volatile u32 only_netns;		/* inode number of a network namespace; 0: any */
const volatile u16 local_ports[1025], remote_ports[1025];

static __noinline bool flow_unwanted(const struct tuple *t, u32 netns)
{
	if (!t)
		return true;
	if ((only_ip && t->ip != only_ip) || (only_netns && netns != only_netns))
		return true;
	return !list_wants(local_ports, t->sport) || !list_wants(remote_ports, t->dport);
}

#endif
