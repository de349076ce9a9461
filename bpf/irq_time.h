/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time in interrupts: a row of the table, which is also what a histogram is of. The tool has
 * IRQ_TIME_COLS and IRQ_TIME_TOP, and the option -N for nanoseconds. */
#ifndef IRQ_TIME_H
#define IRQ_TIME_H

#include "shared.h"

#define IRQ_NAME_LEN 32
#define IRQ_NO_NUMBER ((__u32)-1)

struct hist_key {
	__u32 irq;	/* IRQ_NO_NUMBER: one of the CPU's own, which have none */
	__u32 cpu;	/* 0 where all CPUs are summed up */
	char name[IRQ_NAME_LEN];
};

struct irq_value {
	__u64 count;
	__u64 total_ns;
	__u64 max_ns;
	__u64 unhandled; /* calls of handlers that said: not mine */
};
#define IRQ_VALUE_MAXIMA 4 /* max_ns, as a bit */

/* EVENT of the applet */
struct irq_row {
	struct hist_key key;
	struct irq_value value;
};

#define IRQ_TIME_IN(f, us, ns, width) \
	{ COL_FIELD(value.f, us, width), .kind = K_U64, .scale = 1000, .decimals = 3, \
	  .unless = 'N' }, \
	COL_ONLY('N', value.f, ns, width)
#define IRQ_TIME_COLS \
	IRQ_TIME_IN(total_ns, "TOTAL_usecs", "TOTAL_nsecs", 14), \
	IRQ_TIME_IN(max_ns, "MAX_usecs", "MAX_nsecs", 12)

#define IRQ_TIME_TOP \
	.map = "irq_times", .key_size = sizeof(struct hist_key), \
	.value_size = sizeof(struct irq_value), .maxima = IRQ_VALUE_MAXIMA

#endif
