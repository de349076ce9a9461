// SPDX-License-Identifier: GPL-2.0-or-later
// The end of processes, told when the last of their threads goes, or of every thread.
#include "events.bpf.h"
#include "exitsnoop.h"

const volatile bool per_thread;
const volatile bool only_failed;

enum { SIGNAL_GROUP_EXIT = 4 }; /* in signal_struct.flags: one status for all threads */

/* A process that has been told. */
struct group {
	u64 signal;		/* address; with the start time nothing else is the same */
	u64 start_ns;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct group);
	__type(value, u8);
} told SEC(".maps");

/* Is this the end of the process? The kernel counts `live` down before it comes here (it says
 * outright who was last since 6.16 only), so that two threads which end together may both find 0:
 * the first to come speaks for the process. */
static __always_inline bool process_ends(struct task_struct *task, struct task_struct *leader)
{
	struct group group = {};
	u8 one = 1;

	if (BPF_CORE_READ(task, signal, live.counter))
		return false;
	group.signal = (u64)BPF_CORE_READ(task, signal);
	group.start_ns = BPF_CORE_READ(leader, start_time);
	/* Until 6.4 the upper half of this result is not set. */
	return (int)bpf_map_update_elem(&told, &group, &one, BPF_NOEXIST) != -17 /* EEXIST */;
}

/* What wait(2) will say: of a thread its own, of a process that of the group, if there is one. */
static __always_inline u32 exit_status(struct task_struct *who)
{
	if (!per_thread && BPF_CORE_READ(who, signal, flags) & SIGNAL_GROUP_EXIT)
		return BPF_CORE_READ(who, signal, group_exit_code);
	return BPF_CORE_READ(who, exit_code);
}

static __noinline int process_exit(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task(), *who = task;
	struct event *e;
	u32 status;

	if (!per_thread)
		who = BPF_CORE_READ(task, group_leader);
	if (task_filtered(who))
		return 0;
	status = exit_status(who);
	if ((only_failed && !status) || (!per_thread && !process_ends(task, who)))
		return 0;
	e = event_reserve(sizeof(*e));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	e->start_ns = BPF_CORE_READ(who, start_time);
	e->cgroup = bpf_get_current_cgroup_id();
	e->pid = task_pid_seen(task, true);
	e->tid = task_pid_seen(task, false);
	e->ppid = task_pid_seen(BPF_CORE_READ(who, real_parent), true);
	e->uid = bpf_get_current_uid_gid();
	e->status = status;
	e->dumped = status & 0x80;
	BPF_CORE_READ_STR_INTO(&e->comm, who, comm);
	event_submit(ctx, e, sizeof(*e));
	return 0;
}

/* As in execsnoop: a raw tracepoint that may be preempted misses some. */
SEC("tp/sched/sched_process_exit")
int exit_classic(void *ctx)
{
	return process_exit(ctx);
}

SEC("raw_tp/sched_process_exit")
int exit_raw(void *ctx)
{
	return process_exit(ctx);
}
