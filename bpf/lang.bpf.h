/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls and returns of methods, by the USDT probes of a language's runtime. The probes are to be
 * attached with these arguments: class, its length, method, its length (core/langs.h). */
#ifndef LANG_BPF_H
#define LANG_BPF_H

#include "usdt.bpf.h"
#include "lang.h"

/* How deep each thread is, and what it is in at each depth. */
struct lang_frame {
	u64 id, ns;
};

struct lang_at {
	u32 tid, depth;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct lang_at);
	__type(value, struct lang_frame);
} lang_frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u32);
} lang_depths SEC(".maps");

static __noinline int lang_name_read(struct pt_regs *ctx, struct usdt_site *site,
				     struct lang_name *name)
{
	long len = usdt_str(ctx, site, 0, name->class, sizeof(name->class));

	mark_cut(name->class, sizeof(name->class), len);
	len = usdt_str(ctx, site, 2, name->method, sizeof(name->method));
	mark_cut(name->method, sizeof(name->method), len);
	return 0;
}

/* The same at the call and at its return: where the runtime keeps the method's name. (Ruby makes
 * the class's anew each time.) */
static __always_inline u64 lang_id(struct pt_regs *ctx, struct usdt_site *site)
{
	return usdt_arg(ctx, site, 2);
}

/* The depth of a call: 0 is the outermost. */
static __noinline u32 lang_enter(u64 id)
{
	u32 tid = bpf_get_current_pid_tgid(), zero = 0, *depth;
	struct lang_frame frame = { .id = id, .ns = bpf_ktime_get_ns() };
	struct lang_at at = { .tid = tid };

	depth = entry_get(&lang_depths, &tid, &zero);
	if (!depth)
		return 0;
	at.depth = (*depth)++;
	if (bpf_map_update_elem(&lang_frames, &at, &frame, BPF_ANY))
		LOST(entries);
	return at.depth;
}

/* The depth of the call that returns, and how long it took, 0 where its start was not seen. An
 * exception leaves many at once, of which the runtime need not tell: so the one of the same name is
 * looked for. One that is not there began before we did, or its runtime tells of returns alone
 * (Python 3.11, of what a profiler does): it changes nothing. */
static __noinline u32 lang_leave(u64 id, u64 *ns)
{
	u32 tid = bpf_get_current_pid_tgid(), *depth = bpf_map_lookup_elem(&lang_depths, &tid);
	struct lang_at at = { .tid = tid };
	struct lang_frame *frame;
	u32 top;

	*ns = 0;
	if (!depth || !*depth)
		return 0;
	top = *depth - 1;
	for (u32 i = 0; i < 16 && i <= top; i++) {
		at.depth = top - i;
		frame = bpf_map_lookup_elem(&lang_frames, &at);
		if (!frame || frame->id != id)
			continue;
		*depth = at.depth;
		*ns = bpf_ktime_get_ns() - frame->ns;
		return at.depth;
	}
	return top + 1;
}

#endif
