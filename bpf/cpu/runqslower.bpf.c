// SPDX-License-Identifier: GPL-2.0-or-later
// Waits for a CPU that took longer than a limit, each when it is over.
#include "events.bpf.h"
#include "runqslower.h"
#include "run_wait.bpf.h"

const volatile u64 min_ns = 10000000;
/* The beginning of a name as two words, and which of their bits it has. */
const volatile u64 comm_begins[2], comm_mask[2];

static __always_inline bool comm_wanted(const char *comm)
{
	const u64 *word = (const void *)comm;

	return (word[0] & comm_mask[0]) == comm_begins[0] &&
	       (word[1] & comm_mask[1]) == comm_begins[1];
}

static __always_inline void waited(void *ctx, struct task_struct *task, struct task_struct *prev,
				   u64 ns)
{
	char comm[TASK_COMM_LEN] __attribute__((aligned(8))) = {};
	struct event *e;

	if (ns < min_ns)
		return;
	BPF_CORE_READ_STR_INTO(&comm, task, comm);
	if (!comm_wanted(comm))
		return;
	e = event_reserve(sizeof(*e));
	if (!e)
		return;
	e->time_ns = bpf_ktime_get_ns();
	e->wait_ns = ns;
	e->pid = task_pid_seen(task, true);
	e->tid = task_pid_seen(task, false);
	e->cpu = bpf_get_smp_processor_id();
	e->prev_pid = task_pid_seen(prev, true);
	e->prev_tid = task_pid_seen(prev, false);
	__builtin_memcpy(e->comm, comm, sizeof(comm));
	BPF_CORE_READ_STR_INTO(&e->prev_comm, prev, comm);
	event_submit(ctx, e, sizeof(*e));
}
