// SPDX-License-Identifier: GPL-2.0-or-later
// The system calls that change user and group ids, from entry (who it was) to return (who it is).
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "setuids.h"

const volatile bool only_failed;

/* The calls under way, by thread. Each returns, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct event);
} calls SEC(".maps");

static __always_inline void groups_read(struct event *e, const void *list)
{
	u32 n = e->arg[0];

	asm volatile("" : "+r"(n));
	if (n > GROUPS_SHOWN)
		n = GROUPS_SHOWN;
	bpf_probe_read_user(e->group, n * sizeof(e->group[0]), list);
}

static __noinline int entered(struct syscall_trace_enter *ctx, u32 call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event e = {};

	if (filtered())
		return 0;
	task_note(&e);
	e.call = call;
	e.arg[0] = syscall_enter_arg(ctx, 0);
	e.arg[1] = syscall_enter_arg(ctx, 1);
	e.arg[2] = syscall_enter_arg(ctx, 2);
	if (call == SETGROUPS)
		groups_read(&e, (void *)syscall_enter_arg(ctx, 1));
	if (bpf_map_update_elem(&calls, &tid, &e, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int ids_read(struct event *e)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	const struct cred *cred = BPF_CORE_READ(task, cred);

	switch (e->call) {
	case SETUID:
	case SETREUID:
	case SETRESUID:
	case SETFSUID:
		e->now[REAL] = BPF_CORE_READ(cred, uid.val);
		e->now[EFFECTIVE] = BPF_CORE_READ(cred, euid.val);
		e->now[SAVED] = BPF_CORE_READ(cred, suid.val);
		e->now[FS] = BPF_CORE_READ(cred, fsuid.val);
		break;
	default:
		e->now[REAL] = BPF_CORE_READ(cred, gid.val);
		e->now[EFFECTIVE] = BPF_CORE_READ(cred, egid.val);
		e->now[SAVED] = BPF_CORE_READ(cred, sgid.val);
		e->now[FS] = BPF_CORE_READ(cred, fsgid.val);
	}
	return 0;
}

/* setfsuid and setfsgid tell no errors: they return the id before. -1 only asks for it. */
static __always_inline bool failed(const struct event *e)
{
	if (e->call == SETFSUID || e->call == SETFSGID)
		return e->arg[0] != -1 && e->now[FS] != (u32)e->arg[0];
	return e->ret < 0;
}

static __noinline int returned(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&calls, &tid), *to;

	if (!e) /* began before us, or is unwanted */
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->ret = syscall_ret(ctx);
	ids_read(e);
	if (!only_failed || failed(e)) {
		to = event_reserve(sizeof(*to));
		if (to) {
			*to = *e;
			event_submit(ctx, to, sizeof(*to));
		}
	}
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

#define CALL(name, call) SYSCALL_PROGS(name, entered(ctx, call), returned(ctx))

CALL(setuid, SETUID)
CALL(setgid, SETGID)
CALL(setreuid, SETREUID)
CALL(setregid, SETREGID)
CALL(setresuid, SETRESUID)
CALL(setresgid, SETRESGID)
CALL(setfsuid, SETFSUID)
CALL(setfsgid, SETFSGID)
CALL(setgroups, SETGROUPS)
