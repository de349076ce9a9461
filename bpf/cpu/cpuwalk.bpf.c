// SPDX-License-Identifier: GPL-2.0-or-later
// Which CPUs run something, whenever the clock ticks.
#include "common.bpf.h"
#include "cpuwalk.h"

const volatile bool by_process;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, u64);
} samples SEC(".maps");

SEC("perf_event")
int sample(void *ctx)
{
	struct key key = { .cpu = bpf_get_smp_processor_id() };
	u64 one = 1, *n;

	if (!(u32)bpf_get_current_pid_tgid() || filtered())
		return 0;
	if (by_process) {
		key.pid = current_pid_tgid() >> 32;
		bpf_get_current_comm(key.comm, sizeof(key.comm));
	}
	n = bpf_map_lookup_elem(&samples, &key);
	if (n)
		(*n)++;
	else if (bpf_map_update_elem(&samples, &key, &one, BPF_NOEXIST))
		LOST(entries);
	return 0;
}
