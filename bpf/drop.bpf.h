/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that the kernel drops: what the tracepoint kfree_skb says of each. */
#ifndef DROP_BPF_H
#define DROP_BPF_H

#include "sock.bpf.h"

struct drop {
	struct sk_buff *skb;
	struct sock *sk;	/* that it came from or (6.11) was for; NULL: not known */
	u64 location;		/* an address in the function that dropped it */
	u32 reason;		/* enum skb_drop_reason; 0 before 5.17 */
};

/* The arguments from the third on came later; the verifier lets any number be read. */
static __always_inline void drop_read(struct drop *drop, struct bpf_raw_tracepoint_args *ctx)
{
	struct sk_buff *skb = (void *)ctx->args[0];

	drop->skb = skb;
	drop->location = ctx->args[1];
	drop->sk = NULL;
	drop->reason = 0;
	if (bpf_core_type_exists(btf_trace_kfree_skb___rx)) {
		drop->reason = ctx->args[2];
		drop->sk = (void *)ctx->args[3];
	} else if (bpf_core_type_exists(btf_trace_kfree_skb___reason)) {
		drop->reason = ctx->args[2];
	}
	if (!drop->sk)
		drop->sk = BPF_CORE_READ(skb, sk);
}

/* Between two states a connection is represented by something smaller, without most members. */
static __always_inline bool sock_is_full(struct sock *sk)
{
	u8 state = BPF_CORE_READ(sk, __sk_common.skc_state);

	return state != BPF_TCP_TIME_WAIT && state != BPF_TCP_NEW_SYN_RECV;
}

#endif
