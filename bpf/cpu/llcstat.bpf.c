// SPDX-License-Identifier: GPL-2.0-or-later
// Samples of the CPU's counters of cache references and misses.
#include "common.bpf.h"
#include "llcstat.h"

const volatile bool by_thread;

/* Per CPU, and allocated beforehand: both counters interrupt as NMIs. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct counts);
} tasks SEC(".maps");

static struct counts none;

static __noinline struct counts *counts_here(void)
{
	u64 id = current_pid_tgid();
	struct key key = {
		.cpu = bpf_get_smp_processor_id(),
		.pid = id >> 32,
		.tid = by_thread ? (u32)id : 0,
	};
	struct counts *c;

	if (filtered())
		return NULL;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	c = bpf_map_lookup_elem(&tasks, &key);
	if (!c) {
		bpf_map_update_elem(&tasks, &key, &none, BPF_NOEXIST);
		c = bpf_map_lookup_elem(&tasks, &key);
	}
	if (!c)
		LOST(entries);
	return c;
}

SEC("perf_event")
int reference(void *ctx)
{
	struct counts *c = counts_here();

	if (c)
		c->references++;
	return 0;
}

SEC("perf_event")
int miss(void *ctx)
{
	struct counts *c = counts_here();

	if (c)
		c->misses++;
	return 0;
}
