// SPDX-License-Identifier: GPL-2.0-or-later
// TCP sessions from their first SYN to CLOSE.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcplife.h"

struct sock_value {
	struct owner owner;
	u64 birth_ns;	/* 0: before us */
};
#define SOCK_OPEN(value, sk)							\
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == BPF_TCP_LISTEN)		\
		return 0
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	sock_owned(sk);
	return 0;
}

static __always_inline int connecting(struct sock *sk)
{
	struct sock_value value = { .birth_ns = bpf_ktime_get_ns() };

	if (filtered()) {
		sock_drop(sk); /* closed, and used again by another task */
		return 0;
	}
	owner_note(&value.owner);
	sock_put(sk, &value);
	return 0;
}

/* A server's socket is made when the handshake ends. Its first round trip is that from the answer to
 * the SYN, sent as soon as that came, to now. Two that connect to each other at once come here, too,
 * and are there already. */
static __always_inline int established(struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	struct sock_value value = {};
	enum { EEXIST = 17 };
	u64 key = (u64)sk;
	long err;

	value.birth_ns = bpf_ktime_get_ns() - (BPF_CORE_READ(tcp, srtt_us) >> 3) * 1000ULL;
	err = bpf_map_update_elem(&socks, &key, &value, BPF_NOEXIST);
	if (err && err != -EEXIST)
		LOST(entries);
	return 0;
}

static __noinline int died(void *ctx, struct sock *sk)
{
	struct sock_value *value = sock_get(sk);
	struct tcp_sock *tcp = (void *)sk;
	struct event e = { .time_ns = bpf_ktime_get_ns() };

	if (owner_unwanted(value)) {
		if (value)
			sock_drop(sk);
		return 0;
	}
	/* Without a value: not in any table of files when we began, or there was no room. */
	if (value) {
		e.owner = value->owner;
		e.span_ns = value->birth_ns ? e.time_ns - value->birth_ns : 0;
		sock_drop(sk);
	}
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	tcp_bytes_read(sk, &e.tx_bytes, &e.rx_bytes);
	e.rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	e.retrans = BPF_CORE_READ(tcp, total_retrans);
	event_output(ctx, &e, sizeof(e));
	return 0;
}

/* Is it one of the changes that matter? Those of other protocols are not many. */
static __always_inline bool matters(int oldstate, int newstate)
{
	switch (newstate) {
	case BPF_TCP_ESTABLISHED:
		return oldstate == BPF_TCP_SYN_RECV;
	case BPF_TCP_CLOSE:
		return oldstate != BPF_TCP_LISTEN && oldstate != BPF_TCP_CLOSE;
	}
	return newstate == BPF_TCP_SYN_SENT || newstate == BPF_TCP_FIN_WAIT1 ||
	       newstate == BPF_TCP_LAST_ACK;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (!matters(oldstate, newstate) || !sock_is_tcp(sk))
		return 0;
	switch (newstate) {
	case BPF_TCP_SYN_SENT:
		return connecting(sk);
	case BPF_TCP_ESTABLISHED:
		return established(sk);
	case BPF_TCP_CLOSE:
		return died(ctx, sk);
	}
	sock_owned(sk);
	return 0;
}
