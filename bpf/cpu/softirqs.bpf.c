// SPDX-License-Identifier: GPL-2.0-or-later
// Time in soft interrupts, by vector.
#include "irq_time.bpf.h"

static __always_inline int handled(u32 vector)
{
	struct hist_key key = { .irq = vector };
	u64 ns = irq_ends();

	return ns ? irq_add(&key, ns, true) : 0;
}

SEC("tp_btf/softirq_entry")
int entry_btf(void *ctx)
{
	return irq_begins();
}

SEC("tp_btf/softirq_exit")
int BPF_PROG(exit_btf, u32 vector)
{
	return handled(vector);
}

SEC("raw_tp/softirq_entry")
int entry_raw(void *ctx)
{
	return irq_begins();
}

SEC("raw_tp/softirq_exit")
int BPF_PROG(exit_raw, u32 vector)
{
	return handled(vector);
}
