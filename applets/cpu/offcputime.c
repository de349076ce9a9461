// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks spend off their CPU, by kernel and user stack.
#include "applet.h"
#include "offcputime.skel.h"
#define RODATA struct offcputime_bpf__rodata
#include "offcpu.h"

static const struct opt opts[] = {
	OFFCPU_OPTS,
	STACK_OPTS,
	{ 0 }
};

static const struct stacks stacks = {
	.unit = "us", .scale = 1000, .by_thread = true, STACK_KEYS
};

static const struct probe probes[] = {
	OFFCPU_PROBES(OFFCPU_NO_WAKING),
	{ 0 }
};

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
	.setup = offcpu_setup,
};
