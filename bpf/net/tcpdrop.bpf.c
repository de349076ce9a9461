// SPDX-License-Identifier: GPL-2.0-or-later
// TCP packets that the kernel drops. Their addresses are those of the packet; the socket is the one
// that they came from or (6.11) were for, where the kernel knows.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "drop.bpf.h"
#include "flow.bpf.h"
#include "packet.bpf.h"
#include "stack_store.bpf.h"
#include "tcpdrop.h"

const volatile bool no_stack;

struct sock_value {
	struct owner owner;
};
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	sock_owned(sk);
	return 0;
}

/* What a socket wants to send has no headers yet. */
static __always_inline bool tuple_find(struct event *e, struct sk_buff *skb, struct sock *sk)
{
	unsigned char *head = BPF_CORE_READ(skb, head);
	u32 tcp = packet_read(&e->tuple, skb, IPPROTO_TCP);
	u8 flags = 0;

	if (tcp) {
		bpf_probe_read_kernel(&flags, 1, head + tcp + 13);
		e->flags = flags;
		return true;
	}
	e->flags = NO_FLAGS;
	if (!sk || !sock_is_full(sk) || !sock_is_tcp(sk))
		return false;
	tuple_read(&e->tuple, sk);
	return e->tuple.ip;
}

static __noinline int dropped(void *ctx, struct sk_buff *skb, struct sock *sk, u32 reason)
{
	struct event e = { .time_ns = bpf_ktime_get_ns(), .reason = reason };
	struct net_device *dev = BPF_CORE_READ(skb, dev);

	if (!tuple_find(&e, skb, sk))
		return 0;
	if (sk) {
		e.netns = sock_netns(sk);
		e.state = BPF_CORE_READ(sk, __sk_common.skc_state);
		if (!owner_read(&e.owner, sk))
			return 0;
	} else if (owners_chosen()) {
		return 0;
	} else if (dev) {
		e.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	}
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	if (!no_stack)
		stack_ref_take(ctx, &e.stacks, STACK_KERNEL);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/kfree_skb")
int freed(struct bpf_raw_tracepoint_args *ctx)
{
	struct drop drop;

	drop_read(&drop, ctx);
	return dropped(ctx, drop.skb, drop.sk, drop.reason);
}

/* Until 5.18 the receive side dropped by this, which did not come by the tracepoint. */
SEC("fentry/tcp_drop")
int BPF_PROG(tcp_drop_fentry, struct sock *sk, struct sk_buff *skb)
{
	return dropped(ctx, skb, sk, 0);
}

SEC("kprobe/tcp_drop")
int BPF_KPROBE(tcp_drop_kprobe, struct sock *sk, struct sk_buff *skb)
{
	return dropped(ctx, skb, sk, 0);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (!sock_is_tcp(sk))
		return 0;
	owner_follow(sk, newstate);
	if (newstate == BPF_TCP_CLOSE)
		sock_drop(sk);
	return 0;
}
