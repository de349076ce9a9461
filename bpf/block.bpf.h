/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Block I/O from the moment it is asked for to its end. Requests are what drivers get; disks that
 * have none (dm, md, zram) have bios only, and are watched by these when named.
 *
 * What is known of an I/O under way stands in the map `ios`, by the address of its request (or
 * bio). Requests are few objects that are used again and again: an entry is made once for each and
 * is free between two uses, so that an I/O costs two lookups, no insertion and no deletion.
 * The kernel's own stamp of issue will not do: few queues keep it, and from 6.9 on it may be the
 * time at which a whole batch was begun.
 *
 *	io_begin_request(rq, hook)	where it is asked for, in that task's context
 *	io_issue(rq)			when the driver gets it
 *	io_done(rq, bytes)		at its end: the entry, or NULL if it is none of ours
 *	io_begin_bio(bio), io_done_bio(bio)
 *
 * Define IO_OWNER before for pid, tid, uid, comm in struct io. */
#ifndef BLOCK_BPF_H
#define BLOCK_BPF_H

#include "common.bpf.h"
#include "block.h"

const volatile u32 disk_dev; /* this disk or partition only; 0: all */

enum io_state { IO_FREE, IO_OURS, IO_OTHER /* task's, of no interest */ };

struct io {
	u64 start_ns;	/* asked for; 0: not known */
	u64 issue_ns;	/* given to the driver; 0: not yet */
	struct gendisk *disk;
	u64 sector;
	u32 bytes;
	u32 flags;	/* IO_* */
#ifdef IO_OWNER
	char comm[TASK_COMM_LEN];
	u32 pid, tid, uid;
	char pattern;	/* the tool's own */
#endif
	u8 state;
	bool partial;	/* some of it is done */
};

/* The least recently used is a request of a disk that is gone, or was long not needed. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct io);
} ios SEC(".maps");

static struct io io_zero;

static __noinline struct io *io_get(u64 object)
{
	struct io *io = bpf_map_lookup_elem(&ios, &object);

	if (io)
		return io;
	if (bpf_map_update_elem(&ios, &object, &io_zero, BPF_NOEXIST))
		LOST(entries);
	return bpf_map_lookup_elem(&ios, &object);
}

static __always_inline dev_t disk_devt(struct gendisk *disk)
{
	return (u32)BPF_CORE_READ(disk, major) << 20 | (u32)BPF_CORE_READ(disk, first_minor);
}

static __always_inline u32 io_flags(u32 flags)
{
	return io_ops_old() ? flags | IO_OPS_OLD : flags;
}

static __always_inline bool rq_wanted(struct request *rq, struct gendisk *disk)
{
	return !disk_dev || disk_devt(disk) == disk_dev || rq_part_dev(rq) == disk_dev;
}

/* A new I/O, of the current task. If the one before is not at its end, that went by unseen. */
static __noinline void io_begin(struct io *io)
{
	if (io->state == IO_OURS && io->issue_ns)
		LOST(missed);
	__builtin_memset(io, 0, sizeof(*io));
	io->state = filtered() ? IO_OTHER : IO_OURS;
#ifdef IO_OWNER
	io->pid = current_pid_tgid() >> 32;
	io->tid = current_pid_tgid();
	io->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(io->comm, sizeof(io->comm));
#endif
}

/* block_io_start (6.5) is always in the task's context and once in a request's life. Without it
 * block_rq_insert is nearly as good, but comes again where the driver had no room and kblockd tries
 * anew: `again` says that this can be. What is not even inserted is issued by the task itself. The
 * request's own stamp tells then when it was asked for, if its queue keeps statistics (iostats) or
 * has a scheduler; from 6.9 on it can be too old, but there is block_io_start then. */
static __noinline int io_begin_request(struct request *rq, bool again)
{
	struct io *io = io_get((u64)rq);

	if (!io || (again && io->state != IO_FREE && io->issue_ns))
		return 0;
	io_begin(io);
	io->start_ns = again ? BPF_CORE_READ(rq, start_time_ns) : 0;
	if (!io->start_ns)
		io->start_ns = bpf_ktime_get_ns();
	return 0;
}

static __noinline struct io *io_issue(struct request *rq)
{
	struct gendisk *disk = rq_disk(rq);
	struct io *io;

	if (!rq_wanted(rq, disk))
		return NULL;
	io = io_get((u64)rq);
	if (!io)
		return NULL;
	if (io->state == IO_FREE) {
		io_begin(io);
		io->start_ns = BPF_CORE_READ(rq, start_time_ns);
	}
	/* What is left of one that is done in part is issued again, and still the same I/O. */
	if (io->state != IO_OURS || io->partial)
		return NULL;
	io->disk = disk;
	io->sector = BPF_CORE_READ(rq, __sector);
	if (io->sector == (u64)-1) /* a flush has no place */
		io->sector = 0;
	io->bytes = BPF_CORE_READ(rq, __data_len);
	io->flags = io_flags(BPF_CORE_READ(rq, cmd_flags));
	io->issue_ns = bpf_ktime_get_ns();
	return io;
}

/* It was issued and is of interest. Those never issued are flushes without data, for which the
 * kernel makes a request of its own, and what a queue that goes away gives back. */
static __always_inline struct io *io_end(struct io *io)
{
	bool ours = io->state == IO_OURS && io->issue_ns;

	io->state = IO_FREE;
	return ours ? io : NULL;
}

/* The entry may be read until the program ends. Those begun before us have none. */
static __noinline struct io *io_done(struct request *rq, u32 bytes)
{
	u64 object = (u64)rq;
	struct io *io = bpf_map_lookup_elem(&ios, &object);

	if (!io)
		return NULL;
	if (bytes < BPF_CORE_READ(rq, __data_len)) {
		io->partial = true;
		return NULL;
	}
	return io_end(io);
}

static __noinline struct io *io_begin_bio(struct bio *bio)
{
	struct gendisk *disk = bio_disk(bio);
	struct io *io;

	if (disk_devt(disk) != disk_dev && bio_part_dev(bio) != disk_dev)
		return NULL;
	io = io_get((u64)bio);
	if (!io)
		return NULL;
	io_begin(io);
	io->disk = disk;
	io->sector = BPF_CORE_READ(bio, bi_iter.bi_sector);
	io->bytes = BPF_CORE_READ(bio, bi_iter.bi_size);
	io->flags = io_flags(BPF_CORE_READ(bio, bi_opf));
	io->issue_ns = bpf_ktime_get_ns();
	return io;
}

static __noinline struct io *io_done_bio(struct bio *bio)
{
	u64 object = (u64)bio;
	struct io *io = bpf_map_lookup_elem(&ios, &object);

	return io ? io_end(io) : NULL;
}

#endif
