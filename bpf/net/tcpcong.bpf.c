// SPDX-License-Identifier: GPL-2.0-or-later
// The states of TCP congestion control, from one change to the next. Only ever added to: user space
// takes differences, so that nothing falls between two reports.
#include "common.bpf.h"
#include "tcpcong.h"
#include "hist.bpf.h"
#include "sock.bpf.h"

const volatile u16 local_first, local_last = 65535, remote_first, remote_last = 65535;
const volatile u8 only_ip;
const volatile u32 only_netns;
const volatile bool by_state;	/* histograms, not sums */

static __always_inline u32 ca_state(struct sock *sk)
{
	struct inet_connection_sock *icsk = (void *)sk;

	return BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state);
}

/* From here on the connection counts. false: it is of no interest. */
static __noinline bool cong_begin(struct cong *c, struct sock *sk)
{
	if (!c)
		return false;
	tuple_read(&c->tuple, sk);
	c->netns = sock_netns(sk);
	if ((only_ip && c->tuple.ip != only_ip) || (only_netns && c->netns != only_netns) ||
	    c->tuple.sport < local_first || c->tuple.sport > local_last ||
	    c->tuple.dport < remote_first || c->tuple.dport > remote_last)
		return false;
	c->since_ns = bpf_ktime_get_ns();
	c->state = ca_state(sk);
	return true;
}

#define SOCK_OPEN(value, sk)							\
	if (BPF_CORE_READ(sk, __sk_common.skc_state) == BPF_TCP_LISTEN ||	\
	    !cong_begin(&(value)->cong, sk))					\
		return 0
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	sock_owned(sk);
	return 0;
}

static __noinline int changed(struct sock *sk, u32 state)
{
	struct sock_value *value = sock_get(sk);
	u64 now = bpf_ktime_get_ns();
	struct hist_key key = {};
	struct cong *c;

	if (!value || !value->cong.since_ns)
		return 0;
	c = &value->cong;
	if (c->state == state || c->state >= CA_STATES || state >= CA_STATES)
		return 0;
	key.state = c->state;
	if (by_state) {
		if (!owner_unwanted(value))
			hist_add(&key, now - c->since_ns);
	} else {
		c->ns[key.state] += now - c->since_ns;
	}
	c->changes++;
	c->since_ns = now;
	c->state = state;
	return 0;
}

SEC("raw_tp/tcp_cong_state_set")
int BPF_PROG(state_set, struct sock *sk, u8 state)
{
	return changed(sk, state);
}

/* Before that tracepoint came (5.17): what sets the state. */
SEC("fexit/tcp_ack")
int BPF_PROG(ack_fexit, struct sock *sk)
{
	return changed(sk, ca_state(sk));
}

SEC("fexit/tcp_enter_loss")
int BPF_PROG(loss_fexit, struct sock *sk)
{
	return changed(sk, ca_state(sk));
}

SEC("fexit/tcp_enter_cwr")
int BPF_PROG(cwr_fexit, struct sock *sk)
{
	return changed(sk, ca_state(sk));
}

/* Without functions: each segment in, and each sent again, finds out what the one before did. */
SEC("raw_tp/tcp_probe")
int BPF_PROG(received, struct sock *sk)
{
	return changed(sk, ca_state(sk));
}

SEC("raw_tp/tcp_retransmit_skb")
int BPF_PROG(retransmitted, struct sock *sk)
{
	return changed(sk, ca_state(sk));
}

/* For user space alone: what it has reported of each socket. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 32768);
	__type(key, u64);
	__type(value, struct cong);
} reported SEC(".maps");

/* Connections that ended since the last report, by a running number. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct sock_value);
} ended SEC(".maps");

static __noinline int end(struct sock *sk)
{
	struct sock_value *value = sock_get(sk), last;
	u64 key = (u64)sk;
	u32 state;

	if (!value || !value->cong.since_ns || owner_unwanted(value) || by_state)
		return 0;
	last = *value;
	state = last.cong.state;
	if (state < CA_STATES)
		last.cong.ns[state] += bpf_ktime_get_ns() - last.cong.since_ns;
	last.cong.since_ns = 0;
	/* A socket in the same place may have ended since: then the number is another one. */
	for (int i = 0; i < 8; i++, key++)
		if (!bpf_map_update_elem(&ended, &key, &last, BPF_NOEXIST))
			return 0;
	LOST(entries);
	return 0;
}

static __noinline int established(struct sock *sk)
{
	struct sock_value *value = sock_get(sk), new = {};

	if (value) {
		if (!cong_begin(&value->cong, sk))
			sock_drop(sk);
	} else if (cong_begin(&new.cong, sk)) {
		sock_put(sk, &new);
	}
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (!sock_is_tcp(sk))
		return 0;
	if (newstate != BPF_TCP_LISTEN)
		owner_follow(sk, newstate);
	/* Of a client that the filter does not want there is no entry; a server's may come. */
	if (newstate == BPF_TCP_ESTABLISHED && (oldstate == BPF_TCP_SYN_RECV || sock_get(sk)))
		established(sk);
	if (newstate == BPF_TCP_CLOSE) {
		end(sk);
		sock_drop(sk);
	}
	return 0;
}
