// SPDX-License-Identifier: GPL-2.0-or-later
// Show the time that hard interrupts take, by handler.
#include "applet.h"
#include "hardirqs.skel.h"
#include "bpf/irq_time.h"
#define RODATA struct hardirqs_bpf__rodata
#define EVENT struct irq_row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT_RANGE('s', only_cpu, "cpu", "CPU", "on this CPU only", 0, 65535),
	OPT('C', by_cpu, "by-cpu", NULL, "each CPU for itself"),
	OPT('d', distributed, "distributed", NULL, "histograms of the times, not their sums"),
	OPT_USER('V', "vectors", NULL, "the CPUs' own interrupts too: timer, reschedule (x86)"),
	OPT_CONST('N', hist_div, "nanoseconds", "in nanoseconds, not microseconds", 1),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static void fmt_irq(struct cell *cell, const void *row)
{
	uint32_t irq = *(const uint32_t *)cell_ptr(cell, row);

	if (irq == IRQ_NO_NUMBER)
		cell_none(cell);
	else
		cell_u64(cell, irq);
}

static const struct col cols[] = {
	COL_FMT(key.irq, "IRQ", 5, fmt_irq),
	COL(key.name, "HARDIRQ", -28),
	COL(value.count, "TOTAL_count", 11),
	COL(value.unhandled, "UNHANDLED", 9),
	IRQ_TIME_COLS,
	COL_ONLY('C', key.cpu, "CPU", 5),
	{ 0 }
};

static double weight(const struct run *run, const void *row)
{
	(void)run;
	return ((const EVENT *)row)->value.total_ns;
}

static const struct top top = { IRQ_TIME_TOP, .weight = weight };

static const struct col keys[] = {
	COL_IF('C', key.cpu, "cpu", 0),
	COL_FMT(key.irq, "irq", 0, fmt_irq),
	COL(key.name, "hardirq", 0),
	{ 0 }
};

static const struct hist hist = { .name = "hard interrupt time", .keys = keys, .when = 'd' };

#define VECTOR(which) " ?" which "_entry ?" which "_exit"
static const struct probe probes[] = {
	{ "interrupt handlers", "entry_btf exit_btf" },
	{ "interrupt handlers", "entry_raw exit_raw" },
	{ "the CPUs' own interrupts (x86)", "local_timer_entry local_timer_exit"
	  VECTOR("reschedule") VECTOR("call_function") VECTOR("call_function_single")
	  VECTOR("irq_work") VECTOR("x86_platform_ipi") VECTOR("spurious_apic")
	  VECTOR("error_apic") VECTOR("threshold_apic") VECTOR("deferred_error_apic")
	  VECTOR("thermal_apic"), .when = 'V' },
	{ 0 }
};

BPF_OBJECT(hardirqs);

APPLET(hardirqs) = {
	.name = "hardirqs",
	.brief = "Show the time that hard interrupts take, by handler.",
	.help = "Examples:\n"
		"  hardirqs 1 5          five reports, one a second\n"
		"  hardirqs -d -C 10 1   histograms for each CPU\n"
		"  hardirqs -V -N 1      the timers of the CPUs too, in nanoseconds\n"
		"Handlers that share an interrupt line have a row each; UNHANDLED is how often one\n"
		"was called for the interrupt of another. A filter is on the tasks that are\n"
		"interrupted, which is no fault of theirs.\n",
	.title = "Tracing hard interrupts... Hit Ctrl-C to end.",
	OBJECT(hardirqs),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.top = &top,
	.probes = probes,
};
