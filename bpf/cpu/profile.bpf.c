// SPDX-License-Identifier: GPL-2.0-or-later
// Whatever the CPU was doing when the clock ticked.
#include "stack.bpf.h"

const volatile bool include_idle;
const volatile u32 pids[128];
const volatile u32 tids[128];

SEC("perf_event")
int sample(void *ctx)
{
	u64 id = current_pid_tgid();
	struct stack_key key = {};

	if (!include_idle && !(u32)bpf_get_current_pid_tgid())
		return 0;
	if (filtered() || !list_wants(pids, id >> 32) || !list_wants(tids, (u32)id))
		return 0;
	stack_take(ctx, &key);
	key.tid = 0;
	stack_add(&key, 1);
	return 0;
}
