/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a packet itself says of its two ends, once its headers are there. */
#ifndef PACKET_BPF_H
#define PACKET_BPF_H

#include "sock.bpf.h"

enum { IPPROTO_UDP = 17 };

/* From source to destination, for TCP and UDP, where `l3` is an IP header. Returns the length of
 * that, or 0 where this is no IP packet of that protocol. IPv6 extension headers are not walked. */
static __noinline u32 packet_read_at(struct tuple *t, const void *l3, u32 protocol)
{
	unsigned char ip[40];
	u16 ports[2] = {};
	u32 len;

	if (!t || bpf_probe_read_kernel(ip, sizeof(ip), l3))
		return 0;
	if (ip[0] >> 4 == 4 && ip[9] == protocol) {
		t->ip = 4;
		__builtin_memcpy(t->saddr, ip + 12, 4);
		__builtin_memcpy(t->daddr, ip + 16, 4);
		len = (ip[0] & 15) * 4;
	} else if (ip[0] >> 4 == 6 && ip[6] == protocol) {
		t->ip = 6;
		__builtin_memcpy(t->saddr, ip + 8, 16);
		__builtin_memcpy(t->daddr, ip + 24, 16);
		len = 40;
	} else {
		return 0;
	}
	bpf_probe_read_kernel(ports, sizeof(ports), l3 + len);
	t->sport = bpf_ntohs(ports[0]);
	t->dport = bpf_ntohs(ports[1]);
	return len;
}

/* The same of a packet whose network header is set, as it is once it went through IP. Returns the
 * offset of the transport header from skb->head. */
static __noinline u32 packet_read(struct tuple *t, struct sk_buff *skb, u32 protocol)
{
	u16 at = BPF_CORE_READ(skb, network_header);
	u32 len;

	if (!at || at == 0xffff)
		return 0;
	len = packet_read_at(t, BPF_CORE_READ(skb, head) + at, protocol);
	return len ? at + len : 0;
}

#endif
