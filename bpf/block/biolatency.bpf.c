// SPDX-License-Identifier: GPL-2.0-or-later
// Time that block I/O takes, from its issue to the driver to its end; with -Q from when it was
// asked for, which the request itself knows.
#include "block.bpf.h"
#include "biolatency.h"
#include "hist.bpf.h"

const volatile bool queued, by_disk, by_flags;

/* When a request that has its own stamp, and so needs no entry, was asked for; else 0. All have one
 * whose queue keeps statistics (iostats) or has a scheduler. */
static __always_inline u64 own_start(struct request *rq, bool typed)
{
	return queued && !filter.any ? TYPED_READ(typed, rq, start_time_ns) : 0;
}

static __noinline void io_took(u64 start, struct gendisk *disk, u32 flags)
{
	s64 ns = bpf_ktime_get_ns() - start;
	struct hist_key key = {};

	if (by_disk)
		disk_name_into(key.disk, disk);
	if (by_flags)
		key.flags = flags & IO_KNOWN;
	hist_add(by_disk || by_flags ? &key : NULL, ns > 0 ? ns : 0);
}

SEC("raw_tp/block_io_start")
int request_start(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (void *)ctx->args[0];

	return own_start(rq, false) ? 0 : io_begin_request(ctx, rq, false);
}

SEC("raw_tp/block_rq_insert")
int request_insert(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = raw_request(ctx);

	return own_start(rq, false) ? 0 : io_begin_request(ctx, rq, true);
}

static __always_inline int issue(struct bpf_raw_tracepoint_args *ctx, bool typed)
{
	struct request *rq = raw_request(ctx);

	if (!own_start(rq, typed))
		io_issue(ctx, rq, typed);
	return 0;
}

/* The end of a request that needed no entry. One that only asks for a flush is never issued: the
 * kernel makes a request of its own for it, and counts that. */
static __always_inline int own_done(struct request *rq, u32 bytes, u64 start, bool typed)
{
	u32 flags = TYPED_READ(typed, rq, cmd_flags), left = TYPED_READ(typed, rq, __data_len);

	if (bytes < left || !rq_wanted(rq, typed))
		return 0;
	if (!left && flags & IO_PREFLUSH && (flags & IO_OP) != IO_FLUSH)
		return 0;
	io_took(start, by_disk ? rq_disk(rq, typed) : NULL, io_flags(flags));
	return 0;
}

static __always_inline int done(struct bpf_raw_tracepoint_args *ctx, bool typed)
{
	struct request *rq = (void *)ctx->args[0];
	u64 start = own_start(rq, typed);
	struct io *io;

	if (start)
		return own_done(rq, ctx->args[2], start, typed);
	io = io_done(rq, ctx->args[2], typed);
	if (io)
		io_took(queued && io->start_ns ? io->start_ns : io->issue_ns, io->disk, io->flags);
	return 0;
}

#include "block_requests.bpf.h"

SEC("raw_tp/block_bio_queue")
int bio_queue(struct bpf_raw_tracepoint_args *ctx)
{
	io_begin_bio(ctx, raw_bio(ctx));
	return 0;
}

SEC("raw_tp/block_bio_complete")
int bio_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct io *io = io_done_bio((void *)ctx->args[1]);

	if (io)
		io_took(io->issue_ns, io->disk, io->flags);
	return 0;
}
