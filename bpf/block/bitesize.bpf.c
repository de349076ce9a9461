// SPDX-License-Identifier: GPL-2.0-or-later
// Show the sizes of block I/O as a histogram for each name of a task.
#define IO_OWNER
#include "block.bpf.h"
#include "bitesize.h"
#include "hist.bpf.h"

const volatile bool by_disk, by_flags;

static __always_inline void io_issued(struct io *io)
{
}

/* What only asks for a flush has no size. */
static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	struct hist_key key = {};

	if (!io->bytes)
		return;
	__builtin_memcpy(key.comm, io->comm, sizeof(key.comm));
	if (by_disk)
		disk_name_into(key.disk, io->disk);
	if (by_flags)
		key.flags = io->flags & IO_KNOWN;
	hist_add(&key, io->bytes);
}

#include "block_hooks.bpf.h"
