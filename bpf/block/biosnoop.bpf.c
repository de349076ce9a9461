// SPDX-License-Identifier: GPL-2.0-or-later
// Each block I/O with who asked for it and the time it took.
#define IO_OWNER
#define IO_PART
#define IO_PATTERN
#include "block.bpf.h"
#include "events.bpf.h"
#include "biosnoop.h"

const volatile u64 min_ns;
const volatile bool only_failed;
const volatile bool patterns;

static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	u64 now = bpf_ktime_get_ns();
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
	e->part = io->part;
	e->status = status;
	e->pattern = io->pattern;
	__builtin_memcpy(e->comm, io->comm, sizeof(e->comm));
	disk_name_into(e->disk, io->disk);
	event_submit(ctx, e, sizeof(*e));
}

static __always_inline void io_issued(struct io *io)
{
	if (patterns)
		pattern_note(io);
}

#include "block_hooks.bpf.h"
