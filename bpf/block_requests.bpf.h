/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Issue and end of requests, by plain loads where the kernel has its types. Define before:
 *
 *	issue(ctx, typed), done(ctx, typed)	both __always_inline; see bpf/block.bpf.h */
#ifndef BLOCK_REQUESTS_BPF_H
#define BLOCK_REQUESTS_BPF_H

SEC("tp_btf/block_rq_issue")
int request_issue_btf(struct bpf_raw_tracepoint_args *ctx)
{
	return issue(ctx, true);
}

SEC("tp_btf/block_rq_complete")
int request_done_btf(struct bpf_raw_tracepoint_args *ctx)
{
	return done(ctx, true);
}

SEC("raw_tp/block_rq_issue")
int request_issue(struct bpf_raw_tracepoint_args *ctx)
{
	return issue(ctx, false);
}

SEC("raw_tp/block_rq_complete")
int request_done(struct bpf_raw_tracepoint_args *ctx)
{
	return done(ctx, false);
}

#endif
