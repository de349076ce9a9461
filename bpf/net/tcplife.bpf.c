// SPDX-License-Identifier: GPL-2.0-or-later
// TCP sessions from their first state to CLOSE. States change in interrupts as well, so whose
// session it is is asked only where the current task is known to be at work on it: it connects,
// accepts, or closes its side. The first of these counts.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "sock.bpf.h"
#include "syscall.bpf.h"
#include "tcplife.h"

const volatile u8 only_ip;		/* 4 or 6; 0: both */
const volatile u16 local_ports[1025], remote_ports[1025];

struct life {
	u64 birth_ns;
	u32 pid;
	char comm[TASK_COMM_LEN];
};

/* By socket, until CLOSE, which each one comes to: nothing is left behind. Not in the socket's own
 * storage, since not all of the probes that learn the owner can reach that. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct life);
} lives SEC(".maps");

static __always_inline void owner_set(struct life *life)
{
	life->pid = current_pid_tgid() >> 32;
	bpf_get_current_comm(life->comm, sizeof(life->comm));
}

static __always_inline int born(struct sock *sk, bool client)
{
	struct life life = { .birth_ns = bpf_ktime_get_ns() };
	u64 key = (u64)sk;

	if (client && filtered())
		return 0;
	if (client)
		owner_set(&life);
	if (bpf_map_update_elem(&lives, &key, &life, BPF_ANY))
		LOST(entries);
	return 0;
}

/* The current task works on this socket. */
static __noinline int owned(struct sock *sk)
{
	u64 key = (u64)sk;
	struct life *life = bpf_map_lookup_elem(&lives, &key);

	if (!life || life->pid)
		return 0;
	if (filtered())
		bpf_map_delete_elem(&lives, &key);
	else
		owner_set(life);
	return 0;
}

static __always_inline bool filter_any(void)
{
	return filter.pid || filter.tid || filter.uid != UID_ANY || filter.comm[0] ||
	       filter.cgroup_id;
}

/* Payload. The kernel counts SYN and FIN as a byte each: bytes_acked has either once acknowledged,
 * bytes_received has the FIN. What was sent has neither, but may not have arrived. */
static __always_inline void bytes_read(struct event *e, struct sock *sk)
{
	struct tcp_sock *tcp = (void *)sk;
	u64 acked = BPF_CORE_READ(tcp, bytes_acked);
	u64 sent = BPF_CORE_READ(tcp, bytes_sent) - BPF_CORE_READ(tcp, bytes_retrans);
	bool fin = BPF_CORE_READ(sk, __sk_common.skc_flags) >>
		   bpf_core_enum_value(enum sock_flags, SOCK_DONE) & 1;

	e->tx_bytes = acked < sent ? acked : sent;
	e->rx_bytes = BPF_CORE_READ(tcp, bytes_received);
	if (fin && e->rx_bytes)
		e->rx_bytes--;
	e->rtt_us = BPF_CORE_READ(tcp, srtt_us) >> 3;
	e->retrans = BPF_CORE_READ(tcp, total_retrans);
}

static __always_inline int died(void *ctx, struct sock *sk)
{
	u64 key = (u64)sk;
	struct life *life = bpf_map_lookup_elem(&lives, &key), copy;
	struct event e = {};

	if (!life)
		return 0;
	copy = *life;
	bpf_map_delete_elem(&lives, &key);
	if (!copy.pid && filter_any())
		return 0;
	tuple_read(&e.tuple, sk);
	if ((only_ip && e.tuple.ip != only_ip) || !list_wants(local_ports, e.tuple.sport) ||
	    !list_wants(remote_ports, e.tuple.dport))
		return 0;
	e.time_ns = bpf_ktime_get_ns();
	e.span_ns = e.time_ns - copy.birth_ns;
	e.pid = copy.pid;
	e.netns = sock_netns(sk);
	bytes_read(&e, sk);
	__builtin_memcpy(e.comm, copy.comm, sizeof(e.comm));
	event_output(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(state, struct sock *sk, int oldstate, int newstate)
{
	if (!sock_is_tcp(sk))
		return 0;
	switch (newstate) {
	case BPF_TCP_SYN_SENT:
		return born(sk, true);
	case BPF_TCP_SYN_RECV:	/* or two that connect to each other at once */
		return oldstate == BPF_TCP_SYN_SENT ? 0 : born(sk, false);
	case BPF_TCP_FIN_WAIT1:	/* these two by close() or shutdown() only */
	case BPF_TCP_LAST_ACK:
		return owned(sk);
	case BPF_TCP_CLOSE:
		return died(ctx, sk);
	}
	return 0;
}

SEC("fexit/inet_csk_accept")
int accept_fexit(u64 *ctx)
{
	struct sock *sk = accepted_sock(ctx);

	return sk ? owned(sk) : 0;
}

SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(accept_leave, struct sock *sk)
{
	return sk ? owned(sk) : 0;
}

/* From the new descriptor to its socket, of whatever kind: only TCP's are in the table. */
static __noinline int accepted(struct syscall_trace_exit *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct socket *socket;
	struct file **files, *file = NULL;
	long fd = syscall_ret(ctx);

	if (fd < 0)
		return 0;
	files = BPF_CORE_READ(task, files, fdt, fd);
	bpf_probe_read_kernel(&file, sizeof(file), files + fd);
	socket = BPF_CORE_READ(file, private_data);
	return owned(BPF_CORE_READ(socket, sk));
}

SEC("tp/syscalls/sys_exit_accept")
int accept_exit(struct syscall_trace_exit *ctx)
{
	return accepted(ctx);
}

SEC("tp/syscalls/sys_exit_accept4")
int accept4_exit(struct syscall_trace_exit *ctx)
{
	return accepted(ctx);
}
