// SPDX-License-Identifier: GPL-2.0-or-later
// Active TCP connects, seen when the SYN is on its way: that is when tcp_v4_connect() and
// tcp_v6_connect() return 0. Where no function can be probed, the socket's change of state tells of
// them; so it does everywhere of what became of them.
#define EVENT_MAX 2048
#include "events.bpf.h"
#include "flow.bpf.h"
#include "packet.bpf.h"
#include "tcpconnect.h"

const volatile bool only_failed;
const volatile bool count_only;
const volatile bool want_source;	/* the source port too, if it takes some effort */

/* What is being connected, by thread: between entry and return, for kprobes. */
struct start {
	struct sock *sk;
	const void *address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct start);
} starts SEC(".maps");

/* Connects whose source port or outcome is still to come, by socket. It goes with the state. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct event);
} pending SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct tuple);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline void count(const struct tuple *key)
{
	u64 zero = 0, *n = entry_get(&counts, key, &zero);

	if (n)
		__sync_fetch_and_add(n, 1);
}

static __noinline int report(void *ctx, struct event *e)
{
	if (flow_unwanted(&e->tuple, e->netns))
		return 0;
	if (!count_only) {
		event_send(ctx, e, sizeof(*e));
		return 0;
	}
	if (!want_source)
		e->tuple.sport = 0;
	count(&e->tuple);
	return 0;
}

/* The part of an event that the current task knows. */
static __always_inline void event_begin(struct event *e, struct sock *sk)
{
	e->time_ns = bpf_ktime_get_ns();
	e->pid = current_pid_tgid() >> 32;
	e->uid = bpf_get_current_uid_gid();
	e->netns = sock_netns(sk);
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

/* The function has returned `ret`. */
static __noinline int connected(void *ctx, struct sock *sk, const void *address, int ret)
{
	struct event e = {};
	u64 key = (u64)sk;

	if (!ret == only_failed)
		return 0;
	/* It got as far as SYN_SENT: `failed` has told of it already. */
	if (ret && !bpf_map_delete_elem(&pending, &key))
		return 0;
	event_begin(&e, sk);
	e.err = -ret;
	if (ret)
		tuple_read_dest(&e.tuple, address); /* the socket has forgotten */
	else
		tuple_read(&e.tuple, sk);
	return report(ctx, &e);
}

SEC("fexit/tcp_v4_connect")
int BPF_PROG(v4_fexit, struct sock *sk, const void *address, int len, int ret)
{
	return filtered() ? 0 : connected(ctx, sk, address, (int)ret);
}

/* To an IPv4 address it has called tcp_v4_connect(), which has reported it. */
SEC("fexit/tcp_v6_connect")
int BPF_PROG(v6_fexit, struct sock *sk, const void *address, int len, int ret)
{
	struct tuple t = {};

	if (filtered())
		return 0;
	tuple_read_dest(&t, address);
	return t.ip == 4 ? 0 : connected(ctx, sk, address, (int)ret);
}

static __always_inline int enter(struct sock *sk, const void *address)
{
	struct start start = { .sk = sk, .address = address };
	u32 tid = bpf_get_current_pid_tgid();

	if (!filtered())
		bpf_map_update_elem(&starts, &tid, &start, BPF_ANY);
	return 0;
}

/* Of the IPv6 function that calls the other only the inner return is counted. */
static __always_inline int leave(void *ctx, int ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct start *start = bpf_map_lookup_elem(&starts, &tid), copy;

	if (!start)
		return 0;
	copy = *start;
	bpf_map_delete_elem(&starts, &tid);
	return connected(ctx, copy.sk, copy.address, ret);
}

SEC("kprobe/tcp_v4_connect")
int BPF_KPROBE(v4_enter, struct sock *sk, const void *address)
{
	return enter(sk, address);
}

SEC("kprobe/tcp_v6_connect")
int BPF_KPROBE(v6_enter, struct sock *sk, const void *address)
{
	return enter(sk, address);
}

SEC("kretprobe/tcp_v4_connect")
int BPF_KRETPROBE(v4_leave, int ret)
{
	return leave(ctx, ret);
}

SEC("kretprobe/tcp_v6_connect")
int BPF_KRETPROBE(v6_leave, int ret)
{
	return leave(ctx, ret);
}

/* SYN_SENT is entered by the connecting task, just before the source port is chosen. */
static __noinline int begin(void *ctx, struct sock *sk, bool wait)
{
	struct event e = {};
	u64 key = (u64)sk;

	if (!sock_is_tcp(sk) || filtered())
		return 0;
	event_begin(&e, sk);
	tuple_read(&e.tuple, sk);
	if (!wait && (e.tuple.sport || !want_source))
		return report(ctx, &e);
	if (bpf_map_update_elem(&pending, &key, &e, BPF_ANY))
		LOST(entries);
	return 0;
}

/* Now the port is known. */
static __noinline int sent(void *ctx, struct sock *sk)
{
	u64 key = (u64)sk;
	struct event *e = bpf_map_lookup_elem(&pending, &key), copy;

	if (!e)
		return 0;
	copy = *e;
	bpf_map_delete_elem(&pending, &key);
	copy.tuple.sport = sock_sport(sk);
	return report(ctx, &copy);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	u64 key = (u64)sk;

	if (only_failed)
		return 0;
	if (newstate == BPF_TCP_SYN_SENT)
		return begin(ctx, sk, false);
	if (oldstate != BPF_TCP_SYN_SENT || !want_source)
		return 0;
	/* What `queued` has not seen: dropped by a firewall, say. */
	if (newstate != BPF_TCP_CLOSE || syn_went_out(sk))
		return sent(ctx, sk);
	bpf_map_delete_elem(&pending, &key);
	return 0;
}

/* A packet goes out: the first of a socket in SYN_SENT is its SYN. */
SEC("raw_tp/net_dev_queue")
int BPF_PROG(queued, struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);

	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) != BPF_TCP_SYN_SENT)
		return 0;
	return sent(ctx, sk);
}

static __noinline int give_up(void *ctx, struct sock *sk)
{
	u64 key = (u64)sk;
	struct event *e = bpf_map_lookup_elem(&pending, &key), copy;
	bool was_sent = syn_went_out(sk);

	if (!e)
		return 0;
	copy = *e;
	/* Else it stays, for connected() to know; the socket's next connect writes over it. */
	if (was_sent)
		bpf_map_delete_elem(&pending, &key);
	copy.time_ns = bpf_ktime_get_ns();
	copy.err = connect_failure(sk);
	copy.tuple.sport = sock_sport(sk);
	return report(ctx, &copy);
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(failed, struct sock *sk, int oldstate, int newstate)
{
	u64 key = (u64)sk;

	if (newstate == BPF_TCP_SYN_SENT)
		return begin(ctx, sk, true);
	if (oldstate != BPF_TCP_SYN_SENT)
		return 0;
	if (newstate == BPF_TCP_CLOSE)
		return give_up(ctx, sk);
	bpf_map_delete_elem(&pending, &key);
	return 0;
}

/* A packet comes in, its data at the IP header. Answers over TCP, or encrypted, are not read; nor is
 * what of a packet does not lie in one piece. */
SEC("raw_tp/netif_receive_skb")
int BPF_PROG(dns_received, struct sk_buff *skb)
{
	enum { DNS = 53, UDP_HEADER = 8 };
	unsigned char *data = BPF_CORE_READ(skb, data);
	u32 here = BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len), at;
	struct tuple t = {};
	struct answer *a;
	u64 size;

	at = packet_read_at(&t, data, IPPROTO_UDP);
	if (!at || t.sport != DNS || here <= at + UDP_HEADER)
		return 0;
	a = event_scratch(EVENT_HEAD(struct answer, data));
	if (!a)
		return 0;
	size = here - at - UDP_HEADER;
	asm volatile("" : "+r"(size)); /* else the bound is not in the register that is used */
	if (size > sizeof(a->data))
		size = sizeof(a->data);
	a->time_ns = bpf_ktime_get_ns();
	a->kind = ANSWER;
	a->size = size;
	bpf_probe_read_kernel(a->data, size, data + at + UDP_HEADER);
	size += EVENT_HEAD(struct answer, data);
	if (size < sizeof(struct event))
		size = sizeof(struct event);
	event_output(ctx, a, size);
	return 0;
}
