// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes that TCP sends, by the subnet of their destination.
#define TCP_SENT_ONLY
#include "tcp_bytes.bpf.h"
#include "flow.bpf.h"
#include "tcpsubnet.h"

const volatile struct subnet subnets[SUBNETS_MAX];

/* By number in the list. Only ever counted up: user space takes differences. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SUBNETS_MAX);
	__type(key, u32);
	__type(value, u64);
} bytes_sent SEC(".maps");

static __noinline u32 subnet_of(const struct tuple *t)
{
	const u32 *a = (const void *)t->daddr;
	u32 i;

	for (i = 0; i < SUBNETS_MAX && subnets[i].ip; i++) {
		const volatile struct subnet *s = &subnets[i];

		if (s->ip == t->ip && (a[0] & s->mask[0]) == s->addr[0] &&
		    (a[1] & s->mask[1]) == s->addr[1] && (a[2] & s->mask[2]) == s->addr[2] &&
		    (a[3] & s->mask[3]) == s->addr[3])
			return i;
	}
	return SUBNETS_MAX;
}

static int moved(struct sock *sk, u64 bytes, bool sent)
{
	struct tuple t = {};
	u64 *sum;
	u32 i;

	if (filtered())
		return 0;
	tuple_read(&t, sk);
	if (flow_unwanted(&t, only_netns ? sock_netns(sk) : 0))
		return 0;
	i = subnet_of(&t);
	sum = bpf_map_lookup_elem(&bytes_sent, &i);
	if (sum)
		__sync_fetch_and_add(sum, bytes); /* programs on functions may be preempted */
	return 0;
}
