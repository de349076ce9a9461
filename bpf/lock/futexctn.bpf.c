// SPDX-License-Identifier: GPL-2.0-or-later
// Waits in the futex system calls, which is where locks of user space wait when they are not free.
#include "syscall.bpf.h"
#include "stack_store.bpf.h"
#include "futexctn.h"
#include "hist.bpf.h"

const volatile bool summary;
const volatile bool all_waits;	/* what is no lock, too */
const volatile u64 only_lock;	/* this futex only; 0: any */

/* linux/futex.h; FUTEX_LOCK_PI2 came with 5.14. */
enum {
	FUTEX_WAIT = 0, FUTEX_LOCK_PI = 6, FUTEX_WAIT_BITSET = 9, FUTEX_WAIT_REQUEUE_PI = 11,
	FUTEX_LOCK_PI2 = 13, FUTEX_CMD_MASK = 0x7f,
};
#define FUTEX_TID_MASK 0x3fffffff
#define FUTEX_WAITERS 0x80000000

/* The waits under way, by thread. Each call returns, so nothing is left behind in here. */
struct wait {
	u64 ns, lock;
	u32 holder, what;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct wait);
} waits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8192);
	__type(key, struct sum_key);
	__type(value, struct sum_value);
} sums SEC(".maps");

static struct sum_value sum_zero;

/* Nothing says that a futex is a lock. But those who wait for one expect the value that says that it is
 * held and has waiters: glibc's mutexes, Rust's and Go's have 2 then, glibc's read-write locks 2 and 3;
 * musl's have the number of the holder with the mark that the kernel's own protocol (PI) has, too.
 * glibc's conditions may have a 2 as well: their mark is FUTEX_WAIT_BITSET, mostly with a timeout. */
static __always_inline bool is_lock(u32 op, u32 val, bool timed)
{
	if (op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2)
		return true;
	if (op == FUTEX_WAIT_BITSET && timed)
		return false;
	return op != FUTEX_WAIT_REQUEUE_PI && (val == 2 || val == 3 || val & FUTEX_WAITERS);
}

/* Who has it: in the value itself, or in glibc's pthread_mutex_t, whose member __owner is 8 bytes
 * behind. User space looks whether it is a thread of the process at all. */
static __always_inline u32 holder_of(u32 op, u64 lock, u32 val)
{
	u32 word = val;

	if (op == FUTEX_LOCK_PI || op == FUTEX_LOCK_PI2)
		bpf_probe_read_user(&word, sizeof(word), (void *)lock);
	else if (!(val & FUTEX_WAITERS))
		bpf_probe_read_user(&word, sizeof(word), (void *)lock + 8);
	return word & FUTEX_TID_MASK;
}

static __noinline int wait_begins(u32 op, u64 lock, u32 val, bool timed)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct wait wait = { .lock = lock };
	bool for_lock = is_lock(op, val, timed);

	if ((!for_lock && !all_waits) || (only_lock && lock != only_lock) || filtered())
		return 0;
	wait.what = for_lock ? FOR_LOCK : FOR_OTHER;
	if (for_lock && summary)
		wait.holder = holder_of(op, lock, val);
	wait.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&waits, &tid, &wait, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int sum_add(const struct wait *wait, u64 ns, long ret)
{
	struct sum_key key = { .lock = wait->lock, .what = wait->what };
	struct sum_value *sum;
	u64 holder;

	key.pid = current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	sum = bpf_map_lookup_elem(&sums, &key);
	if (!sum) {
		bpf_map_update_elem(&sums, &key, &sum_zero, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, &key);
		if (!sum) {
			LOST(entries);
			return 0;
		}
	}
	sum->count++;
	sum->total += ns;
	sum->timeouts += ret == -110; /* ETIMEDOUT */
	if (ns > sum->max)
		sum->max = ns;
	if (~ns > sum->min_not)
		sum->min_not = ~ns;
	holder = ns >> HOLDER_NS_SHIFT << HOLDER_BITS | (wait->holder & ((1 << HOLDER_BITS) - 1));
	if (holder > sum->holder)
		sum->holder = holder;
	return 0;
}

static __noinline int wait_ends(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct wait *wait = bpf_map_lookup_elem(&waits, &tid);
	long ret = syscall_ret(ctx);
	struct hist_key key = {};
	u64 ns;

	if (!wait)
		return 0;
	ns = bpf_ktime_get_ns() - wait->ns;
	if (ret == -11) /* EAGAIN: it was free by then, and nobody has waited */
		goto out;
	if (summary) {
		sum_add(wait, ns, ret);
		goto out;
	}
	key.lock = wait->lock;
	key.what = wait->what;
	key.pid = current_pid_tgid() >> 32;
	key.tid = current_pid_tgid();
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	stack_ref_take(ctx, &key.stacks, STACK_USER);
	hist_add(&key, ns);
out:
	bpf_map_delete_elem(&waits, &tid);
	return 0;
}

static __always_inline int futex_begins(struct syscall_trace_enter *ctx)
{
	u32 op = syscall_enter_arg(ctx, 1) & FUTEX_CMD_MASK;

	if (op != FUTEX_WAIT && op != FUTEX_WAIT_BITSET && op != FUTEX_LOCK_PI &&
	    op != FUTEX_LOCK_PI2 && op != FUTEX_WAIT_REQUEUE_PI)
		return 0;
	return wait_begins(op, syscall_enter_arg(ctx, 0), syscall_enter_arg(ctx, 2),
			   syscall_enter_arg(ctx, 3));
}

/* Of several futexes, the first one: struct futex_waitv { u64 val, uaddr; u32 flags, reserved; } */
static __always_inline int waitv_begins(struct syscall_trace_enter *ctx)
{
	u64 first[2] = {};

	bpf_probe_read_user(first, sizeof(first), (void *)syscall_enter_arg(ctx, 0));
	return wait_begins(FUTEX_WAIT, first[1], first[0], false);
}

SYSCALL_PROGS(futex, futex_begins(ctx), wait_ends(ctx))
SYSCALL_PROGS(futex_waitv, waitv_begins(ctx), wait_ends(ctx))
SYSCALL_PROGS(futex_wait,
	      wait_begins(FUTEX_WAIT, syscall_enter_arg(ctx, 0), syscall_enter_arg(ctx, 1), false),
	      wait_ends(ctx))
