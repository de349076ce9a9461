// SPDX-License-Identifier: GPL-2.0-or-later
// Work of the kernel's queues: how long it waits, or how long it takes.
#include "common.bpf.h"
#include "wqlat.h"
#include "hist.bpf.h"

const volatile char only_queue[32];
const volatile bool by_queue, by_function;
const volatile bool run_time;

struct waiting {
	u64 ns;		/* since when */
	u64 function;
	char queue[32];
};

/* By the address of the work. What is cancelled never begins, and would fill a plain hash up. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u64);
	__type(value, struct waiting);
} waiting SEC(".maps");

/* By the thread of the worker, with the time when it began; the work itself may be gone when it is
 * done, or wait again. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct waiting);
} under_way SEC(".maps");

static __noinline bool other_queue(const char *queue)
{
	const u64 *a = (const void *)queue;
	const volatile u64 *b = (const volatile void *)only_queue;

	return b[0] && (a[0] != b[0] || a[1] != b[1] || a[2] != b[2] || a[3] != b[3]);
}

static __noinline int queued(struct pool_workqueue *pool, struct work_struct *work)
{
	struct waiting w = { .ns = bpf_ktime_get_ns() };
	u64 key = (u64)work;

	if (by_queue || only_queue[0])
		BPF_CORE_READ_STR_INTO(&w.queue, pool, wq, name);
	if (other_queue(w.queue))
		return 0;
	if (by_function)
		w.function = (u64)BPF_CORE_READ(work, func);
	if (bpf_map_update_elem(&waiting, &key, &w, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline void count(const struct waiting *w, u64 now)
{
	struct hist_key key = { .function = w->function };

	if (by_queue)
		__builtin_memcpy(key.queue, w->queue, sizeof(key.queue));
	hist_add(by_queue || by_function ? &key : NULL, now - w->ns);
}

static __noinline int begins(struct work_struct *work)
{
	u64 key = (u64)work, now = bpf_ktime_get_ns();
	u32 tid = bpf_get_current_pid_tgid();
	struct waiting *w = bpf_map_lookup_elem(&waiting, &key), began;

	if (!w)
		return 0; /* queued before we looked, or of another queue */
	if (!run_time) {
		count(w, now);
	} else {
		began = *w;
		began.ns = now;
		if (bpf_map_update_elem(&under_way, &tid, &began, BPF_ANY))
			LOST(entries);
	}
	bpf_map_delete_elem(&waiting, &key);
	return 0;
}

static __noinline int ends(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct waiting *began = bpf_map_lookup_elem(&under_way, &tid);

	if (!began)
		return 0;
	count(began, bpf_ktime_get_ns());
	bpf_map_delete_elem(&under_way, &tid);
	return 0;
}

SEC("tp_btf/workqueue_queue_work")
int BPF_PROG(queue_btf, int cpu, struct pool_workqueue *pool, struct work_struct *work)
{
	return queued(pool, work);
}

SEC("tp_btf/workqueue_execute_start")
int BPF_PROG(start_btf, struct work_struct *work)
{
	return begins(work);
}

SEC("tp_btf/workqueue_execute_end")
int end_btf(void *ctx)
{
	return ends();
}

SEC("raw_tp/workqueue_queue_work")
int BPF_PROG(queue_raw, int cpu, struct pool_workqueue *pool, struct work_struct *work)
{
	return queued(pool, work);
}

SEC("raw_tp/workqueue_execute_start")
int BPF_PROG(start_raw, struct work_struct *work)
{
	return begins(work);
}

SEC("raw_tp/workqueue_execute_end")
int end_raw(void *ctx)
{
	return ends();
}
