// SPDX-License-Identifier: GPL-2.0-or-later
// Writing back of dirty pages, round by round. A round begins and ends in one thread: a worker, or one
// that needs a clean file system at once.
#include "events.bpf.h"
#include "writeback.h"

const volatile __u64 min_ns;
const volatile bool only_written;

struct started {
	u64 ns;
	s64 pages;	/* still to be written, as far as it was said how many */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

SEC("raw_tp/writeback_start")
int BPF_PROG(round_start, struct bdi_writeback *wb, struct wb_writeback_work *work)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = {};

	TYPE_FOR_USER_SPACE(enum wb_reason);
	s.pages = BPF_CORE_READ(work, nr_pages);
	s.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("raw_tp/writeback_written")
int BPF_PROG(round_end, struct bdi_writeback *wb, struct wb_writeback_work *work)
{
	u64 now = bpf_ktime_get_ns(), lat_ns;
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);
	struct event *e;
	s64 pages;

	if (!s) /* began before us */
		return 0;
	lat_ns = now - s->ns;
	pages = s->pages - BPF_CORE_READ(work, nr_pages);
	bpf_map_delete_elem(&starts, &tid);
	if (lat_ns < min_ns || (only_written && !pages))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = now;
	e->lat_ns = lat_ns;
	e->pages = pages;
	e->reason = BPF_CORE_READ(work, reason);
	BPF_CORE_READ_STR_INTO(&e->device, wb, bdi, dev_name);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}
