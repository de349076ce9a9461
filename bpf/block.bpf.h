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
 *	io_begin_request(ctx, rq, again) where it is asked for, in that task's context
 *	io_issue(ctx, rq, typed)	when the driver gets it
 *	io_done(rq, bytes, typed)	at its end: the entry, or NULL if it is none of ours
 *	io_begin_bio(ctx, bio), io_done_bio(bio)
 *
 * `typed` is a constant: the request came from the arguments of a tp_btf program, whose plain loads
 * make an I/O a third cheaper than reads by a helper do.
 *
 * bpf/block_hooks.bpf.h has the programs that call these, for a tool that just wants each I/O at its
 * end. Define before: IO_OWNER for pid, tid, uid, comm in struct io; IO_PART for the partition in it;
 * IO_PATTERN for pattern_note();
 * IO_STACKS for the stacks of the task that asked, io_stacks (STACK_*) says which. */
#ifndef BLOCK_BPF_H
#define BLOCK_BPF_H

#include "common.bpf.h"
#include "block.h"
#ifdef IO_STACKS
#include "stack_store.bpf.h"

const volatile u32 io_stacks = STACK_KERNEL;
#endif

const volatile u32 disk_dev; /* this disk or partition only; 0: all */
const volatile bool io_details = true; /* note disk, bytes and flags of requests, too */

enum io_state { IO_FREE, IO_OURS, IO_OTHER /* task's, of no interest */ };

struct io {
	u64 start_ns;	/* asked for; 0: not known */
	u64 issue_ns;	/* given to the driver; 0: not yet */
	struct gendisk *disk;
	u64 sector;
	u32 bytes;
	u32 flags;	/* IO_* */
#ifdef IO_PART
	u32 part;	/* device number of the partition or disk, 0 if unknown */
#endif
#ifdef IO_OWNER
	char comm[TASK_COMM_LEN];
	u32 pid, tid, uid;
#endif
#ifdef IO_STACKS
	struct stack_ref stacks;
#endif
#ifdef IO_PATTERN
	char pattern;	/* of pattern_note() */
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

/* Into a char[DISK_NAME_LEN]. */
static __always_inline void disk_name_into(char *to, struct gendisk *disk)
{
	bpf_probe_read_kernel_str(to, DISK_NAME_LEN,
				  (void *)disk + bpf_core_field_offset(disk->disk_name));
}

static __always_inline u32 io_flags(u32 flags)
{
	return io_ops_old() ? flags | IO_OPS_OLD : flags;
}

/* That of the partition first: it is the disk's where the disk is used as a whole. */
static __always_inline bool rq_wanted(struct request *rq, bool typed)
{
	return !disk_dev || rq_part_dev(rq, typed) == disk_dev ||
	       disk_devt(rq_disk(rq, typed)) == disk_dev;
}

/* A new I/O, of the current task. If the one before is not at its end, that went by unseen. */
static __noinline void io_begin(void *ctx, struct io *io)
{
	if (io->state == IO_OURS && io->issue_ns)
		LOST(missed);
	__builtin_memset(io, 0, sizeof(*io));
	io->state = filtered() ? IO_OTHER : IO_OURS;
#ifdef IO_OWNER
	task_note(io);
#endif
#ifdef IO_STACKS
	if (io->state == IO_OURS)
		stack_ref_take(ctx, &io->stacks, io_stacks);
#endif
}

/* block_io_start (6.5) is always in the task's context and once in a request's life. Without it
 * block_rq_insert is nearly as good, but comes again where the driver had no room and kblockd tries
 * anew: `again` says that this can be. What is not even inserted is issued by the task itself. The
 * request's own stamp tells then when it was asked for, if its queue keeps statistics (iostats) or
 * has a scheduler; from 6.9 on it can be too old, but there is block_io_start then. */
static __noinline int io_begin_request(void *ctx, struct request *rq, bool again)
{
	struct io *io = io_get((u64)rq);

	if (!io || (again && io->state != IO_FREE && io->issue_ns))
		return 0;
	io_begin(ctx, io);
	io->start_ns = again ? BPF_CORE_READ(rq, start_time_ns) : 0;
	if (!io->start_ns)
		io->start_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline struct io *io_issue(void *ctx, struct request *rq, bool typed)
{
	struct io *io;
	u64 sector;

	if (!rq_wanted(rq, typed))
		return NULL;
	io = io_get((u64)rq);
	if (!io)
		return NULL;
	sector = TYPED_READ(typed, rq, __sector);
	if (sector == (u64)-1) /* a flush has no place */
		sector = 0;
	/* At another place it is not the driver that gave it back, but a new one: an end was missed. */
	if (io->state == IO_FREE ||
	    (io->state == IO_OURS && io->issue_ns && !io->partial && io->sector != sector)) {
		io_begin(ctx, io);
		io->start_ns = TYPED_READ(typed, rq, start_time_ns);
	}
	/* What is left of one that is done in part is issued again, and still the same I/O. */
	if (io->state != IO_OURS || io->partial)
		return NULL;
	io->sector = sector;
	if (io_details) {
		io->disk = rq_disk(rq, typed);
#ifdef IO_PART
		io->part = rq_part_dev(rq, typed);
#endif
		io->bytes = TYPED_READ(typed, rq, __data_len);
		io->flags = io_flags(TYPED_READ(typed, rq, cmd_flags));
	}
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
static __always_inline struct io *io_done(struct request *rq, u32 bytes, bool typed)
{
	u64 object = (u64)rq;
	struct io *io = bpf_map_lookup_elem(&ios, &object);

	if (!io)
		return NULL;
	if (bytes < TYPED_READ(typed, rq, __data_len)) {
		io->partial = true;
		return NULL;
	}
	return io_end(io);
}

static __noinline struct io *io_begin_bio_of(void *ctx, struct bio *bio, struct gendisk *disk)
{
	struct io *io = io_get((u64)bio);

	if (!io)
		return NULL;
	io_begin(ctx, io);
	io->disk = disk;
#ifdef IO_PART
	io->part = bio_part_dev(bio);
#endif
	io->sector = BPF_CORE_READ(bio, bi_iter.bi_sector);
	io->bytes = BPF_CORE_READ(bio, bi_iter.bi_size);
	io->flags = io_flags(BPF_CORE_READ(bio, bi_opf));
	io->issue_ns = bpf_ktime_get_ns();
	return io;
}

static __noinline struct io *io_begin_bio(void *ctx, struct bio *bio)
{
	struct gendisk *disk = bio_disk(bio);

	if (disk_devt(disk) != disk_dev && bio_part_dev(bio) != disk_dev)
		return NULL;
	return io_begin_bio_of(ctx, bio, disk);
}

static __noinline struct io *io_done_bio(struct bio *bio)
{
	u64 object = (u64)bio;
	struct io *io = bpf_map_lookup_elem(&ios, &object);

	return io ? io_end(io) : NULL;
}

#ifdef IO_PATTERN
/* Where the last I/O on each disk ended. Adding is rare: a disk is there for long. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, u64);
} ends SEC(".maps");

/* Does this I/O begin where the one issued before it on that disk ended? 'S'equential, 'R'andom, or
 * 'U'nknown: the first one, and those that have no size. In the order of issue, since disks end them
 * in any; once, though the driver may give a request back and get it again. */
static __noinline void pattern_note(struct io *io)
{
	u64 disk = (u64)io->disk, end = io->sector + (io->bytes >> 9), *last;

	if (io->pattern)
		return;
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
#endif

#endif
