// SPDX-License-Identifier: GPL-2.0-or-later
// Signals at the one place where the kernel makes them, whoever asked for it; or the system calls
// that send them, with their results, whose targets that same place tells.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "sigsnoop.h"

const volatile bool only_failed;
const volatile s32 target;	/* this process only; 0: any */
const volatile bool some_signals;
const volatile bool signals[SIGNALS]; /* those wanted, if not all */

/* The calls under way, by thread: made at entry, filled where the signal is made, sent at exit. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct event);
} calls SEC(".maps");

static __always_inline bool signal_unwanted(u32 sig)
{
	asm volatile("" : "+r"(sig));
	return some_signals && (sig >= SIGNALS || !signals[sig]);
}

static __always_inline void sender_fill(struct event *e)
{
	e->time_ns = bpf_ktime_get_ns();
	e->pid = current_pid_tgid() >> 32;
	e->tid = current_pid_tgid();
	e->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
}

/* The tracepoint has 0 or 1 for a siginfo that is none: sent by kill(2), or by the kernel. */
static __always_inline s32 code_of(struct kernel_siginfo *info)
{
	if ((u64)info <= 1)
		return info ? 0x80 /* SI_KERNEL */ : 0 /* SI_USER */;
	return BPF_CORE_READ(info, si_code);
}

SEC("raw_tp/signal_generate")
int BPF_PROG(signal_made, int sig, struct kernel_siginfo *info, struct task_struct *task, int group,
	     int result)
{
	struct event *e;

	if (signal_unwanted(sig) || (only_failed && !result) || filtered())
		return 0;
	if (target && task_pid_seen(task, true) != target)
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	sender_fill(e);
	e->sig = sig;
	e->tpid = task_pid_seen(task, true);
	e->ttid = group ? 0 : task_pid_seen(task, false);
	e->result = result;
	e->si_code = code_of(info);
	e->targets = 1;
	BPF_CORE_READ_STR_INTO(&e->tcomm, task, comm);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

/* The same place for -k: whom the call under way has reached. The call's own arguments are numbers
 * of the caller's pid namespace, of threads or of descriptors; a group stays as it was named. */
SEC("raw_tp/signal_generate")
int BPF_PROG(signal_sent, int sig, struct kernel_siginfo *info, struct task_struct *task, int group)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&calls, &tid);

	/* An interrupt may send another meanwhile. */
	if (!e || e->sig != sig || (target && task_pid_seen(task, true) != target))
		return 0;
	if (e->targets++)
		return 0;
	if (e->tpid > 0 || e->call == CALL_PIDFD)
		e->tpid = task_pid_seen(task, true);
	e->ttid = group ? 0 : task_pid_seen(task, false);
	e->si_code = code_of(info);
	BPF_CORE_READ_STR_INTO(&e->tcomm, task, comm);
	return 0;
}

/* `pid`, `thread` and `sig` are the numbers of the arguments, or -1. */
static __noinline int call_begins(struct syscall_trace_enter *ctx, u32 call, int pid, int thread,
				  int sig)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event e = {};

	e.sig = syscall_enter_arg(ctx, sig);
	if (signal_unwanted(e.sig) || filtered())
		return 0;
	e.call = call;
	if (pid >= 0)
		e.tpid = syscall_enter_arg(ctx, pid);
	if (thread >= 0)
		e.ttid = syscall_enter_arg(ctx, thread);
	sender_fill(&e);
	if (bpf_map_update_elem(&calls, &tid, &e, BPF_ANY))
		LOST(entries);
	return 0;
}

static __always_inline bool call_wanted(const struct event *e)
{
	if (only_failed && !e->result)
		return false;
	if (!target || e->targets)
		return true;
	/* No signal was made, so there is but the argument to compare. */
	return e->tpid == target && (e->result || !e->sig);
}

static __noinline int call_ends(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&calls, &tid), *to;

	if (!e)
		return 0;
	e->result = syscall_ret(ctx);
	if (call_wanted(e)) {
		to = event_reserve(sizeof(*to));
		if (to) {
			*to = *e;
			event_submit(ctx, to, sizeof(*to));
		}
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

#define CALL(name, call, pid, thread, sig) \
SEC("tp/syscalls/sys_enter_" #name) \
int name##_enter(struct syscall_trace_enter *ctx) \
{ \
	return call_begins(ctx, call, pid, thread, sig); \
} \
SEC("tp/syscalls/sys_exit_" #name) \
int name##_exit(struct syscall_trace_exit *ctx) \
{ \
	return call_ends(ctx); \
}

CALL(kill, CALL_KILL, 0, -1, 1)
CALL(tkill, CALL_TKILL, 0, 0, 1)
CALL(tgkill, CALL_TGKILL, 0, 1, 2)
CALL(rt_sigqueueinfo, CALL_SIGQUEUE, 0, -1, 1)
CALL(rt_tgsigqueueinfo, CALL_TGSIGQUEUE, 0, 1, 2)
CALL(pidfd_send_signal, CALL_PIDFD, -1, -1, 1)
