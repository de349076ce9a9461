/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Payload that programs send and take, by the bytes that really were moved, in the context of the task
 * that does it. The tool defines
 *
 *	static int moved(struct sock *sk, u64 bytes, bool sent)
 *
 * and the applet has TCP_SENT_PROBES and TCP_RECEIVED_PROBES (core/net.h); with TCP_SENT_ONLY defined
 * before, the former alone. */
#ifndef TCP_BYTES_BPF_H
#define TCP_BYTES_BPF_H

#include "sock.bpf.h"

static int moved(struct sock *sk, u64 bytes, bool sent);

static __noinline int moved_some(struct sock *sk, long bytes, bool sent)
{
	return bytes > 0 ? moved(sk, bytes, sent) : 0;
}

SEC("fexit/tcp_sendmsg")
int BPF_PROG(sendmsg_fexit, struct sock *sk, void *msg, size_t size, int ret)
{
	return moved_some(sk, (int)ret, true);
}

/* sendfile() and splice() until 6.5; by tcp_sendmsg() since. */
SEC("fexit/tcp_sendpage")
int BPF_PROG(sendpage_fexit, struct sock *sk, void *page, int offset, size_t size, int flags, int ret)
{
	return moved_some(sk, (int)ret, true);
}

/* By thread, from entry to return. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} sending SEC(".maps");

static __noinline int send_begins(struct sock *sk)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 key = (u64)sk;

	bpf_map_update_elem(&sending, &tid, &key, BPF_ANY);
	return 0;
}

static __noinline int send_ends(long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *sk = bpf_map_lookup_elem(&sending, &tid), copy = sk ? *sk : 0;

	if (!copy)
		return 0;
	bpf_map_delete_elem(&sending, &tid);
	return moved_some((struct sock *)copy, ret, true);
}

SEC("kprobe/tcp_sendmsg")
int BPF_KPROBE(sendmsg_enter, struct sock *sk)
{
	return send_begins(sk);
}

SEC("kretprobe/tcp_sendmsg")
int BPF_KRETPROBE(sendmsg_leave, int ret)
{
	return send_ends((int)ret);
}

SEC("kprobe/tcp_sendpage")
int BPF_KPROBE(sendpage_enter, struct sock *sk)
{
	return send_begins(sk);
}

SEC("kretprobe/tcp_sendpage")
int BPF_KRETPROBE(sendpage_leave, int ret)
{
	return send_ends((int)ret);
}

#ifndef TCP_SENT_ONLY
/* Called by all that take data, splice() too, with how much that was. */
SEC("fentry/tcp_cleanup_rbuf")
int BPF_PROG(cleanup_fentry, struct sock *sk, int copied)
{
	return moved_some(sk, (int)copied, false);
}

SEC("kprobe/tcp_cleanup_rbuf")
int BPF_KPROBE(cleanup_kprobe, struct sock *sk, int copied)
{
	return moved_some(sk, (int)copied, false);
}
#endif

/* Where no function can be watched (6.3): calls on sockets of all kinds; splice() from a socket is
 * not among them. MSG_PEEK takes nothing. */
static __always_inline bool is_tcp_socket(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) && sock_is_tcp(sk);
}

SEC("raw_tp/sock_send_length")
int BPF_PROG(sent_length, struct sock *sk, int ret)
{
	return is_tcp_socket(sk) ? moved_some(sk, (int)ret, true) : 0;
}

#ifndef TCP_SENT_ONLY
SEC("raw_tp/sock_recv_length")
int BPF_PROG(received_length, struct sock *sk, int ret, int flags)
{
	enum { MSG_PEEK = 2 };

	if ((flags & MSG_PEEK) || !is_tcp_socket(sk))
		return 0;
	return moved_some(sk, (int)ret, false);
}
#endif

#endif
