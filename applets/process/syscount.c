// SPDX-License-Identifier: GPL-2.0-or-later
// Count system calls, and the time they take, by call or by process.
#include "applet.h"
#include "syscalls.h"
#include "syscount.h"
#include "syscount.skel.h"
#define RODATA struct syscount_bpf__rodata

#include <bpf/bpf.h>

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_RANGE(3, parent, "ppid", "PID", "children of this process only", 1, 4194304),
	OPT('P', by_process, "process", NULL, "count by process, not by system call"),
	OPT('L', measure_time, "latency", NULL, "show the time spent in them, sort by it"),
	OPT('m', measure_time, "milliseconds", NULL, "the same in milliseconds"),
	OPT('x', only_failed, "failures", NULL, "only calls that failed"),
	OPT_USER('e', "errno", "ERRNO", "only calls that failed so: ENOENT, or 2"),
	OPT_USER(4, "syscall", "NAME", "only this system call"),
	OPT_USER_NUM('T', "top", "N", "at most N lines [10]", 1, 100000),
	OPT_USER('l', "list", NULL, "print the system calls' names and numbers, and end"),
	LETTER('i', "interval"), LETTER('d', "duration"),
	{ 0 }
};

static void list_print(struct run *run)
{
	const char *name;

	for (int nr = 0; nr < 1024; nr++)
		if ((name = syscall_name(nr, false)))
			line_print(run, "%3d: %s", nr, name);
	run_end(run);
}

static void setup(struct run *run)
{
	const char *name = opt_str(run, 4), *err = opt_str(run, 'e');
	RODATA *ro = RUN_RODATA(run);
	uint64_t number;

	if (opt_on(run, 'l'))
		list_print(run);
	if (name) {
		ro->only_syscall = syscall_number(name);
		if (ro->only_syscall < 0)
			opt_bad(run, 4, "there is no such system call; -l lists them");
	}
	if (err) {
		ro->only_errno = errno_number(err);
		if (!ro->only_errno && parse_u64(err, &number) && number < 4096)
			ro->only_errno = number;
		if (!ro->only_errno)
			opt_bad(run, 'e', "expected a name like ENOENT, or its number");
	}
	if (!ro->measure_time) {
		prog_off(run, "call_enter");
		map_resize(run, "starts", 1);
	}
	if (!ro->by_process)
		map_resize(run, "names", 1);
}

static void fmt_syscall(struct cell *cell, const void *row)
{
	const struct key *key = row;
	const char *name = syscall_name(key->id, key->compat), *mark = key->compat ? " (compat)" : "";

	if (name)
		cell_printf(cell, "%s%s", name, mark);
	else
		cell_printf(cell, "[%u]%s", key->id, mark);
}

static void fmt_comm(struct cell *cell, const void *row)
{
	const struct key *key = row;
	char comm[TASK_COMM_LEN];

	if (bpf_map_lookup_elem(map_fd(cell_run(cell), "names"), &key->id, comm))
		cell_none(cell);
	else
		cell_strn(cell, comm, sizeof(comm));
}

static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const struct row *)row)->value;

	return opt_on(run, 'L') || opt_on(run, 'm') ? v->total_ns : v->count;
}

static const struct col cols[] = {
	COL_FMT_UNLESS('P', key, "SYSCALL", -22, fmt_syscall),
	COL_ONLY('P', key.id, "PID", -7),
	COL_FMT_ONLY('P', key, "COMM", -16, fmt_comm),
	COL(value.count, "COUNT", 10),
	COL_DIV_ONLY('L', value.total_ns, "TIME(us)", 16, 1000, 3),
	COL_DIV_ONLY('m', value.total_ns, "TIME(ms)", 16, 1000000, 3),
	{ 0 }
};

static const struct top top = {
	.map = "counts",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.rows_key = 'T',
	.rows = 10,
};

BPF_OBJECT(syscount);

APPLET(syscount) = {
	.name = "syscount",
	.brief = "Count system calls, and the time they take, by call or by process.",
	.title = "Tracing system calls... Hit Ctrl-C to end.",
	.help = "Examples:\n"
		"  syscount                   the most frequent ones, when it ends\n"
		"  syscount -i 1 -T 5         the five most frequent ones, each second\n"
		"  syscount -L -p 181         those in which process 181 spent most time\n"
		"  syscount -x -e ENOENT -P   which processes look for files that are not there\n"
		"Calls that never return (exit) are not counted. 32-bit calls are marked (compat).\n",
	OBJECT(syscount),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.setup = setup,
};
