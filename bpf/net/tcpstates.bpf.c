// SPDX-License-Identifier: GPL-2.0-or-later
// Changes of TCP states, and how long each one lasted.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcpstates.h"

struct sock_value {
	struct owner owner;
	u64 since_ns;	/* of the present state */
};
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	sock_owned(sk);
	return 0;
}

static __noinline int tell(void *ctx, struct sock *sk, int oldstate, int newstate, u64 since_ns)
{
	struct event e = { .time_ns = bpf_ktime_get_ns(), .skaddr = (u64)sk };

	if (!owner_read(&e.owner, sk))
		return 0;
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	e.span_ns = since_ns ? e.time_ns - since_ns : 0;
	e.oldstate = oldstate;
	e.newstate = newstate;
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	struct sock_value *value, new = {};
	u64 since_ns;

	if (!sock_is_tcp(sk))
		return 0;
	value = oldstate == BPF_TCP_LISTEN ? NULL : sock_get(sk);
	since_ns = value ? value->since_ns : 0;
	owner_follow(sk, newstate);
	tell(ctx, sk, oldstate, newstate, since_ns);
	if (newstate == BPF_TCP_CLOSE) {
		sock_drop(sk);
		return 0;
	}
	value = sock_get(sk);
	if (value) {
		value->since_ns = bpf_ktime_get_ns();
		return 0;
	}
	new.since_ns = bpf_ktime_get_ns();
	/* With a filter: it may still be accepted by someone of interest. */
	if (newstate == BPF_TCP_SYN_RECV || !owners_chosen())
		sock_put(sk, &new);
	return 0;
}
