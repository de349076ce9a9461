// SPDX-License-Identifier: GPL-2.0-or-later
// Victims of the OOM killer, each of them (also those killed with their cgroup) by its tracepoint. What
// the shortage is of, which that does not tell, is noted on the way there, where functions can be
// watched.
#include "events.bpf.h"
#include "stack_store.bpf.h"
#include "oomkill.h"

const volatile bool stacks_wanted;

/* What a thread that kills is up to. Kills come one after the other (oom_lock). */
static struct {
	struct task_struct *chosen;
	u64 total_pages, cgroup;
	u32 tid, memcg;
} shortage;

static __noinline int short_of(struct oom_control *oc)
{
	struct mem_cgroup *memcg = BPF_CORE_READ(oc, memcg);

	shortage.tid = bpf_get_current_pid_tgid();
	shortage.chosen = BPF_CORE_READ(oc, chosen);
	shortage.total_pages = BPF_CORE_READ(oc, totalpages);
	shortage.memcg = memcg != NULL;
	shortage.cgroup = memcg ? BPF_CORE_READ(memcg, css.cgroup, kn, id) : 0;
	return 0;
}

SEC("fentry/oom_kill_process")
int BPF_PROG(kill_fentry, struct oom_control *oc)
{
	return short_of(oc);
}

SEC("kprobe/oom_kill_process")
int BPF_KPROBE(kill_kprobe, struct oom_control *oc)
{
	return short_of(oc);
}

/* Pages of files, of no file, and of shared memory; as near as the kernel keeps them. */
static __always_inline u64 rss_pages(struct mm_struct *mm)
{
	struct mm_struct___counts *old = (void *)mm;
	u64 all = 0;
	s64 n;

	for (int i = 0; i < 4; i++) {
		if (i == MM_SWAPENTS)
			continue;
		if (bpf_core_field_exists(old->rss_stat.count)) /* until 6.2 */
			bpf_probe_read_kernel(&n, sizeof(n), (void *)mm + i * sizeof(n) +
					      bpf_core_field_offset(old->rss_stat.count));
		else
			bpf_probe_read_kernel(&n, sizeof(n), (void *)mm +
					      bpf_core_field_offset(mm->rss_stat) +
					      i * bpf_core_type_size(struct percpu_counter) +
					      bpf_core_field_offset(struct percpu_counter, count));
		all += n > 0 ? n : 0;
	}
	return all;
}

/* A process is marked once, by its own number until 6.8 (and 6.1.80 and the like). */
SEC("raw_tp/mark_victim")
int victim_marked(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *victim = (void *)ctx->args[0];
	bool ours = shortage.tid == (u32)bpf_get_current_pid_tgid();
	bool by_pid = bpf_core_type_exists(btf_trace_mark_victim___pid);
	struct event *e;
	u32 pid;

	if (filtered())
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	if (by_pid) {
		pid = ctx->args[0];
		victim = ours ? shortage.chosen : NULL;
		if (BPF_CORE_READ(victim, tgid) != pid && BPF_CORE_READ(victim, pid) != pid)
			victim = NULL;
		e->pid = pid;
	}
	e->time_ns = bpf_ktime_get_ns();
	e->trigger_pid = current_pid_tgid() >> 32;
	e->trigger_tid = current_pid_tgid();
	e->trigger_uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(e->trigger_comm, sizeof(e->trigger_comm));
	if (victim) {
		e->known = OOM_VICTIM;
		e->pid = task_pid_seen(victim, true);
		e->uid = BPF_CORE_READ(victim, cred, uid.val);
		BPF_CORE_READ_STR_INTO(&e->comm, victim, comm);
		e->rss_pages = rss_pages(BPF_CORE_READ(victim, signal, oom_mm));
	}
	if (ours) {
		e->known |= OOM_LIMIT | (shortage.memcg ? OOM_MEMCG : 0);
		e->total_pages = shortage.total_pages;
		e->cgroup = shortage.cgroup;
	}
	if (stacks_wanted)
		stack_ref_take(ctx, &e->stacks, STACK_KERNEL | STACK_USER);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}
