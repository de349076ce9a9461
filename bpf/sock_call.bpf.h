/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls on sockets of all families, from entry to return, for tools that define
 *
 *	static int returned(void *ctx, struct sock *sk, const struct sock_start *start, int ret)
 *
 * start->address is the caller's, in user memory; NULL where a function of the kernel told of the
 * call, which is so for what does not come by the system call: io_uring (since 6.11), 32-bit
 * programs, the kernel itself. That is known of IP sockets alone. */
#ifndef SOCK_CALL_BPF_H
#define SOCK_CALL_BPF_H

#include "fd.bpf.h"
#include "flow.bpf.h"
#include "syscall.bpf.h"
#include "sock_call.h"

const volatile bool all_families;

enum { AF_UNIX = 1, AF_NETLINK = 16, SOCK_RAW = 3 };

struct sock_start {
	int fd;
	u32 len;	/* of address; of listen(2) the backlog */
	const void *address;
};

/* Each call returns, also that of a task that is killed, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct sock_start);
} starts SEC(".maps");

static int returned(void *ctx, struct sock *sk, const struct sock_start *start, int ret);

static __always_inline int sock_call_enter(struct sock_start *start)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (!filtered() && bpf_map_update_elem(&starts, &tid, start, BPF_ANY))
		LOST(entries);
	return 0;
}

/* The socket behind a descriptor of the current task, NULL if there is none. */
static __noinline struct sock *sock_behind(int fd)
{
	enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };
	struct file *file = file_of_fd(fd);
	struct socket *socket;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	return BPF_CORE_READ(socket, sk);
}

static __noinline int sock_call_exit(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct sock_start *start = bpf_map_lookup_elem(&starts, &tid), copy;

	if (!start) /* began before us, or is unwanted */
		return 0;
	copy = *start;
	bpf_map_delete_elem(&starts, &tid);
	return returned(ctx, sock_behind(copy.fd), &copy, syscall_ret(ctx));
}

/* From a function. Within a system call that is being watched it is not told twice. */
static __noinline int sock_call_inner(void *ctx, struct socket *socket, u32 len, int ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct sock_start start = { .fd = -1, .len = len };

	if (filtered() || bpf_map_lookup_elem(&starts, &tid))
		return 0;
	return returned(ctx, BPF_CORE_READ(socket, sk), &start, ret);
}

/* Their numbers are those of enum members without a type's name, which cannot be asked for. */
static __always_inline u32 inet_options(struct sock *sk)
{
	enum { FLAG_FREEBIND = 11, FLAG_TRANSPARENT = 15, FLAG_BIND_ADDRESS_NO_PORT = 18 };
	struct inet_sock___bits *bits = (void *)sk;
	struct inet_sock *inet = (void *)sk;
	unsigned long flags;

	if (bpf_core_field_exists(inet->inet_flags)) {
		flags = BPF_CORE_READ(inet, inet_flags);
		return (flags >> FLAG_FREEBIND & 1) * FREEBIND |
		       (flags >> FLAG_TRANSPARENT & 1) * TRANSPARENT |
		       (flags >> FLAG_BIND_ADDRESS_NO_PORT & 1) * BIND_ADDRESS_NO_PORT;
	}
	return BPF_CORE_READ_BITFIELD_PROBED(bits, freebind) * FREEBIND |
	       BPF_CORE_READ_BITFIELD_PROBED(bits, transparent) * TRANSPARENT |
	       BPF_CORE_READ_BITFIELD_PROBED(bits, bind_address_no_port) * BIND_ADDRESS_NO_PORT;
}

static __always_inline bool is_ip(u32 family)
{
	return family == AF_INET || family == AF_INET6;
}

static __noinline u32 sock_options(struct sock *sk)
{
	u32 options = is_ip(BPF_CORE_READ(sk, __sk_common.skc_family)) ? inet_options(sk) : 0;

	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuse))
		options |= REUSEADDR;
	if (BPF_CORE_READ_BITFIELD_PROBED(sk, __sk_common.skc_reuseport))
		options |= REUSEPORT;
	return options;
}

/* The local end that was asked for, still in user memory. Its page is there: the kernel has read it. */
static __always_inline void address_asked(struct sock_call *call, const struct sock_start *start)
{
	struct sock_address a = {};
	u32 len = start->len;

	if (is_ip(call->family)) {
		struct tuple t = {};

		__builtin_memset(&call->tuple, 0, sizeof(call->tuple));
		bpf_probe_read_user(&a, sizeof(a) - sizeof(a.addr6), start->address);
		if (a.family == AF_INET6)
			bpf_probe_read_user(&a, sizeof(a), start->address);
		if (!is_ip(a.family))
			return;
		tuple_read_dest(&t, &a);
		__builtin_memcpy(call->tuple.saddr, t.daddr, sizeof(t.daddr));
		call->tuple.sport = t.dport;
		call->tuple.ip = t.ip;
		return;
	}
	if (len > sizeof(call->address))
		len = sizeof(call->address);
	asm volatile("" : "+r"(len)); /* else the bound is not in the register that is used */
	if (len <= sizeof(call->address) && !bpf_probe_read_user(call->address, len, start->address))
		call->len = len;
}

/* The local end that a socket has. */
static __always_inline void address_own(struct sock_call *call, struct sock *sk)
{
	struct unix_address *name;
	u32 len;

	if (is_ip(call->family)) {
		tuple_read(&call->tuple, sk);
		if (call->type == SOCK_RAW)
			call->tuple.sport = 0; /* the protocol's number stands there */
	} else if (call->family == AF_UNIX) {
		name = BPF_CORE_READ((struct unix_sock *)sk, addr);
		len = name ? BPF_CORE_READ(name, len) : 0;
		if (len > sizeof(call->address))
			len = sizeof(call->address);
		asm volatile("" : "+r"(len));
		if (len <= sizeof(call->address) &&
		    !bpf_probe_read_kernel(call->address, len,
					   (void *)name +
						   bpf_core_field_offset(struct unix_address, name)))
			call->len = len;
	} else if (call->family == AF_NETLINK) {
		call->port = BPF_CORE_READ((struct netlink_sock *)sk, portid);
	}
}

/* false: the user does not want it. `call` is zero before. */
static __noinline bool sock_call_note(struct sock_call *call, struct sock *sk,
				      const struct sock_start *start, int ret)
{
	if (!call || !start)
		return false;
	call->ret = ret;
	if (sk) {
		call->family = BPF_CORE_READ(sk, __sk_common.skc_family);
		call->type = BPF_CORE_READ(sk, sk_type);
		call->protocol = BPF_CORE_READ(sk, sk_protocol);
		call->ifindex = BPF_CORE_READ(sk, __sk_common.skc_bound_dev_if);
		call->netns = sock_netns(sk);
		call->options = sock_options(sk);
	}
	if (!all_families && !is_ip(call->family))
		return false;
	if (sk)
		address_own(call, sk);
	if (start->address && (ret || (sk && !is_ip(call->family) && !call->len)))
		address_asked(call, start);
	if (flow_unwanted(&call->tuple, call->netns))
		return false;
	task_note(call);
	return true;
}

#endif
