// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel asks update_socket_protocol() (6.6) which protocol a new socket is to have, so that BPF
// may change it. What socket(2) then returns is told; and where that is a refusal, sockets of that
// network namespace are left alone from then on.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "mptcpify.h"

const volatile char targets[TARGETS][TASK_COMM_LEN]; /* names of tasks; none: all */
const volatile u32 only_netns;
const volatile u8 only_ip;

enum { AF_INET = 2, AF_INET6 = 10, SOCK_STREAM = 1, SOCK_TYPE_MASK = 15, IPPROTO_TCP = 6,
       IPPROTO_MPTCP = 262, ENOPROTOOPT = 92, EPROTONOSUPPORT = 93 };

/* By thread, until socket(2) returns. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct event);
} converted SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct refusal);
	__type(value, u8);
} refusals SEC(".maps");

static __noinline bool target_is(const char *comm)
{
	const u64 *a = (const void *)comm;

	for (int i = 0; i < TARGETS; i++) {
		const volatile u64 *b = (const volatile void *)targets[i];

		if (!b[0])
			return false;
		if (a[0] == b[0] && a[1] == b[1])
			return true;
	}
	return false;
}

/* By the name of the thread or of its process: threads often have names of their own. */
static __always_inline bool is_target(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	char comm[TASK_COMM_LEN] = {};

	if (!targets[0][0])
		return true;
	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	if (target_is(comm))
		return true;
	__builtin_memset(comm, 0, sizeof(comm));
	BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
	return target_is(comm);
}

static __noinline bool convert_wanted(struct refusal *where)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!where || (only_ip && where->ip != only_ip) || filtered() || !is_target())
		return false;
	where->netns = BPF_CORE_READ(task, nsproxy, net_ns, ns.inum);
	if (only_netns && where->netns != only_netns)
		return false;
	return !bpf_map_lookup_elem(&refusals, where);
}

SEC("fmod_ret/update_socket_protocol")
int BPF_PROG(convert, int family, int type, int protocol)
{
	struct refusal where = { .ip = family == AF_INET ? 4 : 6 };
	u32 tid = bpf_get_current_pid_tgid();
	struct event e = {};

	/* 0 lets the function go on, which returns the protocol as it is. */
	if ((family != AF_INET && family != AF_INET6) || (type & SOCK_TYPE_MASK) != SOCK_STREAM ||
	    (protocol && protocol != IPPROTO_TCP) || !convert_wanted(&where))
		return 0;
	e.time_ns = bpf_ktime_get_ns();
	task_note(&e);
	e.netns = where.netns;
	e.ip = where.ip;
	e.compat = syscall_is_compat();
	if (e.compat) /* whose return no tracepoint tells of */
		event_send(ctx, &e, sizeof(e));
	else
		bpf_map_update_elem(&converted, &tid, &e, BPF_ANY);
	return IPPROTO_MPTCP;
}

SEC("tp/syscalls/sys_exit_socket")
int socket_exit(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&converted, &tid), copy;
	struct refusal where;
	u8 yes = 1;

	if (!e)
		return 0;
	copy = *e;
	bpf_map_delete_elem(&converted, &tid);
	copy.ret = syscall_ret(ctx);
	if (copy.ret == -ENOPROTOOPT || copy.ret == -EPROTONOSUPPORT) {
		where = (struct refusal){ copy.netns, copy.ip };
		bpf_map_update_elem(&refusals, &where, &yes, BPF_ANY);
	}
	event_send(ctx, &copy, sizeof(copy));
	return 0;
}
