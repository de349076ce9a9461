/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The programs that follow each block I/O from its begin to its end, as bpf/block.bpf.h explains.
 * Whoever includes this has defined before:
 *
 *	static void io_issued(struct io *io)	the driver has it (again, where it gave it back)
 *	static void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio, s32 status)
 *		its end, of a request or of a bio (the other is NULL); status is 0, a negative error
 *		number (requests until 5.16) or a blk_status_t
 *
 * The applet has disk_probes and calls disk_setup() of core/disks.h. */
#ifndef BLOCK_HOOKS_BPF_H
#define BLOCK_HOOKS_BPF_H

#include "block.bpf.h"

SEC("raw_tp/block_io_start")
int request_start(struct bpf_raw_tracepoint_args *ctx)
{
	return io_begin_request(ctx, (void *)ctx->args[0], false);
}

SEC("raw_tp/block_rq_insert")
int request_insert(struct bpf_raw_tracepoint_args *ctx)
{
	return io_begin_request(ctx, raw_request(ctx), true);
}

static __always_inline int issue(struct bpf_raw_tracepoint_args *ctx, bool typed)
{
	struct io *io = io_issue(ctx, raw_request(ctx), typed);

	if (io)
		io_issued(io);
	return 0;
}

static __always_inline int done(struct bpf_raw_tracepoint_args *ctx, bool typed)
{
	struct request *rq = (void *)ctx->args[0];
	struct io *io = io_done(rq, ctx->args[2], typed);

	if (io)
		io_ended(ctx, io, rq, NULL, (s32)ctx->args[1]);
	return 0;
}

#include "block_requests.bpf.h"

SEC("raw_tp/block_bio_queue")
int bio_queue(struct bpf_raw_tracepoint_args *ctx)
{
	struct io *io = io_begin_bio(ctx, raw_bio(ctx));

	if (io)
		io_issued(io);
	return 0;
}

SEC("raw_tp/block_bio_complete")
int bio_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct bio *bio = (void *)ctx->args[1];
	struct io *io = io_done_bio(bio);

	if (io)
		io_ended(ctx, io, NULL, bio, BPF_CORE_READ(bio, bi_status));
	return 0;
}

#endif
