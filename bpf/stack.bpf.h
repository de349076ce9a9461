/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values summed per stack. The sums are keyed by task and the ids of both stacks
 * (stack_store.bpf.h). The core sizes the maps, prints the sums and looks up names then.
 *
 *	struct stack_key key = {};
 *	stack_take(ctx, &key);		the current task and its stacks
 *	stack_add(&key, value);		now or later
 *
 * A tool whose stacks are all of one kind, or of no task in particular, fills the key itself. With
 * STACK_WAKER defined before the sums are by a struct stack_pair. */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "stack_store.bpf.h"

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

static __noinline int stack_take(void *ctx, struct stack_key *key)
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
	return 0;
}

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
