// SPDX-License-Identifier: GPL-2.0-or-later
// At which frequency the CPUs run, whenever the clock ticks.
#include "common.bpf.h"
#include "cpufreq.h"
#define HIST_LINEAR
#define HIST_STEP CPUFREQ_STEP
#include "hist.bpf.h"

/* By CPU, in kHz; 0: not known. User space has put in what it was at the start. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u32);
} frequencies SEC(".maps");

static __noinline int changed(u32 khz, u32 cpu)
{
	bpf_map_update_elem(&frequencies, &cpu, &khz, BPF_ANY); /* there is room for every CPU */
	return 0;
}

SEC("tp_btf/cpu_frequency")
int BPF_PROG(frequency_btf, u32 khz, u32 cpu)
{
	return changed(khz, cpu);
}

SEC("raw_tp/cpu_frequency")
int BPF_PROG(frequency_raw, u32 khz, u32 cpu)
{
	return changed(khz, cpu);
}

SEC("perf_event")
int sample(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id();
	u32 *khz = bpf_map_lookup_elem(&frequencies, &cpu);
	struct hist_key key = { .comm = "system-wide" };

	if (!khz || !*khz || !(u32)bpf_get_current_pid_tgid() || filtered())
		return 0;
	hist_add(&key, *khz / 1000);
	key.pid = current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	hist_add(&key, *khz / 1000);
	return 0;
}
