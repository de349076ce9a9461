/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Events to user space: one ring buffer that wakes its reader when a fraction is full (the reader
 * looks by itself a few times a second); on kernels before 5.8 the core turns `events` into a perf
 * buffer and sets events_perf. What finds no room is counted.
 *
 * An event of fixed size:      e = event_reserve(sizeof(*e)); fill it; event_submit(ctx, e, sizeof(*e))
 * One with a string behind it: e = event_scratch(sizeof(*e)); fill it; event_output(ctx, e, used)
 * One on the stack:            event_send(ctx, &e, sizeof(e))
 * Both are zero when given out, the scratch up to its last member (EVENT_HEAD). */
#ifndef EVENTS_BPF_H
#define EVENTS_BPF_H

#include "common.bpf.h"

const volatile bool events_perf;
const volatile u64 events_wakeup; /* bytes waiting that wake the reader: a power of two; 0: any */

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 * 1024); /* the core's --buffer */
} events SEC(".maps");

/* Longest event, of any tool. Each CPU has one buffer for what is too large for the stack. A program
 * never runs inside itself (the kernel skips such a run, and counts it), but newest kernels may preempt
 * one and run another program of the object on the same CPU: who finds the buffer in use counts its
 * event as lost. */
#ifndef EVENT_MAX /* an object with longer ones defines it first; 32 KB is all that a CPU can have */
#define EVENT_MAX 8192
#endif

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, char[EVENT_MAX]);
} scratch SEC(".maps");

/* How many programs have the CPU's buffer: two for as long as the second needs to find out. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} scratch_users SEC(".maps");

/* When so much waits, and again when the double does, and so on: not by each event that comes while
 * the reader is on its way, as a wake-up is an interrupt (irq_work), which costs more than the event.
 * By all in the first eighth, not just the one that goes over the mark: CPUs may look all before they
 * write. */
static __always_inline u64 events_flags(void)
{
	u64 waiting = bpf_ringbuf_query(&events, BPF_RB_AVAIL_DATA);

	if (!events_wakeup || (waiting >= events_wakeup &&
			       (waiting & (events_wakeup - 1)) < events_wakeup / 8))
		return BPF_RB_FORCE_WAKEUP;
	return BPF_RB_NO_WAKEUP;
}

static __always_inline void *event_scratch_raw(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&scratch, &zero);
}

/* `size` is a constant. NULL: no room, and counted. */
static __always_inline void *event_reserve(u64 size)
{
	void *e;

	if (events_perf)
		e = event_scratch_raw();
	else
		e = bpf_ringbuf_reserve(&events, size, 0);
	if (!e) {
		LOST(events);
		return NULL;
	}
	__builtin_memset(e, 0, size);
	return e;
}

static __always_inline void event_submit(void *ctx, void *e, u64 size)
{
	if (!events_perf)
		bpf_ringbuf_submit(e, events_flags());
	else if (bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, size))
		LOST(events);
}

static __always_inline volatile u64 *scratch_counter(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&scratch_users, &zero);
}

static __noinline bool scratch_take(void)
{
	volatile u64 *users = scratch_counter();

	if (!users)
		return false;
	__sync_fetch_and_add(users, 1);
	if (*users == 1)
		return true;
	__sync_fetch_and_add(users, -1);
	LOST(events);
	return false;
}

/* `head`: the bytes before the string, zeroed; the string is the caller's to write. Whoever gets one
 * has to call event_output(). */
static __always_inline void *event_scratch(u64 head)
{
	void *e = scratch_take() ? event_scratch_raw() : NULL;

	if (e)
		__builtin_memset(e, 0, head);
	return e;
}

#define EVENT_HEAD(type, last) __builtin_offsetof(type, last)

/* An event that is on the stack or in a map. `size` may vary, up to EVENT_MAX. */
static __always_inline void event_send(void *ctx, void *e, u64 size)
{
	long err;

	/* The verifier wants the bound in the very register that the helper takes. */
	asm volatile("" : "+r"(size));
	if (size > EVENT_MAX)
		size = EVENT_MAX;
	if (events_perf)
		err = bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, e, size);
	else
		err = bpf_ringbuf_output(&events, e, size, events_flags());
	if (err)
		LOST(events);
}

/* One of event_scratch(), which gives the buffer back. */
static __always_inline void event_output(void *ctx, void *e, u64 size)
{
	volatile u64 *users;

	event_send(ctx, e, size);
	users = scratch_counter();
	if (users)
		__sync_fetch_and_add(users, -1);
}

#endif
