// SPDX-License-Identifier: GPL-2.0-or-later
// Packets with data from and to a port of the DNS, at the devices: those that a socket of this machine
// sends, as its task does so, and those that come in. User space finds out which answers which.
#define EVENT_MAX 2048
#include "events.bpf.h"
#include "packet.bpf.h"
#include "sock_task.bpf.h"
#include "dnssnoop.h"

const volatile u16 ports[17] = { 53 };	/* zero-terminated */

enum { IFF_LOOPBACK = 8, UDP_HEADER = 8, TCP_HEADER = 20 };

/* Segments of TCP whose data need not lie in one piece: the kernel copies these, but into a perf buffer
 * only (bpf_skb_output). */
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, sizeof(u32));
	__uint(value_size, sizeof(u32));
} segments SEC(".maps");

/* By socket, for what is sent while another task, or none, is current: after the handshake of TCP, or
 * when the address of the neighbour was asked for first. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct owner);
} owners SEC(".maps");

/* false: it is not of a task that the user wants. */
static __noinline int owner_find(struct owner *owner, struct sock *sk)
{
	u64 key = (u64)sk;
	struct owner *known;

	if (!owner)
		return false;
	if (current_has(sk)) {
		if (filtered()) {
			bpf_map_delete_elem(&owners, &key);
			return false;
		}
		owner_note(owner);
		bpf_map_update_elem(&owners, &key, owner, BPF_ANY);
		return true;
	}
	known = bpf_map_lookup_elem(&owners, &key);
	if (known)
		*owner = *known;
	return known || !filter.any;
}

/* Is it of the DNS? Most packets are not, and this is all that they cost. `len`: of the whole, from the
 * IP header on; a short frame has padding behind it. */
static __always_inline u32 protocol_find(const unsigned char *l3, u32 *len)
{
	unsigned char ip[10];
	u32 protocol, l4;
	u16 port[2] = {};

	if (bpf_probe_read_kernel(ip, sizeof(ip), l3))
		return 0;
	if (ip[0] >> 4 == 4) {
		/* Fragments but the first have no ports. */
		if (ip[6] & 0x1f || ip[7])
			return 0;
		protocol = ip[9];
		l4 = (ip[0] & 15) * 4;
		*len = ip[2] << 8 | ip[3];
	} else if (ip[0] >> 4 == 6) {
		protocol = ip[6];
		l4 = 40;
		*len = (ip[4] << 8 | ip[5]) + 40;
	} else {
		return 0;
	}
	if (protocol != IPPROTO_UDP && protocol != IPPROTO_TCP)
		return 0;
	bpf_probe_read_kernel(port, sizeof(port), l3 + l4);
	if (list_wants(ports, bpf_ntohs(port[0])) || list_wants(ports, bpf_ntohs(port[1])))
		return protocol;
	return 0;
}

/* The offset of the data from l3, and their size; 0 where this is nothing of the DNS. */
static __noinline u32 message_find(struct message *m, const unsigned char *l3)
{
	u32 len = 0, protocol = protocol_find(l3, &len), at;
	unsigned char tcp[TCP_HEADER];

	if (!m || !protocol)
		return 0;
	at = packet_read_at(&m->tuple, l3, protocol);
	if (!at)
		return 0;
	if (protocol == IPPROTO_UDP) {
		at += UDP_HEADER;
	} else {
		m->tcp = 1;
		if (bpf_probe_read_kernel(tcp, sizeof(tcp), l3 + at))
			return 0;
		m->seq = (u32)tcp[4] << 24 | tcp[5] << 16 | tcp[6] << 8 | tcp[7];
		at += (tcp[12] >> 4) * 4;
	}
	m->size = len > at ? len - at : 0;
	return at;
}

/* Is it told of at this end? What goes over loopback comes by twice: a query is taken when it is sent,
 * an answer when it comes in. */
static __always_inline bool other_end(const struct message *m, struct net_device *dev)
{
	bool query = list_wants(ports, m->tuple.dport);

	return query != m->out && BPF_CORE_READ(dev, flags) & IFF_LOOPBACK;
}

/* Where the kernel does not copy (no types for tp_btf): only what lies in the first piece. */
static __noinline int send_linear(void *ctx, const struct message *m, const void *data, u64 here)
{
	struct packet *p;
	u64 size = here;

	if (!m)
		return 0;
	p = event_scratch(EVENT_HEAD(struct packet, data));
	if (!p)
		return 0;
	p->m = *m;
	p->m.at = 0;
	if (size > m->size)
		size = m->size;
	asm volatile("" : "+r"(size)); /* else the bound is not in the register that is used */
	if (size > sizeof(p->data))
		size = sizeof(p->data);
	bpf_probe_read_kernel(p->data, size, data);
	event_output(ctx, p, EVENT_HEAD(struct packet, data) + size);
	return 0;
}

/* What a listener answers with before there is a connection has no data. */
static __always_inline bool can_have_data(struct sock *sk)
{
	u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != BPF_TCP_TIME_WAIT && state != BPF_TCP_NEW_SYN_RECV;
}

/* What both directions do; the IP header is at l3, sk the socket of what goes out. True: the caller has
 * to send the segment. */
static __noinline int take(void *ctx, struct sk_buff *skb, struct message *m, unsigned char *l3,
			   struct sock *sk)
{
	struct net_device *dev;
	unsigned char *data;
	u32 len, here, at;

	if (!m)
		return 0;
	at = message_find(m, l3);
	if (!at || (sk && !can_have_data(sk)))
		return 0;
	data = BPF_CORE_READ(skb, data);
	dev = BPF_CORE_READ(skb, dev);
	len = BPF_CORE_READ(skb, len);
	here = len - BPF_CORE_READ(skb, data_len);
	at += l3 - data;
	m->out = !!sk;
	m->netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);
	/* Through a pair of devices the socket comes along, but is of another namespace. */
	if (at > len || other_end(m, dev) ||
	    (sk && (sock_netns(sk) != m->netns || !owner_find(&m->owner, sk))))
		return 0;
	m->at = at;
	if (m->size > len - at)
		m->size = len - at;
	m->ifindex = BPF_CORE_READ(dev, ifindex);
	if (!m->size) /* a handshake, an acknowledgement */
		return 0;
	if (m->tcp)
		return 1;
	m->time_ns = bpf_ktime_get_ns();
	return send_linear(ctx, m, data + at, here > at ? here - at : 0);
}

static __always_inline void send_segment(struct sk_buff *skb, struct message *m)
{
	u64 size = m->size;

	m->time_ns = bpf_ktime_get_ns();
	if (size > sizeof(((struct packet *)0)->data))
		size = sizeof(((struct packet *)0)->data);
	if (bpf_skb_output(skb, &segments, BPF_F_CURRENT_CPU | (m->at + size) << 32, m, sizeof(*m)))
		LOST(events);
}

static __noinline int segment_linear(void *ctx, struct sk_buff *skb, struct message *m)
{
	unsigned char *data = BPF_CORE_READ(skb, data);
	u32 here = BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len);

	if (!m)
		return 0;
	if (here <= m->at) {
		LOST(missed); /* its data lie elsewhere */
		return 0;
	}
	m->time_ns = bpf_ktime_get_ns();
	return send_linear(ctx, m, data + m->at, here - m->at);
}

static __always_inline int queued(void *ctx, struct sk_buff *skb, struct message *m)
{
	struct sock *sk = BPF_CORE_READ(skb, sk); /* NULL: on its way through */

	if (!sk)
		return 0;
	return take(ctx, skb, m, BPF_CORE_READ(skb, head) + BPF_CORE_READ(skb, network_header), sk);
}

SEC("tp_btf/net_dev_queue")
int BPF_PROG(out_btf, struct sk_buff *skb)
{
	struct message m = {};

	if (queued(ctx, skb, &m))
		send_segment(skb, &m);
	return 0;
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(in_btf, struct sk_buff *skb)
{
	struct message m = {};

	if (take(ctx, skb, &m, BPF_CORE_READ(skb, data), NULL))
		send_segment(skb, &m);
	return 0;
}

SEC("raw_tp/net_dev_queue")
int BPF_PROG(out_raw, struct sk_buff *skb)
{
	struct message m = {};

	return queued(ctx, skb, &m) ? segment_linear(ctx, skb, &m) : 0;
}

SEC("raw_tp/netif_receive_skb")
int BPF_PROG(in_raw, struct sk_buff *skb)
{
	struct message m = {};

	return take(ctx, skb, &m, BPF_CORE_READ(skb, data), NULL) ? segment_linear(ctx, skb, &m) : 0;
}
