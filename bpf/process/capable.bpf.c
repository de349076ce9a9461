// SPDX-License-Identifier: GPL-2.0-or-later
// Checks of capabilities, where all of them end: cap_capable(), which has looked the same since 5.1;
// or its tracepoint of 6.14, where no function can be watched.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "capable.h"

const volatile u64 caps_wanted = -1; /* by number; those beyond 63 are not left out */
const volatile bool only_audited;
const volatile bool only_denied;
const volatile u32 unique;	/* enum unique */
const volatile u32 which;	/* stacks wanted */

struct seen {
	u64 id;			/* process or cgroup */
	u32 cap;
	s32 ret;
};

/* What was told already. One that is forgotten is told again. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct seen);
	__type(value, u8);
} told SEC(".maps");

/* A check that kprobes see begin, by thread. It returns, so nothing is left behind in here. */
struct check {
	struct user_namespace *ns;
	u32 cap, opts;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct check);
} checks SEC(".maps");

static __noinline bool told_before(u32 cap, s32 ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct seen seen = { .cap = cap, .ret = ret };
	u8 yes = 1;

	seen.id = unique == UNIQUE_CGROUP ? BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id)
					  : bpf_get_current_pid_tgid() >> 32;
	/* Before 6.4 the helper's result has 32 bits only. */
	return (int)bpf_map_update_elem(&told, &seen, &yes, BPF_NOEXIST) == -17; /* EEXIST */
}

static __always_inline bool check_wanted(u32 cap, s32 opts)
{
	if (cap < 64 && !(caps_wanted >> cap & 1))
		return false;
	if (only_audited && opts & CHECK_NOAUDIT)
		return false;
	return !filtered();
}

static __noinline int checked(void *ctx, struct user_namespace *ns, u32 cap, s32 opts, s32 ret)
{
	struct event *e;

	if ((only_denied && !ret) || !check_wanted(cap, opts) || (unique && told_before(cap, ret)))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->cap = cap;
	e->ret = ret;
	e->opts = opts;
	e->userns = BPF_CORE_READ(ns, ns.inum);
	if (which)
		stack_ref_take(ctx, &e->stacks, which);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

SEC("fexit/cap_capable")
int BPF_PROG(cap_fexit, const struct cred *cred, struct user_namespace *ns, int cap,
	     unsigned int opts, int ret)
{
	return checked(ctx, ns, cap, opts, ret);
}

SEC("kprobe/cap_capable")
int BPF_KPROBE(cap_enter, const struct cred *cred, struct user_namespace *ns, int cap,
	       unsigned int opts)
{
	struct check check = { .ns = ns, .cap = cap, .opts = opts };
	u32 tid = bpf_get_current_pid_tgid();

	if (check_wanted(cap, opts) && bpf_map_update_elem(&checks, &tid, &check, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("kretprobe/cap_capable")
int BPF_KRETPROBE(cap_leave, int ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct check *check = bpf_map_lookup_elem(&checks, &tid);

	if (!check)
		return 0;
	checked(ctx, check->ns, check->cap, check->opts, ret);
	bpf_map_delete_elem(&checks, &tid);
	return 0;
}

SEC("tp_btf/cap_capable")
int BPF_PROG(cap_tp, const struct cred *cred, struct user_namespace *ns,
	     const struct user_namespace *capable_ns, int cap, int ret)
{
	return checked(ctx, ns, cap, -1, ret);
}
