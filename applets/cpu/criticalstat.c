// SPDX-License-Identifier: GPL-2.0-or-later
// Trace long sections of the kernel with interrupts or preemption off.
#include "applet.h"
#include "criticalstat.h"
#include "criticalstat.skel.h"
#include "ksyms.h"
#define RODATA struct criticalstat_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTERS,
	OPT_USER('p', "preemptoff", NULL, "sections with preemption off"),
	OPT_USER('i', "irqoff", NULL, "sections with interrupts off, beside those of -p [default]"),
	OPT_SCALE('d', min_ns, "duration-us", "US", "only those this long or longer [100]", 1000),
	{ 0 }
};

static void setup(struct run *run)
{
	bool preempt = opt_on(run, 'p'), irqs = opt_on(run, 'i') || !preempt;

	if (!run->own)
		run->own = ksyms_new();
	if (!irqs) {
		prog_off(run, "irq_off");
		prog_off(run, "irq_on");
	}
	if (!preempt) {
		prog_off(run, "preempt_off");
		prog_off(run, "preempt_on");
	}
}

static void fmt_kind(struct cell *cell, const void *row)
{
	static const char *const kinds[KINDS] = { [IRQS_OFF] = "irqs", [PREEMPT_OFF] = "preempt" };

	cell_enum(cell, kinds, KINDS, ((const EVENT *)row)->kind);
}

static const char *symbol(const struct run *run, uint64_t addr)
{
	const char *name = ksyms_find(run->own, addr, NULL, NULL);

	return name ? name : "?";
}

static void fmt_place(struct cell *cell, const void *row)
{
	const struct place *place = cell_ptr(cell, row);
	const struct run *run = cell_run(cell);

	/* A kernel without frame pointers does not know the caller (include/linux/ftrace.h:
	 * CALLER_ADDR1). */
	if (place->parent)
		cell_printf(cell, "%s -> %s", symbol(run, place->parent), symbol(run, place->ip));
	else
		cell_str(cell, symbol(run, place->ip));
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(cpu, "CPU", 4),
	COL_FMT(kind, "OFF", -7, fmt_kind),
	COL_DIV(ns, "TIME(us)", 12, 1000, 3),
	COL_FMT(start, "START", -40, fmt_place),
	COL_FMT(end, "END", 0, fmt_place),
	COL_STACKS(0, stacks),
	{ 0 }
};

/* The last row is there so that attach() can say what is missing. */
static const struct probe probes[] = {
	{ "critical sections", "irq_off irq_on preempt_off preempt_on" },
	{ "critical sections", "" },
	{ 0 }
};

static void attach(struct run *run)
{
	if (!prog_loaded(run, "irq_off") && !prog_loaded(run, "preempt_off"))
		die(EXIT_CANNOT, "this kernel does not tell of critical sections: it was built "
				 "without CONFIG_PREEMPTIRQ_TRACEPOINTS");
}

BPF_OBJECT(criticalstat);

APPLET(criticalstat) = {
	.name = "criticalstat",
	.brief = "Trace long sections of the kernel with interrupts or preemption off.",
	.help = "Examples:\n"
		"  criticalstat                 interrupts off for 100 microseconds or more\n"
		"  criticalstat -p -d 1000      preemption off for a millisecond\n"
		"  criticalstat -p -i           both\n"
		"START and END are caller and function; the stack is that at the end. It takes a\n"
		"kernel with CONFIG_PREEMPTIRQ_TRACEPOINTS, which distributions leave out for what\n"
		"it costs. Idle CPUs are left out.\n",
	.title = "Tracing critical sections... Hit Ctrl-C to end.",
	OBJECT(criticalstat),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
};
