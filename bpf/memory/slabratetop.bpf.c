// SPDX-License-Identifier: GPL-2.0-or-later
// Allocations of slab caches. The tracepoints see all of them but those in bulk; of a kmalloc() they
// tell the size only. Until 6.1 they did not tell any cache, so there the functions are watched that
// take from one.
#include "common.bpf.h"
#include "slabratetop.h"

/* By the cache's address; of kmalloc(), by the size of the objects. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct value);
} caches SEC(".maps");

struct name {
	char name[CACHE_NAME];
};

/* Of caches: written anew after each report, since an address may become another one's. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u64);
	__type(value, struct name);
} cache_names SEC(".maps");

static __noinline struct value *value_make(u64 key, struct kmem_cache *cache)
{
	struct value none = {};
	struct name name = {};

	if (cache) {
		bpf_probe_read_kernel_str(name.name, sizeof(name.name), BPF_CORE_READ(cache, name));
		bpf_map_update_elem(&cache_names, &key, &name, BPF_ANY);
	}
	bpf_map_update_elem(&caches, &key, &none, BPF_NOEXIST);
	return bpf_map_lookup_elem(&caches, &key);
}

/* `n` objects of `size`, where no cache is known; of 0 bytes: of the cache's size. */
static __noinline int allocated(struct kmem_cache *cache, u64 size, u64 n)
{
	/* Whole pages, of any number, are one row. */
	u64 key = cache ? (u64)cache : size > KMALLOC_MAX_CACHE ? KMALLOC_MAX_CACHE + 1 : size;
	struct value *v;

	if (filtered())
		return 0;
	v = bpf_map_lookup_elem(&caches, &key);
	if (!v)
		v = value_make(key, cache);
	if (!v) {
		LOST(entries);
		return 0;
	}
	v->allocs += n;
	v->bytes += n * (cache ? BPF_CORE_READ(cache, size) : size);
	return 0;
}

/* With the cache: 6.1; before, user space turns this off, and the next row of programs serves. */
SEC("raw_tp/kmem_cache_alloc")
int cache_tp(struct bpf_raw_tracepoint_args *ctx)
{
	TYPE_FOR_USER_SPACE(struct trace_event_raw_kmem_cache_alloc);
	return ctx->args[1] ? allocated((void *)ctx->args[2], 0, 1) : 0;
}

SEC("raw_tp/kmalloc")
int kmalloc_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] ? allocated(NULL, ctx->args[3], 1) : 0;
}

/* The same with nodes, until 6.1. */
SEC("raw_tp/kmalloc_node")
int kmalloc_node_tp(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] ? allocated(NULL, ctx->args[3], 1) : 0;
}

/* Also those in bulk, which no tracepoint tells of; _noprof since 6.10. */
SEC("fentry/kmem_cache_alloc_bulk_noprof")
int BPF_PROG(bulk_fentry, struct kmem_cache *cache, u32 flags, size_t n)
{
	return allocated(cache, 0, n);
}

SEC("fentry/kmem_cache_alloc_bulk")
int BPF_PROG(bulk_old_fentry, struct kmem_cache *cache, u32 flags, size_t n)
{
	return allocated(cache, 0, n);
}

SEC("kprobe/kmem_cache_alloc_bulk_noprof")
int BPF_KPROBE(bulk_kprobe, struct kmem_cache *cache, u32 flags, size_t n)
{
	return allocated(cache, 0, n);
}

SEC("kprobe/kmem_cache_alloc_bulk")
int BPF_KPROBE(bulk_old_kprobe, struct kmem_cache *cache, u32 flags, size_t n)
{
	return allocated(cache, 0, n);
}

#define CACHE(function)							\
	SEC("fentry/" #function)					\
	int BPF_PROG(function##_fentry, struct kmem_cache *cache)	\
	{								\
		return allocated(cache, 0, 1);				\
	}								\
	SEC("kprobe/" #function)					\
	int BPF_KPROBE(function##_kprobe, struct kmem_cache *cache)	\
	{								\
		return allocated(cache, 0, 1);				\
	}

CACHE(kmem_cache_alloc)
CACHE(kmem_cache_alloc_node)
