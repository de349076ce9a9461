// SPDX-License-Identifier: GPL-2.0-or-later
// Trace waits for a CPU that take longer than a limit.
#include "applet.h"
#include "runqslower.h"
#include "runqslower.skel.h"
#include "bpf/run_wait.h"
#define RODATA struct runqslower_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_CGROUP(2),
	OPT_USER('c', "comm", "NAME", "tasks whose name is this or begins with it only"),
	OPT_USER('P', "previous", NULL, "show who had the CPU before"),
	{ 0 }
};

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	const char *comm = opt_str(run, 'c');
	char mask[TASK_COMM_LEN] = { 0 }, begins[TASK_COMM_LEN] = { 0 };
	uint64_t us;

	if (run->argc > 1)
		die(EXIT_USAGE, "only one limit can be given");
	if (run->argc) {
		if (!parse_u64(run->argv[0], &us) || us > UINT64_MAX / 1000)
			die(EXIT_USAGE, "%s: expected a number of microseconds", run->argv[0]);
		ro->min_ns = us * 1000;
	}
	if (opt_on(run, 'p') && opt_on(run, 't'))
		die(EXIT_USAGE, "-p and -t exclude each other");
	if (!comm)
		return;
	if (strlen(comm) >= TASK_COMM_LEN)
		opt_bad(run, 'c', "names have at most 15 bytes");
	memcpy(begins, comm, strlen(comm));
	memset(mask, 0xff, strlen(comm));
	memcpy((void *)ro->comm_begins, begins, sizeof(begins));
	memcpy((void *)ro->comm_mask, mask, sizeof(mask));
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(cpu, "CPU", -3),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_DIV(wait_ns, "LAT(us)", 14, 1000, 3),
	COL_IF('P', prev_comm, "PREV COMM", -16),
	COL_IF('P', prev_pid, "PREV PID", -8),
	COL_IF('P', prev_tid, "PREV TID", -8),
	{ 0 }
};

static const struct probe probes[] = { RUN_WAIT_PROBES, { 0 } };

BPF_OBJECT(runqslower);

APPLET(runqslower) = {
	.name = "runqslower",
	.brief = "Trace waits for a CPU that take longer than a limit.",
	.args = "[MIN_US]",
	.help = "Examples:\n"
		"  runqslower                 waits of 10 milliseconds and more\n"
		"  runqslower 1000 -P         of a millisecond, and who ran meanwhile\n"
		"  runqslower -p 181 0        every wait of process 181\n"
		"  runqslower -c kworker      of the threads whose name begins so\n"
		"A wait begins when a task is woken, or has to leave its CPU though it could go\n"
		"on; it is shown when it ends, that is when the task runs.\n",
	.title = "Tracing long waits for a CPU... Hit Ctrl-C to end.",
	OBJECT(runqslower),
	EVENT_SIZE,
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
