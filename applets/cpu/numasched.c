// SPDX-License-Identifier: GPL-2.0-or-later
// Trace threads that go to another NUMA node.
#include "applet.h"
#include "numa.h"
#include "numasched.h"
#include "numasched.skel.h"
#define RODATA struct numasched_bpf__rodata
#define EVENT struct event

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM('c'), FILTER_CGROUP(2),
	{ 0 }
};

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(from_node, "SRC_NID", 7),
	COL(to_node, "DST_NID", 7),
	COL(from_cpu, "SRC_CPU", 7),
	COL(to_cpu, "DST_CPU", 7),
	COL(comm, "COMM", 0),
	{ 0 }
};

static void setup(struct run *run)
{
	map_resize(run, "nodes", libbpf_num_possible_cpus());
}

static void node_set(void *arg, uint32_t node, uint32_t cpu)
{
	if (bpf_map_update_elem(map_fd(arg, "nodes"), &cpu, &node, BPF_ANY))
		die(EXIT_FAIL, "cannot write the map nodes: %s", strerror(errno));
}

static void attach(struct run *run)
{
	numa_needed();
	numa_cpus(node_set, run);
}

static const struct probe probes[] = {
	{ "moves between CPUs", "migrate_btf" },
	{ "moves between CPUs", "migrate_raw" },
	{ 0 }
};

BPF_OBJECT(numasched);

APPLET(numasched) = {
	.name = "numasched",
	.brief = "Trace threads that go to another NUMA node.",
	.help = "Examples:\n"
		"  numasched              all threads\n"
		"  numasched -p 181       those of process 181\n"
		"  numasched -c qemu      those of that name\n"
		"A line is a move, from one CPU's run queue to that of another, when it is decided\n"
		"upon. Memory stays behind, or follows: see numamove.\n",
	OBJECT(numasched),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
};
