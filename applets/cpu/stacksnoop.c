// SPDX-License-Identifier: GPL-2.0-or-later
// Show the stack at each call of a kernel function.
#include "applet.h"
#include "ksyms.h"
#include "stacksnoop.h"
#include "stacksnoop.skel.h"
#define RODATA struct stacksnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_CONST('U', which, "user-stacks", "the user stack, too", STACK_KERNEL | STACK_USER),
	OPT_USER('s', "offset", NULL, "how far into the function, behind its name"),
	OPT_USER('v', "fields", NULL, "show COMM, PID and CPU"),
	{ 0 }
};

/* The function's name, as the kernel has it: compilers put something behind. */
struct target {
	char name[256];
};

static void setup(struct run *run)
{
	struct target *t = run->own;

	if (!t) {
		t = run->own = xalloc(sizeof(*t));
		if (run->argc != 1)
			die(EXIT_USAGE, "expected the name of one kernel function");
		if (!kallsyms_has_func(run->argv[0], t->name, sizeof(t->name)))
			die(EXIT_FAIL, "the kernel has no function '%s'", run->argv[0]);
	}
	prog_target(run, "by_fentry", t->name);
}

static void attach(struct run *run)
{
	const struct target *t = run->own;
	int err;

	if (prog_loaded(run, "by_fentry"))
		return;
	err = prog_attach_kprobe(run, "by_kprobe", false, t->name, 0);
	if (err)
		die(EXIT_CANNOT, "%s cannot be probed: %s", t->name,
		    err == -EINVAL ? "the kernel forbids it there" : strerror(-err));
}

static void fmt_function(struct cell *cell, const void *row)
{
	const struct target *t = cell_run(cell)->own;

	(void)row;
	cell_str(cell, t->name);
}

static const struct col cols[] = {
	COL_TIME_REL(0, "TIME(s)"),
	COL_IF('v', comm, "COMM", -16),
	COL_IF('v', pid, "PID", -7),
	COL_IF('v', tid, "TID", -7),
	COL_IF('v', uid, "UID", -6),
	COL_IF('v', cpu, "CPU", 3),
	COL_FMT(time_ns, "FUNCTION", 0, fmt_function),
	COL_STACKS(0, stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "kernel functions", "by_fentry" },
	{ "kernel functions", "by_kprobe" },
	{ 0 }
};

BPF_OBJECT(stacksnoop);

APPLET(stacksnoop) = {
	.name = "stacksnoop",
	.brief = "Show the stack at each call of a kernel function.",
	.args = "FUNCTION",
	.help = "Examples:\n"
		"  stacksnoop ext4_sync_fs          who calls it, innermost function first\n"
		"  stacksnoop -vs -p 181 ksys_sync  by process 181, with offsets\n"
		"  stacksnoop -U do_nanosleep       with the user stack below\n"
		"Of a function that is called often the events are too many: filter, or count the\n"
		"stacks instead.\n",
	OBJECT(stacksnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_OWN,
	.offsets_key = 's',
	.trial = "vfs_read",
	.setup = setup,
	.attach = attach,
};
