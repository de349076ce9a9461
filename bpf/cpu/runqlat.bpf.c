// SPDX-License-Identifier: GPL-2.0-or-later
// How long tasks wait for a CPU.
#include "task_hist.bpf.h"
#include "run_wait.bpf.h"

static __always_inline void waited(void *ctx, struct task_struct *task, struct task_struct *prev,
				   u64 ns)
{
	task_hist_add(task, ns);
}
