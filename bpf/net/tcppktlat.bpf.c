// SPDX-License-Identifier: GPL-2.0-or-later
// From a TCP segment's arrival to the thread that reads it. Each socket keeps the arrivals of what was
// not read yet, in order; a read takes those that it got to the end of, and its latency is that of
// the first.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcppktlat.h"

const volatile u64 min_ns;

enum { WAITING = 16 };

struct queue {
	u32 first, n;	/* arrivals [first, first + n), modulo WAITING */
	struct {
		u64 ns;
		u32 end_seq, pad;
	} at[WAITING];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct queue);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct queue);
} queue_new SEC(".maps");

static __always_inline struct queue *queue_make(u64 key)
{
	struct queue *q;
	u32 zero = 0;

	q = bpf_map_lookup_elem(&queue_new, &zero); /* stays all zero */
	if (q && bpf_map_update_elem(&queues, &key, q, BPF_ANY))
		LOST(entries);
	return bpf_map_lookup_elem(&queues, &key);
}

static __always_inline bool unwanted(struct sock *sk)
{
	struct tuple t = {};

	if (!only_ip && !only_netns && !local_ports[0] && !remote_ports[0])
		return false;
	tuple_read(&t, sk);
	return flow_unwanted(&t, only_netns ? sock_netns(sk) : 0);
}

SEC("raw_tp/tcp_probe")
int BPF_PROG(received, struct sock *sk, struct sk_buff *skb)
{
	struct tcp_skb_cb *cb = (void *)skb + bpf_core_field_offset(skb->cb);
	u32 seq = BPF_CORE_READ(cb, seq), end_seq = BPF_CORE_READ(cb, end_seq), last;
	u64 key = (u64)sk;
	struct queue *q;

	/* end_seq counts a FIN, too, but an ACK has nothing. */
	if (seq == end_seq || !sock_is_tcp(sk) || unwanted(sk))
		return 0;
	q = bpf_map_lookup_elem(&queues, &key);
	if (!q)
		q = queue_make(key);
	if (!q)
		return 0;
	last = (q->first + q->n - 1) % WAITING;
	if (q->n && (s32)(end_seq - q->at[last].end_seq) <= 0)
		return 0; /* known: sent again */
	if (q->n == WAITING) {
		q->at[last].end_seq = end_seq; /* no room: counts with the one before it */
		return 0;
	}
	last = (q->first + q->n) % WAITING;
	q->at[last].ns = bpf_ktime_get_ns();
	q->at[last].end_seq = end_seq;
	q->n++;
	return 0;
}

static __noinline int tell(void *ctx, struct sock *sk, u64 since_ns)
{
	struct event e = { .time_ns = bpf_ktime_get_ns() };

	e.lat_ns = e.time_ns - since_ns;
	if (filtered() || e.lat_ns < min_ns)
		return 0;
	task_note(&e.owner);
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

/* recvmsg() has copied something to the task that called it. */
SEC("raw_tp/tcp_rcv_space_adjust")
int BPF_PROG(read, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	u64 key = (u64)sk, since_ns = 0;
	struct queue *q = bpf_map_lookup_elem(&queues, &key);
	u32 copied = BPF_CORE_READ(tcp, copied_seq), at;

	if (!q || !q->n)
		return 0;
	at = q->first % WAITING;
	/* A part of a segment counts as a read of it, and what is left keeps its time. */
	since_ns = q->at[at].ns;
	for (int i = 0; i < WAITING && q->n; i++) {
		at = q->first % WAITING;
		if ((s32)(q->at[at].end_seq - copied) > 0)
			break;
		q->first = (at + 1) % WAITING;
		q->n--;
	}
	return tell(ctx, sk, since_ns);
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(destroyed, struct sock *sk)
{
	u64 key = (u64)sk;

	bpf_map_delete_elem(&queues, &key);
	return 0;
}
