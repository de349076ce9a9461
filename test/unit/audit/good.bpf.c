// SPDX-License-Identifier: GPL-2.0-or-later
// Everything here is in every kernel with types: all programs are fine.
#include "common.h"

enum pid_type {
	PIDTYPE_PID,
	PIDTYPE_TGID,
};

struct list_head {
	struct list_head *next;
} RELOCATED;

struct path {
	void *dentry;
} RELOCATED;

struct file {
	struct path f_path;
	unsigned int f_flags;
} RELOCATED;

static __noinline int leader_pid(struct task_struct *task)
{
	return BPF_CORE_READ(task, group_leader, pid);
}

SEC("tp_btf/sched_switch")
int on_switch(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];

	sink = leader_pid(task) + task->tgid + bpf_core_enum_value(enum pid_type, PIDTYPE_TGID);
	return 0;
}

SEC("fentry/vfs_read")
int on_read(__u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	struct path path;

	sink = file->f_flags + bpf_core_type_size(struct list_head);
	BPF_CORE_READ_INTO(&path, file, f_path); /* an embedded struct, here with less in it */
	sink += (long)path.dentry;
	return 0;
}

SEC("?kprobe/vfs_write+0x4")
int on_write(void *ctx)
{
	sink++;
	return 0;
}

SEC("tracepoint/syscalls/sys_enter_read")
int on_syscall(void *ctx)
{
	sink++;
	return 0;
}

SEC("perf_event")
int on_clock(void *ctx)
{
	sink++;
	return 0;
}
