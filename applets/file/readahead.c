// SPDX-License-Identifier: GPL-2.0-or-later
// Show how much of what is read ahead is used, and how soon.
#include "applet.h"
#include "ksyms.h"
#include "readahead.h"
#include "readahead.skel.h"
#define RODATA struct readahead_bpf__rodata

#include <unistd.h>

struct row {
	__u64 n[KINDS];
	__u64 unused;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_CONST(2, hist_div, "microseconds", "in microseconds, not milliseconds", 1000),
	LETTER('d', "duration"),
	{ 0 }
};

/* The functions that read ahead; not each kernel has all of them, nor each as one of its own. */
static const char *const functions[] = {
	"page_cache_ra_unbounded", "page_cache_ra_order", "do_page_cache_ra", "force_page_cache_ra",
	"page_cache_sync_ra", "page_cache_async_ra", "ondemand_readahead", "readahead_expand",
};

/* Where they are in memory: from kallsyms, each up to the next symbol. */
static void ranges_find(struct range *ranges)
{
	struct ksyms *ks = ksyms_new();

	for (size_t i = 0; !ksyms_load(ks) && i < ARRAY_LEN(functions); i++) {
		uint64_t at = ksyms_addr(ks, functions[i]), end = at, offset;
		const char *name;

		/* Functions are aligned, and none is as long as this. */
		while (at && end - at < 1 << 14 && (name = ksyms_find(ks, end, &offset, NULL)) &&
		       end - offset == at)
			end += 16;
		ranges[i] = (struct range){ .from = at, .to = end };
	}
	ksyms_free(ks);
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	long page = sysconf(_SC_PAGESIZE);

	_Static_assert(ARRAY_LEN(functions) <= RANGES, "room for all");
	if (!opt_on(run, 2))
		ro->hist_div = 1000000;
	ro->page_shift = __builtin_ctzl(page);
	if (!run->own) {
		struct range *ranges = xalloc(RANGES * sizeof(*ranges));

		ranges_find(ranges);
		run->own = ranges;
	}
	memcpy((void *)ro->ranges, run->own, sizeof(ro->ranges));
	/* Without addresses stacks say nothing. */
	if (!ro->ranges[0].from)
		prog_off(run, "page_added_stack");
}

static void tick(struct run *run)
{
	struct row row;
	uint64_t all[KINDS];

	counts_read(run, "counts", 0, all, KINDS);
	counts_since(run, "counts", 0, (uint64_t *)row.n, KINDS);
	row.unused = all[TOTAL] - all[USED];
	if (run->format != FORMAT_TEXT)
		row_print(run, &row, false);
	else
		line_print(run, "Readahead unused/total pages: %llu/%llu "
			   "(%llu left the cache unused)",
			   (unsigned long long)row.unused, (unsigned long long)all[TOTAL],
			   (unsigned long long)all[DROPPED]);
}

/* Of JSON and CSV; in text they are a sentence. */
static const struct col cols[] = {
	COL(n[TOTAL], "TOTAL", 10),
	COL(n[USED], "USED", 10),
	COL(n[DROPPED], "DROPPED", 10),
	COL(unused, "UNUSED", 10),
	{ 0 }
};

static const struct hist hist = { .name = "age" };

#define PAIR(enter, exit) \
	"page_cache_ra_unbounded_" enter " page_cache_ra_unbounded_" exit \
	" ?page_cache_ra_order_" enter " ?page_cache_ra_order_" exit " page_added"

static const struct probe probes[] = {
	{ "read-ahead", PAIR("fentry", "fexit") },
	{ "read-ahead", PAIR("kprobe", "kretprobe") },
	{ "read-ahead", "page_added_stack" },
	{ "reads", "filemap_read_fexit ?filemap_splice_read_fexit" },
	{ "reads", "generic_file_buffered_read_fexit" },
	{ "reads", "pages_got" },
	{ "reads", "filemap_read_kprobe filemap_read_kretprobe ?filemap_splice_read_kprobe "
		   "?filemap_splice_read_kretprobe" },
	{ "reads", "generic_file_buffered_read_kprobe generic_file_buffered_read_kretprobe" },
	{ "page faults", "filemap_fault_fexit filemap_map_pages_fentry" },
	{ "page faults", "page_fault pages_mapped" },
	{ "page faults", "filemap_fault_kprobe filemap_map_pages_kprobe" },
	{ 0 }
};

BPF_OBJECT(readahead);

APPLET(readahead) = {
	.name = "readahead",
	.brief = "Show how much of what is read ahead is used, and how soon.",
	.help = "Examples:\n"
		"  readahead -d 30            for 30 seconds\n"
		"  readahead --interval 5     every five seconds\n"
		"  readahead -p 181           what is read ahead for process 181, whoever uses it\n"
		"Counted are pages that come into the page cache by read-ahead, also the one\n"
		"that was asked for; those of a large folio one by one. A page is used when it\n"
		"is read, or when a page fault maps it, also as a neighbour. The histogram has\n"
		"the time from reading ahead to first use. UNUSED is of all since the start:\n"
		"DROPPED of them have left the cache, the others may still be used.\n",
	.title = "Tracing read-ahead... Hit Ctrl-C to end.",
	OBJECT(readahead),
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
	.tick = tick,
};
