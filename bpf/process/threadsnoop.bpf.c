// SPDX-License-Identifier: GPL-2.0-or-later
// New threads, where the kernel has made them; and what pthread_create() was given, by the same thread
// just before that.
#include "events.bpf.h"
#include "threadsnoop.h"

const volatile bool kthreads;

#define CLONE_THREAD 0x10000
#define PF_KTHREAD 0x200000

/* By thread: the start routine of the call under way. One that fails leaves its own behind, until
 * the next, or until the map drops it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} routines SEC(".maps");

SEC("uprobe")
int pthread_create(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 routine = PT_REGS_PARM3(ctx);

	if (filtered())
		return 0;
	if (bpf_map_update_elem(&routines, &tid, &routine, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int thread_made(void *ctx, u32 new_tid)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *routine = bpf_map_lookup_elem(&routines, &tid);
	struct event *e = event_reserve(sizeof(*e));

	if (e) {
		e->time_ns = bpf_ktime_get_ns();
		task_note(e);
		e->new_tid = new_tid;
		if (routine)
			e->routine = *routine;
		else
			e->kthread = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(),
						   flags) & PF_KTHREAD;
		event_submit(ctx, e, sizeof(*e));
	}
	if (routine)
		bpf_map_delete_elem(&routines, &tid);
	return 0;
}

static __always_inline bool unwanted(u64 flags)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!(flags & CLONE_THREAD) &&
	    !(kthreads && BPF_CORE_READ(task, flags) & PF_KTHREAD))
		return true;
	return filtered();
}

/* The classic tracepoint, since newest kernels preempt raw ones, and skip them then. */
SEC("tp/task/task_newtask")
int newtask_classic(struct trace_event_raw_task_newtask *ctx)
{
	return unwanted(ctx->clone_flags) ? 0 : thread_made(ctx, ctx->pid);
}

/* It has the first namespace's number of the thread only; this one has the thread itself. */
SEC("raw_tp/task_newtask")
int BPF_PROG(newtask_raw, struct task_struct *task, u64 flags)
{
	return unwanted(flags) ? 0 : thread_made(ctx, task_pid_seen(task, false));
}
