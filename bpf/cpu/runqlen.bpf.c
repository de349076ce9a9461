// SPDX-License-Identifier: GPL-2.0-or-later
// How many tasks wait on each CPU, whenever the clock ticks.
#define HIST_LINEAR
#include "runq.bpf.h"
#include "runqlen.h"
#include "hist.bpf.h"

const volatile bool by_cpu;
const volatile bool every_class;
const volatile bool occupancy_only;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct hist_key);
	__type(value, struct occupancy);
} occupancies SEC(".maps");

static struct occupancy none;

static __always_inline void occupancy_add(const struct hist_key *key, u32 waiting)
{
	struct occupancy *o = bpf_map_lookup_elem(&occupancies, key);

	if (!o) {
		bpf_map_update_elem(&occupancies, key, &none, BPF_NOEXIST);
		o = bpf_map_lookup_elem(&occupancies, key);
	}
	if (!o) {
		LOST(entries);
		return;
	}
	o->samples++;
	o->queued += waiting > 0;
}

/* The task that runs is in the queue, too: it does not wait. */
SEC("perf_event")
int sample(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct hist_key key = { .cpu = by_cpu ? bpf_get_smp_processor_id() : 0 };
	struct rq *rq = task_rq(task);
	u32 queued, running;

	queued = every_class ? rq_all(rq) : rq_fair(rq);
	running = every_class ? BPF_CORE_READ(task, pid) != 0 : task_is_fair(task);
	queued = queued > running ? queued - running : 0;
	if (occupancy_only)
		occupancy_add(&key, queued);
	else
		hist_add(by_cpu ? &key : NULL, queued);
	return 0;
}
