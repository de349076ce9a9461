// SPDX-License-Identifier: GPL-2.0-or-later
// Time between entry and return of any functions. A call is known by the place of its stack frame,
// which entry and return see alike: so recursion, functions within each other and calls that never
// return (exec, longjmp, a killed thread) need no bookkeeping. A later call at the same place
// overwrites one that never returned, and counts it; others grow old and the LRU map drops them.
#include "common.bpf.h"
#include "funclatency.h"
#include "hist.bpf.h"

const volatile bool by_function;
const volatile bool by_process;
const volatile bool cookies;	/* this kernel has bpf_get_attach_cookie() (5.15) */
const volatile u32 max_level;	/* calls at most that deep within each other; 0: all */

enum where { IN_KERNEL, IN_USER };

struct call {
	u64 frame;	/* minus the stack pointer at entry: the deeper, the larger */
	u32 tid;
	u32 func;	/* one that ends by jumping to another shares its frame; 0 without cookies */
};

struct start {
	u64 ns;
	u64 func;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct call);
	__type(value, struct start);
} starts SEC(".maps");

/* Frames of the calls that a thread is in, outermost first. Kept with --level only. */
struct levels {
	u64 frame[LEVELS_MAX];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, struct levels);
} levels SEC(".maps");

/* The idle tasks of all CPUs have the number 0. */
static __always_inline u32 thread(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	return tid ? tid : ~bpf_get_smp_processor_id();
}

/* Whether the call is not too deep. Frames at or below this one's place have ended unseen. */
static __noinline bool level_enter(u64 frame, enum where where)
{
	u64 key = (u64)where << 32 | thread();
	struct levels fresh = { .frame = { frame } }, *l = bpf_map_lookup_elem(&levels, &key);

	if (!l) {
		bpf_map_update_elem(&levels, &key, &fresh, BPF_ANY);
		return true;
	}
	for (u32 i = 0; i < LEVELS_MAX && i < max_level; i++) {
		if (l->frame[i] && l->frame[i] < frame)
			continue;
		l->frame[i] = frame;
		if (i + 1 < LEVELS_MAX)
			l->frame[i + 1] = 0;
		return true;
	}
	return false;
}

static __noinline int level_leave(u64 frame, enum where where)
{
	u64 key = (u64)where << 32 | thread();
	struct levels *l = bpf_map_lookup_elem(&levels, &key);

	for (u32 i = 0; l && i < LEVELS_MAX && i < max_level; i++)
		if (l->frame[i] == frame)
			l->frame[i] = 0;
	return 0;
}

/* False: not of interest. */
static __noinline bool enter(u64 frame, u64 func, enum where where)
{
	struct call call = { .frame = frame };
	struct start start = { .func = func };
	int err; /* before 6.4 the upper half of the result is not set */

	if (filtered() || (max_level && !level_enter(frame, where)))
		return false;
	call.tid = thread();
	call.func = cookies ? func : 0;
	start.ns = bpf_ktime_get_ns();
	err = bpf_map_update_elem(&starts, &call, &start, BPF_NOEXIST);
	if (err == -17) { /* EEXIST: a call whose return was not seen, or that did not return */
		LOST(missed);
		err = bpf_map_update_elem(&starts, &call, &start, BPF_ANY);
	}
	if (err)
		LOST(entries);
	return true;
}

/* Calls that began before the probe have no start, nor have those that are too deep. */
static __noinline bool leave(u64 frame, u64 func, enum where where)
{
	struct call call = { .frame = frame };
	u64 now = bpf_ktime_get_ns();
	struct hist_key key = {};
	struct start *start;

	call.tid = thread();
	call.func = cookies ? func : 0;
	start = bpf_map_lookup_elem(&starts, &call);
	if (!start)
		return false;
	now -= start->ns;
	if (by_function)
		key.func = start->func;
	if (by_process)
		key.pid = current_pid_tgid() >> 32;
	bpf_map_delete_elem(&starts, &call);
	if (max_level)
		level_leave(frame, where);
	hist_add(by_function || by_process ? &key : NULL, now);
	return true;
}

/* fentry and fexit of one call run in the same trampoline, so their context has the same address.
 * Negating makes it a number for the verifier, which knows a context pointer else. */
static __always_inline u64 trampoline_frame(void *ctx)
{
	u64 frame = (u64)ctx;

	asm volatile("%0 = -%0" : "+r"(frame));
	return frame;
}

SEC("fentry")
int kernel_fentry(void *ctx)
{
	enter(trampoline_frame(ctx), FUNC_ALONE, IN_KERNEL);
	return 0;
}

SEC("fexit")
int kernel_fexit(void *ctx)
{
	leave(trampoline_frame(ctx), FUNC_ALONE, IN_KERNEL);
	return 0;
}

/* Which function: the probe's cookie, else the address that was hit. That is unique in the kernel;
 * in user space only the place within the page is the same in all processes. */
static __always_inline u64 func_of(struct pt_regs *ctx, enum where where)
{
	if (cookies)
		return bpf_get_attach_cookie(ctx);
	return where == IN_KERNEL ? PT_REGS_IP(ctx) : PT_REGS_IP(ctx) % FUNC_PAGE;
}

static __always_inline int probe_enter(struct pt_regs *ctx, enum where where)
{
	enter(-(u64)PT_REGS_SP(ctx), func_of(ctx, where), where);
	return 0;
}

/* Returning pops the return address where calls push it: 8 bytes, or 4 in a 32-bit program. */
static __always_inline int probe_leave(struct pt_regs *ctx, enum where where)
{
	u64 frame = -(u64)PT_REGS_SP(ctx), func = cookies ? bpf_get_attach_cookie(ctx) : 0;

#ifdef __TARGET_ARCH_x86
	if (!leave(frame + 8, func, where) && where == IN_USER)
		leave(frame + 4, func, where);
#else
	leave(frame, func, where);
#endif
	return 0;
}

/* Entry and return of many functions (6.10). What is stored at entry is there at the return; the
 * registers at the return are few. Both functions take the context since 7.0; before, it does no
 * harm. They are named by prog_kfuncs(): for externs libbpf wants the kernel's types, even when
 * no program that calls them is loaded. */
static bool (*const bpf_session_is_return)(void *ctx) = (void *)KFUNC(0);
static u64 *(*const bpf_session_cookie)(void *ctx) = (void *)KFUNC(1);

static __always_inline int session(struct pt_regs *ctx, bool is_return, u64 *frame)
{
	if (is_return) {
		leave(*frame, bpf_get_attach_cookie(ctx), IN_KERNEL);
		return 0;
	}
	*frame = -(u64)PT_REGS_SP(ctx);
	/* 1: the return is of no interest either */
	return !enter(*frame, bpf_get_attach_cookie(ctx), IN_KERNEL);
}

SEC("kprobe.session")
int kernel_session(struct pt_regs *ctx)
{
	return session(ctx, bpf_session_is_return(ctx), bpf_session_cookie(ctx));
}

SEC("kprobe")
int kernel_kprobe(struct pt_regs *ctx)
{
	return probe_enter(ctx, IN_KERNEL);
}

SEC("kretprobe")
int kernel_kretprobe(struct pt_regs *ctx)
{
	return probe_leave(ctx, IN_KERNEL);
}

SEC("uprobe")
int user_enter(struct pt_regs *ctx)
{
	return probe_enter(ctx, IN_USER);
}

SEC("uretprobe")
int user_return(struct pt_regs *ctx)
{
	return probe_leave(ctx, IN_USER);
}
