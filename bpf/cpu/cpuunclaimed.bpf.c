// SPDX-License-Identifier: GPL-2.0-or-later
// All run queues, looked at in one moment by one CPU.
#include "runq.bpf.h"
#include "events.bpf.h"
#include "cpuunclaimed.h"

const volatile u32 cpus = 1; /* possible ones */
const volatile bool raw; /* -j: the samples themselves */

/* By CPU: its run queue, which never moves; 0 where the CPU was not there to tell. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} queues SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sums);
} counts SEC(".maps");

/* Run once on each CPU, by test run. */
SEC("raw_tp")
int learn(void *ctx)
{
	u32 cpu = bpf_get_smp_processor_id();
	u64 queue = (u64)task_rq((void *)bpf_get_current_task());

	return bpf_map_update_elem(&queues, &cpu, &queue, BPF_ANY);
}

SEC("perf_event")
int sample(void *ctx)
{
	u32 zero = 0, online = 0, idle = 0, waiting = 0;
	struct sums *sums = bpf_map_lookup_elem(&counts, &zero);
	struct sample *s = raw ? event_scratch(sizeof(s->ts)) : NULL;

	for (u32 cpu = 0; cpu < cpus && cpu < QUEUES_MAX; cpu++) {
		u32 key = cpu;
		struct rq **queue = bpf_map_lookup_elem(&queues, &key), *rq;
		u32 tasks;

		rq = queue ? *queue : NULL;
		if (s)
			s->tasks[cpu] = OFFLINE_CPU;
		if (!rq || !BPF_CORE_READ(rq, online))
			continue;
		tasks = rq_all(rq);
		if (s)
			s->tasks[cpu] = tasks;
		online++;
		idle += !tasks;
		waiting += tasks ? tasks - 1 : 0;
	}
	if (s) {
		s->ts = bpf_ktime_get_ns();
		event_output(ctx, s, sizeof(s->ts) + cpus * sizeof(s->tasks[0]));
	}
	if (!sums)
		return 0;
	sums->n[SAMPLES]++;
	sums->n[CPUS] += online;
	sums->n[IDLE] += idle;
	sums->n[UNCLAIMED] += idle < waiting ? idle : waiting;
	return 0;
}
