// SPDX-License-Identifier: GPL-2.0-or-later
// Sections with interrupts or preemption off. The kernel tells the outermost begin and end of each
// kind only, so one start per CPU and kind is all there is to remember.
#include "stack_store.bpf.h"
#include "events.bpf.h"
#include "criticalstat.h"

const volatile u64 min_ns = 100000;

struct section {
	u64 ns;		/* when it began; 0: none is under way */
	struct place start;
};

struct cpu {
	struct section section[KINDS];
	bool idle;	/* that is no section, however long */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu);
} cpus SEC(".maps");

static __always_inline struct cpu *this_cpu(void)
{
	u32 zero = 0;

	return bpf_map_lookup_elem(&cpus, &zero);
}

static __always_inline int begins(u32 kind, u64 ip, u64 parent)
{
	struct cpu *cpu = this_cpu();
	struct section *s;

	if (!cpu)
		return 0;
	s = &cpu->section[kind];
	s->start.ip = ip;
	s->start.parent = parent;
	s->ns = cpu->idle ? 0 : bpf_ktime_get_ns();
	return 0;
}

static __noinline int told(void *ctx, u32 kind, u64 ip, u64 parent)
{
	struct cpu *cpu = this_cpu();
	struct event *e;

	if (!cpu || kind >= KINDS || filtered())
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->kind = kind;
	e->start = cpu->section[kind].start;
	e->end.ip = ip;
	e->end.parent = parent;
	e->cpu = bpf_get_smp_processor_id();
	task_note(e);
	stack_ref_take(ctx, &e->stacks, STACK_KERNEL);
	e->ns = e->time_ns - cpu->section[kind].ns;
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

static __always_inline int ends(void *ctx, u32 kind, u64 ip, u64 parent)
{
	struct cpu *cpu = this_cpu();

	if (!cpu || !cpu->section[kind].ns)
		return 0;
	if (bpf_ktime_get_ns() - cpu->section[kind].ns >= min_ns)
		told(ctx, kind, ip, parent);
	cpu->section[kind].ns = 0;
	return 0;
}

SEC("raw_tp/irq_disable")
int BPF_PROG(irq_off, u64 ip, u64 parent)
{
	return begins(IRQS_OFF, ip, parent);
}

SEC("raw_tp/irq_enable")
int BPF_PROG(irq_on, u64 ip, u64 parent)
{
	return ends(ctx, IRQS_OFF, ip, parent);
}

SEC("raw_tp/preempt_disable")
int BPF_PROG(preempt_off, u64 ip, u64 parent)
{
	return begins(PREEMPT_OFF, ip, parent);
}

SEC("raw_tp/preempt_enable")
int BPF_PROG(preempt_on, u64 ip, u64 parent)
{
	return ends(ctx, PREEMPT_OFF, ip, parent);
}

/* The idle task enters a state of the CPU, or has left it (PWR_EVENT_EXIT). */
SEC("raw_tp/cpu_idle")
int BPF_PROG(idle, u32 state)
{
	struct cpu *cpu = this_cpu();

	if (!cpu)
		return 0;
	cpu->idle = state != (u32)-1;
	cpu->section[IRQS_OFF].ns = 0;
	cpu->section[PREEMPT_OFF].ns = 0;
	return 0;
}
