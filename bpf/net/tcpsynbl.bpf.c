// SPDX-License-Identifier: GPL-2.0-or-later
// How full the accept queue is each time when a handshake is done and one more comes to it.
#include "common.bpf.h"
#include "tcpsynbl.h"
#include "hist.bpf.h"
#include "flow.bpf.h"

const volatile bool by_port;

enum { ETH_P_IP = 0x0800 };

/* `sk` has the members of the listener. */
static __noinline int queued(struct sock *sk, u16 lport, u32 ip)
{
	struct tuple t = { .ip = ip, .sport = lport };
	u32 netns = sock_netns(sk);
	struct hist_key key = {};

	if (flow_unwanted(&t, netns))
		return 0;
	key.backlog_max = BPF_CORE_READ(sk, sk_max_ack_backlog);
	if (by_port) {
		key.lport = lport;
		key.netns = netns;
	}
	hist_add(&key, BPF_CORE_READ(sk, sk_ack_backlog));
	return 0;
}

static __always_inline int v4(struct sock *sk)
{
	return queued(sk, BPF_CORE_READ(sk, __sk_common.skc_num), 4);
}

/* Of IPv4 on an IPv6 socket it only calls the other. */
static __always_inline int v6(struct sock *sk, struct sk_buff *skb)
{
	if (BPF_CORE_READ(skb, protocol) == bpf_htons(ETH_P_IP))
		return 0;
	return queued(sk, BPF_CORE_READ(sk, __sk_common.skc_num), 6);
}

SEC("fentry/tcp_v4_syn_recv_sock")
int BPF_PROG(v4_fentry, struct sock *sk)
{
	return v4(sk);
}

SEC("fentry/tcp_v6_syn_recv_sock")
int BPF_PROG(v6_fentry, struct sock *sk, struct sk_buff *skb)
{
	return v6(sk, skb);
}

SEC("kprobe/tcp_v4_syn_recv_sock")
int BPF_KPROBE(v4_kprobe, struct sock *sk)
{
	return v4(sk);
}

SEC("kprobe/tcp_v6_syn_recv_sock")
int BPF_KPROBE(v6_kprobe, struct sock *sk, struct sk_buff *skb)
{
	return v6(sk, skb);
}

/* The new socket's first change of state, in inet_csk_clone_lock(): it is still a copy of the
 * listener, whose queue had room. */
SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(cloned, struct sock *sk, int oldstate, int newstate)
{
	struct tuple t = {};

	if (oldstate != BPF_TCP_LISTEN || newstate != BPF_TCP_SYN_RECV || !sock_is_tcp(sk))
		return 0;
	tuple_read(&t, sk);
	return queued(sk, t.sport, t.ip);
}
