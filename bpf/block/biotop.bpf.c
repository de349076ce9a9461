// SPDX-License-Identifier: GPL-2.0-or-later
// Show which processes use the disks most.
#define IO_OWNER
#include "block.bpf.h"
#include "biotop.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct value);
} users SEC(".maps");

static struct value zero;

static __always_inline void io_issued(struct io *io)
{
}

static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	struct key key = {
		.pid = io->pid,
		.dev = disk_devt(io->disk),
		.flags = io->flags & (IO_OP | IO_OPS_OLD),
	};
	struct value *v;

	__builtin_memcpy(key.comm, io->comm, sizeof(key.comm));
	v = bpf_map_lookup_elem(&users, &key);
	if (!v) {
		bpf_map_update_elem(&users, &key, &zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&users, &key);
		if (!v) {
			LOST(entries);
			return;
		}
	}
	v->ios++;
	v->bytes += io->bytes;
	v->ns += bpf_ktime_get_ns() - io->issue_ns;
	v->errors += !!status;
}

#include "block_hooks.bpf.h"
