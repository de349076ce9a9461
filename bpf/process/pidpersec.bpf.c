// SPDX-License-Identifier: GPL-2.0-or-later
// New tasks, where the kernel has made them and nothing can fail any more.
#include "common.bpf.h"
#include "pidpersec.h"

const volatile bool by_parent;

#define CLONE_THREAD 0x10000
#define PF_KTHREAD 0x200000

/* Only ever counted up: user space takes differences, so that nothing falls between two reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counts);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct parent);
	__type(value, struct counts);
} parents SEC(".maps");

static __always_inline struct counts *parent_counts(struct task_struct *task)
{
	struct parent key = { .pid = current_pid_tgid() >> 32 };
	struct counts zero = {}, *c;

	BPF_CORE_READ_STR_INTO(&key.comm, task, group_leader, comm);
	c = bpf_map_lookup_elem(&parents, &key);
	if (c)
		return c;
	bpf_map_update_elem(&parents, &key, &zero, BPF_NOEXIST);
	c = bpf_map_lookup_elem(&parents, &key);
	if (!c)
		LOST(entries);
	return c;
}

/* The classic tracepoint, which has all that it takes: newest kernels preempt raw ones and skip those
 * that come meanwhile; of these only some that come while a map is being read. */
SEC("tp/task/task_newtask")
int newtask(struct trace_event_raw_task_newtask *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 kind = PROCESSES, zero = 0;
	struct counts *c;

	if (filtered())
		return 0;
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		kind = KTHREADS;
	else if (ctx->clone_flags & CLONE_THREAD)
		kind = THREADS;
	c = by_parent ? parent_counts(task) : bpf_map_lookup_elem(&counts, &zero);
	if (c)
		c->n[kind]++;
	return 0;
}
