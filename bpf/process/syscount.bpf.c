// SPDX-License-Identifier: GPL-2.0-or-later
// System calls, counted when they return, by call or by process; with their time if asked for.
#include "syscall.bpf.h"
#include "syscount.h"

const volatile bool by_process;
const volatile bool measure_time;
const volatile bool only_failed;
const volatile u32 only_errno;
const volatile s32 only_syscall = -1;
const volatile u32 parent;	/* children of this process only */

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

/* A thread has one call at a time; what never returns (exit) is overwritten or falls out. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u64);
} starts SEC(".maps");

/* Names of processes, taken when they are first counted: at the end they may be gone. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, char[TASK_COMM_LEN]);
} names SEC(".maps");

static const struct value no_value;

static __always_inline bool unwanted(void)
{
	struct task_struct *task;

	if (filtered())
		return true;
	if (!parent)
		return false;
	task = (void *)bpf_get_current_task();
	return task_pid_seen(BPF_CORE_READ(task, real_parent), true) != parent;
}

static void name_keep(u32 pid)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	char comm[TASK_COMM_LEN] = {};

	BPF_CORE_READ_STR_INTO(&comm, task, group_leader, comm);
	bpf_map_update_elem(&names, &pid, comm, BPF_ANY);
}

static __always_inline struct value *value_of(const struct key *key)
{
	struct value *v = bpf_map_lookup_elem(&counts, key);

	if (v)
		return v;
	bpf_map_update_elem(&counts, key, &no_value, BPF_NOEXIST);
	if (by_process)
		name_keep(key->id);
	v = bpf_map_lookup_elem(&counts, key);
	if (!v)
		LOST(entries);
	return v;
}

static __always_inline u64 time_taken(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *start = bpf_map_lookup_elem(&starts, &tid), ns;

	if (!start || !*start)
		return 0; /* began before we did */
	ns = bpf_ktime_get_ns() - *start;
	*start = 0;
	return ns;
}

static __always_inline int entered(struct pt_regs *regs, int nr)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns(), *start;

	if (unwanted() || (only_syscall >= 0 && nr != only_syscall))
		return 0;
	start = bpf_map_lookup_elem(&starts, &tid);
	if (start)
		*start = now;
	else
		bpf_map_update_elem(&starts, &tid, &now, BPF_ANY);
	return 0;
}

static __always_inline int returned(struct pt_regs *regs, int nr, long ret)
{
	struct key key = {};
	struct value *v;
	u64 ns = 0;

	if (nr < 0 || unwanted() || (only_syscall >= 0 && nr != only_syscall))
		return 0;
	if (measure_time && !(ns = time_taken()))
		return 0;
	/* Errors are -1 to -4095; other negative numbers are addresses. */
	if (only_failed && (ret >= 0 || ret < -4095))
		return 0;
	if (only_errno && ret != -(long)only_errno)
		return 0;
	if (by_process) {
		key.id = current_pid_tgid() >> 32;
	} else {
		key.id = nr;
		key.compat = syscall_is_compat();
	}
	v = value_of(&key);
	if (v) {
		v->count++;
		v->total_ns += ns;
	}
	return 0;
}

/* Raw tracepoints rather than tp_btf: nothing is read through their arguments but by copy, and
 * libbpf need not load all of the kernel's types, which is half of a tool's start. */
SEC("raw_tp/sys_enter")
int BPF_PROG(call_enter, struct pt_regs *regs, long nr)
{
	return entered(regs, nr);
}

SEC("raw_tp/sys_exit")
int BPF_PROG(call_exit, struct pt_regs *regs, long ret)
{
	return returned(regs, syscall_nr(regs), ret);
}
