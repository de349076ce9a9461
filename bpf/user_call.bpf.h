/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of functions in user space, as uprobes see them at entry and return. */
#ifndef USER_CALL_BPF_H
#define USER_CALL_BPF_H

#include "common.bpf.h"

#ifdef __TARGET_ARCH_arm
typedef u32 user_long;
#else
typedef u64 user_long;
#endif

/* Where the caller's frame ends: the same at entry and return of a call, and lower for calls within.
 * On x86 the return address is on the stack at the entry. */
static __always_inline u64 entry_frame(struct pt_regs *ctx)
{
#ifdef __TARGET_ARCH_x86
	return PT_REGS_SP(ctx) + 8;
#else
	return PT_REGS_SP(ctx);
#endif
}

static __always_inline u64 return_frame(struct pt_regs *ctx)
{
	return PT_REGS_SP(ctx);
}

/* The `n`th word on the stack above the registers' arguments, at the entry. */
static __always_inline u64 stack_arg(struct pt_regs *ctx, u32 n)
{
	user_long arg = 0;

	bpf_probe_read_user(&arg, sizeof(arg), (void *)entry_frame(ctx) + n * sizeof(arg));
	return arg;
}

/* The `n`th argument (from 0) at the entry; `n` is a constant. */
static __always_inline u64 user_arg(struct pt_regs *ctx, u32 n)
{
	switch (n) {
	case 0: return PT_REGS_PARM1(ctx);
	case 1: return PT_REGS_PARM2(ctx);
	case 2: return PT_REGS_PARM3(ctx);
	case 3: return PT_REGS_PARM4(ctx);
#ifdef __TARGET_ARCH_arm
	default: return stack_arg(ctx, n - 4);
#else
	case 4: return PT_REGS_PARM5(ctx);
	case 5: return PT_REGS_PARM6(ctx);
#ifdef __TARGET_ARCH_x86
	default: return stack_arg(ctx, n - 6);
#else
	case 6: return PT_REGS_PARM7(ctx);
	case 7: return PT_REGS_PARM8(ctx);
	default: return stack_arg(ctx, n - 8);
#endif
#endif
	}
}

/* A pointer or long of the process at `base` + `n` of them; 0 where it cannot be read. */
static __always_inline u64 user_word(u64 base, u32 n)
{
	user_long word = 0;

	bpf_probe_read_user(&word, sizeof(word), (void *)(base + n * sizeof(word)));
	return word;
}

static __always_inline s32 user_int(u64 at)
{
	s32 v = 0;

	bpf_probe_read_user(&v, sizeof(v), (void *)at);
	return v;
}

#endif
