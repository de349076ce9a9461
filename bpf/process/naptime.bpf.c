// SPDX-License-Identifier: GPL-2.0-or-later
// nanosleep(2) and clock_nanosleep(2) from entry to return, and what the kernel makes of them that a
// signal interrupted: restart_syscall(2) sleeps the rest.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "naptime.h"

const volatile u64 min_ns;
const volatile bool only_failed;

#define NSEC 1000000000LL
#define TIMER_ABSTIME 1
#define CLOCK_MONOTONIC 1
#define ERESTART_RESTARTBLOCK 516	/* what restart_syscall() goes on with; the kernel's own */

struct nap {
	u64 start_ns;
	s64 wanted_ns;
	s32 clock;
	u8 call;
	bool absolute, known;
	bool cut;	/* interrupted, may be gone on with */
	u64 restart;	/* by this function of the kernel */
};

/* By thread. Those that were interrupted stay, for it is not told whether they are gone on with. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct nap);
} naps SEC(".maps");

static __always_inline void nap_begins(struct nap *nap)
{
	u32 tid = bpf_get_current_pid_tgid();

	nap->start_ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&naps, &tid, nap, BPF_ANY))
		LOST(entries);
}

/* The time asked for: 64 bits each on all architectures, or 32 in the calls of old 32-bit programs.
 * Of 64 bits of nanoseconds a 32-bit program gives 32. */
static __noinline int wanted_read(struct nap *nap, const void *from, bool time32)
{
	s32 small[2];
	s64 large[2];

	if (time32) {
		nap->known = !bpf_probe_read_user(small, sizeof(small), from);
		if (nap->known)
			nap->wanted_ns = small[0] * NSEC + small[1];
	} else {
		nap->known = !bpf_probe_read_user(large, sizeof(large), from);
		if (nap->known)
			nap->wanted_ns = large[0] * NSEC + (s32)large[1];
	}
	return 0;
}

static __noinline int entered(struct syscall_trace_enter *ctx, u32 call, bool time32)
{
	struct nap nap = { .call = call, .clock = CLOCK_MONOTONIC };
	int time = 0;

	if (filtered())
		return 0;
	if (call == CLOCK_NANOSLEEP) {
		nap.clock = syscall_enter_arg(ctx, 0);
		nap.absolute = syscall_enter_arg(ctx, 1) & TIMER_ABSTIME;
		time = 2;
	}
	wanted_read(&nap, (void *)syscall_enter_arg(ctx, time), time32);
	nap_begins(&nap);
	return 0;
}

static __always_inline u64 restart_function(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (u64)BPF_CORE_READ(task, restart_block.fn);
}

static __noinline int tell(void *ctx, const struct nap *nap, long ret)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *up;
	u64 now = bpf_ktime_get_ns();
	struct event *e;

	if (now - nap->start_ns < min_ns || (only_failed && !ret))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = now;
	e->slept_ns = now - nap->start_ns;
	e->wanted_ns = nap->wanted_ns;
	task_note(e);
	up = BPF_CORE_READ(task, real_parent, group_leader);
	e->ppid = task_pid_seen(up, true);
	BPF_CORE_READ_STR_INTO(&e->pcomm, up, comm);
	e->call = nap->call;
	e->clock = nap->clock;
	e->ret = ret;
	e->absolute = nap->absolute;
	e->known = nap->known;
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

static __noinline int returned(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct nap *nap = bpf_map_lookup_elem(&naps, &tid);
	long ret = syscall_ret(ctx);

	if (!nap || nap->cut) /* began before us, is unwanted, or is not a sleep */
		return 0;
	tell(ctx, nap, ret);
	if (ret != -ERESTART_RESTARTBLOCK) {
		bpf_map_delete_elem(&naps, &tid);
		return 0;
	}
	nap->cut = true;
	nap->restart = restart_function();
	nap->wanted_ns -= bpf_ktime_get_ns() - nap->start_ns;
	return 0;
}

#define CALL(name, call, time32) SYSCALL_PROGS(name, entered(ctx, call, time32), returned(ctx))

CALL(nanosleep, NANOSLEEP, false)
CALL(clock_nanosleep, CLOCK_NANOSLEEP, false)
/* Of old 32-bit programs on a 32-bit kernel. */
CALL(nanosleep_time32, NANOSLEEP, true)
CALL(clock_nanosleep_time32, CLOCK_NANOSLEEP, true)

/* It goes on with whatever was interrupted last: poll and futex come here as well. */
SEC("tp/syscalls/sys_enter_restart_syscall")
int restart_enter(struct syscall_trace_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct nap *nap = bpf_map_lookup_elem(&naps, &tid);

	if (!nap || !nap->cut || nap->restart != restart_function())
		return 0;
	nap->cut = false;
	nap->call = RESTART;
	nap->start_ns = bpf_ktime_get_ns();
	return 0;
}

SEC("tp/syscalls/sys_exit_restart_syscall")
int restart_exit(struct syscall_trace_exit *ctx)
{
	return returned(ctx);
}
