// SPDX-License-Identifier: GPL-2.0-or-later
// Connections that accept(2) returns. When their handshake was done, which is when they began to
// wait for that, the socket's change of state tells.
#define EVENT_MAX 256
#define SOCK_NO_OPEN
#define SOCK_WANT_LISTENER
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcpaccept.h"

struct sock_value {
	struct owner owner;	/* not used: who accepts is the owner */
	u64 since_ns;
};
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	struct sock_value *value = sock_get(sk);
	struct event e = { .time_ns = bpf_ktime_get_ns() };

	if (value)
		e.wait_ns = e.time_ns - value->since_ns;
	sock_drop(sk);
	if (filtered())
		return 0;
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	task_note(&e.owner);
	if (listener) {
		e.backlog = BPF_CORE_READ(listener, sk_ack_backlog);
		e.backlog_max = BPF_CORE_READ(listener, sk_max_ack_backlog);
	}
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	struct sock_value value = { .since_ns = bpf_ktime_get_ns() };

	if (newstate == BPF_TCP_ESTABLISHED && oldstate == BPF_TCP_SYN_RECV && sock_is_tcp(sk))
		sock_put(sk, &value);
	else if (newstate == BPF_TCP_CLOSE)
		sock_drop(sk); /* before anyone accepted it */
	return 0;
}
