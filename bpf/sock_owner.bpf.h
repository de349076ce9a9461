/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose socket it is. Packets come in interrupts, where the current task is whoever was interrupted; so
 * the owner is noted where the current task is known to be at work on the socket (it connects,
 * accepts, listens, closes its side) and kept by socket, with what else the tool wants to keep:
 *
 *	struct sock_value { struct owner owner; ... };
 *	#include "sock_owner.bpf.h"
 *	static int accepted(void *ctx, struct sock *sk, struct sock *listener) { ... }
 *
 * accepted() is called for each socket that accept(2) returns, with the listener where that is
 * known and SOCK_WANT_LISTENER defined; sock_owned(sk) in there makes the task its owner. The tool's
 * own program on inet_sock_set_state calls owner_follow() for each change. Sockets open already are
 * found by an iterator over all open files. The applet has OWNER_PROBES and calls sockets_open()
 * (core/net.h).
 *
 * A tool that wants nothing but the owner defines SOCK_OWNER_ONLY: no accepted(), and GRAFT_PROBES.
 *
 * With a filter on tasks only sockets of such tasks are kept: owner_unwanted(value).
 *
 * Not in the socket's own storage, since not all programs that learn the owner can reach that. Each
 * socket comes to CLOSE, where it is forgotten. */
#ifndef SOCK_OWNER_BPF_H
#define SOCK_OWNER_BPF_H

#include "fd.bpf.h"
#include "sock_task.bpf.h"
#include "syscall.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct sock_value);
} socks SEC(".maps");

#ifndef SOCK_OWNER_ONLY
static int accepted(void *ctx, struct sock *sk, struct sock *listener);
#endif

static __always_inline struct sock_value *sock_get(const struct sock *sk)
{
	u64 key = (u64)sk;

	return bpf_map_lookup_elem(&socks, &key);
}

static __always_inline void sock_put(const struct sock *sk, const struct sock_value *value)
{
	u64 key = (u64)sk;

	if (bpf_map_update_elem(&socks, &key, value, BPF_ANY))
		LOST(entries);
}

static __always_inline void sock_drop(const struct sock *sk)
{
	u64 key = (u64)sk;

	bpf_map_delete_elem(&socks, &key);
}

/* Is there a filter on tasks? filter.any may be for not_pid alone, which leaves the tool itself out. */
static __always_inline bool owners_chosen(void)
{
	return filter.pid || filter.tid || filter.uid != UID_ANY || filter.comm[0] || filter.mntns ||
	       filter.cgroup_id;
}

/* Nobody's socket, or one of another task, while there is a filter. */
static __always_inline bool owner_unwanted(const struct sock_value *value)
{
	return owners_chosen() && !(value && value->owner.pid);
}

/* A copy for an event: all 0 where nobody is known. */
static __noinline int owner_read(struct owner *to, const struct sock *sk)
{
	struct sock_value *value = sock_get(sk);

	if (value)
		*to = value->owner;
	return !owner_unwanted(value);
}

/* The current task works on this socket: it is its owner, if there is none yet. false: it is one
 * that the user does not want, and the socket is forgotten. */
static __noinline bool sock_owned(struct sock *sk)
{
	struct sock_value *value = sock_get(sk), new = {};

	if (value && value->owner.pid)
		return true;
	if (filtered()) {
		sock_drop(sk);
		return false;
	}
	if (value) {
		owner_note(&value->owner);
		return true;
	}
	owner_note(&new.owner);
	sock_put(sk, &new);
	return true;
}

/* To be called first with each change of state; sock_drop() is the caller's after CLOSE. */
static __always_inline void owner_follow(struct sock *sk, int newstate)
{
	/* All of these in the task alone: connect(), listen(), close() or shutdown(). */
	if (newstate == BPF_TCP_SYN_SENT || newstate == BPF_TCP_LISTEN) {
		sock_drop(sk); /* closed and used again by another task */
		sock_owned(sk);
	} else if (newstate == BPF_TCP_FIN_WAIT1 || newstate == BPF_TCP_LAST_ACK) {
		sock_owned(sk);
	} else if (newstate == BPF_TCP_SYN_RECV) {
		sock_drop(sk); /* left over of one whose end was missed: this one is new */
	}
}

#ifdef SOCK_OWNER_ONLY
/* One hook does: the accepted socket gets its struct socket in the task, given CONFIG_SECURITY_NETWORK;
 * that of a thread that was waiting in accept(2) when we came, too. MPTCP has states of its own. */
static __noinline int accept_owned(struct sock *sk)
{
	if (sk && sock_is_tcp(sk))
		sock_owned(sk);
	return 0;
}

SEC("fentry/security_sock_graft")
int BPF_PROG(graft_fentry, struct sock *sk)
{
	return accept_owned(sk);
}

SEC("kprobe/security_sock_graft")
int BPF_KPROBE(graft_kprobe, struct sock *sk)
{
	return accept_owned(sk);
}

SEC("fexit/inet_csk_accept")
int accept_fexit(u64 *ctx)
{
	return accept_owned(accepted_sock(ctx));
}

SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(accept_leave, struct sock *sk)
{
	return accept_owned(sk);
}
#else
/* By thread: the listener, from entry to return; then the socket that was accepted last. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} accepting SEC(".maps");

/* MPTCP accepts by the same function, and its sockets have no states to be followed. */
static __noinline int accept_returned(void *ctx, struct sock *sk, struct sock *listener)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 last = (u64)sk;

	if (!sk || !sock_is_tcp(sk))
		return 0;
	/* For accept_late() */
	bpf_map_update_elem(&accepting, &tid, &last, BPF_ANY);
	return accepted(ctx, sk, listener);
}

SEC("fexit/inet_csk_accept")
int accept_fexit(u64 *ctx)
{
	return accept_returned(ctx, accepted_sock(ctx), (void *)ctx[0]);
}

SEC("kprobe/inet_csk_accept")
int BPF_KPROBE(accept_enter, struct sock *listener)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 sk = (u64)listener;

	bpf_map_update_elem(&accepting, &tid, &sk, BPF_ANY);
	return 0;
}

SEC("kretprobe/inet_csk_accept")
int BPF_KRETPROBE(accept_leave, struct sock *sk)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *listener = bpf_map_lookup_elem(&accepting, &tid);

	return accept_returned(ctx, sk, listener ? (void *)*listener : NULL);
}

/* A thread that was waiting in accept(2) when we came does not pass by these; but by this, a little
 * later, given CONFIG_SECURITY_NETWORK. */
static __noinline int accept_late(void *ctx, struct sock *sk)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *last = bpf_map_lookup_elem(&accepting, &tid);

	return last && *last == (u64)sk ? 0 : accept_returned(ctx, sk, NULL);
}

SEC("fentry/security_sock_graft")
int BPF_PROG(graft_fentry, struct sock *sk)
{
	return accept_late(ctx, sk);
}

SEC("kprobe/security_sock_graft")
int BPF_KPROBE(graft_kprobe, struct sock *sk)
{
	return accept_late(ctx, sk);
}
#endif

static __noinline struct sock *sock_of_file(struct file *file)
{
	enum { S_IFMT = 0170000, S_IFSOCK = 0140000, SOCK_STREAM = 1 };
	struct socket *socket;
	struct sock *sk;
	u16 family;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	if ((family != AF_INET && family != AF_INET6) || !sock_is_tcp(sk))
		return NULL;
	return sk;
}

static __noinline struct sock *sock_of_fd(long fd)
{
	return sock_of_file(file_of_fd(fd));
}

#ifndef SOCK_OWNER_ONLY
/* Where no function can be watched. The listener is the call's first argument. */
static __noinline int accept_returns(struct syscall_trace_exit *ctx)
{
	struct sock *sk = sock_of_fd(syscall_ret(ctx));

#ifdef SOCK_WANT_LISTENER
	return sk ? accepted(ctx, sk, sock_of_fd(syscall_arg(syscall_regs(), 0))) : 0;
#else
	return sk ? accepted(ctx, sk, NULL) : 0;
#endif
}

SEC("tp/syscalls/sys_exit_accept")
int accept_exit(struct syscall_trace_exit *ctx)
{
	return accept_returns(ctx);
}

SEC("tp/syscalls/sys_exit_accept4")
int accept4_exit(struct syscall_trace_exit *ctx)
{
	return accept_returns(ctx);
}
#endif

#ifndef SOCK_NO_OPEN /* for a tool to which only new ones matter */
/* A socket open before us. What is closed meanwhile may leave an entry behind until its memory is
 * used for the next socket. */
#ifndef SOCK_OPEN
#define SOCK_OPEN(value, sk)
#endif

SEC("iter/task_file")
int open_sockets(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;
	struct sock_value new = {};
	struct sock *sk;
	u64 key;

	if (!task || !file)
		return 0;
	sk = sock_of_file(file);
	key = (u64)sk;
	if (!sk || BPF_CORE_READ(sk, __sk_common.skc_state) == BPF_TCP_CLOSE || task_filtered(task))
		return 0;
	new.owner.pid = task_pid_seen(task, true);
	new.owner.tid = task_pid_seen(task, false);
	new.owner.cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	new.owner.uid = BPF_CORE_READ(task, cred, uid.val);
	BPF_CORE_READ_STR_INTO(&new.owner.comm, task, comm);
	SOCK_OPEN(&new, sk);
	bpf_map_update_elem(&socks, &key, &new, BPF_NOEXIST);
	return 0;
}
#endif

#endif
