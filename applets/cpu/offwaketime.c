// SPDX-License-Identifier: GPL-2.0-or-later
// Sum the time that tasks wait, by their stack and that of who woke them up.
#include "applet.h"
#include "offwaketime.skel.h"
#define RODATA struct offwaketime_bpf__rodata
#include "offcpu.h"

static const struct opt opts[] = {
	OFFCPU_OPTS,
	STACK_OPTS,
	{ 0 }
};

static const struct stacks stacks = {
	.unit = "us", .scale = 1000, .by_thread = true, .form = STACKS_BOTH, STACK_KEYS
};

static const struct probe probes[] = {
	OFFCPU_PROBES(OFFCPU_WAKING),
	{ 0 }
};

BPF_OBJECT(offwaketime);

APPLET(offwaketime) = {
	.name = "offwaketime",
	.brief = "Sum the time that tasks wait, by their stack and that of who woke them up.",
	.help = "Examples:\n"
		"  offwaketime 5              for five seconds\n"
		"  offwaketime -m 1000 5      only waits of a millisecond and more\n"
		"  offwaketime --flamegraph out.svg 30    the waker's stack above its target's\n"
		"  offwaketime -K -p 181      kernel stacks of one process that waits\n"
		"A wait counts when it is over, if somebody woke the task up. Who wakes from an\n"
		"interrupt is named by the task that it interrupted; the stack tells.\n",
	.title = "Tracing waits and wakers... Hit Ctrl-C to end.",
	OBJECT(offwaketime),
	.operands = OPERANDS_DURATION,
	.opts = opts,
	.stacks = &stacks,
	.probes = probes,
	.setup = offcpu_setup,
};
