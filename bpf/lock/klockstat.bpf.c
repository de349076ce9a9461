// SPDX-License-Identifier: GPL-2.0-or-later
// How long locks of the kernel are waited for and held: from the entry of a lock function to its
// return, from there to the entry of the unlock function. Where no function can be watched, the
// tracepoints of contended locks (5.19) tell the waits.
#include "common.bpf.h"
#include "stack_store.bpf.h"
#include "klockstat.h"

const volatile bool by_thread;
const volatile u64 only_lock;	/* this lock only; 0: all */

/* The times of each CPU, so that adding is neither locked nor atomic. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct lock_key);
	__type(value, struct lock_stat);
} lock_stats SEC(".maps");

static struct lock_stat stat_zero;

/* A lock function that runs. A thread is in one at most, and they are short mostly: so each thread has
 * a place in this table, and only who finds it in use goes to the hash. Threads that come at the very
 * same moment may mix up their stamps, which differ by nothing then. */
struct wait {
	u64 ns, lock;
	u32 tid;		/* 0: free */
	u32 how;
};

#define WAITS 4096
static struct wait waits[WAITS];

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct wait);
} more_waits SEC(".maps");

/* The locks held: of what can have one holder only, whoever that is; of what can have several, by
 * thread. A release of a shared lock by another thread cannot be told from that of another holder:
 * what is left behind so falls out of here. */
struct lock_id {
	u64 lock;
	u64 tid;		/* 0: one holder; contended locks: the waiter */
};

struct held {
	u64 ns;
	struct lock_key key;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct lock_id);
	__type(value, struct held);
} held_locks SEC(".maps");

static __noinline int time_add(struct lock_key *key, u32 which, u64 lock, u64 ns)
{
	struct lock_stat *stat = bpf_map_lookup_elem(&lock_stats, key);
	struct lock_side *side;
	u64 id;

	if (!stat) {
		bpf_map_update_elem(&lock_stats, key, &stat_zero, BPF_NOEXIST);
		stat = bpf_map_lookup_elem(&lock_stats, key);
		if (!stat) {
			LOST(entries);
			return 0;
		}
	}
	side = which == HOLD ? &stat->side[HOLD] : &stat->side[WAIT];
	side->total += ns;
	if (side->count++ && ns <= side->max)
		return 0;
	id = current_pid_tgid();
	side->max = ns;
	side->lock = lock;
	side->pid = id >> 32;
	side->tid = id;
	bpf_get_current_comm(side->comm, sizeof(side->comm));
	return 0;
}

static __noinline int acquired(void *ctx, u64 lock, u32 how, u64 waited)
{
	struct held held = { .key.kind = how & HOW_KIND };
	struct lock_id id = { .lock = lock };

	held.key.stack = stack_id(ctx, 0);
	if (by_thread)
		held.key.tid = current_pid_tgid();
	time_add(&held.key, WAIT, lock, waited);
	if (how & HOW_SHARED)
		id.tid = (u32)bpf_get_current_pid_tgid();
	held.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&held_locks, &id, &held, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int lock_enter(u64 lock, u32 how)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct wait *wait = &waits[tid % WAITS], other = { .lock = lock, .tid = tid, .how = how };

	if ((only_lock && lock != only_lock) || filtered())
		return 0;
	if (!wait->tid || wait->tid == tid) {
		wait->tid = tid;
		wait->lock = lock;
		wait->how = how;
		wait->ns = bpf_ktime_get_ns();
		return 0;
	}
	other.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&more_waits, &tid, &other, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int lock_leave(void *ctx, s64 ret)
{
	u32 tid = bpf_get_current_pid_tgid(), how;
	struct wait *wait = &waits[tid % WAITS];
	u64 ns = bpf_ktime_get_ns(), lock;

	if (wait->tid != tid) {
		wait = bpf_map_lookup_elem(&more_waits, &tid);
		if (!wait) /* began before us, or is unwanted */
			return 0;
	}
	lock = wait->lock;
	how = wait->how;
	ns -= wait->ns;
	if (wait == &waits[tid % WAITS])
		wait->tid = 0;
	else
		bpf_map_delete_elem(&more_waits, &tid);
	if ((how & HOW_ZERO && (int)ret) || (how & HOW_ONE && (int)ret != 1))
		return 0;
	return acquired(ctx, lock, how, ns);
}

/* Functions that only try do not wait. */
static __noinline int lock_tried(void *ctx, u64 lock, u32 how, int ret)
{
	if (ret != 1 || (only_lock && lock != only_lock) || filtered())
		return 0;
	return acquired(ctx, lock, how, 0);
}

static __noinline int lock_released(u64 lock, u32 how)
{
	struct lock_id id = { .lock = lock };
	struct held *held, reader;

	if (how & HOW_SHARED)
		id.tid = (u32)bpf_get_current_pid_tgid();
	held = bpf_map_lookup_elem(&held_locks, &id);
	if (!held)
		return 0;
	reader = *held;
	bpf_map_delete_elem(&held_locks, &id);
	time_add(&reader.key, HOLD, lock, bpf_ktime_get_ns() - reader.ns);
	if (!(how & HOW_DOWNGRADE))
		return 0;
	reader.ns = bpf_ktime_get_ns();
	reader.key.kind = KIND_RWSEM_READ;
	id.tid = (u32)bpf_get_current_pid_tgid();
	if (bpf_map_update_elem(&held_locks, &id, &reader, BPF_ANY))
		LOST(entries);
	return 0;
}

/* ---- the functions ---- */

#define LOCKS(name, how)						\
	SEC("fentry/" #name)						\
	int name##_enter(u64 *ctx)					\
	{								\
		return lock_enter(ctx[0], how);				\
	}								\
	SEC("fexit/" #name)						\
	int name##_leave(u64 *ctx)					\
	{								\
		return lock_leave(ctx, (how) & HOW_ZERO ? ctx[1] : 0);	\
	}

#define TRIES(name, how)						\
	SEC("fexit/" #name)						\
	int name##_leave(u64 *ctx)					\
	{								\
		return lock_tried(ctx, ctx[0], how, ctx[1]);		\
	}

#define UNLOCKS(name, how)						\
	SEC("fentry/" #name)						\
	int name##_enter(u64 *ctx)					\
	{								\
		return lock_released(ctx[0], how);			\
	}

#define READ (KIND_RWSEM_READ | HOW_SHARED)

LOCKS(mutex_lock, KIND_MUTEX)
LOCKS(mutex_lock_interruptible, KIND_MUTEX | HOW_ZERO)
LOCKS(mutex_lock_killable, KIND_MUTEX | HOW_ZERO)
TRIES(mutex_trylock, KIND_MUTEX)
UNLOCKS(mutex_unlock, KIND_MUTEX)
LOCKS(down_read, READ)
LOCKS(down_read_interruptible, READ | HOW_ZERO)
LOCKS(down_read_killable, READ | HOW_ZERO)
TRIES(down_read_trylock, READ)
UNLOCKS(up_read, READ)
LOCKS(down_write, KIND_RWSEM_WRITE)
LOCKS(down_write_killable, KIND_RWSEM_WRITE | HOW_ZERO)
TRIES(down_write_trylock, KIND_RWSEM_WRITE)
UNLOCKS(up_write, KIND_RWSEM_WRITE)
UNLOCKS(downgrade_write, KIND_RWSEM_WRITE | HOW_DOWNGRADE)
LOCKS(rt_mutex_lock, KIND_RT_MUTEX)
LOCKS(rt_mutex_lock_interruptible, KIND_RT_MUTEX | HOW_ZERO)
TRIES(rt_mutex_trylock, KIND_RT_MUTEX)
UNLOCKS(rt_mutex_unlock, KIND_RT_MUTEX)
LOCKS(percpu_down_write, KIND_PERCPU_WRITE)
UNLOCKS(percpu_up_write, KIND_PERCPU_WRITE)

/* The same functions one by one, each with a cookie (5.15) that says how. */
SEC("kprobe")
int lock_kprobe(struct pt_regs *ctx)
{
	return lock_enter(PT_REGS_PARM1(ctx), bpf_get_attach_cookie(ctx));
}

SEC("kretprobe")
int lock_kretprobe(struct pt_regs *ctx)
{
	return lock_leave(ctx, PT_REGS_RC(ctx));
}

SEC("kprobe")
int unlock_kprobe(struct pt_regs *ctx)
{
	return lock_released(PT_REGS_PARM1(ctx), bpf_get_attach_cookie(ctx));
}

/* ---- contended locks ---- */

enum { LCB_F_SPIN = 1, LCB_F_READ = 2, LCB_F_WRITE = 4, LCB_F_RT = 8, LCB_F_PERCPU = 16,
	LCB_F_MUTEX = 32 };

static __always_inline u32 contention_kind(u32 flags)
{
	if (flags & LCB_F_MUTEX)
		return KIND_MUTEX;
	if (flags & LCB_F_RT && !(flags & (LCB_F_READ | LCB_F_WRITE)))
		return KIND_RT_MUTEX;
	if (flags & LCB_F_PERCPU)
		return flags & LCB_F_READ ? KIND_PERCPU_READ : KIND_PERCPU_WRITE;
	if (flags & LCB_F_SPIN && flags & LCB_F_READ)
		return KIND_RWLOCK_READ;
	if (flags & LCB_F_SPIN && flags & LCB_F_WRITE)
		return KIND_RWLOCK_WRITE;
	if (flags & LCB_F_SPIN)
		return KIND_SPINLOCK;
	if (flags & LCB_F_READ)
		return KIND_RWSEM_READ;
	/* An rt_mutex without a mark was told so until 6.0. */
	return flags & LCB_F_WRITE ? KIND_RWSEM_WRITE : KIND_RT_MUTEX;
}

/* The idle tasks of all CPUs have the number 0. */
static __always_inline u64 waiter(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	return tid ? tid : 1ULL << 32 | bpf_get_smp_processor_id();
}

/* A mutex comes twice before it is had: first it spins, then it sleeps. */
SEC("tp_btf/contention_begin")
int BPF_PROG(contention_begin, void *lock, unsigned int flags)
{
	struct lock_id id = { .lock = (u64)lock };
	struct held wait = {};

	if ((only_lock && id.lock != only_lock) || filtered())
		return 0;
	id.tid = waiter();
	wait.ns = bpf_ktime_get_ns();
	wait.key.kind = contention_kind(flags);
	bpf_map_update_elem(&held_locks, &id, &wait, BPF_NOEXIST);
	return 0;
}

SEC("tp_btf/contention_end")
int BPF_PROG(contention_end, void *lock, int ret)
{
	struct lock_id id = { .lock = (u64)lock };
	struct held *wait;
	struct lock_key key = {};

	id.tid = waiter();
	wait = bpf_map_lookup_elem(&held_locks, &id);
	if (!wait)
		return 0;
	key.kind = wait->key.kind;
	key.stack = stack_id(ctx, 0);
	if (by_thread)
		key.tid = current_pid_tgid();
	time_add(&key, WAIT, id.lock, bpf_ktime_get_ns() - wait->ns);
	bpf_map_delete_elem(&held_locks, &id);
	return 0;
}
