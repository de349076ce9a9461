// SPDX-License-Identifier: GPL-2.0-or-later
// Events from the kernel: the ring buffer, or the perf buffer of kernels before 5.8.
#include "frames.h"

#include <unistd.h>

/* The map type came with 5.8; making a small one is the test. */
bool ring_exists(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, getpagesize(), NULL);

	if (fd < 0)
		return errno == EPERM; /* not allowed: let the load say so */
	close(fd);
	return true;
}

static void event_take(struct run *run, const void *data, size_t size)
{
	struct core *core = run->core;
	const struct applet *a = run->applet;

	/* --count stops in the middle of what the buffer holds. */
	if (core->counted || core->out.closed)
		return;
	if (size < a->event_min)
		die(EXIT_FAIL, "an event of %zu bytes came, expected %u: build bpftools again", size,
		    a->event_min);
	if (!a->keep || a->keep(run, (void *)data))
		row_event(run, data);
}

void row_event(struct run *run, const void *row)
{
	struct core *core = run->core;

	if (core->counted || core->out.closed)
		return;
	row_print(run, row, true);
	if (core->common.count && ++core->count >= core->common.count)
		core->counted = core->stop = true;
}

static int ring_event(void *ctx, void *data, size_t size)
{
	event_take(ctx, data, size);
	return 0;
}

static void perf_event(void *ctx, int cpu, void *data, uint32_t size)
{
	(void)cpu;
	event_take(ctx, data, size);
}

static void perf_lost(void *ctx, int cpu, unsigned long long n)
{
	struct run *run = ctx;

	(void)cpu;
	run->core->lost_perf += n;
}

void events_setup(struct run *run)
{
	struct core *core = run->core;
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "events");
	bool *perf = object_var(run, ".rodata", "events_perf", NULL);
	uint64_t *wakeup = object_var(run, ".rodata", "events_wakeup", NULL);
	size_t page = getpagesize(), bytes = page;

	if (!map || !perf || !wakeup)
		return;
	*perf = core->common.perf_buffer || !ring_exists();
	if (*perf) {
		bpf_map__set_type(map, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
		bpf_map__set_key_size(map, sizeof(int));
		bpf_map__set_value_size(map, sizeof(int));
		bpf_map__set_max_entries(map, libbpf_num_possible_cpus());
		return;
	}
	if (core->common.buffer_kb) {
		/* A power of two of pages, as the kernel wants it. */
		while (bytes < core->common.buffer_kb * 1024ULL)
			bytes *= 2;
		bpf_map__set_max_entries(map, bytes);
	}
	/* Stacks get their names while their process lives: that cannot wait. */
	*wakeup = frames_wanted(run) ? 0 : bpf_map__max_entries(map) / 8;
}

bool events_open(struct run *run)
{
	struct core *core = run->core;
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "events");

	if (!map)
		return false;
	if (bpf_map__type(map) == BPF_MAP_TYPE_RINGBUF) {
		core->ring = ring_buffer__new(bpf_map__fd(map), ring_event, run, NULL);
	} else {
		size_t pages = 1;
		size_t want = (core->common.buffer_kb ? core->common.buffer_kb : 512) * 1024ULL /
			      getpagesize() / libbpf_num_possible_cpus();

		while (pages * 2 <= want)
			pages *= 2;
		core->perf = perf_buffer__new(bpf_map__fd(map), pages, perf_event, perf_lost, run,
					      NULL);
	}
	if (!core->ring && !core->perf)
		die(EXIT_FAIL, "cannot map the event buffer: %s; a smaller --buffer may do",
		    strerror(errno));
	return true;
}

void events_poll(struct run *run)
{
	struct core *core = run->core;
	int err = core->ring ? ring_buffer__consume(core->ring) : perf_buffer__consume(core->perf);

	if (err < 0 && err != -EINTR)
		die(EXIT_FAIL, "cannot read the event buffer: %s", strerror(-err));
}
