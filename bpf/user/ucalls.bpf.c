// SPDX-License-Identifier: GPL-2.0-or-later
// Calls of methods by the runtime's probes, and system calls.
#include "syscall.bpf.h"
#include "lang.bpf.h"
#include "ucalls.h"

const volatile bool measure_time;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} starts SEC(".maps");

static const struct value no_value;

/* Atomic, as a task that runs a probe may be preempted by another on the same CPU. */
static __noinline int count(const struct key *key, u64 ns)
{
	struct value *v = entry_get(&counts, key, &no_value);

	if (!v)
		return 0;
	__sync_fetch_and_add(&v->count, 1);
	__sync_fetch_and_add(&v->total_ns, ns);
	return 0;
}

static __always_inline void method(struct pt_regs *ctx, struct usdt_site *site, u64 ns)
{
	struct key key = { .call = -1 };

	lang_name_read(ctx, site, &key.name);
	count(&key, ns);
}

SEC("usdt")
int called(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);

	if (!site || filtered())
		return 0;
	if (measure_time)
		lang_enter(lang_id(ctx, site));
	else
		method(ctx, site, 0);
	return 0;
}

SEC("usdt")
int returned(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	u64 ns;

	if (!site || filtered())
		return 0;
	lang_leave(lang_id(ctx, site), &ns);
	if (ns)
		method(ctx, site, ns);
	return 0;
}

SEC("raw_tp/sys_enter")
int BPF_PROG(call_enter, struct pt_regs *regs, long nr)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();

	if (!filtered())
		bpf_map_update_elem(&starts, &tid, &now, BPF_ANY);
	return 0;
}

SEC("raw_tp/sys_exit")
int BPF_PROG(call_exit, struct pt_regs *regs, long ret)
{
	struct key key = { .call = syscall_nr(regs), .compat = syscall_is_compat() };
	u32 tid = bpf_get_current_pid_tgid();
	u64 ns = 0, *start;

	if (key.call < 0 || filtered())
		return 0;
	if (measure_time) {
		start = bpf_map_lookup_elem(&starts, &tid);
		if (!start || !*start)
			return 0; /* began before we did */
		ns = bpf_ktime_get_ns() - *start;
		*start = 0;
	}
	count(&key, ns);
	return 0;
}
