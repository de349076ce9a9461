// SPDX-License-Identifier: GPL-2.0-or-later
// Sample the frequency of the CPUs, in all and by process, as histograms.
#include "applet.h"
#include "cpufreq.h"
#include "cpufreq.skel.h"
#define RODATA struct cpufreq_bpf__rodata
#define EVENT struct hist_key

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT_USER_NUM('f', "frequency", "HZ", "samples a second on each CPU [99]", 1, 100000),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	LETTER('d', "duration"),
	{ 0 }
};

static const struct col keys[] = { COL(pid, "pid", 0), COL(comm, "comm", 1), { 0 } };

static const struct hist hist = {
	.name = "CPU frequency", .keys = keys, .linear = true, .step = CPUFREQ_STEP, .unit = "MHz",
};

static void setup(struct run *run)
{
	map_resize(run, "frequencies", libbpf_num_possible_cpus());
}

/* What each CPU runs at now; later changes are told by the kernel. */
static bool frequencies_begin(const struct run *run)
{
	int fd = map_fd(run, "frequencies");
	bool any = false;
	uint64_t khz;

	for (uint32_t cpu = 0; cpu < (uint32_t)libbpf_num_possible_cpus(); cpu++) {
		char path[96], text[32];
		uint32_t value;

		snprintf(path, sizeof(path),
			 "/sys/devices/system/cpu/cpu%u/cpufreq/scaling_cur_freq", cpu);
		if (file_read(path, text, sizeof(text)) < 0 || !parse_u64(text, &khz))
			continue; /* offline, or nothing to be read */
		value = khz;
		if (bpf_map_update_elem(fd, &cpu, &value, BPF_ANY))
			die(EXIT_FAIL, "cannot write the map frequencies: %s", strerror(errno));
		any = true;
	}
	return any;
}

static void attach(struct run *run)
{
	if (!frequencies_begin(run))
		die(EXIT_CANNOT, "this machine has no CPU whose frequency it tells "
				 "(/sys/devices/system/cpu/cpu0/cpufreq); virtual ones have none");
	prog_attach_perf(run, "sample", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
			 opt_u64(run, 'f', 99), 0, -1);
}

static const struct probe probes[] = {
	{ "frequency changes", "frequency_btf" },
	{ "frequency changes", "frequency_raw" },
	{ 0 }
};

BPF_OBJECT(cpufreq);

APPLET(cpufreq) = {
	.name = "cpufreq",
	.brief = "Sample the frequency of the CPUs, in all and by process, as histograms.",
	.help = "Examples:\n"
		"  cpufreq -d 10        for ten seconds\n"
		"  cpufreq -f 999 1 5   999 samples a second, five reports\n"
		"Idle CPUs are not counted. A frequency is the last one that the kernel asked for;\n"
		"CPUs that choose by themselves (intel_pstate, HWP) seldom tell.\n",
	.title = "Sampling the CPUs' frequency... Hit Ctrl-C to end.",
	OBJECT(cpufreq),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
	.attach = attach,
};
