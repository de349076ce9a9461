// SPDX-License-Identifier: GPL-2.0-or-later
// mount(2), umount2(2) and the calls that mount in steps (since 5.2), from entry to return.
// Strings are read at the return: the kernel has read them by then, so their pages are there.
#define EVENT_MAX 28672 /* four long strings, and what the verifier thinks of their lengths */
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "mountsnoop.h"

enum { MS_BIND = 4096, MS_MOVE = 8192, TEXT_MAX = 16384 };
enum { SET_STRING = 1, SET_PATH = 3, SET_PATH_EMPTY = 4 }; /* FSCONFIG_: those with a string */

struct started {
	u64 ns;
	u64 arg[5];
	u32 call;
};

/* Each call returns, also that of a task that is killed, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

static __noinline int entered(struct syscall_trace_enter *ctx, u32 call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = { .call = call };

	if (filtered())
		return 0;
	for (int i = 0; i < 5; i++)
		s.arg[i] = syscall_enter_arg(ctx, i);
	s.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

/* Some are names in the file system, others are not, or only sometimes. */
static __noinline long string_read(struct event *e, u32 role, char *to, const char *user)
{
	if (role == TARGET || role == TO || role == FROM ||
	    (role == SOURCE && e->arg[FLAGS] & (MS_BIND | MS_MOVE)) ||
	    (role == VALUE && (e->arg[CMD] == SET_PATH || e->arg[CMD] == SET_PATH_EMPTY))) {
		int dfd = role == TO ? e->arg[TO_DFD] : role == FROM ? e->arg[FROM_DFD] : AT_FDCWD;

		if (e->call == PIVOT_ROOT)
			dfd = AT_FDCWD;
		return path_user_full(to, dfd, user);
	}
	return path_user(to, user);
}

static __noinline int string_take(struct event *e, u32 role)
{
	const char *user;
	u32 at = e->used;

	if (role < FS || role >= ROLES)
		return 0;
	user = (const char *)e->arg[role];
	if (!user || (role == VALUE && e->arg[CMD] != SET_STRING && e->arg[CMD] != SET_PATH &&
		      e->arg[CMD] != SET_PATH_EMPTY))
		return 0;
	e->at[role] = at + 1;
	e->used = at + string_read(e, role, e->text + (at & (TEXT_MAX - 1)), user);
	return 0;
}

/* `roles`: eight bits for each of the five arguments. */
static __noinline int tell(void *ctx, const struct started *s, u64 roles, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u64 now = bpf_ktime_get_ns(), left = roles;
	struct task_struct *parent;
	struct event *e;

	e = event_scratch(EVENT_HEAD(struct event, text));
	if (!e)
		return 0;
	e->time_ns = now;
	e->lat_ns = now - s->ns;
	e->ret = ret;
	task_note(e);
	parent = BPF_CORE_READ(task, real_parent);
	e->ppid = task_pid_seen(parent, true);
	BPF_CORE_READ_STR_INTO(&e->pcomm, parent, comm);
	e->mnt_ns = task_mntns(task);
	e->call = s->call;
	for (int i = 0; i < 5; i++, left >>= 8)
		if ((left & 255) < ROLES)
			e->arg[left & 255] = s->arg[i];
	for (int i = 0; i < 5; i++, roles >>= 8)
		string_take(e, roles & 255);
	if (e->arg[ATTR])
		bpf_probe_read_user(e->attr, sizeof(e->attr), (void *)e->arg[ATTR]);
	event_output(ctx, e, EVENT_HEAD(struct event, text) + e->used);
	return 0;
}

static __noinline int returned(struct syscall_trace_exit *ctx, u32 call, u64 roles)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);

	if (!s) /* began before us, or is unwanted */
		return 0;
	if (s->call == call)
		tell(ctx, s, roles, syscall_ret(ctx));
	else
		LOST(missed);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

#define CALL(call, name, text, a, b, c, d, e)						\
	SEC("tp/syscalls/sys_enter_" #name)						\
	int name##_enter(struct syscall_trace_enter *ctx)				\
	{										\
		return entered(ctx, call);						\
	}										\
	SEC("tp/syscalls/sys_exit_" #name)						\
	int name##_exit(struct syscall_trace_exit *ctx)					\
	{										\
		return returned(ctx, call, a | b << 8 | c << 16 | d << 24 | (u64)e << 32); \
	}

MOUNT_CALLS(CALL)
