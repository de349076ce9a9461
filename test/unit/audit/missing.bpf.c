// SPDX-License-Identifier: GPL-2.0-or-later
// Things that no kernel has, used without a question: none of these would load.
#include "common.h"

struct nested {
	int no_such_inner;
} RELOCATED;

struct task_struct___gone {
	int no_such_member;
	struct nested se;
} RELOCATED;

struct no_such_struct___v2 {
	int member;
} RELOCATED;

enum pid_type___gone {
	PIDTYPE_NO_SUCH___gone = 3,
};

struct task_struct___odd {
	int comm; /* an array, in the kernel */
} RELOCATED;

SEC("tp_btf/sched_switch")
int direct(__u64 *ctx)
{
	struct task_struct___gone *task = (void *)ctx[1];

	sink = task->no_such_member;
	return 0;
}

SEC("kprobe/vfs_read")
int copied(void *ctx)
{
	struct task_struct___gone *task = (void *)bpf_get_current_task();

	sink = BPF_CORE_READ(task, se.no_such_inner);
	return 0;
}

SEC("kprobe/vfs_read")
int type(void *ctx)
{
	struct no_such_struct___v2 *p = (void *)bpf_get_current_task();

	sink = BPF_CORE_READ(p, member);
	return 0;
}

SEC("kprobe/vfs_read")
int value(void *ctx)
{
	sink = bpf_core_enum_value(enum pid_type___gone, PIDTYPE_NO_SUCH___gone);
	return 0;
}

SEC("kprobe/vfs_read")
int odd(void *ctx)
{
	struct task_struct___odd *task = (void *)bpf_get_current_task();

	sink = BPF_CORE_READ(task, comm);
	return 0;
}

static __noinline int inner(struct task_struct___gone *task)
{
	return BPF_CORE_READ(task, no_such_member);
}

SEC("kprobe/vfs_read")
int in_callee(void *ctx)
{
	sink = inner((void *)bpf_get_current_task());
	return 0;
}

static long callback(__u64 i, void *ctx)
{
	return inner((void *)bpf_get_current_task()) + i;
}

SEC("kprobe/vfs_read")
int in_callback(void *ctx)
{
	return bpf_loop(3, callback, NULL, 0);
}

/* Set before load, so either way may be taken. */
const volatile bool option;

SEC("kprobe/vfs_read")
int by_option(void *ctx)
{
	struct task_struct___gone *task = (void *)bpf_get_current_task();

	if (option)
		sink = BPF_CORE_READ(task, no_such_member);
	return 0;
}
