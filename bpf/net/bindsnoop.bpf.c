// SPDX-License-Identifier: GPL-2.0-or-later
// bind(2) of sockets of all families, when it returns.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "sock_call.bpf.h"
#include "bindsnoop.h"

const volatile bool with_failed;
const volatile bool count_only;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct tuple);
	__type(value, u64);
} counts SEC(".maps");

static __always_inline void count(struct tuple *key)
{
	u64 *n, zero = 0;

	__builtin_memset(key->daddr, 0, sizeof(key->daddr));
	key->dport = 0;
	n = entry_get(&counts, key, &zero);
	if (n)
		__sync_fetch_and_add(n, 1);
}

static int returned(void *ctx, struct sock *sk, const struct sock_start *start, int ret)
{
	struct event e = {};

	if ((ret && !with_failed) || !sock_call_note(&e.call, sk, start, ret))
		return 0;
	if (count_only) {
		count(&e.call.tuple);
		return 0;
	}
	e.time_ns = bpf_ktime_get_ns();
	event_send(ctx, &e, sizeof(e));
	return 0;
}

static __always_inline int enter(struct syscall_trace_enter *ctx)
{
	struct sock_start start = {
		.fd = syscall_enter_arg(ctx, 0),
		.address = (void *)syscall_enter_arg(ctx, 1),
		.len = syscall_enter_arg(ctx, 2),
	};

	return sock_call_enter(&start);
}

SYSCALL_PROGS(bind, enter(ctx), sock_call_exit(ctx))

SEC("fexit/inet_bind")
int BPF_PROG(inet_fexit, struct socket *socket, void *address, int len, int ret)
{
	return sock_call_inner(ctx, socket, len, (int)ret);
}

SEC("fexit/inet6_bind")
int BPF_PROG(inet6_fexit, struct socket *socket, void *address, int len, int ret)
{
	return sock_call_inner(ctx, socket, len, (int)ret);
}
