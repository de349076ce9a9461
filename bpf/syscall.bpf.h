/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments and results of system calls, in the tracepoints' contexts and in the registers.
 *
 * tp/syscalls/sys_enter_NAME and sys_exit_NAME cost something only where that call is made, but do not
 * see the 32-bit programs of a 64-bit kernel, and want CONFIG_FTRACE_SYSCALLS. raw_tp and tp_btf
 * sys_enter and sys_exit see every call, and cost on every call. */
#ifndef SYSCALL_BPF_H
#define SYSCALL_BPF_H

#include "common.bpf.h"

/* The tracepoint contexts by relocation: on PREEMPT_RT kernels trace_entry is longer. */
static __always_inline unsigned long syscall_enter_arg(struct syscall_trace_enter *ctx, int n)
{
	unsigned long arg = 0;

	/* A copy, since only an index that the compiler knows could be relocated in a plain load. */
	bpf_probe_read_kernel(&arg, sizeof(arg),
			      (void *)ctx + bpf_core_field_offset(ctx->args) + n * sizeof(arg));
	return arg;
}

static __always_inline long syscall_ret(struct syscall_trace_exit *ctx)
{
	return ctx->ret;
}

/* The registers with which the current task entered the kernel (the helper came with 5.15): a
 * system call's arguments, except that the first shares its place with the result on arm64, arm and
 * riscv, which keep a copy of it. Programs that use it go before those that do without. */
static __always_inline struct pt_regs *syscall_regs(void)
{
	return (struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf());
}

/* `n` is a constant, 0 to 3. Plain loads: the verifier knows what syscall_regs(), or tp_btf, gives. */
static __always_inline unsigned long syscall_arg(struct pt_regs *regs, int n)
{
	switch (n) {
	case 0: return PT_REGS_PARM1_SYSCALL(regs);
	case 1: return PT_REGS_PARM2_SYSCALL(regs);
	case 2: return PT_REGS_PARM3_SYSCALL(regs);
	default: return PT_REGS_PARM4_SYSCALL(regs);
	}
}

/* The number of the system call that is returning, from its registers; -1 for what entered the
 * kernel otherwise. */
static __always_inline int syscall_nr(struct pt_regs *regs)
{
#if defined(__TARGET_ARCH_x86)
	return BPF_CORE_READ(regs, orig_ax);
#elif defined(__TARGET_ARCH_arm64)
	return BPF_CORE_READ(regs, syscallno);
#elif defined(__TARGET_ARCH_riscv)
	return BPF_CORE_READ(regs, a7);
#else
	return BPF_CORE_READ(regs, uregs[7]);
#endif
}

/* Is the current system call one of the 32-bit table (of a 32-bit program, or by int 0x80)? */
static __always_inline bool syscall_is_compat(void)
{
#if defined(__TARGET_ARCH_x86)
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.status) & 2; /* TS_COMPAT */
#elif defined(__TARGET_ARCH_arm64)
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, thread_info.flags) >> 22 & 1; /* TIF_32BIT */
#else
	return false;
#endif
}

/* The two programs of a system call, NAME_enter and NAME_exit, each of one expression over `ctx`. */
#define SYSCALL_PROGS(name, on_enter, on_exit)				\
	SEC("tp/syscalls/sys_enter_" #name)				\
	int name##_enter(struct syscall_trace_enter *ctx)		\
	{								\
		return on_enter;					\
	}								\
	SEC("tp/syscalls/sys_exit_" #name)				\
	int name##_exit(struct syscall_trace_exit *ctx)			\
	{								\
		return on_exit;						\
	}

#endif
