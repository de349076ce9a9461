// SPDX-License-Identifier: GPL-2.0-or-later
// Members declared with another size than the kernel's.
#include "common.h"

struct task_struct___size {
	__u64 pid;	/* an int */
	__u64 flags;	/* an unsigned int */
	char comm[64];	/* 16 of them */
} RELOCATED;

SEC("kprobe/vfs_read")
int copied(void *ctx)
{
	struct task_struct___size *task = (void *)bpf_get_current_task();

	sink = BPF_CORE_READ(task, flags);
	return 0;
}

/* libbpf makes a direct load as wide as the kernel's unsigned member. */
SEC("tp_btf/sched_switch")
int adjusted(__u64 *ctx)
{
	sink = ((struct task_struct___size *)ctx[1])->flags;
	return 0;
}

/* But not where it is signed. */
SEC("tp_btf/sched_switch")
int refused(__u64 *ctx)
{
	sink = ((struct task_struct___size *)ctx[1])->pid;
	return 0;
}

SEC("kprobe/vfs_read")
int asked(void *ctx)
{
	struct task_struct___size *task = (void *)bpf_get_current_task();

	if (bpf_core_field_size(task->pid) == 4)
		bpf_core_read(&sink, 4, &task->pid);
	return 0;
}

SEC("kprobe/vfs_read")
int array(void *ctx)
{
	struct task_struct___size *task = (void *)bpf_get_current_task();
	char comm[16];

	bpf_core_read(comm, sizeof(comm), &task->comm);
	sink = comm[3];
	return 0;
}
