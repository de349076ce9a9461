// SPDX-License-Identifier: GPL-2.0-or-later
// What runtimes do, counted by process: one program for all probes, told apart by their cookie.
#include "usdt.bpf.h"
#include "ustat.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

static const struct value no_value;

SEC("usdt")
int happened(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	struct key key = {};
	struct value *v;
	u64 what;

	if (!site || filtered())
		return 0;
	what = site->cookie;
	if (what >= STATS)
		return 0;
	key.pid = current_pid_tgid() >> 32;
	v = entry_get(&counts, &key, &no_value);
	if (!v)
		return 0;
	/* Atomic, as a task that runs a probe may be preempted by another on the same CPU. */
	__sync_fetch_and_add(&v->n[what], 1);
	return 0;
}
