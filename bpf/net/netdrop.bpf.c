// SPDX-License-Identifier: GPL-2.0-or-later
// Packets that the kernel drops, of all protocols. Addresses and ports are the packet's own; those of
// the socket where it has no headers yet.
#define EVENT_MAX 256
#include "events.bpf.h"
#include "drop.bpf.h"
#include "flow.bpf.h"
#include "stack_store.bpf.h"
#include "netdrop.h"

const volatile bool with_stack;
const volatile bool count_only;
const volatile u32 only_reasons[33], not_reasons[33]; /* zero-terminated */
const volatile u32 only_protos[17];
const volatile u16 only_ports[65];	/* at either end */
const volatile char only_dev[16];	/* "": any */

enum {
	ETH_P_IP = 0x0800, ETH_P_ARP = 0x0806, ETH_P_IPV6 = 0x86dd,
	IPPROTO_HOPOPTS = 0, IPPROTO_UDP = 17, IPPROTO_DCCP = 33, IPPROTO_ROUTING = 43,
	IPPROTO_FRAGMENT = 44, IPPROTO_DSTOPTS = 60, IPPROTO_SCTP = 132, IPPROTO_UDPLITE = 136,
};

/* Each CPU for itself: a flood comes by all of them. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct drop_key);
	__type(value, struct drop_value);
} counts SEC(".maps");

static __noinline int ports_read(struct tuple *t, u32 protocol, const void *l4)
{
	u16 ports[2] = {};

	if (!t || (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_DCCP &&
		   protocol != IPPROTO_SCTP && protocol != IPPROTO_UDPLITE))
		return 0;
	bpf_probe_read_kernel(ports, sizeof(ports), l4);
	t->sport = bpf_ntohs(ports[0]);
	t->dport = bpf_ntohs(ports[1]);
	return 0;
}

/* Past the extension headers of IPv6; four is more than what is seen of them. */
static __always_inline void extensions_pass(struct event *e, const void *l4, u8 next)
{
	for (int i = 0; i < 4; i++) {
		u8 header[4] = {};

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_FRAGMENT &&
		    next != IPPROTO_DSTOPTS)
			break;
		bpf_probe_read_kernel(header, sizeof(header), l4);
		/* A fragment that is not the first one has no ports. */
		if (next == IPPROTO_FRAGMENT && (header[2] || header[3] & 0xf8)) {
			e->proto = PROTO_IP + header[0];
			return;
		}
		l4 += next == IPPROTO_FRAGMENT ? 8 : (header[1] + 1) * 8;
		next = header[0];
	}
	e->proto = PROTO_IP + next;
	ports_read(&e->tuple, next, l4);
}

/* Is an IP header there? */
static __noinline int ip_read(struct event *e, const void *l3)
{
	u8 ip[40];

	if (!e || bpf_probe_read_kernel(ip, sizeof(ip), l3))
		return 0;
	if (ip[0] >> 4 == 4) {
		e->tuple.ip = 4;
		__builtin_memcpy(e->tuple.saddr, ip + 12, 4);
		__builtin_memcpy(e->tuple.daddr, ip + 16, 4);
		e->proto = PROTO_IP + ip[9];
		if (!(ip[6] & 0x1f) && !ip[7])
			ports_read(&e->tuple, ip[9], l3 + (ip[0] & 15) * 4);
		return 1;
	}
	if (ip[0] >> 4 != 6)
		return 0;
	e->tuple.ip = 6;
	__builtin_memcpy(e->tuple.saddr, ip + 8, 16);
	__builtin_memcpy(e->tuple.daddr, ip + 24, 16);
	extensions_pass(e, l3 + 40, ip[6]);
	return 1;
}

/* Sender and target, where it is for IPv4 over Ethernet. */
static __always_inline void arp_read(struct event *e, const void *l3)
{
	u8 arp[28];

	if (bpf_probe_read_kernel(arp, sizeof(arp), l3) || arp[4] != 6 || arp[5] != 4)
		return;
	e->tuple.ip = 4;
	__builtin_memcpy(e->tuple.saddr, arp + 14, 4);
	__builtin_memcpy(e->tuple.daddr, arp + 24, 4);
}

/* Its network header: before that is set (a driver has just received it) the data begin with it.
 * NULL where it does not lie in the first piece of the packet. */
static __always_inline unsigned char *header_find(struct sk_buff *skb)
{
	u16 at = BPF_CORE_READ(skb, network_header);
	unsigned char *head = BPF_CORE_READ(skb, head), *data = BPF_CORE_READ(skb, data);
	u32 here = BPF_CORE_READ(skb, len) - BPF_CORE_READ(skb, data_len);
	unsigned char *l3 = at && at != 0xffff ? head + at : data;

	return l3 + 20 <= data + here ? l3 : NULL;
}

static __noinline int packet_take(struct event *e, struct sk_buff *skb)
{
	u16 type = bpf_ntohs(BPF_CORE_READ(skb, protocol));
	unsigned char *l3 = header_find(skb);

	if (!e || !type)
		return 0;
	e->proto = PROTO_ETHER + type;
	if (l3 && type == ETH_P_ARP)
		arp_read(e, l3);
	if (l3 && (type == ETH_P_IP || type == ETH_P_IPV6))
		ip_read(e, l3);
	return 0;
}

/* What a socket sends to another one of this machine, or has not yet put headers on. */
static __noinline int sock_take(struct event *e, struct sock *sk)
{
	u16 family = BPF_CORE_READ(sk, __sk_common.skc_family);

	if (!e)
		return 0;
	e->proto = PROTO_FAMILY + family;
	if ((family != AF_INET && family != AF_INET6) || !sock_is_full(sk))
		return 0;
	e->proto = PROTO_IP + BPF_CORE_READ(sk, sk_protocol);
	tuple_read(&e->tuple, sk);
	return 0;
}

/* The pointer to the device shares its place with other things while a packet lies in a queue of UDP
 * or TCP. What is none has no name, and no namespace: their numbers begin close below
 * 0xf0000000 (include/linux/proc_ns.h). */
static __noinline int device_take(struct event *e, struct sk_buff *skb)
{
	struct net_device *dev = BPF_CORE_READ(skb, dev);
	u32 netns = BPF_CORE_READ(dev, nd_net.net, ns.inum);

	if (!e || netns < 0xefffff00)
		return 0;
	BPF_CORE_READ_STR_INTO(&e->dev, dev, name);
	if (e->dev[0] <= ' ')
		e->dev[0] = 0;
	else
		e->netns = netns;
	return 0;
}

static __always_inline bool dev_unwanted(const struct event *e)
{
	for (int i = 0; i < sizeof(only_dev) && only_dev[0]; i++) {
		if (e->dev[i] != only_dev[i])
			return true;
		if (!e->dev[i])
			break;
	}
	return false;
}

static __noinline bool unwanted(const struct event *e)
{
	if (!e || flow_unwanted(&e->tuple, e->netns) || !list_wants(only_protos, e->proto) ||
	    dev_unwanted(e))
		return true;
	return only_ports[0] && !(e->tuple.sport && list_wants(only_ports, e->tuple.sport)) &&
	       !(e->tuple.dport && list_wants(only_ports, e->tuple.dport));
}

static __always_inline bool reason_unwanted(u32 reason)
{
	return !list_wants(only_reasons, reason) ||
	       (not_reasons[0] && list_wants(not_reasons, reason));
}

static __noinline int count(const struct event *e)
{
	struct drop_value *value, zero = {};
	struct drop_key key = {};

	if (!e)
		return 0;
	key.location = e->location;
	key.reason = e->reason;
	value = entry_get(&counts, &key, &zero);
	if (!value)
		return 0;
	value->packets++;
	value->bytes += e->len;
	return 0;
}

static __noinline int dropped(void *ctx, struct drop *drop)
{
	struct event e = { .time_ns = bpf_ktime_get_ns() };
	struct sk_buff *skb;

	if (!drop || reason_unwanted(drop->reason))
		return 0;
	skb = drop->skb;
	e.location = drop->location;
	e.reason = drop->reason;
	e.len = BPF_CORE_READ(skb, len);
	packet_take(&e, skb);
	if (!e.proto && drop->sk)
		sock_take(&e, drop->sk);
	device_take(&e, skb);
	if (!e.netns && drop->sk)
		e.netns = sock_netns(drop->sk);
	if (unwanted(&e))
		return 0;
	if (count_only)
		return count(&e);
	if (with_stack)
		stack_ref_take(ctx, &e.stacks, STACK_KERNEL);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("raw_tp/kfree_skb")
int freed(struct bpf_raw_tracepoint_args *ctx)
{
	struct drop drop;

	drop_read(&drop, ctx);
	return dropped(ctx, &drop);
}

/* Until 5.18 the receive side of TCP dropped by this, which did not come by the tracepoint. The place
 * is that of the caller. */
SEC("kprobe/tcp_drop")
int BPF_KPROBE(tcp_dropped, struct sock *sk, struct sk_buff *skb)
{
	struct drop drop = { .skb = skb, .sk = sk };

#ifdef __TARGET_ARCH_x86
	bpf_probe_read_kernel(&drop.location, sizeof(long), (void *)PT_REGS_SP(ctx));
#else
	drop.location = PT_REGS_RET(ctx);
#endif
	return dropped(ctx, &drop);
}
