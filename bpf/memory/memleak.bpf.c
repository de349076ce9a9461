// SPDX-License-Identifier: GPL-2.0-or-later
// What is allocated and not yet released, by address. Of the functions of an allocator that call each
// other the outermost counts. A release counts when it begins: afterwards the address may be another
// thread's already.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "user_call.bpf.h"
#include "memleak.h"

const volatile u64 min_size, max_size = -1;
const volatile u64 sample_rate = 1;
const volatile bool kernel_mode, with_percpu;
const volatile bool combined_only, trace_all;
const volatile bool reuse_is_free;	/* -F: an address given out again is no news */
const volatile u64 page_bytes = 4096;

#define NSEC_PER_SEC 1000000000ULL
#define MAP_FAILED ((u64)-1)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1048576);
	__type(key, u64);
	__type(value, struct alloc);
} allocs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct combined_key);
	__type(value, struct combined);
} sums SEC(".maps");

u64 sampled;
u64 image;	/* what was allocated in an earlier one is no more */

static __always_inline void sum_change(const struct alloc *alloc, s64 bytes, s64 n)
{
	struct combined_key key = { .stack = alloc->stack, .image = alloc->image };
	struct combined fresh = {}, *sum = bpf_map_lookup_elem(&sums, &key);

	if (!sum) {
		bpf_map_update_elem(&sums, &key, &fresh, BPF_NOEXIST);
		sum = bpf_map_lookup_elem(&sums, &key);
		if (!sum) {
			LOST(entries);
			return;
		}
	}
	__sync_fetch_and_add(&sum->bytes, bytes);
	__sync_fetch_and_add(&sum->allocs, n);
}

static __always_inline void trace(void *ctx, u64 address, u64 size, bool freed)
{
	struct event e = { .address = address, .size = size, .freed = freed };

	e.time_ns = bpf_ktime_get_ns();
	task_note(&e);
	event_send(ctx, &e, sizeof(e));
}

/* Take the record out, into `was`. False: the address is not known. */
static __noinline bool forget(void *ctx, u64 address, struct alloc *was)
{
	struct alloc *a = bpf_map_lookup_elem(&allocs, &address);

	if (!a || !was)
		return false;
	*was = *a;
	if (bpf_map_delete_elem(&allocs, &address))
		return false; /* another CPU was faster */
	if (combined_only)
		sum_change(was, -was->size, -1);
	if (trace_all)
		trace(ctx, address, was->size, true);
	return true;
}

static __noinline int remember(void *ctx, u64 address, const struct alloc *alloc)
{
	struct alloc was = {};

	if (!alloc)
		return 0;
	/* Only possible if its release was not seen. */
	if (forget(ctx, address, &was) && was.image == alloc->image && !reuse_is_free)
		LOST(missed);
	if (bpf_map_update_elem(&allocs, &address, alloc, BPF_ANY)) {
		LOST(entries);
		return 0;
	}
	if (combined_only)
		sum_change(alloc, alloc->size, 1);
	if (trace_all)
		trace(ctx, address, alloc->size, false);
	return 0;
}

static __noinline int allocated(void *ctx, u64 address, u64 size)
{
	struct alloc a = { .size = size, .image = image };

	if (size < min_size || size > max_size)
		return 0;
	if (sample_rate > 1) {
		/* Its value is not to be had until 5.12; a thread may read another's. */
		(void)__sync_fetch_and_add(&sampled, 1);
		if (*(volatile u64 *)&sampled % sample_rate != 1)
			return 0;
	}
	a.ns = bpf_ktime_get_ns();
	a.stack = stack_id(ctx, kernel_mode ? 0 : BPF_F_USER_STACK);
	if (!kernel_mode)
		stack_proc_hint(current_pid_tgid() >> 32);
	return remember(ctx, address, &a);
}

/* ---- user space ---- */

struct call {
	u64 frame, ns;
	u64 size;
	u64 result;	/* where the address is stored; 0: it is returned */
	u64 address;	/* what realloc() and mremap() have taken out of the table */
	struct alloc was;
	u32 function;
	bool taken;
};

/* By thread: the outermost call under way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Allocators return at once; a thread that was killed within one leaves its record to the next thread
 * of that number. At the same place: one function has jumped into the other. */
static __always_inline bool is_within(const struct call *old, u64 frame)
{
	return frame <= old->frame && bpf_ktime_get_ns() - old->ns < 10 * NSEC_PER_SEC;
}

/* Mappings are of whole pages. */
static __always_inline u64 pages(u64 bytes)
{
	return (bytes + page_bytes - 1) & -page_bytes;
}

static __noinline int released(struct pt_regs *ctx, u64 address, u64 size)
{
	struct alloc was = {};
	u64 rest = address + size;

	if (!forget(ctx, address, &was) || !size || was.size <= size)
		return 0;
	/* munmap() of the first part: the rest stays, at its own address */
	was.size -= size;
	return remember(ctx, rest, &was);
}

static __noinline int enter(struct pt_regs *ctx, u32 function)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call new = { .frame = entry_frame(ctx), .function = function }, *old;
	u64 first = user_arg(ctx, 0), second = user_arg(ctx, 1);

	if (function == FREE)
		return first ? released(ctx, first, 0) : 0;
	if (function == MUNMAP)
		return released(ctx, first, pages(second));
	old = bpf_map_lookup_elem(&calls, &tid);
	if (old && is_within(old, new.frame))
		return 0;
	new.ns = bpf_ktime_get_ns();
	switch (function) {
	case MALLOC: case VALLOC:
		new.size = first;
		break;
	case CALLOC:
		new.size = first * second;
		break;
	case REALLOC: case MEMALIGN:
		new.size = second;
		break;
	case MMAP:
		new.size = pages(second);
		break;
	case REALLOCARRAY:
		new.size = second * user_arg(ctx, 2);
		break;
	case POSIX_MEMALIGN:
		new.result = first;
		new.size = user_arg(ctx, 2);
		break;
	case MREMAP:
		new.size = pages(user_arg(ctx, 2));
		break;
	}
	if (function == REALLOC || function == REALLOCARRAY || function == MREMAP) {
		new.address = first;
		new.taken = first && forget(ctx, first, &new.was);
	}
	if (bpf_map_update_elem(&calls, &tid, &new, BPF_ANY))
		LOST(entries);
	return 0;
}

#define ENTER(name, function)					\
SEC("uprobe")							\
int name(struct pt_regs *ctx)					\
{								\
	return enter(ctx, function);				\
}

/* One program each, since before 5.15 a program does not know where it is attached. */
ENTER(malloc_enter, MALLOC)
ENTER(calloc_enter, CALLOC)
ENTER(realloc_enter, REALLOC)
ENTER(reallocarray_enter, REALLOCARRAY)
ENTER(posix_memalign_enter, POSIX_MEMALIGN)
ENTER(memalign_enter, MEMALIGN)
ENTER(valloc_enter, VALLOC)
ENTER(mmap_enter, MMAP)
ENTER(mremap_enter, MREMAP)
ENTER(free_enter, FREE)
ENTER(munmap_enter, MUNMAP)

/* Where many are attached at a time (6.6). */
SEC("uprobe")
int enter_any(struct pt_regs *ctx)
{
	return enter(ctx, bpf_get_attach_cookie(ctx));
}

SEC("uretprobe")
int leave(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *c = bpf_map_lookup_elem(&calls, &tid), call;
	u64 address = PT_REGS_RC(ctx);

	if (!c || c->frame != return_frame(ctx))
		return 0;
	call = *c;
	bpf_map_delete_elem(&calls, &tid);
	if (call.result)
		address = (s32)address ? 0 : user_word(call.result, 0);
	if (address == MAP_FAILED && (call.function == MMAP || call.function == MREMAP))
		address = 0;
	if (address)
		return allocated(ctx, address, call.size);
	/* It failed, so what it was given is as it was; but a realloc() to nothing is a free(). */
	if (call.taken && call.size)
		return remember(ctx, call.address, &call.was);
	return 0;
}

const volatile u32 target;	/* the process, as the tool numbers it */

/* Of calls before it returns none, and its memory is gone. */
SEC("raw_tp/sched_process_exec")
int process_exec(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();

	if (current_pid_tgid() >> 32 == target) {
		image++;
		bpf_map_delete_elem(&calls, &tid);
	}
	return 0;
}

/* ---- the kernel ---- */

/* A page by its struct page, which is nowhere else an address. Slab and large kmalloc() take their
 * pages from there, too, so one byte may count twice: as a page and as an object. */

SEC("raw_tp/kmalloc")
int kmalloc(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] ? allocated(ctx, ctx->args[1], ctx->args[3]) : 0;
}

/* Until 6.0 */
SEC("raw_tp/kmalloc_node")
int kmalloc_node(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[1] ? allocated(ctx, ctx->args[1], ctx->args[3]) : 0;
}

/* The third argument is the cache since 5.19, before that a size, with the one allocated behind it. */
static __always_inline int cache_allocated(struct bpf_raw_tracepoint_args *ctx)
{
	struct kmem_cache *cache = (void *)ctx->args[2];
	u64 size = ctx->args[3];

	if (!ctx->args[1])
		return 0;
	if ((u64)cache > 1 << 24)
		size = BPF_CORE_READ(cache, size);
	return allocated(ctx, ctx->args[1], size);
}

SEC("raw_tp/kmem_cache_alloc")
int cache_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	return cache_allocated(ctx);
}

/* Until 6.0 */
SEC("raw_tp/kmem_cache_alloc_node")
int cache_alloc_node(struct bpf_raw_tracepoint_args *ctx)
{
	return cache_allocated(ctx);
}

static __always_inline int kernel_freed(void *ctx, u64 address)
{
	struct alloc was = {};

	if (address)
		forget(ctx, address, &was);
	return 0;
}

SEC("raw_tp/kfree")
int kfree(struct bpf_raw_tracepoint_args *ctx)
{
	return kernel_freed(ctx, ctx->args[1]);
}

SEC("raw_tp/kmem_cache_free")
int cache_free(struct bpf_raw_tracepoint_args *ctx)
{
	return kernel_freed(ctx, ctx->args[1]);
}

SEC("raw_tp/mm_page_alloc")
int page_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	return ctx->args[0] ? allocated(ctx, ctx->args[0], page_bytes << (u32)ctx->args[1]) : 0;
}

SEC("raw_tp/mm_page_free")
int page_free(struct bpf_raw_tracepoint_args *ctx)
{
	return kernel_freed(ctx, ctx->args[0]);
}

/* reserved, is_atomic, size, align, base_addr, off, ptr; since 6.0 behind the call site. */
SEC("raw_tp/percpu_alloc_percpu")
int percpu_alloc(struct bpf_raw_tracepoint_args *ctx)
{
	struct trace_event_raw_percpu_alloc_percpu *t = NULL;

	if (bpf_core_field_exists(t->call_site))
		return ctx->args[7] ? allocated(ctx, ctx->args[7], ctx->args[3]) : 0;
	return ctx->args[6] ? allocated(ctx, ctx->args[6], ctx->args[2]) : 0;
}

SEC("raw_tp/percpu_free_percpu")
int percpu_free(struct bpf_raw_tracepoint_args *ctx)
{
	return kernel_freed(ctx, ctx->args[2]);
}
