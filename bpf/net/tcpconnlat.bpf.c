// SPDX-License-Identifier: GPL-2.0-or-later
// Connects, from SYN_SENT, which is entered once the route is known, to the state after it.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "tcpconnlat.h"

const volatile u64 min_ns;
const volatile bool only_failed;

struct start {
	u64 ns;
	struct owner owner;
};

/* By socket, as long as it is in SYN_SENT. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct start);
} starts SEC(".maps");

static __noinline int begin(struct sock *sk)
{
	struct start start = { .ns = bpf_ktime_get_ns() };
	u64 key = (u64)sk;

	if (filtered() || !sock_is_tcp(sk))
		return 0;
	task_note(&start.owner);
	if (bpf_map_update_elem(&starts, &key, &start, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int end(void *ctx, struct sock *sk, bool failed)
{
	struct event e = { .time_ns = bpf_ktime_get_ns() };
	u64 key = (u64)sk;
	struct start *start = bpf_map_lookup_elem(&starts, &key);

	if (!start)
		return 0;
	e.lat_ns = e.time_ns - start->ns;
	e.owner = start->owner;
	bpf_map_delete_elem(&starts, &key);
	e.err = failed ? connect_failure(sk) : 0;
	if (e.lat_ns < min_ns || (only_failed && !failed))
		return 0;
	tuple_read(&e.tuple, sk);
	e.netns = sock_netns(sk);
	if (!flow_unwanted(&e.tuple, e.netns))
		event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (newstate == BPF_TCP_SYN_SENT)
		return begin(sk);
	if (oldstate == BPF_TCP_SYN_SENT)
		return end(ctx, sk, newstate == BPF_TCP_CLOSE);
	return 0;
}
