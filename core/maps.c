// SPDX-License-Identifier: GPL-2.0-or-later
// Reading maps: all entries of a hash, in batches where the kernel has them.
#include "core.h"

struct drain {
	int fd;
	uint32_t key_size, value_size, stride;
	int cpus;	/* 0: one value for all CPUs */
	bool take;
	uint64_t maxima; /* bit n: of the value's nth __u64 the largest counts, not the sum */
	map_entry_fn *fn;
	void *arg;
};

static bool map_is_percpu(enum bpf_map_type type)
{
	return type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH ||
	       type == BPF_MAP_TYPE_PERCPU_ARRAY;
}

/* Adds the CPUs' values up, or takes the largest, in place, into the first. The kernel rounds each
 * up to 8 bytes. */
static void values_sum(const struct drain *d, void *values)
{
	uint64_t *to = values;

	for (int cpu = 1; cpu < d->cpus; cpu++) {
		const uint64_t *from = (const uint64_t *)((char *)values + (size_t)cpu * d->stride);

		for (size_t i = 0; i < d->stride / sizeof(*to); i++)
			if (i < 64 && d->maxima >> i & 1)
				to[i] = MAX(to[i], from[i]);
			else
				to[i] += from[i];
	}
}

static void entry_give(const struct drain *d, const void *key, void *values)
{
	if (!d->fn)
		return;
	if (d->cpus)
		values_sum(d, values);
	d->fn(key, values, d->arg);
}

static size_t entry_size(const struct drain *d)
{
	return d->cpus ? (size_t)d->stride * d->cpus : d->value_size;
}

/* One by one: the next key is asked for before the present one is taken out. */
static int drain_single(const struct drain *d)
{
	char *key = xalloc(d->key_size), *next = xalloc(d->key_size);
	void *values = xalloc(entry_size(d));
	int err = bpf_map_get_next_key(d->fd, NULL, next);

	while (!err) {
		memcpy(key, next, d->key_size);
		err = bpf_map_get_next_key(d->fd, key, next);
		if (bpf_map_lookup_elem(d->fd, key, values))
			continue; /* gone meanwhile */
		if (d->take)
			bpf_map_delete_elem(d->fd, key);
		entry_give(d, key, values);
	}
	free(key);
	free(next);
	free(values);
	return err == -ENOENT ? 0 : err;
}

/* -EINVAL or -ENOTSUPP at the first call: this kernel has no batches for this map. A batch that is
 * too small for one bucket of the hash is -ENOSPC: again with a larger one. */
static int drain_batches(const struct drain *d)
{
	uint32_t room = 256, n, token[2], token_next[2];
	char *keys = NULL, *values = NULL;
	bool first = true;
	int err;

	do {
		keys = xrealloc(keys, (size_t)room * d->key_size);
		values = xrealloc(values, room * entry_size(d));
		n = room;
		if (d->take)
			err = bpf_map_lookup_and_delete_batch(d->fd, first ? NULL : token, token_next,
							      keys, values, &n, NULL);
		else
			err = bpf_map_lookup_batch(d->fd, first ? NULL : token, token_next, keys,
						   values, &n, NULL);
		if (err == -ENOSPC) {
			room *= 4;
			continue;
		}
		if (err && err != -ENOENT)
			break;
		for (uint32_t i = 0; i < n; i++)
			entry_give(d, keys + (size_t)i * d->key_size, values + i * entry_size(d));
		memcpy(token, token_next, sizeof(token));
		first = false;
	} while (err != -ENOENT && room <= 1 << 22);
	free(keys);
	free(values);
	return err == -ENOENT ? 0 : err;
}

void map_drain(const struct run *run, const char *name, bool take, map_entry_fn *fn, void *arg)
{
	map_drain_max(run, name, take, 0, fn, arg);
}

void map_drain_max(const struct run *run, const char *name, bool take, uint64_t maxima,
		   map_entry_fn *fn, void *arg)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, name);
	struct drain d = { .take = take, .maxima = maxima, .fn = fn, .arg = arg };
	int err;

	if (!map)
		abort(); /* a name of the applet's own */
	d.fd = bpf_map__fd(map);
	d.key_size = bpf_map__key_size(map);
	d.value_size = bpf_map__value_size(map);
	d.stride = (d.value_size + 7) & ~7U;
	if (map_is_percpu(bpf_map__type(map)))
		d.cpus = libbpf_num_possible_cpus();
	err = drain_batches(&d);
	if (err == -EINVAL || err == -ENOTSUP || err == -524 /* ENOTSUPP, the kernel's own */)
		err = drain_single(&d);
	if (err)
		die(EXIT_FAIL, "cannot read the map %s: %s", name, strerror(-err));
}

void counts_read(const struct run *run, const char *name, uint32_t index, uint64_t *sum, size_t n)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, name);
	int cpus = libbpf_num_possible_cpus();
	size_t stride;
	uint64_t *all;

	if (!map || bpf_map__value_size(map) < n * sizeof(*sum))
		abort();
	stride = (bpf_map__value_size(map) + 7) / 8;
	all = xalloc(stride * cpus * sizeof(*all));
	if (bpf_map_lookup_elem(bpf_map__fd(map), &index, all))
		die(EXIT_FAIL, "cannot read the map %s: %s", name, strerror(errno));
	for (size_t i = 0; i < n; i++) {
		sum[i] = 0;
		for (int cpu = 0; cpu < cpus; cpu++)
			sum[i] += all[cpu * stride + i];
	}
	free(all);
}

struct counts_seen {
	struct counts_seen *next;
	const char *map;
	uint32_t index;
	uint64_t sum[];
};

void counts_since(struct run *run, const char *map, uint32_t index, uint64_t *sum, size_t n)
{
	struct counts_seen *seen = run->core->counts_seen;

	while (seen && (seen->index != index || strcmp(seen->map, map)))
		seen = seen->next;
	if (!seen) {
		seen = xalloc(sizeof(*seen) + n * sizeof(*sum));
		seen->next = run->core->counts_seen;
		seen->map = map;
		seen->index = index;
		run->core->counts_seen = seen;
	}
	counts_read(run, map, index, sum, n);
	for (size_t i = 0; i < n; i++) {
		uint64_t was = seen->sum[i];

		seen->sum[i] = sum[i];
		sum[i] -= was;
	}
}

/* The memory of a hash table is taken at once, for as many entries as it may ever have. What nobody has
 * asked for is a 64th of the machine's at most, but 256 entries. */
static void table_fit(struct bpf_map *map)
{
	enum { OVERHEAD = 64 }; /* bytes an entry; struct htab_elem of kernel/bpf/hashtab.c, a bucket */
	enum bpf_map_type type = bpf_map__type(map);
	bool per_cpu = type == BPF_MAP_TYPE_PERCPU_HASH || type == BPF_MAP_TYPE_LRU_PERCPU_HASH;
	size_t each = bpf_map__value_size(map);
	uint64_t most;

	if (!per_cpu && type != BPF_MAP_TYPE_HASH && type != BPF_MAP_TYPE_LRU_HASH)
		return;
	if (per_cpu)
		each *= libbpf_num_possible_cpus();
	each += bpf_map__key_size(map) + OVERHEAD;
	most = MAX(memory_part(64) / each, 256ULL);
	if (bpf_map__max_entries(map) > most)
		bpf_map__set_max_entries(map, most);
}

/* Maps of a kind that this kernel lacks are left out: programs have another way, which they take by
 * what the kernel's types say, or the ladder finds other programs. */
void maps_setup(struct run *run)
{
	uint32_t entries = run->core->common.map_entries;
	struct bpf_map *map;

	bpf_object__for_each_map(map, run->obj) {
		enum bpf_map_type type = bpf_map__type(map);

		if (type == BPF_MAP_TYPE_TASK_STORAGE && libbpf_probe_bpf_map_type(type, NULL) != 1)
			bpf_map__set_autocreate(map, false);
		table_fit(map);
		if (entries && (type == BPF_MAP_TYPE_HASH || type == BPF_MAP_TYPE_LRU_HASH))
			bpf_map__set_max_entries(map, entries);
	}
}
