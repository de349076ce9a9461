// SPDX-License-Identifier: GPL-2.0-or-later
// open(2), openat(2), openat2(2): seen when they return. The path is read then, too: the kernel has
// read it by that time, so its page is there, which at entry it may not be.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "stack_store.bpf.h"
#include "opensnoop.h"

const volatile bool only_failed;
const volatile bool full_path;
const volatile bool callers;
const volatile __u64 any_flags;	/* opens with one of these O_* only; 0: all */

/* The arguments at entry, for kernels that cannot tell them at the end. */
struct args {
	const char *path;
	const struct open_how *how;
	u64 flags;
	int dirfd;
	u32 mode;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct args);
} starts SEC(".maps");

static __noinline int opened(void *ctx, const struct args *args, long ret)
{
	struct event *e;
	long len;

	if ((only_failed && ret >= 0) || (any_flags && !(args->flags & any_flags)))
		return 0;
	e = event_scratch(EVENT_HEAD(struct event, path));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->ret = ret;
	e->flags = args->flags;
	e->mode = args->mode;
	if (callers)
		stack_ref_take(ctx, &e->stacks, STACK_USER);
	if (full_path)
		len = path_user_full(e->path, args->dirfd, args->path);
	else
		len = path_user(e->path, args->path);
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}

/* All three come here since 5.6, also from 32-bit programs. */
SEC("fexit/do_sys_openat2")
int BPF_PROG(openat2_fexit, int dirfd, const char *path, struct open_how *how, long ret)
{
	struct args args = { .path = path, .dirfd = dirfd };

	if (filtered())
		return 0;
	args.flags = BPF_CORE_READ(how, flags);
	args.mode = BPF_CORE_READ(how, mode);
	return opened(ctx, &args, (int)ret); /* an int since 6.19: the upper half is not set then */
}

enum call { OPEN, OPENAT, OPENAT2 };

/* The four arguments of a call; open(2) has no folder before them, openat2(2) a struct. */
static __always_inline void args_take(struct args *args, enum call call, u64 a, u64 b, u64 c, u64 d)
{
	struct { u64 flags, mode; } how = {};

	args->dirfd = call == OPEN ? AT_FDCWD : (int)a;
	args->path = (const char *)(call == OPEN ? a : b);
	if (call == OPENAT2)
		bpf_probe_read_user(&how, sizeof(how), (const void *)c);
	args->flags = call == OPENAT2 ? how.flags : call == OPEN ? (u32)b : (u32)c;
	args->mode = call == OPENAT2 ? how.mode : call == OPEN ? c : d;
}

/* From the registers of the call, which are still there at its end. */
static __always_inline int exit_regs(struct syscall_trace_exit *ctx, enum call call)
{
	struct pt_regs *regs = syscall_regs();
	struct args args = {};

	if (filtered())
		return 0;
	args_take(&args, call, syscall_arg(regs, 0), syscall_arg(regs, 1), syscall_arg(regs, 2),
		  syscall_arg(regs, 3));
	return opened(ctx, &args, syscall_ret(ctx));
}

SEC("tp/syscalls/sys_exit_open")
int open_exit_regs(struct syscall_trace_exit *ctx)
{
	return exit_regs(ctx, OPEN);
}

SEC("tp/syscalls/sys_exit_openat")
int openat_exit_regs(struct syscall_trace_exit *ctx)
{
	return exit_regs(ctx, OPENAT);
}

SEC("tp/syscalls/sys_exit_openat2")
int openat2_exit_regs(struct syscall_trace_exit *ctx)
{
	return exit_regs(ctx, OPENAT2);
}

/* The arguments kept from entry to exit. */
static __noinline int start(struct syscall_trace_enter *ctx, enum call call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct args args = {};

	if (filtered())
		return 0;
	args_take(&args, call, syscall_enter_arg(ctx, 0), syscall_enter_arg(ctx, 1),
		  syscall_enter_arg(ctx, 2), syscall_enter_arg(ctx, 3));
	if (bpf_map_update_elem(&starts, &tid, &args, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int end(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct args *args = bpf_map_lookup_elem(&starts, &tid);

	if (!args)
		return 0;
	opened(ctx, args, syscall_ret(ctx));
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("tp/syscalls/sys_enter_open")
int open_enter(struct syscall_trace_enter *ctx)
{
	return start(ctx, OPEN);
}

SEC("tp/syscalls/sys_enter_openat")
int openat_enter(struct syscall_trace_enter *ctx)
{
	return start(ctx, OPENAT);
}

SEC("tp/syscalls/sys_enter_openat2")
int openat2_enter(struct syscall_trace_enter *ctx)
{
	return start(ctx, OPENAT2);
}

SEC("tp/syscalls/sys_exit_open")
int open_exit(struct syscall_trace_exit *ctx)
{
	return end(ctx);
}

SEC("tp/syscalls/sys_exit_openat")
int openat_exit(struct syscall_trace_exit *ctx)
{
	return end(ctx);
}

SEC("tp/syscalls/sys_exit_openat2")
int openat2_exit(struct syscall_trace_exit *ctx)
{
	return end(ctx);
}
