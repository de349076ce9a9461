// SPDX-License-Identifier: GPL-2.0-or-later
// Each block I/O with who asked for it and the time it took.
#define IO_OWNER
#include "block.bpf.h"
#include "events.bpf.h"
#include "biosnoop.h"

const volatile u64 min_ns;
const volatile bool only_failed;
const volatile bool patterns;

/* Where the last I/O on each disk ended. Adding is rare: a disk is there for long. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u64);
} ends SEC(".maps");

/* Does this I/O begin where the one issued before it on that disk ended? */
static __noinline void pattern_note(struct io *io)
{
	u64 disk = (u64)io->disk, end = io->sector + (io->bytes >> 9), *last;

	io->pattern = 'U';
	if (!io->bytes)
		return;
	last = bpf_map_lookup_elem(&ends, &disk);
	if (!last) {
		bpf_map_update_elem(&ends, &disk, &end, BPF_ANY);
		return;
	}
	io->pattern = *last == io->sector ? 'S' : 'R';
	*last = end;
}

static __noinline void io_tell(void *ctx, const struct io *io, u32 part, s32 status)
{
	u64 now = bpf_ktime_get_ns();
	struct gendisk *disk = io->disk;
	struct event *e;

	if (now - io->issue_ns < min_ns || (only_failed && !status))
		return;
	e = event_reserve(sizeof(*e));
	if (!e)
		return;
	e->time_ns = now;
	e->lat_ns = now - io->issue_ns;
	if (io->start_ns && io->start_ns < io->issue_ns)
		e->queue_ns = io->issue_ns - io->start_ns;
	e->sector = io->sector;
	e->bytes = io->bytes;
	e->flags = io->flags;
	e->pid = io->pid;
	e->tid = io->tid;
	e->uid = io->uid;
	e->part = part;
	e->status = status;
	e->pattern = io->pattern;
	__builtin_memcpy(e->comm, io->comm, sizeof(e->comm));
	BPF_CORE_READ_STR_INTO(&e->disk, disk, disk_name);
	event_submit(ctx, e, sizeof(*e));
}

SEC("raw_tp/block_io_start")
int request_start(struct bpf_raw_tracepoint_args *ctx)
{
	return io_begin_request((void *)ctx->args[0], false);
}

SEC("raw_tp/block_rq_insert")
int request_insert(struct bpf_raw_tracepoint_args *ctx)
{
	return io_begin_request(raw_request(ctx), true);
}

SEC("raw_tp/block_rq_issue")
int request_issue(struct bpf_raw_tracepoint_args *ctx)
{
	struct io *io = io_issue(raw_request(ctx));

	if (io && patterns)
		pattern_note(io);
	return 0;
}

SEC("raw_tp/block_rq_complete")
int request_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct request *rq = (void *)ctx->args[0];
	struct io *io = io_done(rq, ctx->args[2]);

	if (io)
		io_tell(ctx, io, rq_part_dev(rq), (s32)ctx->args[1]);
	return 0;
}

SEC("raw_tp/block_bio_queue")
int bio_queue(struct bpf_raw_tracepoint_args *ctx)
{
	struct io *io = io_begin_bio(raw_bio(ctx));

	if (io && patterns)
		pattern_note(io);
	return 0;
}

SEC("raw_tp/block_bio_complete")
int bio_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct bio *bio = (void *)ctx->args[1];
	struct io *io = io_done_bio(bio);

	if (io)
		io_tell(ctx, io, bio_part_dev(bio), BPF_CORE_READ(bio, bi_status));
	return 0;
}
