// SPDX-License-Identifier: GPL-2.0-or-later
// The stack at each call of one kernel function.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "stacksnoop.h"

const volatile u32 which = STACK_KERNEL; /* stacks wanted */

static __noinline int called(void *ctx)
{
	struct event *e;

	if (filtered())
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->cpu = bpf_get_smp_processor_id();
	stack_ref_take(ctx, &e->stacks, which);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

SEC("fentry")
int by_fentry(void *ctx)
{
	return called(ctx);
}

SEC("kprobe")
int by_kprobe(struct pt_regs *ctx)
{
	return called(ctx);
}
