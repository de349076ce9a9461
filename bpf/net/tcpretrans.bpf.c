// SPDX-License-Identifier: GPL-2.0-or-later
// TCP segments sent again: by timer, after duplicate acknowledgments, as a tail loss probe; SYN and
// SYN-ACK as well.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcpretrans.h"

const volatile bool count_only;

struct sock_value {
	struct owner owner;
};
#include "sock_owner.bpf.h"

static int accepted(void *ctx, struct sock *sk, struct sock *listener)
{
	sock_owned(sk);
	return 0;
}

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct flow_key);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline void count(const struct event *e)
{
	struct flow_key key = { .tuple = e->tuple, .netns = e->netns };
	u64 zero = 0, *n = entry_get(&counts, &key, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

/* `sk`: whose namespace and owner it is. */
static __noinline int report(void *ctx, struct event *e, struct sock *sk)
{
	e->time_ns = bpf_ktime_get_ns();
	e->netns = sock_netns(sk);
	if (flow_unwanted(&e->tuple, e->netns) || !owner_read(&e->owner, sk))
		return 0;
	if (count_only)
		count(e);
	else
		event_send(ctx, e, sizeof(*e));
	return 0;
}

static __always_inline u32 skb_seq(struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = (void *)skb + bpf_core_field_offset(skb->cb);

	return BPF_CORE_READ(cb, seq);
}

/* Does the timer of tail loss probes send this? It runs in these states only, while an ACK that makes
 * the kernel send again has left them before. */
static __always_inline bool is_probe(struct sock *sk)
{
	enum { ICSK_TIME_LOSS_PROBE = 5, TCP_CA_CWR = 2 };
	struct inet_connection_sock *icsk = (void *)sk;

	return BPF_CORE_READ(icsk, icsk_pending) == ICSK_TIME_LOSS_PROBE &&
	       BPF_CORE_READ_BITFIELD_PROBED(icsk, icsk_ca_state) <= TCP_CA_CWR;
}

SEC("raw_tp/tcp_retransmit_skb")
int retransmit(struct bpf_raw_tracepoint_args *ctx)
{
	struct sock *sk = (void *)ctx->args[0];
	struct event e = { .type = RETRANS };

	/* Since 6.17 attempts that failed are told, too. */
	if (bpf_core_type_exists(btf_trace_tcp_retransmit_skb___err) && (int)ctx->args[2])
		return 0;
	if (is_probe(sk))
		e.type = PROBE;
	tuple_read(&e.tuple, sk);
	e.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	e.seq = skb_seq((void *)ctx->args[1]);
	return report(ctx, &e, sk);
}

/* The connection is but a request so far; its socket is the listener. */
SEC("raw_tp/tcp_retransmit_synack")
int BPF_PROG(synack, struct sock *listener, struct request_sock *req)
{
	struct event e = { .type = RETRANS, .state = BPF_TCP_NEW_SYN_RECV };

	tuple_read(&e.tuple, (void *)req);
	e.tuple.sport = BPF_CORE_READ(req, __req_common.skc_num);
	return report(ctx, &e, listener);
}

/* A loss probe that has new data to send is no retransmission: told here; any other by `retransmit`.
 * No probe is sent while one is unanswered. */
static __noinline int loss_probe(void *ctx, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	struct event e = { .type = PROBE };
	u32 end;

	if (BPF_CORE_READ(tcp, tlp_high_seq) || !BPF_CORE_READ(sk, sk_write_queue.qlen))
		return 0;
	e.seq = BPF_CORE_READ(tcp, snd_nxt);
	end = BPF_CORE_READ(tcp, snd_una) + BPF_CORE_READ(tcp, snd_wnd);
	if ((s32)(end - e.seq) <= 0)
		return 0;
	tuple_read(&e.tuple, sk);
	e.state = BPF_CORE_READ(sk, __sk_common.skc_state);
	return report(ctx, &e, sk);
}

SEC("fentry/tcp_send_loss_probe")
int BPF_PROG(probe_fentry, struct sock *sk)
{
	return loss_probe(ctx, sk);
}

SEC("kprobe/tcp_send_loss_probe")
int BPF_KPROBE(probe_kprobe, struct sock *sk)
{
	return loss_probe(ctx, sk);
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
