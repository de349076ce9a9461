// SPDX-License-Identifier: GPL-2.0-or-later
// Packets by queue, as they are handed to the driver and as they come from there. What the stack has
// in one piece but the wire in several (GSO, GRO) is counted as on the wire. Lengths are those with
// the link layer's header, in both directions.
#include "common.bpf.h"
#include "netqtop.h"

const volatile char only_name[NET_NAME];
const volatile u32 only_netns;
const volatile bool as_stack;	/* do not count what is on the wire */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct key);
	__type(value, struct value);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct interface);
	__type(value, char[NET_NAME]);
} names SEC(".maps");

static const struct value no_value;

static __noinline struct value *queue_add(const struct key *key, const struct net_device *dev)
{
	char name[NET_NAME] = {};
	struct interface interface = key->interface;

	bpf_probe_read_kernel(name, sizeof(name), dev->name);
	bpf_map_update_elem(&names, &interface, name, BPF_ANY);
	bpf_map_update_elem(&queues, key, &no_value, BPF_NOEXIST);
	return bpf_map_lookup_elem(&queues, key);
}

static __noinline bool name_unwanted(const struct net_device *dev)
{
	const volatile u64 *want = (const volatile void *)only_name;
	u64 name[NET_NAME / sizeof(u64)] = {};

	bpf_probe_read_kernel_str(name, sizeof(name), dev->name);
	return name[0] != want[0] || name[1] != want[1];
}

static __always_inline void count(struct value *value, u64 packets, u32 len)
{
	u32 size = (len >= 64) + (len >= 512) + (len >= 2048) + (len >= 16384) + (len >= 65536);

	value->sizes[size] += packets;
}

/* How long all headers of a GSO packet are, from `start` on, which are before each piece. */
static __noinline u32 gso_headers(struct sk_buff *skb, struct skb_shared_info *info,
				  const unsigned char *start)
{
	enum { TCPV4 = 1, TCPV6 = 16, UDP_HEADER = 8 }; /* SKB_GSO_*, members of a nameless enum */
	const unsigned char *at = BPF_CORE_READ(skb, head);
	u8 offset = 0;

	if (BPF_CORE_READ_BITFIELD_PROBED(skb, encapsulation))
		at += BPF_CORE_READ(skb, inner_transport_header);
	else
		at += BPF_CORE_READ(skb, transport_header);
	if (!(BPF_CORE_READ(info, gso_type) & (TCPV4 | TCPV6)))
		return at + UDP_HEADER - start;
	bpf_probe_read_kernel(&offset, 1, at + 12); /* its upper half: the header's length in words */
	return at + (offset >> 4) * 4 - start;
}

/* `start` is where the packet begins, `len` its length from there. */
static __noinline int gso_count(struct value *value, struct sk_buff *skb,
				struct skb_shared_info *info, const unsigned char *start, u32 len)
{
	enum { GSO_BY_FRAGS = 0xffff };
	u32 size = BPF_CORE_READ(info, gso_size), head, pieces;

	if (!value)
		return 0;
	if (size == GSO_BY_FRAGS) { /* SCTP, whose pieces are not of one length */
		pieces = BPF_CORE_READ(info, gso_segs) ?: 1;
		count(value, pieces, len / pieces);
		value->packets += pieces;
		value->bytes += len;
		return 0;
	}
	head = gso_headers(skb, info, start);
	if (head >= len) /* it cannot be: taken as one */
		head = len - 1;
	/* gso_segs may be 0, of what came from a guest. */
	pieces = (len - head + size - 1) / size;
	count(value, pieces - 1, head + size);
	count(value, 1, len - (pieces - 1) * size);
	value->packets += pieces;
	value->bytes += len + (pieces - 1) * (u64)head;
	return 0;
}

static __always_inline int packet(struct sk_buff *skb, struct net_device *dev, bool rx, bool typed)
{
	struct key key = { .rx = rx };
	struct skb_shared_info *info;
	struct value *value;
	u64 head, start;
	u32 len, mac;

	if (only_name[0] && name_unwanted(dev))
		return 0;
	key.interface.netns = typed ? dev->nd_net.net->ns.inum
				  : BPF_CORE_READ(dev, nd_net.net, ns.inum);
	if (only_netns && key.interface.netns != only_netns)
		return 0;
	key.interface.ifindex = TYPED_READ(typed, dev, ifindex);
	key.queue = TYPED_READ(typed, skb, queue_mapping);
	if (rx && key.queue)
		key.queue--;
	value = bpf_map_lookup_elem(&queues, &key);
	if (!value)
		value = queue_add(&key, dev);
	if (!value) {
		LOST(entries);
		return 0;
	}
	len = TYPED_READ(typed, skb, len);
	/* Not by a load: what the verifier takes for pointers it lets nobody subtract. */
	head = (u64)BPF_CORE_READ(skb, head);
	start = rx || !as_stack ? (u64)BPF_CORE_READ(skb, data) : 0;
	mac = rx ? TYPED_READ(typed, skb, mac_header) : 0xffff; /* that: none */
	if (mac != 0xffff) {
		len += start - head - mac;
		start = head + mac;
	}
	info = (void *)(head + TYPED_READ(typed, skb, end));
	if (!as_stack && BPF_CORE_READ(info, gso_size))
		return gso_count(value, skb, info, (void *)start, len);
	count(value, 1, len);
	value->packets++;
	value->bytes += len;
	return 0;
}

SEC("tp_btf/net_dev_start_xmit")
int BPF_PROG(sent_btf, struct sk_buff *skb, struct net_device *dev)
{
	return packet(skb, dev, false, true);
}

SEC("tp_btf/netif_receive_skb")
int BPF_PROG(received_btf, struct sk_buff *skb)
{
	return packet(skb, skb->dev, true, true);
}

SEC("raw_tp/net_dev_start_xmit")
int BPF_PROG(sent_raw, struct sk_buff *skb, struct net_device *dev)
{
	return packet(skb, dev, false, false);
}

SEC("raw_tp/netif_receive_skb")
int BPF_PROG(received_raw, struct sk_buff *skb)
{
	return packet(skb, BPF_CORE_READ(skb, dev), true, false);
}
