// SPDX-License-Identifier: GPL-2.0-or-later
// Threads that the scheduler gives to another CPU, if that is of another NUMA node. This is told
// at each such move, which is rare; nothing has to be remembered from one switch to the next.
#include "events.bpf.h"
#include "numasched.h"

/* By CPU, written once all is attached: until then every CPU is of node 0. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} nodes SEC(".maps");

static __always_inline u32 cpu_node(u32 cpu)
{
	u32 *node = bpf_map_lookup_elem(&nodes, &cpu);

	return node ? *node : 0;
}

static __always_inline int moves(void *ctx, struct task_struct *task, u32 to_cpu)
{
	u32 from_cpu = task_cpu(task), from = cpu_node(from_cpu), to = cpu_node(to_cpu);
	struct event *e;

	if (from == to || task_filtered(task))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->pid = task_pid_seen(task, true);
	e->tid = task_pid_seen(task, false);
	e->from_node = from;
	e->to_node = to;
	e->from_cpu = from_cpu;
	e->to_cpu = to_cpu;
	BPF_CORE_READ_STR_INTO(&e->comm, task, comm);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

SEC("tp_btf/sched_migrate_task")
int BPF_PROG(migrate_btf, struct task_struct *task, int cpu)
{
	return moves(ctx, task, cpu);
}

SEC("raw_tp/sched_migrate_task")
int BPF_PROG(migrate_raw, struct task_struct *task, int cpu)
{
	return moves(ctx, task, cpu);
}
