// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks spend off their CPU, by kernel and user stack.
#include "applet.h"
#include "offcputime.skel.h"
#define RODATA struct offcputime_bpf__rodata

enum { STATE = 4 };

static const struct opt opts[] = {
	OPT_LIST('p', pids, "pid", "LIST", "these processes only, 181,185", 1, 4194304),
	OPT_LIST('t', tids, "tid", "LIST", "these threads only", 1, 4194304),
	FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT('u', only_user_threads, "user-threads-only", NULL, "no kernel threads"),
	OPT('k', only_kernel_threads, "kernel-threads-only", NULL, "kernel threads only"),
	OPT_SCALE('m', min_block_ns, "min-block-time", "US", "only waits this long or longer [1]",
		  1000),
	OPT_SCALE('M', max_block_ns, "max-block-time", "US", "only waits this long or shorter",
		  1000),
	OPT_RANGE(STATE, state_mask, "state", "MASK",
		  "0 still runnable, 1 interruptible, 2 not, 3 both", 0,
		  INT32_MAX),
	STACK_OPTS,
	{ 0 }
};

static const struct stacks stacks = {
	.unit = "us", .scale = 1000, .by_thread = true, STACK_KEYS
};

static const struct probe probes[] = {
	{ "the scheduler", "switch_btf" },
	{ "the scheduler", "switch_raw" },
	{ 0 }
};

static void setup(struct run *run)
{
	if (opt_on(run, 'u') && opt_on(run, 'k'))
		die(EXIT_USAGE, "-u and -k exclude each other");
	if (RUN_RODATA(run)->min_block_ns > RUN_RODATA(run)->max_block_ns)
		opt_bad(run, 'M', "is less than -m");
}

BPF_OBJECT(offcputime);

APPLET(offcputime) = {
	.name = "offcputime",
	.brief = "Sum the time that tasks spend off their CPU, by kernel and user stack.",
	.help = "Examples:\n"
		"  offcputime 5               for five seconds\n"
		"  offcputime -m 1000 5       only waits of a millisecond and more\n"
		"  offcputime -uf 30 >out     folded, for flamegraph.pl --countname=us\n"
		"  offcputime --state 2       uninterruptible, mostly disks and locks\n"
		"  offcputime -p 181,185 -K   kernel stacks of two processes\n"
		"A wait counts when it is over, with the time for which the task was runnable\n"
		"before it had a CPU again. User stacks are found by frame pointers: code built\n"
		"without them shows little more than its innermost function.\n",
	.title = "Tracing off-CPU time... Hit Ctrl-C to end.",
	OBJECT(offcputime),
	.operands = OPERANDS_DURATION,
	.opts = opts,
	.stacks = &stacks,
	.probes = probes,
	.setup = setup,
};
