// SPDX-License-Identifier: GPL-2.0-or-later
// shmget(2), shmat(2), shmdt(2), shmctl(2), from entry to return.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "shmsnoop.h"

const volatile bool only_failed;

struct started {
	u64 args[3];
	u32 call;
};

/* Each call returns, also that of a task that is killed, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

static __noinline int entered(struct syscall_trace_enter *ctx, enum call call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = { .call = call };

	if (filtered())
		return 0;
	for (int i = 0; i < 3; i++)
		s.args[i] = syscall_enter_arg(ctx, i);
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int returned(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);
	long ret = syscall_ret(ctx);
	struct event *e = NULL;

	if (!s) /* began before us, or is unwanted */
		return 0;
	if (!only_failed || (ret < 0 && ret >= -4095))
		e = event_reserve(sizeof(*e));
	if (e) {
		e->time_ns = bpf_ktime_get_ns();
		task_note(e);
		e->ret = ret;
		e->call = s->call;
		e->args[0] = s->args[0];
		e->args[1] = s->args[1];
		e->args[2] = s->args[2];
		event_submit(ctx, e, sizeof(*e));
	}
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

#define CALL(name, call) SYSCALL_PROGS(name, entered(ctx, call), returned(ctx))

CALL(shmget, SHMGET)
CALL(shmat, SHMAT)
CALL(shmdt, SHMDT)
CALL(shmctl, SHMCTL)
