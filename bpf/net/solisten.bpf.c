// SPDX-License-Identifier: GPL-2.0-or-later
// listen(2) on sockets of all families, when it returns.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "sock_call.bpf.h"
#include "solisten.h"

const volatile bool only_failed;

static int returned(void *ctx, struct sock *sk, const struct sock_start *start, int ret)
{
	struct event e = { .backlog = start->len };

	if ((only_failed && !ret) || !sock_call_note(&e.call, sk, start, ret))
		return 0;
	if (!ret)
		e.max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	e.time_ns = bpf_ktime_get_ns();
	event_send(ctx, &e, sizeof(e));
	return 0;
}

static __always_inline int enter(struct syscall_trace_enter *ctx)
{
	struct sock_start start = {
		.fd = syscall_enter_arg(ctx, 0),
		.len = syscall_enter_arg(ctx, 1),
	};

	return sock_call_enter(&start);
}

SYSCALL_PROGS(listen, enter(ctx), sock_call_exit(ctx))

SEC("fexit/inet_listen")
int BPF_PROG(inet_fexit, struct socket *socket, int backlog, int ret)
{
	return sock_call_inner(ctx, socket, (u32)backlog, (int)ret);
}
