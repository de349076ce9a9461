// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks wait, by the stack of who woke them up.
#include "applet.h"
#include "wakeuptime.skel.h"
#define RODATA struct wakeuptime_bpf__rodata
#include "offcpu.h"

static const struct opt opts[] = {
	OFFCPU_OPTS,
	STACK_OPTS,
	{ 0 }
};

static const struct stacks stacks = {
	.unit = "us", .scale = 1000, .by_thread = true, .form = STACKS_WAKER, STACK_KEYS
};

static const struct probe probes[] = {
	OFFCPU_PROBES(OFFCPU_WAKING),
	{ 0 }
};

static void setup(struct run *run)
{
	offcpu_setup(run);
	RUN_RODATA(run)->target_stacks = false;
}

BPF_OBJECT(wakeuptime);

APPLET(wakeuptime) = {
	.name = "wakeuptime",
	.brief = "Sum the time that tasks wait, by the stack of who woke them up.",
	.help = "Examples:\n"
		"  wakeuptime 5               for five seconds\n"
		"  wakeuptime -u -m 1000 5    of user threads that waited a millisecond and more\n"
		"  wakeuptime -f 30 >out      folded: waker;its stack;target\n"
		"  wakeuptime -p 181          who wakes the threads of one process\n"
		"Filters are on the task that waits. Who wakes from an interrupt is named by the task\n"
		"that it interrupted; the stack tells.\n",
	.title = "Tracing wakers... Hit Ctrl-C to end.",
	OBJECT(wakeuptime),
	.operands = OPERANDS_DURATION,
	.opts = opts,
	.stacks = &stacks,
	.probes = probes,
	.setup = setup,
};
