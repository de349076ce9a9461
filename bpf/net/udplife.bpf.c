// SPDX-License-Identifier: GPL-2.0-or-later
// Flows of UDP, counted in a map that user space looks through each second: in the functions that send
// and take datagrams, or, where no function can be watched, at the devices.
#include "common.bpf.h"
#include "flow.bpf.h"
#include "packet.bpf.h"
#include "sock_task.bpf.h"
#include "udplife.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct flow_key);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct sock_value);
} socks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct port_key);
	__type(value, u64); /* the socket */
} port_socks SEC(".maps");

static __always_inline bool sock_known(struct sock *sk)
{
	u64 key = (u64)sk;

	return bpf_map_lookup_elem(&socks, &key);
}

/* Of a socket that the current task uses; NULL: the user does not want it. Two sockets cannot begin at
 * one address in the same nanosecond. */
static __noinline struct sock_value *sock_used(struct sock *sk)
{
	u64 key = (u64)sk;
	struct sock_value *value = bpf_map_lookup_elem(&socks, &key), new = {};
	struct socket *socket;

	if (value)
		return value;
	socket = BPF_CORE_READ(sk, sk_socket);
	/* Tunnels send by sockets without a file, while anybody is current. */
	if (BPF_CORE_READ(socket, file)) {
		if (filtered())
			return NULL;
		owner_note(&new.owner);
	} else if (filter.any) {
		return NULL;
	}
	new.serial = bpf_ktime_get_ns() ^ key << 20;
	new.socket = (u64)socket;
	new.lport = sock_sport(sk);
	bpf_map_update_elem(&socks, &key, &new, BPF_NOEXIST);
	value = bpf_map_lookup_elem(&socks, &key);
	if (!value)
		LOST(entries);
	return value;
}

static __noinline struct flow *flow_find(const struct flow_key *key, const struct tuple *t)
{
	struct flow *flow = bpf_map_lookup_elem(&flows, key), new = {};

	if (flow || !t || flow_unwanted(t, key->netns))
		return flow;
	new.start_ns = bpf_ktime_get_ns();
	__builtin_memcpy(new.laddr, t->saddr, sizeof(new.laddr));
	bpf_map_update_elem(&flows, key, &new, BPF_NOEXIST);
	flow = bpf_map_lookup_elem(&flows, key);
	if (!flow)
		LOST(entries);
	return flow;
}

struct datagram {
	struct tuple t;		/* from the local end to the other */
	u64 bytes;
	u64 skb, dev;		/* where it is seen at a device; else 0 */
	u32 netns;
	u32 sent;
};

/* On its way down a packet may come by several devices, one behind the other: only the first counts.
 * What comes by the same device next may have the same address. */
static __always_inline bool seen_above(struct flow *flow, const struct datagram *d)
{
	if (!d->sent || !d->skb)
		return false;
	if (flow->skb == d->skb && flow->dev != d->dev)
		return true;
	flow->skb = d->skb;
	flow->dev = d->dev;
	return false;
}

/* What comes in at a device has no socket yet. */
static __noinline int count(const struct datagram *d, const struct sock_value *sock)
{
	struct flow_key key = {};
	struct flow *flow;

	if (!d || !d->t.dport)
		return 0;
	if (sock && !d->skb)
		key.serial = sock->serial;
	key.netns = d->netns;
	key.ip = d->t.ip;
	key.lport = d->t.sport;
	key.rport = d->t.dport;
	__builtin_memcpy(key.raddr, d->t.daddr, sizeof(key.raddr));
	flow = flow_find(&key, &d->t);
	if (!flow || seen_above(flow, d))
		return 0;
	__sync_fetch_and_add(&flow->packets[d->sent & 1], 1);
	__sync_fetch_and_add(&flow->bytes[d->sent & 1], d->bytes);
	flow->last_ns = bpf_ktime_get_ns();
	if (sock && !flow->known) {
		flow->owner = sock->owner;
		flow->known = 1;
	}
	/* A socket that is bound to no address sends from whichever; what it gets is for one. */
	if (!*(u64 *)flow->laddr && !*(u64 *)(flow->laddr + 8))
		__builtin_memcpy(flow->laddr, d->t.saddr, sizeof(flow->laddr));
	return 0;
}

/* ---- in the functions ---- */

static __noinline int sent(struct sock *sk, struct msghdr *msg, long ret, u32 version)
{
	void *name = BPF_CORE_READ(msg, msg_name);
	struct datagram d = { .bytes = ret, .sent = 1 };
	struct sock_value *sock;

	if (ret < 0)
		return 0;
	tuple_read(&d.t, sk);
	if (name) {
		tuple_read_dest(&d.t, name);
		/* The socket may be bound to an address of IPv6, or to none (::). */
		if (d.t.ip == 4)
			__builtin_memset(d.t.saddr + 4, 0, 12);
	}
	/* IPv4 on an IPv6 socket goes on to the function of IPv4, which is watched, too. */
	if (d.t.ip != version)
		return 0;
	sock = sock_used(sk);
	d.netns = sock_netns(sk);
	return sock ? count(&d, sock) : 0;
}

SEC("fexit/udp_sendmsg")
int BPF_PROG(send4_fexit, struct sock *sk, struct msghdr *msg, size_t len, int ret)
{
	return sent(sk, msg, (int)ret, 4);
}

SEC("fexit/udpv6_sendmsg")
int BPF_PROG(send6_fexit, struct sock *sk, struct msghdr *msg, size_t len, int ret)
{
	return sent(sk, msg, (int)ret, 6);
}

/* By thread, from entry to return: of two, one within the other, the inner one counts. */
struct start {
	u64 sk, msg;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct start);
} sending SEC(".maps");

static __noinline int send_begins(struct sock *sk, struct msghdr *msg)
{
	struct start start = { .sk = (u64)sk, .msg = (u64)msg };
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_update_elem(&sending, &tid, &start, BPF_ANY);
	return 0;
}

static __always_inline int send_ends(long ret, u32 version)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct start *start = bpf_map_lookup_elem(&sending, &tid), copy;

	if (!start)
		return 0;
	copy = *start;
	bpf_map_delete_elem(&sending, &tid);
	return sent((void *)copy.sk, (void *)copy.msg, ret, version);
}

SEC("kprobe/udp_sendmsg")
int BPF_KPROBE(send4_enter, struct sock *sk, struct msghdr *msg)
{
	return send_begins(sk, msg);
}

SEC("kretprobe/udp_sendmsg")
int BPF_KRETPROBE(send4_leave, int ret)
{
	return send_ends((int)ret, 4);
}

SEC("kprobe/udpv6_sendmsg")
int BPF_KPROBE(send6_enter, struct sock *sk, struct msghdr *msg)
{
	return send_begins(sk, msg);
}

SEC("kretprobe/udpv6_sendmsg")
int BPF_KRETPROBE(send6_leave, int ret)
{
	return send_ends((int)ret, 6);
}

/* The ends change places. */
static __always_inline void tuple_turn(struct tuple *t, const struct tuple *from)
{
	__builtin_memcpy(t->saddr, from->daddr, sizeof(t->saddr));
	__builtin_memcpy(t->daddr, from->saddr, sizeof(t->daddr));
	t->sport = from->dport;
	t->dport = from->sport;
	t->ip = from->ip;
}

/* A task has taken the datagram; a negative length: just looked at it, or an error. */
static __noinline int taken(struct sock *sk, struct sk_buff *skb, long len)
{
	struct datagram d = {};
	struct tuple packet = {};
	struct sock_value *sock;

	if (len < 0 || !packet_read(&packet, skb, IPPROTO_UDP))
		return 0;
	tuple_turn(&d.t, &packet);
	sock = sock_used(sk);
	d.netns = sock_netns(sk);
	d.bytes = BPF_CORE_READ(skb, len); /* the header has been taken off */
	return sock ? count(&d, sock) : 0;
}

SEC("fentry/skb_consume_udp")
int BPF_PROG(taken_fentry, struct sock *sk, struct sk_buff *skb, int len)
{
	return taken(sk, skb, (int)len);
}

SEC("kprobe/skb_consume_udp")
int BPF_KPROBE(taken_kprobe, struct sock *sk, struct sk_buff *skb, int len)
{
	return taken(sk, skb, (int)len);
}

static __noinline int closed(struct sock *sk)
{
	u64 key = (u64)sk;

	bpf_map_delete_elem(&socks, &key);
	return 0;
}

SEC("fentry/udp_destroy_sock")
int BPF_PROG(close4_fentry, struct sock *sk)
{
	return closed(sk);
}

SEC("fentry/udpv6_destroy_sock")
int BPF_PROG(close6_fentry, struct sock *sk)
{
	return closed(sk);
}

SEC("kprobe/udp_destroy_sock")
int BPF_KPROBE(close4_kprobe, struct sock *sk)
{
	return closed(sk);
}

SEC("kprobe/udpv6_destroy_sock")
int BPF_KPROBE(close6_kprobe, struct sock *sk)
{
	return closed(sk);
}

/* ---- at the devices ---- */

static __always_inline bool sock_is_udp(struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	return (family == AF_INET || family == AF_INET6) &&
	       BPF_CORE_READ(sk, sk_protocol) == IPPROTO_UDP;
}

static __noinline struct sock_value *port_claim(struct sock *sk, u32 netns)
{
	struct port_key key = { .netns = netns, .port = sock_sport(sk) };
	struct sock_value *sock = sock_used(sk);
	u64 socket = (u64)sk, *known;

	if (!sock)
		return NULL;
	known = bpf_map_lookup_elem(&port_socks, &key);
	if (!known || *known != socket)
		bpf_map_update_elem(&port_socks, &key, &socket, BPF_ANY);
	return sock;
}

/* The data of the datagram, of the header that begins at `at`: the whole, also of a fragment. */
static __always_inline u32 payload(const void *l4)
{
	u16 len = 0;

	bpf_probe_read_kernel(&len, sizeof(len), l4 + 4);
	len = bpf_ntohs(len);
	return len > 8 ? len - 8 : 0;
}

/* A fragment that is not the first one has no header of UDP. */
static __always_inline bool later_fragment(const unsigned char *l3)
{
	unsigned char ip[8] = {};

	bpf_probe_read_kernel(ip, sizeof(ip), l3);
	return ip[0] >> 4 == 4 && (ip[6] & 0x1f || ip[7]);
}

SEC("raw_tp/net_dev_queue")
int BPF_PROG(queued, struct sk_buff *skb)
{
	struct sock *sk = BPF_CORE_READ(skb, sk);
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct datagram d = { .skb = (u64)skb, .dev = (u64)dev, .sent = 1 };
	struct sock_value *sock;
	unsigned char *l3;
	u32 at;

	if (!sk || !sock_is_udp(sk))
		return 0;
	d.netns = sock_netns(sk);
	l3 = BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header);
	at = packet_read_at(&d.t, l3, IPPROTO_UDP);
	/* Through a pair of devices the socket comes along, but is of another namespace. */
	if (!at || later_fragment(l3) || BPF_CORE_READ(dev, nd_net.net, ns.inum) != d.netns)
		return 0;
	d.bytes = payload(l3 + at);
	/* When the address of the neighbour had to be asked for first, anybody may be current. */
	if (!sock_known(sk) && BPF_CORE_READ(sk, sk_socket, file) && !current_has(sk))
		return count(&d, NULL);
	sock = port_claim(sk, d.netns);
	return sock ? count(&d, sock) : 0;
}

/* Whether there is a socket for it is not known here: user space leaves out those for which none is
 * found. */
SEC("raw_tp/netif_receive_skb")
int BPF_PROG(received, struct sk_buff *skb)
{
	unsigned char *l3 = BPF_CORE_READ(skb, data);
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	struct datagram d = { .skb = (u64)skb, .dev = (u64)dev };
	struct tuple packet = {};
	u32 at = packet_read_at(&packet, l3, IPPROTO_UDP);

	if (!at || later_fragment(l3))
		return 0;
	tuple_turn(&d.t, &packet);
	d.netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	d.bytes = payload(l3 + at);
	return count(&d, NULL);
}

/* Since 6.3: who has taken something. */
SEC("raw_tp/sock_recv_length")
int BPF_PROG(received_length, struct sock *sk, int ret)
{
	if ((int)ret >= 0 && sock_is_udp(sk))
		port_claim(sk, sock_netns(sk));
	return 0;
}

/* Is a socket closed? An open one has its struct socket, and keeps its port. User space runs this for
 * each one that is known. */
SEC("raw_tp")
int check_sock(struct bpf_raw_tracepoint_args *ctx)
{
	u64 key = ctx->args[0];
	struct sock_value *value = bpf_map_lookup_elem(&socks, &key);
	struct sock *sk = (struct sock *)key;

	if (!value)
		return 0;
	return (u64)BPF_CORE_READ(sk, sk_socket) != value->socket || sock_sport(sk) != value->lport;
}
