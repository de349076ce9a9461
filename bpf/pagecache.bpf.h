/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The page cache: pages found in it, read into it, written. The object that includes this has
 * `static void pages_add(enum pages what, s64 n)` before it.
 *
 * Tools used to count calls of mark_page_accessed() and add_to_page_cache_lru(). Those have moved out
 * of the way of most pages since 5.16 (folio_mark_accessed() and filemap_add_folio() took over),
 * count a folio of many pages as one, see page faults only when the memory is unmapped, and cannot
 * tell a page that a write made from one that was read. Here, for each task and file:
 *
 * - A read asks for the pages that it spans, as mm_filemap_get_pages (6.12) or filemap_read() tell; a
 *   page fault asks for one page. These are hits, unless
 * - the task itself has that page added, for this read or ahead of it: then it was a miss, counted when
 *   the page came into the cache.
 * - A page that the task adds and dirties without reading was added by a write and is no miss.
 *
 * Files of tmpfs are not counted: they are nothing but cache. Nor is what file systems read for
 * themselves, under inodes that are no regular files: of the cache of a block device only that counts
 * which a read() of the device asks for, not the buffers. (How often those are found nobody tells:
 * block_touch_buffer sees no more than the sixteen that a CPU used last.) */
#ifndef PAGECACHE_BPF_H
#define PAGECACHE_BPF_H

#include "folio.bpf.h"
#include "pagecache.h"

#define S_IFMT 0170000
#define S_IFREG 0100000
#define S_IFBLK 0060000
#define TMPFS_MAGIC 0x01021994		/* also of memfd and System V shared memory */
#define HUGETLBFS_MAGIC 0x958458f6

const volatile u32 page_shift = 12;

enum whose { NOBODY, FILE, DEVICE };

struct task_file {
	struct address_space *mapping;
	u64 tid;
};

/* What a task did last with a file. Ranges are numbers of pages, their ends excluded. */
struct last_use {
	u64 added, added_end;	/* added, and neither asked for nor dirtied since */
	u64 asked, asked_end;	/* asked for by the last read or page fault */
	u64 id;			/* which read or fault that was: see reads_done(), faults_done() */
	u32 kind;		/* enum asked */
	u32 promised;		/* of what was asked for: counted as hits */
	u32 uncounted;		/* pages added to a device's cache, for nobody knows what */
};

enum asked { ASKED_NOTHING, ASKED_READ, ASKED_FAULT };

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct task_file);
	__type(value, struct last_use);
} last_uses SEC(".maps");

static __noinline struct last_use *last_use(struct address_space *mapping)
{
	struct task_file key = { mapping, (u32)bpf_get_current_pid_tgid() };
	struct last_use *use = bpf_map_lookup_elem(&last_uses, &key), none = {};

	if (use)
		return use;
	bpf_map_update_elem(&last_uses, &key, &none, BPF_NOEXIST);
	use = bpf_map_lookup_elem(&last_uses, &key);
	if (!use)
		LOST(entries);
	return use;
}

/* Two numbers of the current task that stay as they are within a system call that reads, and within a
 * page fault, also one that is taken anew after it has waited for the disk. */
static __noinline u64 reads_done(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (!bpf_core_field_exists(task->ioac.syscr)) /* CONFIG_TASK_IO_ACCOUNTING */
		return 0;
	return BPF_CORE_READ(task, ioac.syscr);
}

static __noinline u64 faults_done(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return BPF_CORE_READ(task, min_flt) + BPF_CORE_READ(task, maj_flt);
}

/* How many pages two ranges have in common. */
static __always_inline u64 common(u64 a, u64 a_end, u64 b, u64 b_end)
{
	u64 from = a > b ? a : b, end = a_end < b_end ? a_end : b_end;

	return end > from ? end - from : 0;
}

static __noinline enum whose mapping_whose(struct address_space *mapping)
{
	struct inode *inode = BPF_CORE_READ(mapping, host);
	u16 mode = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	unsigned long magic;

	if (mode == S_IFBLK)
		return DEVICE;
	if (mode != S_IFREG)
		return NOBODY;
	magic = BPF_CORE_READ(inode, i_sb, s_magic);
	return magic == TMPFS_MAGIC || magic == HUGETLBFS_MAGIC ? NOBODY : FILE;
}

/* Of what comes while it is asked for: it was promised as a hit, since the asking is seen first. */
static __always_inline void promise_take_back(struct last_use *use, u64 index, u64 end)
{
	u64 n;

	if (!use->promised || use->id != (use->kind == ASKED_READ ? reads_done() : faults_done()))
		return;
	n = common(index, end, use->asked, use->asked_end);
	if (n > use->promised)
		n = use->promised;
	if (!n)
		return;
	pages_add(FOUND, -n);
	use->promised -= n;
}

static __noinline int added(struct folio *folio)
{
	struct address_space *mapping = folio_mapping(folio);
	u64 index = folio_index(folio), end = index + folio_pages(folio);
	struct last_use *use;
	enum whose whose;

	if (filtered())
		return 0;
	whose = mapping_whose(mapping);
	if (whose == NOBODY || !(use = last_use(mapping)))
		return 0;
	if (whose == FILE)
		pages_add(ADDED, end - index);
	else
		use->uncounted += end - index;
	promise_take_back(use, index, end);
	if (use->kind != ASKED_NOTHING && use->asked <= index && use->asked_end > index &&
	    use->id == (use->kind == ASKED_READ ? reads_done() : faults_done()))
		index = use->asked_end; /* what is beyond that is ahead of the task */
	if (index >= end)
		return 0;
	if (use->added_end != index || use->added == use->added_end)
		use->added = index;
	use->added_end = end;
	return 0;
}

SEC("raw_tp/mm_filemap_add_to_page_cache")
int BPF_PROG(page_added, struct folio *folio)
{
	return added(folio);
}

static __noinline int dirtied(struct folio *folio, struct address_space *mapping)
{
	struct task_file key = { mapping, (u32)bpf_get_current_pid_tgid() };
	u64 index = folio_index(folio), end = index + folio_pages(folio);
	struct last_use *use;

	if (filtered() || mapping_whose(mapping) == NOBODY)
		return 0;
	pages_add(DIRTIED, end - index);
	use = bpf_map_lookup_elem(&last_uses, &key);
	if (!use || index < use->added || index >= use->added_end)
		return 0;
	pages_add(CREATED, end - index);
	if (end >= use->added_end && index > use->added)
		use->added_end = index;
	else
		use->added = end;
	return 0;
}

SEC("raw_tp/writeback_dirty_folio")
int BPF_PROG(page_dirtied, struct folio *folio, struct address_space *mapping)
{
	return dirtied(folio, mapping);
}

SEC("raw_tp/writeback_dirty_page") /* until 5.18 */
int BPF_PROG(page_dirtied_old, struct folio *folio, struct address_space *mapping)
{
	return dirtied(folio, mapping);
}

/* Pages `index` to before `end` are asked for, `n` of which count; returns how many are hits. */
static __always_inline u32 asked(struct last_use *use, enum whose whose, u64 index, u64 end, u64 n)
{
	u64 missed = common(index, end, use->added, use->added_end);

	if (missed && n == end - index)
		use->added = end < use->added_end ? end : use->added_end;
	else if (missed) /* one page of these, nobody knows which */
		use->added = (index > use->added ? index : use->added) + 1;
	if (use->uncounted && whose == DEVICE) {
		pages_add(ADDED, use->uncounted);
		use->uncounted = 0;
	}
	n = n > missed ? n - missed : 0;
	if (n)
		pages_add(FOUND, n);
	return n;
}

/* ---- reads ---- */

/* Pages `index` to `last`, the last one that this read wants. It goes on like that, with the same last
 * one, until it has got all of them; what was asked for already is not counted again. */
SEC("raw_tp/mm_filemap_get_pages")
int BPF_PROG(pages_got, struct address_space *mapping, unsigned long index, unsigned long last)
{
	u64 id, end, size;
	struct inode *inode;
	struct last_use *use;
	enum whose whose;

	if (filtered())
		return 0;
	whose = mapping_whose(mapping);
	if (whose == NOBODY || !(use = last_use(mapping)))
		return 0;
	id = reads_done();
	inode = BPF_CORE_READ(mapping, host);
	size = (BPF_CORE_READ(inode, i_size) + (1ULL << page_shift) - 1) >> page_shift;
	end = last < size ? last + 1 : size;
	if (index >= end || (use->kind == ASKED_READ && use->id == id && use->asked_end == end &&
			     index > use->asked))
		return 0;
	use->promised = asked(use, whose, index, end, end - index);
	use->kind = ASKED_READ;
	use->id = id;
	use->asked = index;
	use->asked_end = end;
	return 0;
}

/* `bytes` were read, up to `end`. All that had to come for it has come by now. */
static __noinline int read_done(struct file *file, u64 end, s64 bytes)
{
	struct address_space *mapping = BPF_CORE_READ(file, f_mapping);
	u64 first, behind;
	struct last_use *use;
	enum whose whose;

	if (bytes <= 0 || filtered())
		return 0;
	whose = mapping_whose(mapping);
	if (whose == NOBODY || !(use = last_use(mapping)))
		return 0;
	first = (end - bytes) >> page_shift;
	behind = ((end - 1) >> page_shift) + 1;
	use->kind = ASKED_NOTHING;
	asked(use, whose, first, behind, behind - first);
	return 0;
}

static __always_inline int read_returned(struct kiocb *iocb, long already, long ret)
{
	return read_done(BPF_CORE_READ(iocb, ki_filp), BPF_CORE_READ(iocb, ki_pos), ret - already);
}

/* From a kprobe to its kretprobe. Not nested: file systems on top (overlays) do not come by here. */
struct read_begun {
	struct kiocb *iocb;
	u64 pos;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct read_begun);
} reads_begun SEC(".maps");

static __noinline int read_begins(struct kiocb *iocb)
{
	struct read_begun begun = { .iocb = iocb };
	u32 tid = bpf_get_current_pid_tgid();

	if (filtered())
		return 0;
	begun.pos = BPF_CORE_READ(iocb, ki_pos);
	if (bpf_map_update_elem(&reads_begun, &tid, &begun, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int read_ends(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct read_begun *begun = bpf_map_lookup_elem(&reads_begun, &tid);
	struct kiocb *iocb;
	u64 end;

	if (!begun)
		return 0;
	iocb = begun->iocb;
	end = BPF_CORE_READ(iocb, ki_pos);
	read_done(BPF_CORE_READ(iocb, ki_filp), end, end - begun->pos);
	bpf_map_delete_elem(&reads_begun, &tid);
	return 0;
}

/* generic_file_buffered_read() until 5.12. */
SEC("fexit/filemap_read")
int BPF_PROG(read_fexit, struct kiocb *iocb, void *iter, long already, long ret)
{
	return read_returned(iocb, already, ret);
}

SEC("fexit/generic_file_buffered_read")
int BPF_PROG(read_old_fexit, struct kiocb *iocb, void *iter, long already, long ret)
{
	return read_returned(iocb, already, ret);
}

/* 6.5; before, splice() and sendfile() came to filemap_read(), too. */
SEC("fexit/filemap_splice_read")
int BPF_PROG(splice_fexit, struct file *file, loff_t *pos, void *pipe, size_t len, u32 flags, long ret)
{
	loff_t end = 0;

	bpf_probe_read_kernel(&end, sizeof(end), pos);
	return read_done(file, end, ret);
}

#define READ_PROBES(function, name)					\
	SEC("kprobe/" function)						\
	int BPF_KPROBE(name##_kprobe, struct kiocb *iocb)		\
	{								\
		return read_begins(iocb);				\
	}								\
	SEC("kretprobe/" function)					\
	int BPF_KRETPROBE(name##_kretprobe)				\
	{								\
		return read_ends();					\
	}

READ_PROBES("filemap_read", read)
READ_PROBES("generic_file_buffered_read", read_old)

/* ---- page faults ----
 * One on a page that the cache has is served by filemap_map_pages(), which maps its neighbours as well;
 * where that did not help, or was not tried (writes), filemap_fault() follows. While that waits for
 * the disk it gives up the lock, and the fault is taken anew. All of this asks for one page. */

static __noinline int faulted(struct address_space *mapping, u64 from, u64 last)
{
	u64 id = faults_done();
	struct last_use *use;
	enum whose whose;

	if (filtered())
		return 0;
	whose = mapping_whose(mapping);
	if (whose == NOBODY || !(use = last_use(mapping)))
		return 0;
	if (use->kind != ASKED_FAULT || use->id != id)
		use->promised = asked(use, whose, from, last + 1, 1);
	use->kind = ASKED_FAULT;
	use->id = id;
	use->asked = from;
	use->asked_end = last + 1;
	return 0;
}

SEC("raw_tp/mm_filemap_fault")
int BPF_PROG(fault_tp, struct address_space *mapping, unsigned long index)
{
	return faulted(mapping, index, index);
}

/* Here the page that was asked for is one of these. */
SEC("raw_tp/mm_filemap_map_pages")
int BPF_PROG(around_tp, struct address_space *mapping, unsigned long from, unsigned long last)
{
	return faulted(mapping, from, last);
}

static __always_inline int vm_faulted(struct vm_fault *vmf)
{
	u64 index = BPF_CORE_READ(vmf, pgoff);

	return faulted(BPF_CORE_READ(vmf, vma, vm_file, f_mapping), index, index);
}

SEC("fentry/filemap_fault")
int BPF_PROG(fault_fentry, struct vm_fault *vmf)
{
	return vm_faulted(vmf);
}

SEC("fentry/filemap_map_pages")
int BPF_PROG(around_fentry, struct vm_fault *vmf)
{
	return vm_faulted(vmf);
}

SEC("kprobe/filemap_fault")
int BPF_KPROBE(fault_kprobe, struct vm_fault *vmf)
{
	return vm_faulted(vmf);
}

SEC("kprobe/filemap_map_pages")
int BPF_KPROBE(around_kprobe, struct vm_fault *vmf)
{
	return vm_faulted(vmf);
}

#endif
