// SPDX-License-Identifier: GPL-2.0-or-later
// execve(2) and execveat(2). One that succeeds is seen when the new program is in place: its
// arguments are complete in its own memory then, in pages just written, and any thread may have
// called. One that fails is seen at the end of the call, when the kernel has read the arguments.
#define EVENT_MAX (128 + 2 * 4096 + 8192) /* execsnoop.h */
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "execsnoop.h"

_Static_assert(sizeof(struct event) <= EVENT_MAX, "an event longer than the buffer");

const volatile bool exe_wanted;
const volatile u32 parent;	/* children of this process only; 0: of any */

enum { FAILED_ARGS = 64, FAILED_ARG_MAX = 4096 };

/* What execve was asked, for kernels that cannot tell at its end. */
struct exec_call {
	const char *file;
	const char *const *argv;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct exec_call);
} calls SEC(".maps");

/* A number that the verifier knows to be at most `max`. */
static __always_inline u64 bounded(long n, u64 max)
{
	u64 v = n < 0 ? 0 : n;

	asm volatile("" : "+r"(v)); /* or the compiler knows better and leaves the test away */
	return v > max ? max : v;
}

/* An event with all but its texts, or NULL where this exec is not of interest. */
static __noinline struct event *exec_begin(long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *up;
	struct event *e;

	if (filtered())
		return NULL;
	up = BPF_CORE_READ(task, real_parent, group_leader);
	if (parent && task_pid_seen(up, true) != parent)
		return NULL;
	e = event_scratch(EVENT_HEAD(struct event, data));
	if (!e)
		return NULL;
	e->time_ns = bpf_ktime_get_ns();
	e->pid = current_pid_tgid() >> 32;
	e->ppid = task_pid_seen(up, true);
	e->uid = bpf_get_current_uid_gid();
	e->cpu = bpf_get_smp_processor_id();
	e->ret = ret;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	BPF_CORE_READ_STR_INTO(&e->pcomm, up, comm);
	return e;
}

/* Path and file have been written; the arguments are one piece of memory. */
static __always_inline u64 args_read(struct event *e, u64 at, struct task_struct *task)
{
	struct mm_struct *mm = BPF_CORE_READ(task, mm);
	unsigned long start = BPF_CORE_READ(mm, arg_start), end = BPF_CORE_READ(mm, arg_end);
	u64 n = bounded(end - start, ARGS_MAX);

	e->cut = end - start > ARGS_MAX;
	if (bpf_probe_read_user(e->data + at, n, (const void *)start)) {
		e->cut = true;
		return 0;
	}
	return n;
}

static __noinline int exec_done(void *ctx, const char *file, u32 old_tid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 at = 0, n;
	struct event *e;

	bpf_map_delete_elem(&calls, &old_tid);
	e = exec_begin(0);
	if (!e)
		return 0;
	if (exe_wanted) {
		at = bounded(path_file(e->data, BPF_CORE_READ(task, mm, exe_file)), EXE_MAX);
		e->exe_bytes = at;
	}
	n = bounded(bpf_probe_read_kernel_str(e->data + at, FILE_MAX, file), FILE_MAX);
	e->file_bytes = n;
	at += n;
	n = args_read(e, at, task);
	e->args_bytes = n;
	event_output(ctx, e, EVENT_HEAD(struct event, data) + at + n);
	return 0;
}

/* Newest kernels (7.3 was seen to) let raw tracepoints be preempted, and run no program while it is
 * under way for another task on the same CPU: of 2,000 execs at once, 30 were missed. The classic
 * kind is not preempted. */
SEC("tp/sched/sched_process_exec")
int exec_classic(struct trace_event_raw_sched_process_exec *ctx)
{
	u32 at = ctx->__data_loc_filename & 0xffff;

	/* old_pid: the thread that called; its number is that of the process now */
	return exec_done(ctx, (void *)ctx + at, ctx->old_pid);
}

SEC("raw_tp/sched_process_exec")
int BPF_PROG(exec_raw, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	return exec_done(ctx, BPF_CORE_READ(bprm, filename), old_pid);
}

/* One argument of argv, to `at`; the bytes it took, 0 behind the last. */
static __always_inline u64 arg_read(struct event *e, u64 at, const char *const *argv, int i)
{
	const char *arg = NULL;
	u64 n;

	if (bpf_probe_read_user(&arg, sizeof(arg), &argv[i]) || !arg)
		return 0;
	n = bounded(bpf_probe_read_user_str(e->data + at, FAILED_ARG_MAX, arg), FAILED_ARG_MAX);
	if (!n) { /* a bad pointer, which is why it failed */
		e->data[at] = 0;
		return 1;
	}
	if (n == FAILED_ARG_MAX)
		e->cut = true;
	return n;
}

static __noinline int exec_failed(void *ctx, const struct exec_call *r, long ret)
{
	struct event *e;
	u64 first, at, n;

	if (ret >= 0)
		return 0;
	e = exec_begin(ret);
	if (!e)
		return 0;
	first = at = bounded(bpf_probe_read_user_str(e->data, FILE_MAX, r->file), FILE_MAX);
	e->file_bytes = at;
	for (int i = 0; i < FAILED_ARGS; i++) {
		n = arg_read(e, at, r->argv, i);
		at += n;
		if (!n || e->cut)
			break;
		if (at > FILE_MAX + ARGS_MAX - FAILED_ARG_MAX || i == FAILED_ARGS - 1) {
			e->cut = true;
			break;
		}
	}
	e->args_bytes = at - first;
	event_output(ctx, e, EVENT_HEAD(struct event, data) + at);
	return 0;
}

SEC("tp/syscalls/sys_exit_execve")
int execve_exit_regs(struct syscall_trace_exit *ctx)
{
	struct pt_regs *regs = syscall_regs();
	struct exec_call r = { (const char *)syscall_arg(regs, 0), (void *)syscall_arg(regs, 1) };

	return exec_failed(ctx, &r, syscall_ret(ctx));
}

SEC("tp/syscalls/sys_exit_execveat")
int execveat_exit_regs(struct syscall_trace_exit *ctx)
{
	struct pt_regs *regs = syscall_regs();
	struct exec_call r = { (const char *)syscall_arg(regs, 1), (void *)syscall_arg(regs, 2) };

	return exec_failed(ctx, &r, syscall_ret(ctx));
}

/* The call kept from entry to exit; a success throws it away. */
static __noinline int exec_asked(struct syscall_trace_enter *ctx, int file)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct exec_call r = {};

	r.file = (const char *)syscall_enter_arg(ctx, file);
	r.argv = (void *)syscall_enter_arg(ctx, file + 1);
	if (bpf_map_update_elem(&calls, &tid, &r, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int exec_answered(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct exec_call *r = bpf_map_lookup_elem(&calls, &tid);

	if (!r)
		return 0;
	exec_failed(ctx, r, syscall_ret(ctx));
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

SEC("tp/syscalls/sys_enter_execve")
int execve_enter(struct syscall_trace_enter *ctx)
{
	return exec_asked(ctx, 0);
}

SEC("tp/syscalls/sys_enter_execveat")
int execveat_enter(struct syscall_trace_enter *ctx)
{
	return exec_asked(ctx, 1);
}

SEC("tp/syscalls/sys_exit_execve")
int execve_exit(struct syscall_trace_exit *ctx)
{
	return exec_answered(ctx);
}

SEC("tp/syscalls/sys_exit_execveat")
int execveat_exit(struct syscall_trace_exit *ctx)
{
	return exec_answered(ctx);
}
