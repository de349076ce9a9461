/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The stacks of the current task as stack_store.bpf.h takes them, in a fraction of the time, on x86 in
 * programs at tracepoints (tp_btf). See stack_take_walked() of stack.bpf.h, or
 *
 *	stack_kernel_walked(ctx, site)	instead of stack_id(ctx, 0)
 *	stack_user_walked(ctx)		instead of stack_id(ctx, BPF_F_USER_STACK)
 *
 * Kernel stacks: the kernel looks each return address up in its ORC tables, 0.2 us a frame. What they
 * say is kept here by address, so a stack that was stored before is known by a walk over a copy of it,
 * by the kernel's own rules (unwind_next_frame() in arch/x86/kernel/unwind_orc.c). What is not as
 * simple as a call after the other is left to the kernel: interrupts, modules, return probes.
 *
 * User stacks: frame pointers, as perf_callchain_user() of arch/x86/events/core.c has it. That one
 * ends by a page fault where the last frame says that the next is at 0, which costs more than all
 * before. */
#ifndef STACK_WALK_BPF_H
#define STACK_WALK_BPF_H

#include "stack_store.bpf.h"

/* The kernel's ORC tables: addresses, and as many struct orc_entry. By the core; 0: not known. */
const volatile u64 orc_ips, orc_ips_end, orc_entries;

enum {
	WALK_SITES = 2,	/* programs of an object */
	WALK_WORDS = 512,	/* of a stack, of 8 bytes */
	WALK_FRAMES = 64,
	WALK_SLOTS = 4096,
	WALK_BEGIN = 32,	/* words among which the first return address is */
	WALK_INNER = 8,	/* frames until that, at most */

	USER_FRAMES = 16, /* with more than these the kernel is quicker */
	USER_CS = 0x33,	/* arch/x86/include/asm/segment.h: of 64-bit programs */
	USER_LOWEST = 4096,	/* nothing is mapped below, vm.mmap_min_addr is more */
};

/* How to get from a return address to the next, in words: the upper half of a u64, whose lower half is
 * that of the address (those of the kernel's text have the other one in common). */
enum {
	RULE_CALLER = 0xfff,	/* where the caller's frame begins, seen from ... */
	RULE_BP = 0x1000,	/* the frame pointer, else from the word behind the return address */
	RULE_SAVED = 0x2000,	/* the caller's frame pointer was saved */
	RULE_SAVED_SHIFT = 14,	/* so many words below where its frame begins, */
	RULE_NONE = 0x8000000,	/* this address is left to the kernel */
};

static u64 walk_rules[WALK_SLOTS];

/* Where the walk from a program's context begins. */
static struct {
	u64 inner;	/* id of the frames before */
	u32 first;	/* word with the first return address; 0: not known yet */
	u32 bp;		/* word with the frame pointer that it had */
} walk_begin[WALK_SITES];

/* So that the tool starts quickly functions are not static, which the verifier looks at once, not at
 * each call; and numbers in loops go through memory, by which they are any number to it, and all ways
 * through the loop are one. */
struct walk {
	u64 word[WALK_WORDS]; /* from the program's context to the registers of the kernel's entry */
	u64 from, to;	/* their addresses */
	u64 bp;		/* frame pointer */
	u64 ip;
	u64 caller;	/* word where the caller's frame begins */
	u32 at;		/* word of the return address */
	u32 last;	/* the outermost one's */
	u32 low, high;	/* of a search */
	u32 busy;	/* by a program that was preempted or interrupted */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walk_scratch SEC(".maps");

static __always_inline struct walk *walk_get(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&walk_scratch, &zero);
}

/* Is there bpf_task_pt_regs(), which came with 5.15? */
static __always_inline bool regs_told(void)
{
	return bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_task_pt_regs);
}

#define THROUGH(lvalue) (*(volatile typeof(lvalue) *)&(lvalue))

/* Has a function been given another return address, to a return probe? The kernel looks into the
 * task's lists then. */
static __always_inline bool stack_replaced(struct task_struct *task)
{
	if (bpf_core_field_exists(task->ret_stack) && task->ret_stack)
		return true;
	if (bpf_core_field_exists(task->rethooks) && task->rethooks.first)
		return true;
	return bpf_core_field_exists(task->kretprobe_instances) && task->kretprobe_instances.first;
}

/* Copies the stack; false if this is no place from which it can be walked. */
static __noinline bool walk_copy(struct walk *w, void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 bytes, from;

	if (!w)
		return false;
	THROUGH(w->from) = (u64)ctx;
	THROUGH(w->to) = (u64)bpf_task_pt_regs(task);
	from = THROUGH(w->from);
	bytes = THROUGH(w->to) - from;
	if (bytes < 64 || bytes >= sizeof(w->word) || stack_replaced(task))
		return false; /* in an interrupt the stack is another one */
	THROUGH(w->last) = bytes / sizeof(u64) - 1;
	return !bpf_probe_read_kernel(w->word, bytes, (void *)from);
}

/* The rule that an entry of the tables is. The numbers are no types of the kernel's, and change: until
 * 6.3 type 0 was that of a call, since 6.4 it is 2; of 6.18 and 7.3 registers have others. Those of one
 * numbering are not in the other's entries for calls (in that a register has another meaning, the entry
 * is for an interrupt). ORC_REG_* and ORC_TYPE_* of arch/x86/include/asm/orc_types.h. */
static __always_inline u32 rule_of(struct orc_entry *orc)
{
	enum { PREV_SP = 1, PREV_SP_7 = 8, BP = 4, SP = 5, SP_7 = 3 };
	u32 sp = BPF_CORE_READ_BITFIELD_PROBED(orc, sp_reg);
	u32 bp = BPF_CORE_READ_BITFIELD_PROBED(orc, bp_reg);
	u32 type = BPF_CORE_READ_BITFIELD_PROBED(orc, type);
	u32 caller = (s16)BPF_CORE_READ(orc, sp_offset), saved = -(s16)BPF_CORE_READ(orc, bp_offset);

	if (bpf_core_field_exists(orc->end)) {
		if (type || BPF_CORE_READ_BITFIELD_PROBED(orc, end))
			return RULE_NONE;
	} else if (type != 2) {
		return RULE_NONE;
	}
	if ((sp != SP && sp != SP_7 && sp != BP) || caller % 8 || caller / 8 > RULE_CALLER)
		return RULE_NONE;
	caller = caller / 8 | (sp == BP ? RULE_BP : 0);
	if (!bp)
		return caller;
	if ((bp != PREV_SP && bp != PREV_SP_7) || saved % 8 || saved / 8 > WALK_WORDS)
		return RULE_NONE;
	return caller | RULE_SAVED | saved / 8 << RULE_SAVED_SHIFT;
}

/* Looks up the last address of the tables that is not behind the call, as __orc_find() does. */
__noinline u32 rule_find(u64 ip)
{
	u32 n = (orc_ips_end - orc_ips) / sizeof(s32), low, high, middle;
	struct walk *w = walk_get();
	u64 at;
	s32 distance;

	if (!w || !orc_entries)
		return RULE_NONE;
	THROUGH(w->low) = 0;
	THROUGH(w->high) = n;
	for (int i = 0; i < 24; i++) {
		low = THROUGH(w->low);
		high = THROUGH(w->high);
		if (low >= high)
			break;
		middle = (low + high) / 2;
		at = orc_ips + middle * sizeof(s32);
		if (bpf_probe_read_kernel(&distance, sizeof(distance), (void *)at))
			return RULE_NONE;
		if (at + distance < ip)
			THROUGH(w->low) = middle + 1;
		else
			THROUGH(w->high) = middle;
	}
	low = THROUGH(w->low);
	/* Behind the last, or before the first: a module's, or a BPF program's. */
	if (!low || low >= n)
		return RULE_NONE;
	return rule_of((void *)orc_entries + (low - 1) * bpf_core_type_size(struct orc_entry));
}

/* The id of the copied stack, from the word `first` on; 0 if the kernel is to tell. */
__noinline u64 walk_id(u32 first, u32 bp, u64 id)
{
	struct walk *w = walk_get();

	if (!w)
		return 0;
	THROUGH(w->at) = first;
	THROUGH(w->bp) = w->word[bp % WALK_WORDS];
	for (u32 i = 0; i < WALK_FRAMES; i++) {
		u32 at = THROUGH(w->at), last = THROUGH(w->last), rule;
		u64 ip, *slot, caller;

		if (at > last || last >= WALK_WORDS)
			return 0;
		ip = w->word[at % WALK_WORDS];
		id = stack_mix(id, ip);
		if (at == last)
			return id;
		slot = &walk_rules[(u32)ip * 0x9e3779b1 >> 20];
		if ((u32)*slot != (u32)ip)
			*slot = (u64)rule_find(ip) << 32 | (u32)ip;
		rule = THROUGH(*slot) >> 32;
		if (rule & RULE_NONE)
			return 0;
		THROUGH(w->caller) = at + 1;
		if (rule & RULE_BP)
			THROUGH(w->caller) = (THROUGH(w->bp) - w->from) / sizeof(u64);
		caller = THROUGH(w->caller) + (rule & RULE_CALLER);
		if (caller <= at + 1 || caller > last + 1)
			return 0;
		if (rule & RULE_SAVED)
			THROUGH(w->bp) = w->word[(caller - (rule >> RULE_SAVED_SHIFT)) % WALK_WORDS];
		THROUGH(w->at) = caller - 1;
	}
	return 0;
}

/* Behind an unwinding by the kernel: the first return address above the context is where a walk begins,
 * if that gives the same id. */
__noinline int walk_learn(u64 id, u32 site)
{
	u64 *ip = stack_frames(), inner = 0;
	struct walk *w = walk_get();
	u32 at, bp, rule;

	if (!w || !ip || site >= WALK_SITES)
		return 0;
	THROUGH(w->at) = 0;
	for (u32 i = 0; i < WALK_INNER && !THROUGH(w->at); i++) {
		THROUGH(w->low) = i;
		for (at = 1; at < WALK_BEGIN; at++)
			if (w->word[at] == ip[i])
				THROUGH(w->at) = at;
	}
	for (u32 i = 0; i < WALK_INNER && i < THROUGH(w->low); i++) {
		inner = stack_mix(inner, ip[i]);
		THROUGH(w->ip) = ip[i];
	}
	/* The function below it has to have saved the frame pointer, which is not known else. */
	rule = rule_find(THROUGH(w->ip));
	at = THROUGH(w->at);
	bp = at + 1 - (rule >> RULE_SAVED_SHIFT);
	if (!at || rule & RULE_NONE || !(rule & RULE_SAVED) || walk_id(at, bp, inner) != id)
		return 0;
	walk_begin[site].inner = inner;
	walk_begin[site].bp = bp;
	walk_begin[site].first = at;
	return 0;
}

/* `site`, below WALK_SITES, is a number of the program. */
static __always_inline u64 stack_kernel_walked(void *ctx, u32 site)
{
	struct walk *w = walk_get();
	bool copied = false;
	u64 id = 0;

	if (regs_told() && orc_entries && stack_depth >= WALK_FRAMES && w && !THROUGH(w->busy)) {
		THROUGH(w->busy) = 1;
		copied = walk_copy(w, ctx);
		if (copied && walk_begin[site].first)
			id = walk_id(walk_begin[site].first, walk_begin[site].bp,
				     walk_begin[site].inner);
		if (id && !bpf_map_lookup_elem(&stacks, &id))
			id = 0;
		THROUGH(w->busy) = 0;
	}
	if (id)
		return id;
	id = stack_id(ctx, 0);
	if (copied && !walk_begin[site].first)
		walk_learn(id, site);
	return id;
}

/* All frames of the current task's user stack, ended by a 0, into stack_scratch. False if there are
 * many, or it is not that of a 64-bit program, or there is none: a kernel thread, a task that has given
 * back its memory. The kernel goes on as long as there is memory, whatever it holds; so does this. */
__noinline int user_frames(void)
{
	u64 *ip = stack_frames(), frame[2]; /* where the next is, and the return address */
	struct task_struct *task;
	struct pt_regs *regs;

	if (!regs_told() || !ip || stack_depth <= USER_FRAMES)
		return false;
	task = bpf_get_current_task_btf();
	regs = (void *)bpf_task_pt_regs(task);
	if (!task->mm || regs->cs != USER_CS)
		return false;
	frame[0] = regs->bp;
	frame[1] = regs->ip;
	for (u32 i = 0; i < USER_FRAMES; i++) {
		ip[i] = frame[1];
		if (frame[0] < USER_LOWEST ||
		    bpf_probe_read_user(frame, sizeof(frame), (void *)frame[0])) {
			ip[i + 1] = 0;
			return true;
		}
	}
	return false;
}

static __always_inline u64 stack_user_walked(void *ctx)
{
	if (user_frames())
		return stack_stored(true);
	return stack_id(ctx, BPF_F_USER_STACK);
}

#endif
