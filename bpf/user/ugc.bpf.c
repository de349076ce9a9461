// SPDX-License-Identifier: GPL-2.0-or-later
// Pauses for garbage collection, by the runtime's probes. The pools of Java are collected within a
// collection, and so each kind has a start of its own.
#include "events.bpf.h"
#include "usdt.bpf.h"
#include "ugc.h"

const volatile u64 min_ns;

/* Java begins all pools before it ends the first, so each has its own, by where its name is. */
struct start_key {
	u32 tid, kind;
	u64 pool;
};

struct start {
	u64 ns;
	s64 arg[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct start_key);
	__type(value, struct start);
} starts SEC(".maps");

SEC("usdt")
int begun(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	struct start start = {};
	struct start_key key = {};

	if (!site || filtered())
		return 0;
	key.tid = bpf_get_current_pid_tgid();
	key.kind = site->cookie;
	start.ns = bpf_ktime_get_ns();
	/* Of pools the arguments are manager, length, pool, length, in use, at most. */
	if (key.kind == GC_JAVA_POOL) {
		key.pool = usdt_arg(ctx, site, 2);
		start.arg[0] = usdt_arg(ctx, site, 4);
		start.arg[1] = usdt_arg(ctx, site, 5);
	} else {
		start.arg[0] = usdt_arg(ctx, site, 0);
		start.arg[1] = usdt_arg(ctx, site, 1);
	}
	if (bpf_map_update_elem(&starts, &key, &start, BPF_ANY))
		LOST(entries);
	return 0;
}

/* On the stack: with a reserved one the verifier of 5.10 loses its way among the calls. */
static __noinline int tell(struct pt_regs *ctx, struct usdt_site *site, struct start *start,
			   u64 now)
{
	struct event e = { .time_ns = now, .duration_ns = now - start->ns, .kind = site->cookie };
	u64 id = current_pid_tgid();

	e.begin[0] = start->arg[0];
	e.begin[1] = start->arg[1];
	e.pid = id >> 32;
	e.tid = id;
	e.cpu = bpf_get_smp_processor_id();
	bpf_get_current_comm(e.comm, sizeof(e.comm));
	if (e.kind == GC_JAVA_POOL) {
		e.end = usdt_arg(ctx, site, 4);
		usdt_str(ctx, site, 0, e.manager, sizeof(e.manager));
		usdt_str(ctx, site, 2, e.pool, sizeof(e.pool));
	} else {
		e.end = usdt_arg(ctx, site, 0);
	}
	event_send(ctx, &e, sizeof(e));
	return 0;
}

SEC("usdt")
int ended(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	struct start_key key = {};
	struct start *start;
	u64 now = bpf_ktime_get_ns();

	if (!site || filtered())
		return 0;
	key.tid = bpf_get_current_pid_tgid();
	key.kind = site->cookie;
	if (key.kind == GC_JAVA_POOL)
		key.pool = usdt_arg(ctx, site, 2);
	start = bpf_map_lookup_elem(&starts, &key);
	if (!start)
		return 0; /* began before we did */
	if (now - start->ns >= min_ns)
		tell(ctx, site, start, now);
	bpf_map_delete_elem(&starts, &key);
	return 0;
}
