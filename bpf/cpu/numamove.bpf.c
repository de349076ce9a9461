// SPDX-License-Identifier: GPL-2.0-or-later
// Memory that NUMA balancing moves to the node where it is used, in the page fault of the task that
// uses it.
#include "common.bpf.h"
#include "numamove.h"

const volatile bool by_process;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct sums);
} counts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct key);
	__type(value, struct sums);
} processes SEC(".maps");

/* By thread: since when it migrates. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} starts SEC(".maps");

static struct sums none;

static __noinline struct sums *sums_here(void)
{
	struct key key = {};
	struct sums *sums;
	u32 zero = 0;

	if (!by_process)
		return bpf_map_lookup_elem(&counts, &zero);
	key.pid = current_pid_tgid() >> 32;
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	sums = bpf_map_lookup_elem(&processes, &key);
	if (!sums) {
		bpf_map_update_elem(&processes, &key, &none, BPF_NOEXIST);
		sums = bpf_map_lookup_elem(&processes, &key);
	}
	if (!sums)
		LOST(entries);
	return sums;
}

static __noinline int begins(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 now = bpf_ktime_get_ns();

	if (!filtered() && bpf_map_update_elem(&starts, &tid, &now, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int ends(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *start = bpf_map_lookup_elem(&starts, &tid);
	struct sums *sums;

	if (!start)
		return 0;
	sums = sums_here();
	if (sums) {
		sums->n[MIGRATIONS]++;
		sums->n[TIME_NS] += bpf_ktime_get_ns() - *start;
	}
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

/* Pages became folios in 6.7. */
#define MIGRATE(which)								\
	SEC("fentry/migrate_misplaced_" #which)					\
	int which##_fentry(void *ctx)						\
	{									\
		return begins();						\
	}									\
	SEC("fexit/migrate_misplaced_" #which)					\
	int which##_fexit(void *ctx)						\
	{									\
		return ends();							\
	}									\
	SEC("kprobe/migrate_misplaced_" #which)					\
	int which##_kprobe(void *ctx)						\
	{									\
		return begins();						\
	}									\
	SEC("kretprobe/migrate_misplaced_" #which)				\
	int which##_kretprobe(void *ctx)					\
	{									\
		return ends();							\
	}

MIGRATE(folio)
MIGRATE(page)

/* The sums for pages that are migrated for this reason, NULL for others. */
static __always_inline struct sums *migrated(struct trace_event_raw_mm_migrate_pages *ctx)
{
	if (migration_reason(ctx) !=
	    bpf_core_enum_value(enum migrate_reason, MR_NUMA_MISPLACED))
		return NULL;
	return filtered() ? NULL : sums_here();
}

SEC("tp/migrate/mm_migrate_pages")
int pages(struct trace_event_raw_mm_migrate_pages *ctx)
{
	struct sums *sums = migrated(ctx);

	if (sums) {
		sums->n[PAGES] += BPF_CORE_READ(ctx, succeeded);
		sums->n[FAILED] += BPF_CORE_READ(ctx, failed);
	}
	return 0;
}

/* Where no function can be watched: each is one migration, of unknown length. */
SEC("tp/migrate/mm_migrate_pages")
int untimed(struct trace_event_raw_mm_migrate_pages *ctx)
{
	struct sums *sums = migrated(ctx);

	if (sums)
		sums->n[MIGRATIONS]++;
	return 0;
}
