/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets: the addresses of a connection, and what else several network tools read of it. */
#ifndef SOCK_BPF_H
#define SOCK_BPF_H

#include "common.bpf.h"
#include <bpf/bpf_endian.h>
#include "sock.h"

enum { AF_INET = 2, AF_INET6 = 10, IPPROTO_TCP = 6 };

/* SCTP and MPTCP go through the same states and tracepoints; of MPTCP the subflows are TCP. */
static __always_inline bool sock_is_tcp(struct sock *sk)
{
	return BPF_CORE_READ(sk, sk_protocol) == IPPROTO_TCP;
}

static __always_inline u32 sock_netns(struct sock *sk)
{
	return BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
}

/* Not skc_num, which is 0 again once the socket is closed. */
static __always_inline u16 sock_sport(struct sock *sk)
{
	struct inet_sock *inet = (void *)sk;

	return bpf_ntohs(BPF_CORE_READ(inet, inet_sport));
}

/* ::ffff:a.b.c.d */
static __always_inline bool addr_is_mapped(const u8 *addr)
{
	const u32 *word = (const void *)addr;

	return !word[0] && !word[1] && word[2] == bpf_htonl(0xffff);
}

/* `t` is zero before. The socket may be in any state and of any kind (inet_sport aside). */
static __noinline int tuple_read(struct tuple *t, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	t->sport = sock_sport(sk);
	t->dport = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (family == AF_INET6) {
		BPF_CORE_READ_INTO(&t->daddr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&t->saddr, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		/* A listener has no other end. */
		if (!addr_is_mapped(t->daddr) && (t->dport || !addr_is_mapped(t->saddr))) {
			t->ip = 6;
			return 0;
		}
		__builtin_memset(t->saddr, 0, sizeof(t->saddr));
		__builtin_memset(t->daddr, 0, sizeof(t->daddr));
	} else if (family != AF_INET) {
		return 0;
	}
	t->ip = 4;
	*(u32 *)t->saddr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
	*(u32 *)t->daddr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	return 0;
}

/* What connect(2) and its like are given: struct sockaddr_in or _in6, already in kernel memory. */
struct sock_address {
	u16 family;
	u16 port;
	u32 addr;	/* IPv4; the flow label of IPv6 */
	u8 addr6[16];
};

/* The destination alone, from there. The source stays as it is. */
static __noinline int tuple_read_dest(struct tuple *t, const void *address)
{
	struct sock_address a = {};

	/* Reads beyond a sockaddr_in, into whatever is behind it; that is not used then. */
	bpf_probe_read_kernel(&a, sizeof(a), address);
	t->dport = bpf_ntohs(a.port);
	if (a.family == AF_INET6 && !addr_is_mapped(a.addr6)) {
		t->ip = 6;
		__builtin_memcpy(t->daddr, a.addr6, sizeof(a.addr6));
	} else {
		t->ip = 4;
		*(u32 *)t->daddr = a.family == AF_INET6 ? *(u32 *)(a.addr6 + 12) : a.addr;
	}
	return 0;
}

static __always_inline bool syn_went_out(struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;

	return BPF_CORE_READ(tcp, segs_out);
}

/* Why a socket left SYN_SENT for CLOSE, by the rule of connect(2) itself; without any SYN sent
 * there was no free port, and the function is still to return. */
static __always_inline int connect_failure(struct sock *sk)
{
	enum { EADDRNOTAVAIL = 99, ECONNABORTED = 103 };
	int err = BPF_CORE_READ(sk, sk_err);

	return err ? err : syn_went_out(sk) ? ECONNABORTED : EADDRNOTAVAIL;
}

/* Payload so far, of what the kernel counts. To that SYN and FIN are a byte each: bytes_acked has
 * either once acknowledged, bytes_received has the FIN. What was sent has neither, but may not have
 * arrived. `flags`: skc_flags. */
static __always_inline void tcp_bytes(unsigned long flags, u64 acked, u64 sent, u64 received, u64 *tx,
				      u64 *rx)
{
	bool fin = flags >> bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;

	*tx = acked < sent ? acked : sent;
	*rx = fin && received ? received - 1 : received;
}

static __noinline int tcp_bytes_read(struct sock *sk, u64 *tx, u64 *rx)
{
	struct tcp_sock *tcp = (void *)sk;

	tcp_bytes(BPF_CORE_READ(sk, __sk_common.skc_flags), BPF_CORE_READ(tcp, bytes_acked),
		  BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans),
		  BPF_CORE_READ(tcp, bytes_received), tx, rx);
	return 0;
}

#endif
