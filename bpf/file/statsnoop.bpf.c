// SPDX-License-Identifier: GPL-2.0-or-later
// The stat family, seen when it returns: the kernel has read the path by then, so its page is
// there.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "statsnoop.h"

enum { EMPTY_PATH = 0x1000 }; /* AT_EMPTY_PATH: the file of the descriptor itself */

const volatile bool only_failed;
/* By [compat][number]: enum call. */
const volatile u8 calls[2][SYSCALLS_MAX];

static __always_inline long path_of_cwd(char *to)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return path_resolve(to, BPF_CORE_READ(task, fs, pwd.mnt),
			    BPF_CORE_READ(task, fs, pwd.dentry));
}

/* A name, from a folder on; or what the folder's descriptor is of. */
static __noinline long path_at(char *to, int fd, const char *user, u32 flags)
{
	char first = 0;

	if (flags & EMPTY_PATH) {
		if (user) /* NULL will do since 6.11 */
			bpf_probe_read_user(&first, 1, user);
		if (!first)
			return fd == AT_FDCWD ? path_of_cwd(to) : path_file(to, file_of_fd(fd));
	}
	return path_user_full(to, fd, user);
}

static __noinline int returned(void *ctx, struct pt_regs *regs, u32 call, long ret)
{
	u64 a = syscall_arg(regs, 0), b = syscall_arg(regs, 1);
	struct event *e;
	long len;

	if ((only_failed && ret >= 0) || filtered())
		return 0;
	e = event_scratch(EVENT_HEAD(struct event, path));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->ret = ret;
	e->call = call;
	if (call == FSTAT || call == FSTATFS)
		len = path_file(e->path, file_of_fd(a));
	else if (call == NEWFSTATAT || call == STATX)
		len = path_at(e->path, a, (void *)b, call == STATX ? syscall_arg(regs, 2)
								    : syscall_arg(regs, 3));
	else
		len = path_user_full(e->path, AT_FDCWD, (void *)a);
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}

#define CALL(name, call)							\
	SEC("tp/syscalls/sys_exit_" #name)					\
	int name##_exit(struct syscall_trace_exit *ctx)				\
	{									\
		return returned(ctx, syscall_regs(), call, syscall_ret(ctx));	\
	}

CALL(newstat, STAT)
CALL(newlstat, LSTAT)
CALL(newfstat, FSTAT)
CALL(newfstatat, NEWFSTATAT)
CALL(statx, STATX)
CALL(statfs, STATFS)
CALL(fstatfs, FSTATFS)
/* Those of 32-bit architectures. */
CALL(stat64, STAT)
CALL(lstat64, LSTAT)
CALL(fstat64, FSTAT)
CALL(fstatat64, NEWFSTATAT)
CALL(statfs64, STATFS)
CALL(fstatfs64, FSTATFS)

/* Before 5.15, whose tracepoints of single calls cannot get at the registers, and where there are
 * no such tracepoints. */
SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	u32 nr = syscall_nr(regs);
	u8 call;

	if (nr >= SYSCALLS_MAX)
		return 0;
	asm volatile("" : "+r"(nr)); /* or the mask, which the verifier needs, is optimised away */
	call = calls[syscall_is_compat()][nr & (SYSCALLS_MAX - 1)];
	return call ? returned(ctx, regs, call, ret) : 0;
}
