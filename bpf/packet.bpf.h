/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a packet itself says of its two ends, once its headers are there. */
#ifndef PACKET_BPF_H
#define PACKET_BPF_H

#include "sock.bpf.h"

enum { IPPROTO_UDP = 17 };

/* From source to destination, for TCP and UDP. The packet's network header has to be set, as it is
 * once a packet came in, or goes out through IP. Returns the offset of the transport header from
 * skb->head, or 0 where this is no IP packet of that protocol. IPv6 extension headers are not
 * walked. */
static __noinline u32 packet_read(struct tuple *t, struct sk_buff *skb, u32 protocol)
{
	u16 at = BPF_CORE_READ(skb, network_header);
	unsigned char *head = BPF_CORE_READ(skb, head), ip[40];
	u16 ports[2] = {};
	u32 end;

	if (!t || !at || at == 0xffff || bpf_probe_read_kernel(ip, sizeof(ip), head + at))
		return 0;
	if (ip[0] >> 4 == 4 && ip[9] == protocol) {
		t->ip = 4;
		__builtin_memcpy(t->saddr, ip + 12, 4);
		__builtin_memcpy(t->daddr, ip + 16, 4);
		end = at + (ip[0] & 15) * 4;
	} else if (ip[0] >> 4 == 6 && ip[6] == protocol) {
		t->ip = 6;
		__builtin_memcpy(t->saddr, ip + 8, 16);
		__builtin_memcpy(t->daddr, ip + 24, 16);
		end = at + 40;
	} else {
		return 0;
	}
	bpf_probe_read_kernel(ports, sizeof(ports), head + end);
	t->sport = bpf_ntohs(ports[0]);
	t->dport = bpf_ntohs(ports[1]);
	return end;
}

#endif
