/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks, kernel and user, each stored once by a hash of all its frames (bpf_get_stackid() has 32
 * bits of one, and loses a stack whose place in its table is taken). Sums by stack are in
 * stack.bpf.h; an event, or the key of a histogram, has them by a struct stack_ref:
 *
 *	stack_ref_take(ctx, &event->stacks, STACK_KERNEL | STACK_USER);	of the current task
 *
 * and COL_STACKS() shows them. The core sizes the maps. */
#ifndef STACK_STORE_BPF_H
#define STACK_STORE_BPF_H

#include "common.bpf.h"
#include "stack.h"

const volatile u32 stack_depth = 127; /* frames of a stack; the core sizes both maps by it */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u64);
	__type(value, u64[127]);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64[127]);
} stack_scratch SEC(".maps");

/* The processes that were met, each with its address space, which changes with exec. Those that it
 * forgets are told once more. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} stack_procs SEC(".maps");

/* Wakes the core for each of them: it has to read the mappings while the process lives, and there
 * are some that live for a few milliseconds. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 65536);
} stack_news SEC(".maps");

const volatile bool stack_tell; /* the core: user stacks are taken, the kernel has ring buffers */

/* An id is all frames from the innermost on, mixed into 0 one by one. */
static __always_inline u64 stack_mix(u64 id, u64 ip)
{
	id = (id ^ ip) * 0x9e3779b97f4a7c15;
	return id ^ id >> 32;
}

static __always_inline u64 *stack_frames(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&stack_scratch, &zero);
}

/* The id of the frames in stack_scratch, which end by a 0 if there are less than stack_depth. `stale`:
 * behind that is what must not be stored. (Not static: the verifier looks at such a function once.) */
__noinline u64 stack_stored(bool stale)
{
	u64 *ip = stack_frames(), id = 0;
	u32 i;

	if (!ip)
		return STACK_NONE;
	for (i = 0; i < stack_depth && ip[i]; i++)
		id = stack_mix(id, ip[i]);
	if (bpf_map_lookup_elem(&stacks, &id))
		return id;
	for (; stale && i < stack_depth; i++)
		ip[i] = 0;
	if (!bpf_map_update_elem(&stacks, &id, ip, BPF_ANY))
		return id;
	LOST(stacks);
	return STACK_LOST;
}

/* The id of one stack of the current task, the kernel's or with BPF_F_USER_STACK the user's. It
 * fails when a program that was preempted has the CPU's one buffer for unwinding. */
static __always_inline u64 stack_id(void *ctx, u64 flags)
{
	u64 *ip = stack_frames();
	long len;

	/* An idle task has none; asked for it some kernels (6.18) tell an error. */
	if (!ip || (flags && !bpf_get_current_pid_tgid()))
		return STACK_NONE;
	len = bpf_get_stack(ctx, ip, stack_depth * sizeof(*ip), flags);
	if (!len)
		return STACK_NONE;
	if (len > 0)
		return stack_stored(false);
	LOST(stacks);
	return STACK_LOST;
}

static __noinline int stack_proc_met(u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct stack_proc met = { .pid = pid, .mm = (u64)BPF_CORE_READ(task, mm) };
	u64 *known = bpf_map_lookup_elem(&stack_procs, &pid);

	if (known && *known == met.mm)
		return 0;
	/* When the core is behind, the next stack of the process tries again. */
	if (!bpf_ringbuf_output(&stack_news, &met, sizeof(met), BPF_RB_FORCE_WAKEUP))
		bpf_map_update_elem(&stack_procs, &pid, &met.mm, BPF_ANY);
	return 0;
}

static __always_inline void stack_proc_hint(u32 pid)
{
	if (stack_tell)
		stack_proc_met(pid);
}

/* `which`: STACK_KERNEL, STACK_USER or both. */
static __always_inline void stack_ref_take(void *ctx, struct stack_ref *ref, u32 which)
{
	ref->pid = current_pid_tgid() >> 32;
	ref->taken = which;
	ref->kernel = which & STACK_KERNEL ? stack_id(ctx, 0) : STACK_NONE;
	ref->user = which & STACK_USER ? stack_id(ctx, BPF_F_USER_STACK) : STACK_NONE;
	if (ref->user > STACK_LOST)
		stack_proc_hint(ref->pid);
}

#endif
