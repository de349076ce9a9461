// SPDX-License-Identifier: GPL-2.0-or-later
// New threads, where the kernel has made them; and what pthread_create() was given, by the same thread
// just before that.
#include "events.bpf.h"
#include "pthread.bpf.h"
#include "threadsnoop.h"

const volatile bool kthreads;

#define PF_KTHREAD 0x200000

static __noinline int thread_made(void *ctx, u32 new_tid)
{
	u64 routine = routine_take();
	struct event *e = event_reserve(sizeof(*e));

	if (e) {
		e->time_ns = bpf_ktime_get_ns();
		task_note(e);
		e->new_tid = new_tid;
		if (routine)
			e->routine = routine;
		else
			e->kthread = BPF_CORE_READ((struct task_struct *)bpf_get_current_task(),
						   flags) & PF_KTHREAD;
		event_submit(ctx, e, sizeof(*e));
	}
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
