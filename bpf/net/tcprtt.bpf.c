// SPDX-License-Identifier: GPL-2.0-or-later
// The smoothed round trip time of TCP connections, looked at with each segment that comes in.
#include "common.bpf.h"
#include "tcprtt.h"
#include "hist.bpf.h"
#include "flow.bpf.h"

const volatile bool by_laddr, by_raddr, by_lport, by_rport;
const volatile struct tuple only; /* addresses; .ip is the version of either, 0: any */
const volatile bool only_laddr, only_raddr;

static __always_inline bool addr_equal(const u8 *a, const volatile u8 *b)
{
	const u64 *x = (const void *)a;
	const volatile u64 *y = (const volatile void *)b;

	return x[0] == y[0] && x[1] == y[1];
}

static __always_inline bool addr_unwanted(const struct tuple *t)
{
	if ((only_laddr || only_raddr) && t->ip != only.ip)
		return true;
	return (only_laddr && !addr_equal(t->saddr, only.saddr)) ||
	       (only_raddr && !addr_equal(t->daddr, only.daddr));
}

static __noinline int sample(struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	bool split = by_laddr || by_raddr || by_lport || by_rport;
	u64 us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	struct hist_key key = {};
	struct tuple *t = &key.tuple;

	if (split || only_ip || only_netns || local_ports[0] || remote_ports[0] || only_laddr ||
	    only_raddr) {
		tuple_read(t, sk);
		if (flow_unwanted(t, only_netns ? sock_netns(sk) : 0) || addr_unwanted(t))
			return 0;
	}
	if (!by_laddr)
		__builtin_memset(t->saddr, 0, sizeof(t->saddr));
	if (!by_raddr)
		__builtin_memset(t->daddr, 0, sizeof(t->daddr));
	if (!by_lport)
		t->sport = 0;
	if (!by_rport)
		t->dport = 0;
	if (!by_laddr && !by_raddr)
		t->ip = 0;
	hist_add(split ? &key : NULL, us * 1000);
	return 0;
}

/* It is the first thing that tcp_rcv_established() does. */
SEC("raw_tp/tcp_probe")
int BPF_PROG(received, struct sock *sk)
{
	return sock_is_tcp(sk) ? sample(sk) : 0;
}
