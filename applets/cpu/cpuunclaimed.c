// SPDX-License-Identifier: GPL-2.0-or-later
// Show how much of the CPUs is idle while tasks wait for another one.
#include "applet.h"
#include "cpuunclaimed.h"
#include "cpuunclaimed.skel.h"
#define RODATA struct cpuunclaimed_bpf__rodata
#define EVENT struct sums

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/perf_event.h>

static const struct opt opts[] = {
	OPT_USER_NUM('f', "frequency", "HZ", "samples a second [99]", 1, 100000),
	OPT('j', raw, "raw", NULL, "each sample instead: its time, and the tasks of each run queue"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	{ 0 }
};

static double percent(const EVENT *sums, int which)
{
	return sums->n[CPUS] ? 100.0 * sums->n[which] / sums->n[CPUS] : 0;
}

static void fmt_cpu(struct cell *cell, const void *row)
{
	cell_f64(cell, 100 - percent(row, IDLE), 2);
}

static void fmt_unclaimed(struct cell *cell, const void *row)
{
	cell_f64(cell, percent(row, UNCLAIMED), 2);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_FMT(n[CPUS], "CPU(%)", 8, fmt_cpu),
	COL_FMT(n[UNCLAIMED], "UNCLAIMED(%)", 13, fmt_unclaimed),
	COL(n[SAMPLES], "SAMPLES", 8),
	{ 0 }
};

static void fmt_tasks(struct cell *cell, const void *row)
{
	uint16_t tasks = *(const uint16_t *)cell_ptr(cell, row);

	if (tasks == OFFLINE_CPU)
		cell_none(cell);
	else
		cell_u64(cell, tasks);
}

/* With -j a column for each CPU. */
static const struct col *cols_make(struct run *run)
{
	static const struct col first[] = {
		COL_TIME('T', "TIME"),
		{ .head = "TIMESTAMP_ns", .width = -16, FIELD_AT(struct sample, ts),
		  .kind = KIND(FIELD(struct sample, ts)) },
	};
	int cpus = libbpf_num_possible_cpus();
	struct col *all;

	if (!opt_on(run, 'j'))
		return cols;
	all = xalloc((cpus + 3) * sizeof(*all));
	memcpy(all, first, sizeof(first));
	for (int cpu = 0; cpu < cpus; cpu++) {
		char *head = xalloc(16);

		snprintf(head, 16, "CPU%d", cpu);
		all[2 + cpu] = (struct col){
			.head = head, .width = 5, .fmt = fmt_tasks, .size = sizeof(uint16_t),
			.off = offsetof(struct sample, tasks) + cpu * sizeof(uint16_t),
		};
	}
	all[2 + cpus].head = NULL;
	return all;
}

static void setup(struct run *run)
{
	int cpus = libbpf_num_possible_cpus();

	if (cpus > QUEUES_MAX)
		die(EXIT_CANNOT, "this machine has more than %d CPUs", QUEUES_MAX);
	RUN_RODATA(run)->cpus = cpus;
	map_resize(run, "queues", cpus);
}

/* Has each CPU tell its run queue; the first that does takes the samples. */
static void attach(struct run *run)
{
	int cpus = libbpf_num_possible_cpus(), first = -1;

	for (int cpu = 0; cpu < cpus; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .flags = BPF_F_TEST_RUN_ON_CPU, .cpu = cpu);
		int err = bpf_prog_test_run_opts(bpf_program__fd(prog_find(run, "learn")), &opts);

		if (err == -ENXIO) /* offline */
			continue;
		if (err || opts.retval)
			die(EXIT_CANNOT, "cannot ask CPU %d for its run queue: %s", cpu,
			    strerror(err ? -err : EINVAL));
		if (first < 0)
			first = cpu;
	}
	prog_attach_perf(run, "sample", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK,
			 opt_u64(run, 'f', 99), 0, first);
}

static void tick(struct run *run)
{
	struct sums row;

	if (opt_on(run, 'j'))
		return;
	counts_since(run, "counts", 0, (uint64_t *)row.n, SUMS);
	row_print(run, &row, false);
}

static const struct probe probes[] = {
	{ "the run queues (CONFIG_FAIR_GROUP_SCHED)", "learn sample" },
	{ 0 }
};

BPF_OBJECT(cpuunclaimed);

APPLET(cpuunclaimed) = {
	.name = "cpuunclaimed",
	.brief = "Show how much of the CPUs is idle while tasks wait for another one.",
	.help = "Examples:\n"
		"  cpuunclaimed          each second\n"
		"  cpuunclaimed -T 5 3   each five seconds, three times, with the time\n"
		"  cpuunclaimed -j --csv > samples.csv    all samples, for a picture of the CPUs\n"
		"A sample looks at all run queues at once: idle CPUs, as many as there are tasks\n"
		"waiting elsewhere, are unclaimed. The scheduler may have its reasons: tasks that\n"
		"are bound to a CPU, or better kept where their memory is.\n",
	.title = "Sampling the run queues... Hit Ctrl-C to end.",
	OBJECT(cpuunclaimed),
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.opts = opts,
	.cols = cols,
	.cols_make = cols_make,
	.event_min = offsetof(struct sample, tasks),
	.probes = probes,
	.setup = setup,
	.attach = attach,
	.tick = tick,
};
