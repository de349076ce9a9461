/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Time in interrupts. On one CPU those of a kind come one after the other, so that the start of the
 * one under way is kept per CPU:
 *
 *	irq_begins();				if it is of interest
 *	ns = irq_ends();			0: it was not
 *	if (ns) irq_add(&key, ns, handled);	into the table, or with -d the histograms */
#ifndef IRQ_TIME_BPF_H
#define IRQ_TIME_BPF_H

#include "common.bpf.h"
#include "irq_time.h"
#include "hist.bpf.h"

const volatile bool by_cpu;
const volatile bool distributed;
const volatile s32 only_cpu = -1;

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, u64);
} irq_starts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 2048);
	__type(key, struct hist_key);
	__type(value, struct irq_value);
} irq_times SEC(".maps");

static struct irq_value irq_zero;

/* The filter is on the task that is interrupted. */
static __noinline int irq_begins(void)
{
	u32 zero = 0;
	u64 *start = bpf_map_lookup_elem(&irq_starts, &zero);

	if (!start)
		return 0;
	if ((only_cpu >= 0 && bpf_get_smp_processor_id() != only_cpu) || filtered())
		*start = 0;
	else
		*start = bpf_ktime_get_ns();
	return 0;
}

static __noinline u64 irq_ends(void)
{
	u32 zero = 0;
	u64 *start = bpf_map_lookup_elem(&irq_starts, &zero), ns;

	if (!start || !*start)
		return 0;
	ns = bpf_ktime_get_ns() - *start;
	*start = 0;
	return ns ? ns : 1; /* a coarse clock */
}

static __noinline int irq_add(struct hist_key *key, u64 ns, bool handled)
{
	struct irq_value *v;

	if (!key)
		return 0;
	key->cpu = by_cpu ? bpf_get_smp_processor_id() : 0;
	if (distributed) {
		hist_add(key, ns);
		return 0;
	}
	v = bpf_map_lookup_elem(&irq_times, key);
	if (!v) {
		bpf_map_update_elem(&irq_times, key, &irq_zero, BPF_NOEXIST);
		v = bpf_map_lookup_elem(&irq_times, key);
	}
	if (!v) {
		LOST(entries);
		return 0;
	}
	v->count += handled;
	v->unhandled += !handled;
	v->total_ns += ns;
	if (ns > v->max_ns)
		v->max_ns = ns;
	return 0;
}

#endif
