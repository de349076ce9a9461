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
#define SOCK_OWNER_ONLY
#include "sock_owner.bpf.h"

/* Where accept(2) can be watched by its system calls alone, it is not: that would make each system
 * call of the machine slower (SYSCALL_WORK_SYSCALL_TRACEPOINT). There a server's session is whose task
 * closes the socket, and one that is reset before that waits here. Set with `destroyed`. */
bool closer_owns;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct event);
} unowned SEC(".maps");

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
 * the SYN, sent as soon as that came, to now. An entry that is there is a left-over, unless two
 * connect to each other at once, who come here, too: they lose their owner, until they close. */
static __always_inline int established(struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	struct sock_value value = {};

	value.birth_ns = bpf_ktime_get_ns() - (BPF_CORE_READ(tcp, srtt_us) >> 3) * 1000ULL;
	sock_put(sk, &value);
	return 0;
}

/* What the socket knows, by helper calls, from any program. */
static __noinline int session_read(struct event *e, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;

	if (!e)
		return 0;
	tuple_read(&e->tuple, sk);
	e->netns = sock_netns(sk);
	tcp_bytes_read(sk, &e->tx_bytes, &e->rx_bytes);
	e->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	e->retrans = BPF_CORE_READ(tcp, total_retrans);
	return 0;
}

/* The same by plain loads, which tp_btf allows and which are several times as fast. */
static __always_inline void session_load(struct event *e, struct sock *sk, struct tcp_sock *tcp)
{
	const struct sock_common *common = &sk->__sk_common;

	if (common->skc_family == AF_INET) {
		e->tuple.sport = bpf_ntohs(tcp->inet_conn.icsk_inet.inet_sport);
		e->tuple.dport = bpf_ntohs(common->skc_dport);
		e->tuple.ip = 4;
		*(u32 *)e->tuple.saddr = common->skc_rcv_saddr;
		*(u32 *)e->tuple.daddr = common->skc_daddr;
	} else {
		tuple_read(&e->tuple, sk);
	}
	e->netns = common->skc_net.net->ns.inum;
	tcp_bytes(common->skc_flags, tcp->bytes_acked, tcp->bytes_sent - tcp->bytes_retrans,
		  tcp->bytes_received, &e->tx_bytes, &e->rx_bytes);
	e->rtt_us = tcp->srtt_us >> 3;
	e->retrans = tcp->total_retrans;
}

/* Its owner is the task that will close the socket, which is open. */
static __always_inline bool closer_awaited(const struct sock_value *value, struct sock *sk)
{
	return closer_owns && !(value && value->owner.pid) && BPF_CORE_READ(sk, sk_socket);
}

static __always_inline int died(void *ctx, struct sock *sk, bool typed)
{
	struct sock_value *value = sock_get(sk);
	struct event e = { .time_ns = bpf_ktime_get_ns() };
	bool wait = closer_awaited(value, sk);
	u64 key = (u64)sk;
	struct tcp_sock *tcp;

	if (!wait && owner_unwanted(value)) {
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
	tcp = typed ? bpf_skc_to_tcp_sock(sk) : NULL;
	if (tcp)
		session_load(&e, sk, tcp);
	else
		session_read(&e, sk);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	if (!wait)
		event_send(ctx, &e, sizeof(e));
	else if (bpf_map_update_elem(&unowned, &key, &e, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("raw_tp/tcp_destroy_sock")
int BPF_PROG(destroyed, struct sock *sk)
{
	u64 key = (u64)sk;
	struct event *waiting = bpf_map_lookup_elem(&unowned, &key), e;

	if (!waiting)
		return 0;
	e = *waiting;
	bpf_map_delete_elem(&unowned, &key);
	if (filtered())
		return 0;
	owner_note(&e.owner);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

/* Two programs for one event: the kernel skips a run of a program that is under way already on this
 * CPU. What the task does, to be done with interrupts on, is interrupted by packets that change other
 * sockets' states; these run with them off. */
static __always_inline bool by_task(int newstate)
{
	return newstate == BPF_TCP_SYN_SENT || newstate == BPF_TCP_FIN_WAIT1 ||
	       newstate == BPF_TCP_LAST_ACK;
}

static __always_inline int task_changes(struct sock *sk, int newstate)
{
	if (newstate == BPF_TCP_SYN_SENT)
		return connecting(sk);
	sock_owned(sk);
	return 0;
}

static __always_inline bool by_packet(int oldstate, int newstate)
{
	if (newstate == BPF_TCP_CLOSE)
		return oldstate != BPF_TCP_LISTEN && oldstate != BPF_TCP_CLOSE;
	return newstate == BPF_TCP_ESTABLISHED && oldstate == BPF_TCP_SYN_RECV;
}

static __always_inline int packet_changes(void *ctx, struct sock *sk, int newstate, bool typed)
{
	if (newstate == BPF_TCP_ESTABLISHED)
		return established(sk);
	return died(ctx, sk, typed);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(task_btf, struct sock *sk, int oldstate, int newstate)
{
	if (!by_task(newstate) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return task_changes(sk, newstate);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(packet_btf, struct sock *sk, int oldstate, int newstate)
{
	if (!by_packet(oldstate, newstate) || sk->sk_protocol != IPPROTO_TCP)
		return 0;
	return packet_changes(ctx, sk, newstate, true);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(task_raw, struct sock *sk, int oldstate, int newstate)
{
	if (!by_task(newstate) || !sock_is_tcp(sk))
		return 0;
	return task_changes(sk, newstate);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(packet_raw, struct sock *sk, int oldstate, int newstate)
{
	if (!by_packet(oldstate, newstate) || !sock_is_tcp(sk))
		return 0;
	return packet_changes(ctx, sk, newstate, false);
}
