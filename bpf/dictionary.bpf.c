// SPDX-License-Identifier: GPL-2.0-or-later
// What the applets' objects have in common, in one object that is never loaded: they are compressed
// as what follows it (libbpf/pack.c), so that functions, kernel types, maps and names that are in
// here take next to nothing in each of them. Whether a program makes sense does not matter, only
// that the compiler makes of it what it makes elsewhere. Shared headers belong in here, and kernel
// types that many tools name; `make size` tells whether it pays. Of the code as of all that is from
// .BTF on the last 32 KB are within reach, less for an object that is large itself.
#define IO_OWNER
struct hist_key {
	unsigned int pid;
	char comm[16];
};
struct task_value {
	unsigned long long ns;
};
#include "events.bpf.h"
#include "hist.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "stack.bpf.h"
#include "task_store.bpf.h"
#include "block.bpf.h"
#include "sock.bpf.h"

struct event {
	u64 time_ns;
	u64 duration_ns;
	u32 pid, tid, uid, ppid;
	int ret;
	char comm[TASK_COMM_LEN];
	struct stack_ref stacks;
	char path[PATH_MAX];
};

struct sock_event {
	u64 time_ns;
	struct tuple tuple;
	u32 pid, tid, uid;
	u32 netns;
	char comm[TASK_COMM_LEN];
};

/* The arguments of a call, kept until it returns. */
struct args {
	u64 ts, start_ns, flags;
	const char *path;
	struct file *file;
	u32 mode;
	s32 fd;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct args);
} starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u64);
	__type(value, u64);
} counts SEC(".maps");

const volatile u64 min_ns;
const volatile bool only_failed;

static __noinline int report(void *ctx, struct args *args, long ret)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, path));
	u64 now = bpf_ktime_get_ns();

	if (!e || now - args->start_ns < min_ns || (only_failed && ret >= 0))
		return 0;
	e->time_ns = now;
	e->duration_ns = now - args->start_ns;
	task_note(e);
	e->ret = ret;
	stack_ref_take(ctx, &e->stacks, STACK_KERNEL | STACK_USER);
	event_output(ctx, e, EVENT_HEAD(struct event, path) + path_file(e->path, args->file));
	return 0;
}

SEC("tp/syscalls/sys_enter_openat")
int call_enter(struct syscall_trace_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct args args = {};

	if (filtered())
		return 0;
	args.start_ns = bpf_ktime_get_ns();
	args.path = (const char *)syscall_enter_arg(ctx, 1);
	if (bpf_map_update_elem(&starts, &tid, &args, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("tp/syscalls/sys_exit_openat")
int call_exit(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct args *args = bpf_map_lookup_elem(&starts, &tid);

	if (!args)
		return 0;
	args->file = file_of_fd(args->fd);
	report(ctx, args, syscall_ret(ctx));
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(sys_exit, struct pt_regs *regs, long ret)
{
	u64 nr = syscall_nr(syscall_regs()), one = syscall_arg(regs, 0), *n;

	n = bpf_map_lookup_elem(&counts, &nr);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &nr, &one, BPF_NOEXIST);
	return syscall_is_compat();
}

SEC("fexit/vfs_read")
int BPF_PROG(vfs_read_fexit, struct file *file, char *buf, size_t count,
	     loff_t *pos, long ret)
{
	struct args args = { .file = file, .mode = BPF_CORE_READ(file, f_inode, i_mode) };

	args.flags = BPF_CORE_READ(file, f_inode, i_ino) + BPF_CORE_READ(file, f_inode, i_sb, s_dev);
	args.fd = BPF_CORE_READ(file, f_flags);
	return filtered() ? 0 : report(ctx, &args, ret);
}

SEC("kretprobe/vfs_open")
int BPF_KRETPROBE(vfs_open_kretprobe, long ret)
{
	struct stack_key key = {};

	stack_take(ctx, &key);
	stack_add(&key, ret);
	return 0;
}

static __noinline int switched(void *ctx, struct task_struct *prev, struct task_struct *next,
			       bool typed)
{
	struct task_value *was, value = { bpf_ktime_get_ns() };
	struct hist_key key = {};

	if (!task_gone(prev, typed) && !task_filtered(prev))
		task_set(prev, typed, &value);
	was = task_get(next, typed);
	if (!was)
		return 0;
	key.pid = task_pid_seen(next, true);
	BPF_CORE_READ_STR_INTO(&key.comm, next, comm);
	hist_add(&key, value.ns - was->ns);
	task_drop(next, typed, was);
	return 0;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(sched_switch_btf, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(ctx, prev, next, true);
}

SEC("raw_tp/sched_switch")
int BPF_PROG(sched_switch_raw, bool preempt, struct task_struct *prev, struct task_struct *next)
{
	return switched(ctx, prev, next, false);
}

static __always_inline void io_issued(struct io *io)
{
	io->partial = false;
}

static __noinline void io_ended(void *ctx, struct io *io, struct request *rq, struct bio *bio,
				s32 status)
{
	struct hist_key key = {};

	key.pid = io->pid;
	hist_add(&key, bpf_ktime_get_ns() - io->start_ns);
}

#include "block_hooks.bpf.h"

SEC("raw_tp/inet_sock_set_state")
int BPF_PROG(sock_state, struct sock *sk, int old, int new)
{
	struct sock_event *e;

	if (!sock_is_tcp(sk) || filtered())
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	tuple_read(&e->tuple, sk);
	tuple_read_dest(&e->tuple, (void *)ctx[3]);
	e->netns = sock_netns(sk);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}
