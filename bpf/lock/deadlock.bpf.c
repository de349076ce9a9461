// SPDX-License-Identifier: GPL-2.0-or-later
// In which order the threads of a process take its locks: each lock that is wanted while another one is
// held is an edge of a graph, in which a cycle is a deadlock to come. A stack is taken for new edges
// only; a lock that is free and the only one costs two short runs.
#include "common.bpf.h"
#include "stack_store.bpf.h"
#include "deadlock.h"

/* Locks of a thread, in no order. */
struct holder {
	u64 n;
	struct {
		u64 lock, at;
	} held[HELD_MAX];
	u8 times[HELD_MAX];	/* recursive ones: how often */
};

static struct holder holder_zero;

/* Threads that hold any, so none that has ended is left behind, unless it held some then. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct holder);
} holders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct edge_key);
	__type(value, struct edge);
} edges SEC(".maps");

/* What a thread tries to lock: whether it gets it, the return tells. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} tries SEC(".maps");

/* Locks that are no more: their memory may become another one. User space takes their edges away. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, u8);
} destroyed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 65536);
	__type(key, u32);
	__type(value, struct origin);
} origins SEC(".maps");

static __always_inline u64 return_address(struct pt_regs *ctx)
{
#ifdef __TARGET_ARCH_x86
	u64 at = 0;

	bpf_probe_read_user(&at, sizeof(at), (void *)PT_REGS_SP(ctx));
	return at;
#else
	return PT_REGS_RET(ctx);
#endif
}

static __noinline int edge_add(struct pt_regs *ctx, u64 held, u64 at, u64 wanted)
{
	struct edge_key key = { .held = held, .wanted = wanted };
	struct edge edge = { .held_at = at, .wanted_at = return_address(ctx) };
	u64 id;

	if (bpf_map_lookup_elem(&edges, &key))
		return 0;
	id = current_pid_tgid();
	edge.pid = id >> 32;
	edge.tid = id;
	bpf_get_current_comm(edge.comm, sizeof(edge.comm));
	edge.stack = stack_id(ctx, BPF_F_USER_STACK);
	if (edge.stack > STACK_LOST)
		stack_proc_hint(edge.pid);
	if ((int)bpf_map_update_elem(&edges, &key, &edge, BPF_NOEXIST) == -7) /* E2BIG */
		LOST(entries);
	return 0;
}

/* The edges to a lock that a thread is about to wait for. */
static __noinline int wanted(struct pt_regs *ctx, u64 lock)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct holder *h = bpf_map_lookup_elem(&holders, &tid);

	for (u32 i = 0; h && i < HELD_MAX && i < h->n; i++)
		if (h->held[i].lock == lock)
			return 0;
	for (u32 i = 0; h && i < HELD_MAX && i < h->n; i++)
		edge_add(ctx, h->held[i].lock, h->held[i].at, lock);
	return 0;
}

/* It has it. `again`: what is held already is then held once more. */
static __noinline int taken(u64 lock, u64 at, bool again)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct holder *h = bpf_map_lookup_elem(&holders, &tid);
	u64 n;

	if (!h) {
		bpf_map_update_elem(&holders, &tid, &holder_zero, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&holders, &tid);
		if (!h) {
			LOST(entries);
			return 0;
		}
	}
	for (u32 i = 0; i < HELD_MAX && i < h->n; i++) {
		if (h->held[i].lock != lock)
			continue;
		h->times[i] += again;
		return 0;
	}
	n = h->n;
	asm volatile("" : "+r"(n));
	if (n >= HELD_MAX) {
		LOST(entries);
		return 0;
	}
	h->held[n].lock = lock;
	h->held[n].at = at;
	h->times[n] = 1;
	h->n = n + 1;
	return 0;
}

static __noinline int released(u64 lock)
{
	u32 tid = bpf_get_current_pid_tgid(), at = 0;
	struct holder *h = bpf_map_lookup_elem(&holders, &tid);
	u64 last;

	if (!h)
		return 0;
	while (at < HELD_MAX && at < h->n && h->held[at].lock != lock)
		at++;
	last = h->n - 1;
	asm volatile("" : "+r"(last));
	if (at >= HELD_MAX || last >= HELD_MAX || at > last)
		return 0;
	if (h->times[at] > 1) {
		h->times[at]--;
		return 0;
	}
	/* The last one takes its place: the same at each `at`, of which the verifier sees 32. */
	h->held[at] = h->held[last];
	h->times[at] = h->times[last];
	h->n = last;
	if (!last)
		bpf_map_delete_elem(&holders, &tid);
	return 0;
}

/* A lock function that waits until it has it. What it returns is not looked at, which would cost as
 * much again: it fails for mutexes that check for errors only. */
SEC("uprobe")
int lock_enter(struct pt_regs *ctx)
{
	wanted(ctx, PT_REGS_PARM1(ctx));
	return taken(PT_REGS_PARM1(ctx), return_address(ctx), true);
}

SEC("uprobe")
int unlock_enter(struct pt_regs *ctx)
{
	return released(PT_REGS_PARM1(ctx));
}

/* Waits, but perhaps not until it has it. */
SEC("uprobe")
int timed_enter(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 lock = PT_REGS_PARM1(ctx);

	wanted(ctx, lock);
	bpf_map_update_elem(&tries, &tid, &lock, BPF_ANY);
	return 0;
}

/* Does not wait, so that it adds no edge to what it tries. */
SEC("uprobe")
int try_enter(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 lock = PT_REGS_PARM1(ctx);

	bpf_map_update_elem(&tries, &tid, &lock, BPF_ANY);
	return 0;
}

/* musl's functions that wait call those that try: so what is held already is not counted again. */
SEC("uretprobe")
int try_leave(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *lock = bpf_map_lookup_elem(&tries, &tid);

	if (!lock)
		return 0;
	if (!(int)PT_REGS_RC(ctx))
		taken(*lock, PT_REGS_IP(ctx), false);
	bpf_map_delete_elem(&tries, &tid);
	return 0;
}

/* pthread_cond_wait() gives the mutex back and wants it again: with all else still held. */
SEC("uprobe")
int cond_enter(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct holder *h = bpf_map_lookup_elem(&holders, &tid);
	u64 mutex = PT_REGS_PARM2(ctx);

	for (u32 i = 0; h && i < HELD_MAX && i < h->n; i++)
		if (h->held[i].lock != mutex)
			edge_add(ctx, h->held[i].lock, h->held[i].at, mutex);
	return 0;
}

SEC("uprobe")
int destroy_enter(struct pt_regs *ctx)
{
	u64 lock = PT_REGS_PARM1(ctx);
	u8 yes = 1;

	if (bpf_map_update_elem(&destroyed, &lock, &yes, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("raw_tp/sched_process_fork")
int BPF_PROG(thread_made, struct task_struct *parent, struct task_struct *child)
{
	struct origin origin = {};
	u32 tid;

	if (filtered() || BPF_CORE_READ(parent, tgid) != BPF_CORE_READ(child, tgid))
		return 0;
	tid = task_pid_seen(child, false);
	origin.stack = stack_id(ctx, BPF_F_USER_STACK);
	origin.parent = current_pid_tgid();
	bpf_map_update_elem(&origins, &tid, &origin, BPF_ANY);
	return 0;
}
