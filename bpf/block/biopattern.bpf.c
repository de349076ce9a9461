// SPDX-License-Identifier: GPL-2.0-or-later
// Show how much of the I/O of each disk is random, how much sequential.
#define IO_PATTERN
#include "block.bpf.h"
#include "biopattern.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key);
	__type(value, struct value);
} disks SEC(".maps");

static struct value zero;

static __always_inline void io_issued(struct io *io)
{
	pattern_note(io);
}

/* What only asks for a flush has no place. */
static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	struct key key = { .dev = disk_devt(io->disk) };
	struct value *v;

	if (!io->bytes)
		return;
	v = bpf_map_lookup_elem(&disks, &key);
	if (!v) {
		bpf_map_update_elem(&disks, &key, &zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&disks, &key);
		if (!v) {
			LOST(entries);
			return;
		}
	}
	if (io->pattern == 'S')
		v->sequential++;
	else if (io->pattern == 'R')
		v->random++;
	else
		v->unknown++;
	v->bytes += io->bytes;
}

#include "block_hooks.bpf.h"
