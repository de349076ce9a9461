/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values summed per stack. The sums are keyed by task and the ids of both stacks
 * (stack_store.bpf.h). The core sizes the maps, prints the sums and looks up names then.
 *
 *	struct stack_key key = {};
 *	stack_take(ctx, &key);		the current task and its stacks
 *	stack_add(&key, value);		now or later
 *
 * With STACK_WALK defined before there is stack_take_walked(ctx, &key, site), much cheaper.
 * A tool whose stacks are all of one kind, or of no task in particular, fills the key itself. With
 * STACK_WAKER defined before the sums are by a struct stack_pair. */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#if defined(STACK_WALK) && defined(__TARGET_ARCH_x86)
#include "stack_walk.bpf.h"
#else
#include "stack_store.bpf.h"
#define stack_kernel_walked(ctx, site) stack_id(ctx, 0)
#define stack_user_walked(ctx) stack_id(ctx, BPF_F_USER_STACK)
#endif

const volatile bool stack_user = true, stack_kernel = true; /* options -K, -U of STACK_OPTS */

#ifdef STACK_WAKER
#define stacks_key stack_pair
#else
#define stacks_key stack_key
#endif

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct stacks_key);
	__type(value, u64);
} stack_counts SEC(".maps");

static __always_inline int stack_take_by(void *ctx, struct stack_key *key, bool walk, u32 site)
{
	u64 id = current_pid_tgid();

	key->pid = id >> 32;
	key->tid = id;
	bpf_get_current_comm(key->comm, sizeof(key->comm));
	if (stack_kernel)
		key->kernel = walk ? stack_kernel_walked(ctx, site) : stack_id(ctx, 0);
	if (stack_user)
		key->user = walk ? stack_user_walked(ctx) : stack_id(ctx, BPF_F_USER_STACK);
	if (key->user > STACK_LOST)
		stack_proc_hint(key->pid);
	return 0;
}

static __noinline int stack_take(void *ctx, struct stack_key *key)
{
	return stack_take_by(ctx, key, false, 0);
}

#ifdef STACK_WALK
/* In a tp_btf program; `site`, below WALK_SITES, is a number of the program. */
static __noinline int stack_take_walked(void *ctx, struct stack_key *key, u32 site)
{
	return stack_take_by(ctx, key, true, site);
}
#endif

static __always_inline void stack_add(const struct stacks_key *key, u64 value)
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
