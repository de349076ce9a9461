// SPDX-License-Identifier: GPL-2.0-or-later
// TCP connections made, accepted and closed, each told once, all by changes of state but accept(2).
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcptracer.h"

const volatile bool want_failed;

struct sock_value {
	struct owner owner;
	u64 since_ns;	/* established */
	bool open;	/* told of, or open before us: a close is to follow */
};
#define SOCK_OPEN(value, sk) ((value)->open = true)
#include "sock_owner.bpf.h"

static __noinline int tell(void *ctx, struct sock *sk, u32 type, u32 by, u64 since_ns)
{
	struct event e = { .time_ns = bpf_ktime_get_ns(), .type = type, .by = by };

	if (!owner_read(&e.owner, sk))
		return 0;
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	if (type == CLOSE) {
		e.span_ns = since_ns ? e.time_ns - since_ns : 0;
		tcp_bytes_read(sk, &e.tx_bytes, &e.rx_bytes);
	} else if (type == FAILED) {
		e.err = connect_failure(sk);
	}
	event_send(ctx, &e, sizeof(e));
	return 0;
}

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	struct sock_value *value;

	if (!sock_owned(sk))
		return 0;
	value = sock_get(sk);
	if (!value)
		return 0;
	value->open = true;
	tell(ctx, sk, ACCEPT, 0, 0);
	/* The other side may have closed before that. */
	if (BPF_CORE_READ(sk, __sk_common.skc_state) != BPF_TCP_ESTABLISHED) {
		value->open = false;
		tell(ctx, sk, CLOSE, BY_REMOTE, value->since_ns);
	}
	return 0;
}

static __noinline int established(void *ctx, struct sock *sk, bool client)
{
	struct sock_value *value, new = {};

	if (!client) {
		new.since_ns = bpf_ktime_get_ns();
		sock_put(sk, &new);
		return 0;
	}
	value = sock_get(sk);
	if (!value)
		return 0;
	value->since_ns = bpf_ktime_get_ns();
	value->open = true;
	return tell(ctx, sk, CONNECT, 0, 0);
}

static __noinline int closing(void *ctx, struct sock *sk, int newstate)
{
	enum { ECONNRESET = 104, EPIPE = 32 };
	struct sock_value *value = sock_get(sk);
	bool remote = newstate == BPF_TCP_CLOSE_WAIT;
	int err;

	if (!value || !value->open)
		return 0;
	if (newstate == BPF_TCP_CLOSE) {
		err = BPF_CORE_READ(sk, sk_err);
		remote = err == ECONNRESET || err == EPIPE;
	}
	value->open = false;
	return tell(ctx, sk, CLOSE, remote ? BY_REMOTE : BY_LOCAL, value->since_ns);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (!sock_is_tcp(sk))
		return 0;
	owner_follow(sk, newstate);
	if (newstate == BPF_TCP_ESTABLISHED)
		established(ctx, sk, oldstate == BPF_TCP_SYN_SENT);
	else if (oldstate == BPF_TCP_ESTABLISHED)
		closing(ctx, sk, newstate);
	else if (want_failed && oldstate == BPF_TCP_SYN_SENT && newstate == BPF_TCP_CLOSE)
		tell(ctx, sk, FAILED, 0, 0);
	if (newstate == BPF_TCP_CLOSE)
		sock_drop(sk);
	return 0;
}
