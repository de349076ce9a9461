// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long threads wait for locks of user space, by lock and stack.
#include "applet.h"
#include "futexctn.h"
#include "futexctn.skel.h"
#define RODATA struct futexctn_bpf__rodata

#include <unistd.h>

struct row {
	struct sum_key key;
	struct sum_value sum;
};

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('l', only_lock, "lock", "ADDRESS", "this lock only"),
	OPT('a', all_waits, "all", NULL, "waits for what is no lock, too: conditions, semaphores"),
	OPT('s', summary, "summary", NULL, "a row for each lock of a process, no stacks"),
	OPT_CONST('m', hist_div, "milliseconds", "milliseconds, not microseconds", 1000000),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	STACK_ROOM_OPTS,
	LETTER('d', "duration"),
	{ 0 }
};

static void lock_print(struct cell *cell, uint64_t lock)
{
	cell_printf(cell, "0x%llx", (unsigned long long)lock);
}

static void what_print(struct cell *cell, uint32_t what)
{
	cell_str(cell, what == FOR_LOCK ? "lock" : "other");
}

#define EVENT struct hist_key
static void fmt_lock(struct cell *cell, const void *row)
{
	lock_print(cell, ((const EVENT *)row)->lock);
}

static void fmt_what(struct cell *cell, const void *row)
{
	what_print(cell, ((const EVENT *)row)->what);
}

static const struct col keys[] = {
	COL(comm, "comm", 0),
	COL(pid, "pid", 0),
	COL(tid, "tid", 0),
	COL_FMT(lock, "lock", 0, fmt_lock),
	COL_FMT(what, "for", 0, fmt_what),
	COL_STACKS(0, stacks),
	{ 0 }
};
#undef EVENT

static const struct hist hist = { .name = "wait", .keys = keys, .extension = HIST_ALWAYS };

#define EVENT struct row
static void fmt_sum_lock(struct cell *cell, const void *row)
{
	lock_print(cell, ((const EVENT *)row)->key.lock);
}

static void fmt_sum_what(struct cell *cell, const void *row)
{
	what_print(cell, ((const EVENT *)row)->key.what);
}

static void us_print(struct cell *cell, uint64_t ns)
{
	cell_f64(cell, ns / 1e3, 3);
}

static void fmt_avg(struct cell *cell, const void *row)
{
	const EVENT *r = row;

	us_print(cell, r->sum.count ? r->sum.total / r->sum.count : 0);
}

static void fmt_min(struct cell *cell, const void *row)
{
	us_print(cell, ~((const EVENT *)row)->sum.min_not);
}

/* What is no mutex has anything there: only a thread of the process is believed. */
static void fmt_holder(struct cell *cell, const void *row)
{
	const EVENT *r = row;
	uint32_t tid = r->sum.holder & ((1 << HOLDER_BITS) - 1);
	char path[48];

	snprintf(path, sizeof(path), "/proc/%u/task/%u", r->key.pid, tid);
	if (tid && file_there(path))
		cell_u64(cell, tid);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL(key.comm, "COMM", -16),
	COL_FMT(key.lock, "LOCK", -18, fmt_sum_lock),
	COL_FMT_IF('a', key.what, "FOR", -5, fmt_sum_what),
	COL(sum.count, "COUNT", 8),
	COL_FMT(sum.total, "AVG(us)", 12, fmt_avg),
	COL_FMT(sum.min_not, "MIN(us)", 12, fmt_min),
	COL_DIV(sum.max, "MAX(us)", 12, 1000, 3),
	COL_DIV(sum.total, "TOTAL(us)", 14, 1000, 3),
	COL(sum.timeouts, "TIMEOUTS", 8),
	COL_FMT(sum.holder, "HOLDER", 7, fmt_holder),
	{ 0 }
};

static const struct top top = {
	.when = 's',
	.map = "sums",
	.key_size = sizeof(struct sum_key),
	.value_size = sizeof(struct sum_value),
	.maxima = 1 << 3 | 1 << 4 | 1 << 5,
	.sort = "TOTAL(us)",
};

static const struct probe probes[] = {
	{ "futex system calls",
	  "futex_enter futex_exit ?futex_waitv_enter ?futex_waitv_exit ?futex_wait_enter "
	  "?futex_wait_exit" },
	{ 0 }
};

BPF_OBJECT(futexctn);

APPLET(futexctn) = {
	.name = "futexctn",
	.brief = "Show how long threads wait for locks of user space, by lock and stack.",
	.help = "Examples:\n"
		"  futexctn -p 181 10         histograms of ten seconds, by thread, lock and stack\n"
		"  futexctn -s -p 181 5 6     six tables of locks, those waited for longest first\n"
		"  futexctn -l 0x55d0c1a0     one lock, wherever it is at that address\n"
		"A lock is told by the value that its waiters expect (that of mutexes of glibc, musl,\n"
		"Rust and Go); -a shows all waits. HOLDER is who had it before the longest wait,\n"
		"where a pthread mutex tells that and the thread still lives. A wait counts when it\n"
		"is over. Not seen are 32-bit programs on a 64-bit kernel.\n",
	.title = "Tracing waits for locks of user space... Hit Ctrl-C to end.",
	OBJECT(futexctn),
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	STACK_ROOM_KEYS,
};
