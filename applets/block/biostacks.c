// SPDX-License-Identifier: GPL-2.0-or-later
// Show block I/O latency as histograms by the stack of the task that asked for it.
#include "applet.h"
#include "disks.h"
#include "biostacks.h"
#include "biostacks.skel.h"
#define RODATA struct biostacks_bpf__rodata
#define EVENT struct hist_key

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('d', "disk", "DISK", "this disk or partition only"),
	OPT_CONST('m', hist_div, "milliseconds", "milliseconds, not microseconds", 1000000),
	OPT_CONST('U', io_stacks, "user-stacks", "the user's stack, too",
		  STACK_KERNEL | STACK_USER),
	OPT_USER('e', "extension", NULL, "the average, the total and the count too"),
	{ 0 }
};

static const struct col keys[] = {
	COL(comm, "comm", 0),
	COL(pid, "pid", 0),
	COL(disk, "disk", 0),
	COL_STACKS(0, stacks),
	{ 0 }
};

static const struct hist hist = { .name = "latency", .keys = keys, .extension = 'e' };

static void setup(struct run *run)
{
	RUN_RODATA(run)->disk_dev = disk_setup(run, opt_str(run, 'd'));
}

BPF_OBJECT(biostacks);

APPLET(biostacks) = {
	.name = "biostacks",
	.brief = "Show block I/O latency as histograms by the stack of the task that asked for it.",
	.help = "Examples:\n"
		"  biostacks 10             for ten seconds\n"
		"  biostacks -d sda -m      one disk, in milliseconds, until Ctrl-C\n"
		"  biostacks -U --comm tar  one program, with its own functions\n"
		"Time is from when the I/O was asked for to its end. The stack is that of the task\n"
		"that asked: what was written to files is mostly written later, by kworkers.\n"
		"Disks without requests of their own (dm, md, zram) are seen when named by -d.\n",
	.title = "Tracing block I/O with stacks... Hit Ctrl-C to end.",
	OBJECT(biostacks),
	.opts = opts,
	.hist = &hist,
	.probes = disk_probes,
	.operands = OPERANDS_DURATION,
	.setup = setup,
};
