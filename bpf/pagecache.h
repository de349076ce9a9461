/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bpf/pagecache.bpf.h counts, all in pages; and for the user side the programs in there. */
#ifndef PAGECACHE_H
#define PAGECACHE_H

#include "shared.h"

enum pages {
	FOUND,		/* asked for by a read or a page fault, and in the cache */
	ADDED,		/* come into the cache */
	CREATED,	/* of these, for a write */
	DIRTIED,
	PAGES
};

struct pages_count {
	__u64 n[PAGES];
};

/* The rows of probes[]. */
#define PAGECACHE_PROBES								\
	{ "the page cache", "page_added page_dirtied" },				\
	{ "the page cache", "page_added page_dirtied_old" },				\
	{ "reads and page faults", "pages_got fault_tp around_tp" },			\
	{ "reads and page faults", "read_fexit ?splice_fexit fault_fentry around_fentry" }, \
	{ "reads and page faults", "read_old_fexit fault_fentry around_fentry" },	\
	{ "reads and page faults", "read_kprobe read_kretprobe fault_kprobe around_kprobe" }, \
	{ "reads and page faults", "read_old_kprobe read_old_kretprobe fault_kprobe around_kprobe" }

#endif
