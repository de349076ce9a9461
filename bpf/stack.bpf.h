/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values summed per stack: kernel and user stacks are stored once by their hash, the sums are keyed
 * by thread and both stack ids. The core prints them and resolves names then. */
#ifndef STACK_BPF_H
#define STACK_BPF_H

#include "common.bpf.h"
#include "stack.h"

const volatile bool stack_user = true, stack_kernel = true;

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 16384);	/* --stack-storage-size; the core sets both */
	__uint(key_size, sizeof(u32));
	__uint(value_size, 127 * sizeof(u64));
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct stack_key);
	__type(value, u64);
} stack_counts SEC(".maps");

/* Take the stacks of the current task into `key`. A stack that is not there (a kernel thread has no
 * user stack) is STACK_NONE; one that could not be stored is counted as lost. */
static __always_inline void stack_take(void *ctx, struct stack_key *key, bool user, bool kernel)
{
	key->kernel = key->user = STACK_NONE;
	if (kernel) {
		key->kernel = bpf_get_stackid(ctx, &stacks, 0);
		if (key->kernel == -17 /* EEXIST: another stack has this hash */ ||
		    key->kernel == -12 /* ENOMEM */)
			LOST(stacks);
	}
	if (user) {
		key->user = bpf_get_stackid(ctx, &stacks, BPF_F_USER_STACK);
		if (key->user == -17 || key->user == -12)
			LOST(stacks);
	}
}

static __always_inline void stack_add(const struct stack_key *key, u64 value)
{
	u64 *sum = bpf_map_lookup_elem(&stack_counts, key), zero = 0;

	if (!sum) {
		bpf_map_update_elem(&stack_counts, key, &zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&stack_counts, key);
		if (!sum) {
			LOST(entries);
			return;
		}
	}
	__sync_fetch_and_add(sum, value);
}

#endif
