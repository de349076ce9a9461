// SPDX-License-Identifier: GPL-2.0-or-later
// Threads that begin and end: Java's by its probes, those of C where the kernel makes and ends
// them, with what pthread_create() was given by the same thread just before.
#include "events.bpf.h"
#include "pthread.bpf.h"
#include "usdt.bpf.h"
#include "uthreads.h"

/* Arguments: name, its length, the runtime's number, the system's. On the stack: with a reserved
 * one the verifier of 5.10 loses its way among the calls. */
SEC("usdt")
int java_thread(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	struct event e = {};

	if (!site || filtered())
		return 0;
	e.time_ns = bpf_ktime_get_ns();
	e.what = site->cookie;
	e.runtime = usdt_arg(ctx, site, 2);
	e.pid = current_pid_tgid() >> 32;
	e.tid = current_pid_tgid(); /* the thread itself runs both probes */
	mark_cut(e.name, sizeof(e.name), usdt_str(ctx, site, 0, e.name, sizeof(e.name)));
	event_send(ctx, &e, sizeof(e));
	return 0;
}

static __noinline int thread_made(void *ctx, u32 new_tid)
{
	struct event e = { .what = THREAD_PTHREAD, .routine = routine_take() };

	e.time_ns = bpf_ktime_get_ns();
	e.pid = current_pid_tgid() >> 32;
	e.tid = new_tid;
	/* A thread has the name of the one that makes it, to begin with. */
	bpf_get_current_comm(e.name, TASK_COMM_LEN);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

/* The first thread of a process is its end, and no thread's. */
static __noinline int thread_ended(void *ctx)
{
	struct event e = { .what = THREAD_EXIT };
	u64 id = current_pid_tgid();

	if (id >> 32 == (u32)id || filtered())
		return 0;
	e.time_ns = bpf_ktime_get_ns();
	e.pid = id >> 32;
	e.tid = id;
	bpf_get_current_comm(e.name, TASK_COMM_LEN);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

/* The classic tracepoints, since newest kernels preempt raw ones, and skip them then. */
SEC("tp/task/task_newtask")
int made_classic(struct trace_event_raw_task_newtask *ctx)
{
	if (!(ctx->clone_flags & CLONE_THREAD) || filtered())
		return 0;
	return thread_made(ctx, ctx->pid);
}

SEC("tp/sched/sched_process_exit")
int ended_classic(void *ctx)
{
	return thread_ended(ctx);
}

/* That has the first namespace's number of the thread only; this one has the thread itself. */
SEC("raw_tp/task_newtask")
int BPF_PROG(made_raw, struct task_struct *task, u64 flags)
{
	if (!(flags & CLONE_THREAD) || filtered())
		return 0;
	return thread_made(ctx, task_pid_seen(task, false));
}

SEC("raw_tp/sched_process_exit")
int ended_raw(void *ctx)
{
	return thread_ended(ctx);
}
