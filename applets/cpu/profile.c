// SPDX-License-Identifier: GPL-2.0-or-later
// Sample what the CPUs do, by kernel and user stack.
#include "applet.h"
#include "profile.skel.h"
#define RODATA struct profile_bpf__rodata

#include <linux/perf_event.h>

enum { CYCLES = 4, SUMS = 5 };

static const struct opt opts[] = {
	OPT_LIST('p', pids, "pid", "LIST", "these processes only, 181,185", 1, 4194304),
	OPT_LIST('L', tids, "tid", "LIST", "these threads only", 1, 4194304),
	FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_USER_NUM('F', "frequency", "HZ", "samples a second on each CPU [49]", 1, 1000000),
	OPT_USER_NUM('c', "period", "N", "or one after N ns of CPU time (N cycles)", 1000,
		     INT64_MAX),
	OPT_USER(CYCLES, "cycles", NULL, "by the CPU's cycles, not the clock: sees interrupts too"),
	OPT_USER_NUM('C', "cpu", "CPU", "on this CPU only", 0, 65535),
	OPT('I', include_idle, "include-idle", NULL, "count idle CPUs too"),
	STACK_OPTS,
	OPT_USER_NUM(SUMS, "hash-storage-size", "N", "room for N sums [16384]", 1, 1 << 24),
	{ 0 }
};

static const struct stacks stacks = { .unit = "samples", .scale = 1, STACK_KEYS };

static void setup(struct run *run)
{
	if (opt_on(run, 'F') && opt_on(run, 'c'))
		die(EXIT_USAGE, "-F and -c exclude each other");
	if (opt_on(run, SUMS))
		map_resize(run, "stack_counts", opt_u64(run, SUMS, 0));
}

static void attach(struct run *run)
{
	uint64_t period = opt_u64(run, 'c', 0), freq = period ? 0 : opt_u64(run, 'F', 49), most;
	char text[96];

	if (file_read("/proc/sys/kernel/perf_event_max_sample_rate", text, sizeof(text)) > 0 &&
	    parse_u64(text, &most) && freq > most) {
		snprintf(text, sizeof(text), "sysctl kernel.perf_event_max_sample_rate allows %llu",
			 (unsigned long long)most);
		opt_bad(run, 'F', text);
	}
	if (opt_on(run, CYCLES))
		prog_attach_perf(run, "sample", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES, freq,
				 period, opt_u64(run, 'C', -1));
	else
		prog_attach_perf(run, "sample", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK, freq,
				 period, opt_u64(run, 'C', -1));
}

BPF_OBJECT(profile);

APPLET(profile) = {
	.name = "profile",
	.brief = "Sample what the CPUs do, by kernel and user stack.",
	.help = "Examples:\n"
		"  profile -F 99 10           ten seconds, 99 times a second\n"
		"  profile -af 30 >out        folded, for flamegraph.pl --color=java\n"
		"  profile -p 181,185         two processes\n"
		"  profile -K -C 3            what the kernel does on CPU 3\n"
		"  profile --interval 10 -U   user stacks, a report each ten seconds\n"
		"User stacks are found by frame pointers: code built without them shows little\n"
		"more than its innermost function.\n",
	.title = "Sampling stacks... Hit Ctrl-C to end.",
	OBJECT(profile),
	.operands = OPERANDS_DURATION,
	.opts = opts,
	.stacks = &stacks,
	.setup = setup,
	.attach = attach,
};
