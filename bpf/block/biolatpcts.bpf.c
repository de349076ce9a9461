// SPDX-License-Identifier: GPL-2.0-or-later
// Show percentiles of the latency of block I/O, by its type.
#include "block.bpf.h"
#include "log2.bpf.h"
#include "biolatpcts.h"

const volatile u32 which; /* enum which */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TYPES);
	__type(key, u32);
	__type(value, struct latencies);
} latencies SEC(".maps");

u64 unstamped; /* requests that do not tell when they were allocated */

static __always_inline u32 io_type(u32 flags)
{
	switch (flags & IO_OP) {
	case IO_READ: return TYPE_READ;
	case IO_WRITE: return TYPE_WRITE;
	case IO_FLUSH: return TYPE_FLUSH;
	case IO_DISCARD: return TYPE_DISCARD;
	case IO_ZEROES: return TYPE_ZEROES;
	default: return TYPE_OTHER;
	}
}

static __always_inline u32 slot_of(u64 ns)
{
	u32 magnitude;

	if (ns < STEPS)
		return ns;
	magnitude = log2_u64(ns);
	if (magnitude >= MAGNITUDES + STEP_BITS)
		return SLOTS - 1;
	return (magnitude - STEP_BITS + 1) * STEPS +
	       ((ns >> (magnitude - STEP_BITS)) & (STEPS - 1));
}

/* The kernel's stamp is there only where something asked for it (iocost does). */
static __noinline u64 io_from(const struct io *io, struct request *rq)
{
	if (which == FROM_RQ_ALLOC) {
		if (!bpf_core_field_exists(rq->alloc_time_ns))
			return 0;
		return BPF_CORE_READ(rq, alloc_time_ns);
	}
	if (which == AFTER_RQ_ALLOC && io->start_ns && io->start_ns < io->issue_ns)
		return io->start_ns;
	return io->issue_ns;
}

static __always_inline void io_issued(struct io *io)
{
}

static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	u64 from = io_from(io, rq), now = bpf_ktime_get_ns();
	u32 type = io_type(io->flags), slot;
	struct latencies *l;

	if (!from) {
		__sync_fetch_and_add(&unstamped, 1);
		return;
	}
	l = bpf_map_lookup_elem(&latencies, &type);
	slot = slot_of(now > from ? now - from : 0);
	if (l && slot < SLOTS)
		l->slots[slot]++;
}

#include "block_hooks.bpf.h"
