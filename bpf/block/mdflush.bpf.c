// SPDX-License-Identifier: GPL-2.0-or-later
// Trace flush requests to md devices (software RAID).
//
// They are bios that ask for a flush, alone or before they write (md_flush_request() is where each
// RAID level passes them on to; that is in a module, and takes kprobes).
#define IO_OWNER
#include "block.bpf.h"
#include "events.bpf.h"
#include "mdflush.h"

enum { MD_MAJOR = 9 };

/* md's have a major number of their own but for those with partitions of old (md_d0) or with a name
 * (md_home). */
static __noinline bool is_md(struct gendisk *disk)
{
	char name[4] = {};

	if (BPF_CORE_READ(disk, major) == MD_MAJOR)
		return true;
	bpf_probe_read_kernel(name, sizeof(name),
			      (void *)disk + bpf_core_field_offset(disk->disk_name));
	return name[0] == 'm' && name[1] == 'd' && name[2] == '_';
}

SEC("raw_tp/block_bio_queue")
int flush_queue(struct bpf_raw_tracepoint_args *ctx)
{
	struct bio *bio = raw_bio(ctx);
	u32 flags = BPF_CORE_READ(bio, bi_opf);
	struct gendisk *disk;

	/* An empty write that asks for a flush is the usual form; REQ_OP_FLUSH is of requests. */
	if (!(flags & IO_PREFLUSH) && (flags & IO_OP) != IO_FLUSH)
		return 0;
	disk = bio_disk(bio);
	if (!is_md(disk) ||
	    (disk_dev && disk_devt(disk) != disk_dev && bio_part_dev(bio) != disk_dev))
		return 0;
	io_begin_bio_of(ctx, bio, disk);
	return 0;
}

SEC("raw_tp/block_bio_complete")
int flush_done(struct bpf_raw_tracepoint_args *ctx)
{
	struct bio *bio = (void *)ctx->args[1];
	struct io *io = io_done_bio(bio);
	struct event *e;

	if (!io)
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->lat_ns = e->time_ns - io->issue_ns;
	e->pid = io->pid;
	e->tid = io->tid;
	e->uid = io->uid;
	e->bytes = io->bytes;
	e->status = BPF_CORE_READ(bio, bi_status);
	__builtin_memcpy(e->comm, io->comm, sizeof(e->comm));
	disk_name_into(e->disk, io->disk);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}
