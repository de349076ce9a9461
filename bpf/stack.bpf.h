/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values summed per stack: kernel and user stacks are stored once, by a hash of all their frames
 * (bpf_get_stackid() has 32 bits of one, and loses a stack whose place in its table is taken). The
 * sums are keyed by task and both ids. The core sizes the maps, prints the sums and looks up names
 * then.
 *
 *	struct stack_key key = {};
 *	stack_take(ctx, &key);		the current task and its stacks
 *	stack_add(&key, value);		now or later
 *
 * A tool whose stacks are all of one kind, or of no task in particular, fills the key itself. */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "common.bpf.h"
#include "stack.h"

const volatile bool stack_user = true, stack_kernel = true; /* options -K, -U of STACK_OPTS */

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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct stack_key);
	__type(value, u64);
} stack_counts SEC(".maps");

/* The processes that were met since the core last looked, a tenth of a second ago, each with its
 * address space, which changes with exec: it reads their mappings while they live. No more than a
 * hint, so it may be full. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u64);
} stack_procs SEC(".maps");

/* The id of one stack of the current task, the kernel's or with BPF_F_USER_STACK the user's. It
 * fails when a program that was preempted has the CPU's one buffer for unwinding. */
static __noinline u64 stack_id(void *ctx, u64 flags)
{
	u32 zero = 0;
	u64 *ip = bpf_map_lookup_elem(&stack_scratch, &zero), id = 0;
	long len = ip ? bpf_get_stack(ctx, ip, stack_depth * sizeof(*ip), flags) : 0;

	if (!len || !ip)
		return STACK_NONE;
	for (u32 i = 0; i < stack_depth && ip[i]; i++) { /* the rest is zero */
		id = (id ^ ip[i]) * 0x9e3779b97f4a7c15;
		id ^= id >> 32;
	}
	if (len < 0 || (!bpf_map_lookup_elem(&stacks, &id) &&
			bpf_map_update_elem(&stacks, &id, ip, BPF_ANY))) {
		LOST(stacks);
		return STACK_LOST;
	}
	return id;
}

static __always_inline void stack_proc_hint(u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 mm = (u64)BPF_CORE_READ(task, mm), *known = bpf_map_lookup_elem(&stack_procs, &pid);

	if (!known || *known != mm)
		bpf_map_update_elem(&stack_procs, &pid, &mm, BPF_ANY);
}

static __always_inline void stack_take(void *ctx, struct stack_key *key)
{
	u64 id = current_pid_tgid();

	key->pid = id >> 32;
	key->tid = id;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	if (stack_kernel)
		key->kernel = stack_id(ctx, 0);
	if (stack_user)
		key->user = stack_id(ctx, BPF_F_USER_STACK);
	if (key->user > STACK_LOST)
		stack_proc_hint(key->pid);
}

static __always_inline void stack_add(const struct stack_key *key, u64 value)
{
	u64 *sum = bpf_map_lookup_elem(&stack_counts, key);

	if (!sum) {
		if (!bpf_map_update_elem(&stack_counts, key, &value, BPF_NOEXIST))
			return;
		/* Another CPU was faster, or there is no room. */
		sum = bpf_map_lookup_elem(&stack_counts, key);
		if (!sum) {
			LOST(entries);
			return;
		}
	}
	__sync_fetch_and_add(sum, value);
}

#endif
