// SPDX-License-Identifier: GPL-2.0-or-later
// Show block I/O latency as histograms by the stack of the task that asked for it.
#define IO_OWNER
#define IO_STACKS
#include "block.bpf.h"
#include "biostacks.h"
#include "hist.bpf.h"

static __always_inline void io_issued(struct io *io)
{
}

/* From when it was asked for, which is when the stack is of. */
static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	u64 start = io->start_ns && io->start_ns < io->issue_ns ? io->start_ns : io->issue_ns;
	struct hist_key key = { .stacks = io->stacks, .pid = io->pid };

	__builtin_memcpy(key.comm, io->comm, sizeof(key.comm));
	disk_name_into(key.disk, io->disk);
	hist_add(&key, bpf_ktime_get_ns() - start);
}

#include "block_hooks.bpf.h"
