// SPDX-License-Identifier: GPL-2.0-or-later
// Time in the handlers of hard interrupts.
#include "irq_time.bpf.h"

static __always_inline int handled(int irq, struct irqaction *action, bool mine)
{
	struct hist_key key = { .irq = irq };
	u64 ns = irq_ends();

	if (!ns)
		return 0;
	/* Not by BPF_CORE_READ_STR_INTO(), which would take the size from the pointer. */
	bpf_probe_read_kernel_str(key.name, sizeof(key.name), BPF_CORE_READ(action, name));
	return irq_add(&key, ns, mine);
}

/* Handlers that share a line are called in turn, each with an entry and an exit of its own. */
SEC("tp_btf/irq_handler_entry")
int entry_btf(void *ctx)
{
	return irq_begins();
}

SEC("tp_btf/irq_handler_exit")
int BPF_PROG(exit_btf, int irq, struct irqaction *action, int ret)
{
	return handled(irq, action, ret != 0 /* IRQ_NONE */);
}

SEC("raw_tp/irq_handler_entry")
int entry_raw(void *ctx)
{
	return irq_begins();
}

SEC("raw_tp/irq_handler_exit")
int BPF_PROG(exit_raw, int irq, struct irqaction *action, int ret)
{
	return handled(irq, action, ret != 0);
}

/* Those that an x86 CPU sends to itself or to another, which have no handler of that kind. */
#define VECTOR(which)								\
	SEC("raw_tp/" #which "_entry")						\
	int which##_entry(void *ctx)						\
	{									\
		return irq_begins();						\
	}									\
	SEC("raw_tp/" #which "_exit")						\
	int which##_exit(void *ctx)						\
	{									\
		struct hist_key key = { .irq = IRQ_NO_NUMBER, .name = #which };	\
		u64 ns = irq_ends();						\
										\
		return ns ? irq_add(&key, ns, true) : 0;			\
	}

VECTOR(local_timer)
VECTOR(reschedule)
VECTOR(call_function)
VECTOR(call_function_single)
VECTOR(irq_work)
VECTOR(x86_platform_ipi)
VECTOR(spurious_apic)
VECTOR(error_apic)
VECTOR(threshold_apic)
VECTOR(deferred_error_apic)
VECTOR(thermal_apic)
