// SPDX-License-Identifier: GPL-2.0-or-later
// Pages that come into the page cache by read-ahead, when they are used for the first time, and
// whether they go unused. A page is a place in a file, so that those of a large folio count one
// by one, and a read says with one event which of them it uses.
#define HIST_NO_KEY
#include "hist.bpf.h"
#include "folio.bpf.h"
#include "readahead.h"

enum { CHUNK = 64 };		/* pages that share an entry; a read-ahead is mostly of 32 */
enum { STAMP_SHIFT = 14 };	/* stamps are in units of 16 us, and so good for 19 hours */

/* A read uses so many chunks at most, where only what was asked for is known (16 MB; it is asked
 * for again with each 15 to 31 folios that have been copied), or all that it has copied. */
enum { CHUNKS_ASKED = 64, CHUNKS_COPIED = 512 };

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counts);
} counts SEC(".maps");

struct chunk_key {
	u64 mapping;	/* the file's struct address_space */
	u64 chunk;
};

struct chunk {
	s64 waiting;
	u32 stamp[CHUNK];	/* when each was read; 0: it is not waiting for its first use */
};

/* A page that is not used goes when it leaves the page cache, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16384);
	__type(key, struct chunk_key);
	__type(value, struct chunk);
} chunks SEC(".maps");

static struct chunk no_chunk;

/* Global functions, so that each is verified once, not with each step of the loops that call
 * them. */

__noinline int count(u32 kind, u32 n)
{
	u32 zero = 0;
	struct counts *c = bpf_map_lookup_elem(&counts, &zero);

	/* Out of the compiler's sight, or it would check another register than it uses. */
	asm volatile("" : "+r"(kind));
	if (c && kind < KINDS)
		c->n[kind] += n;
	return 0;
}

__noinline int age_add(u32 age)
{
	hist_add(NULL, (u64)age << STAMP_SHIFT);
	return 0;
}

static __always_inline u32 stamp_now(void)
{
	u32 stamp = bpf_ktime_get_ns() >> STAMP_SHIFT;

	return stamp ? stamp : 1;
}

/* A page of a chunk has been read ahead. */
__noinline int page_add(u64 mapping, u64 nr, u32 page)
{
	struct chunk_key key = { .mapping = mapping, .chunk = nr };
	struct chunk *c = entry_get(&chunks, &key, &no_chunk);

	if (!c)
		return 0;
	asm volatile("" : "+r"(page)); /* or the mask is optimised away */
	page &= CHUNK - 1;
	if (!c->stamp[page])
		__sync_fetch_and_add(&c->waiting, 1);
	c->stamp[page] = stamp_now();
	return count(TOTAL, 1);
}

/* It is used, or has left the cache. */
__noinline int page_take(u64 mapping, u64 nr, u32 page, u32 kind)
{
	struct chunk_key key = { .mapping = mapping, .chunk = nr };
	struct chunk *c = bpf_map_lookup_elem(&chunks, &key);
	u32 stamp;

	asm volatile("" : "+r"(page));
	page &= CHUNK - 1;
	if (!c || !c->stamp[page])
		return 0;
	stamp = c->stamp[page];
	c->stamp[page] = 0;
	if (kind == USED)
		age_add(stamp_now() - stamp);
	__sync_fetch_and_add(&c->waiting, -1);
	if (c->waiting <= 0)
		bpf_map_delete_elem(&chunks, &key);
	return count(kind, 1);
}

/* Those of the pages `first` to `last` that are in the chunk `step` further on; 1 when there is
 * no more. `kind` KINDS: they have been read ahead. */
__noinline int chunk_step(u64 mapping, u64 first, u64 last, u32 step, u32 kind)
{
	struct chunk_key key = { .mapping = mapping, .chunk = first / CHUNK + step };
	u64 base = key.chunk * CHUNK;

	if (base > last)
		return 1;
	if (kind != KINDS && !bpf_map_lookup_elem(&chunks, &key))
		return 0;
	for (u32 i = 0; i < CHUNK; i++) {
		if (base + i < first || base + i > last)
			continue;
		if (kind == KINDS)
			page_add(mapping, key.chunk, i);
		else
			page_take(mapping, key.chunk, i, kind);
	}
	return 0;
}

static __noinline int pages_asked(u64 mapping, u64 first, u64 last)
{
	for (u32 i = 0; i < CHUNKS_ASKED; i++)
		if (chunk_step(mapping, first, last, i, USED))
			break;
	return 0;
}

static __noinline int pages_all(u64 mapping, u64 first, u64 last, u32 kind)
{
	for (u32 i = 0; i < CHUNKS_COPIED; i++)
		if (chunk_step(mapping, first, last, i, kind))
			break;
	return 0;
}

/* ---- which pages are read ahead: those that come while a task is in such a function ---- */

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u8);
} readers SEC(".maps");

static __noinline int ahead_begin(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	u8 yes = 1;

	if (!filtered() && bpf_map_update_elem(&readers, &tid, &yes, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int ahead_end(void)
{
	u32 tid = bpf_get_current_pid_tgid();

	bpf_map_delete_elem(&readers, &tid);
	return 0;
}

#define READS_AHEAD(function)				\
	SEC("fentry/" #function)			\
	int function##_fentry(void *ctx)		\
	{						\
		return ahead_begin();			\
	}						\
	SEC("fexit/" #function)				\
	int function##_fexit(void *ctx)			\
	{						\
		return ahead_end();			\
	}						\
	SEC("kprobe/" #function)			\
	int function##_kprobe(void *ctx)		\
	{						\
		return ahead_begin();			\
	}						\
	SEC("kretprobe/" #function)			\
	int function##_kretprobe(void *ctx)		\
	{						\
		return ahead_end();			\
	}

READS_AHEAD(page_cache_ra_unbounded)	/* 5.8 */
READS_AHEAD(page_cache_ra_order)	/* 5.18: large folios; may end in the one above */

/* A fault whose page is not there yet, where faults are seen at their beginning only. */
struct fault {
	u64 mapping, index;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct fault);
} faults SEC(".maps");

static __noinline int added(struct folio *folio)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 mapping = (u64)folio_mapping(folio), index = folio_index(folio);
	u64 last = index + folio_pages(folio) - 1;
	struct fault *f;

	pages_all(mapping, index, last, KINDS);
	f = bpf_map_lookup_elem(&faults, &tid);
	if (f && f->mapping == mapping && f->index >= index && f->index <= last)
		pages_asked(mapping, f->index, f->index);
	return 0;
}

SEC("raw_tp/mm_filemap_add_to_page_cache")
int BPF_PROG(page_added, struct folio *folio)
{
	u32 tid = bpf_get_current_pid_tgid();

	return bpf_map_lookup_elem(&readers, &tid) ? added(folio) : 0;
}

/* Where no function can be watched, the stack says which one we are in. That is dearer: some 1 us a
 * folio, also for those that are written. */
const volatile struct range ranges[RANGES];

static __noinline bool reads_ahead(u64 ip)
{
	for (u32 i = 0; i < RANGES; i++)
		if (ip > ranges[i].from && ip <= ranges[i].to)
			return true;
	return false;
}

SEC("raw_tp/mm_filemap_add_to_page_cache")
int BPF_PROG(page_added_stack, struct folio *folio)
{
	u64 ips[12] = {};

	if (filtered())
		return 0;
	bpf_get_stack(ctx, ips, sizeof(ips), 0);
	for (u32 i = 0; i < 12; i++)
		if (reads_ahead(ips[i]))
			return added(folio);
	return 0;
}

SEC("raw_tp/mm_filemap_delete_from_page_cache")
int BPF_PROG(page_deleted, struct folio *folio)
{
	u64 index = folio_index(folio);

	return pages_all((u64)folio_mapping(folio), index, index + folio_pages(folio) - 1, DROPPED);
}

/* ---- which pages are used: by a read ---- */

enum { PAGE_SHIFT_MIN = 12 };
const volatile u32 page_shift = PAGE_SHIFT_MIN;

static __noinline int file_read(struct file *file, u64 pos, long bytes)
{
	if (bytes <= 0)
		return 0;
	return pages_all((u64)BPF_CORE_READ(file, f_mapping), pos >> page_shift,
			 (pos + bytes - 1) >> page_shift, USED);
}

/* Both return what has been read so far, the part before this call included. */
SEC("fexit/filemap_read") /* 5.12 */
int BPF_PROG(filemap_read_fexit, struct kiocb *iocb, void *iter, long before, long ret)
{
	return file_read(BPF_CORE_READ(iocb, ki_filp), BPF_CORE_READ(iocb, ki_pos) - (ret - before),
			 ret - before);
}

SEC("fexit/generic_file_buffered_read") /* before */
int BPF_PROG(generic_file_buffered_read_fexit, struct kiocb *iocb, void *iter, long before,
	     long ret)
{
	return file_read(BPF_CORE_READ(iocb, ki_filp), BPF_CORE_READ(iocb, ki_pos) - (ret - before),
			 ret - before);
}

SEC("fexit/filemap_splice_read") /* 6.5; before, splices read like others */
int BPF_PROG(filemap_splice_read_fexit, struct file *file, loff_t *at, void *pipe, size_t len,
	     u32 flags, long ret)
{
	loff_t pos = 0;

	bpf_probe_read_kernel(&pos, sizeof(pos), at);
	return file_read(file, pos - ret, ret);
}

struct reading {
	struct file *file;
	u64 pos, before;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct reading);
} readings SEC(".maps");

static __noinline int read_begin(struct file *file, u64 pos, u64 before)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct reading r = { .file = file, .pos = pos, .before = before };

	if (bpf_map_update_elem(&readings, &tid, &r, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int read_end(long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct reading *r = bpf_map_lookup_elem(&readings, &tid);

	if (!r)
		return 0;
	file_read(r->file, r->pos, ret - (long)r->before);
	bpf_map_delete_elem(&readings, &tid);
	return 0;
}

#define READS(function)									\
	SEC("kprobe/" #function)							\
	int BPF_KPROBE(function##_kprobe, struct kiocb *iocb, void *iter, long before)	\
	{										\
		return read_begin(BPF_CORE_READ(iocb, ki_filp),				\
				  BPF_CORE_READ(iocb, ki_pos), before);			\
	}										\
	SEC("kretprobe/" #function)							\
	int BPF_KRETPROBE(function##_kretprobe, long ret)				\
	{										\
		return read_end(ret);							\
	}

READS(filemap_read)
READS(generic_file_buffered_read)

SEC("kprobe/filemap_splice_read")
int BPF_KPROBE(filemap_splice_read_kprobe, struct file *file, loff_t *at)
{
	loff_t pos = 0;

	bpf_probe_read_kernel(&pos, sizeof(pos), at);
	return read_begin(file, pos, 0);
}

SEC("kretprobe/filemap_splice_read")
int BPF_KRETPROBE(filemap_splice_read_kretprobe, long ret)
{
	return read_end(ret);
}

/* 6.11: what a read asks for, when all up to some point is in the cache. */
SEC("raw_tp/mm_filemap_get_pages")
int BPF_PROG(pages_got, struct address_space *mapping, u64 first, u64 last)
{
	return pages_asked((u64)mapping, first, last);
}

/* ---- or by a page fault, which maps the pages around, too ---- */

static __noinline int fault_used(struct vm_fault *vmf, u64 first, u64 last)
{
	return pages_asked((u64)BPF_CORE_READ(vmf, vma, vm_file, f_mapping), first, last);
}

SEC("fexit/filemap_fault")
int BPF_PROG(filemap_fault_fexit, struct vm_fault *vmf)
{
	u64 index = BPF_CORE_READ(vmf, pgoff);

	return fault_used(vmf, index, index);
}

SEC("fentry/filemap_map_pages")
int BPF_PROG(filemap_map_pages_fentry, struct vm_fault *vmf, u64 first, u64 last)
{
	return fault_used(vmf, first, last);
}

static __noinline int fault_begin(u64 mapping, u64 index)
{
	struct fault f = { .mapping = mapping, .index = index };
	u32 tid = bpf_get_current_pid_tgid();

	pages_asked(mapping, index, index);
	bpf_map_update_elem(&faults, &tid, &f, BPF_ANY);
	return 0;
}

SEC("kprobe/filemap_fault")
int BPF_KPROBE(filemap_fault_kprobe, struct vm_fault *vmf)
{
	return fault_begin((u64)BPF_CORE_READ(vmf, vma, vm_file, f_mapping),
			   BPF_CORE_READ(vmf, pgoff));
}

SEC("kprobe/filemap_map_pages")
int BPF_KPROBE(filemap_map_pages_kprobe, struct vm_fault *vmf, u64 first, u64 last)
{
	return fault_used(vmf, first, last);
}

/* 6.11 */
SEC("raw_tp/mm_filemap_fault")
int BPF_PROG(page_fault, struct address_space *mapping, u64 index)
{
	return fault_begin((u64)mapping, index);
}

SEC("raw_tp/mm_filemap_map_pages")
int BPF_PROG(pages_mapped, struct address_space *mapping, u64 first, u64 last)
{
	return pages_asked((u64)mapping, first, last);
}
