// SPDX-License-Identifier: GPL-2.0-or-later
// The same, but asked for first, in ways that compilers turn into different code: all fine.
#include "common.h"

struct task_struct___gone {
	int no_such_member;
} RELOCATED;

struct no_such_struct {
	int member;
} RELOCATED;

enum pid_type___gone {
	PIDTYPE_NO_SUCH___gone = 3,
};

struct task_struct___old {
	volatile long state;
} RELOCATED;

struct task_struct___new {
	unsigned int __state;
} RELOCATED;

SEC("tp_btf/sched_switch")
int flavours(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];

	if (bpf_core_field_exists(((struct task_struct___new *)0)->__state))
		sink = BPF_CORE_READ((struct task_struct___new *)task, __state);
	else
		sink = BPF_CORE_READ((struct task_struct___old *)task, state);
	return 0;
}

SEC("kprobe/vfs_read")
int by_type(void *ctx)
{
	struct no_such_struct *p = (void *)bpf_get_current_task();

	if (!bpf_core_type_exists(struct no_such_struct))
		return 0;
	sink = BPF_CORE_READ(p, member);
	return 0;
}

SEC("kprobe/vfs_read")
int by_value(void *ctx)
{
	if (bpf_core_enum_value_exists(enum pid_type___gone, PIDTYPE_NO_SUCH___gone))
		sink = bpf_core_enum_value(enum pid_type___gone, PIDTYPE_NO_SUCH___gone);
	return 0;
}

static __noinline long argument(struct task_struct___gone *task, bool old)
{
	if (old)
		return BPF_CORE_READ(task, no_such_member);
	return bpf_get_smp_processor_id();
}

SEC("kprobe/vfs_read")
int by_argument(void *ctx)
{
	struct task_struct___gone *task = (void *)bpf_get_current_task();

	sink = argument(task, bpf_core_field_exists(task->no_such_member));
	return 0;
}

/* The answer is asked for early, and is spilled to the stack while all registers are in use. */
SEC("kprobe/vfs_read")
int spilled(void *ctx)
{
	struct task_struct___gone *task = (void *)bpf_get_current_task();
	int old = bpf_core_field_exists(task->no_such_member);
	__u64 wide = (__u64)bpf_core_type_exists(struct no_such_struct) << 40;
	char buf[16] = "";

	asm volatile("" : "+r"(old), "+r"(wide));
	asm volatile("" : : : "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9");
	bpf_get_current_comm(buf, sizeof(buf));
	if (old || wide)
		sink += BPF_CORE_READ(task, no_such_member);
	sink += buf[3];
	return 0;
}

/* Through arithmetic, and behind a loop that changes something else. (Inside of it would be another
 * matter: LLVM may move the relocated instruction out of the loop, and so out of the guard.) */
SEC("kprobe/vfs_read")
int behind_loop(void *ctx)
{
	struct task_struct___gone *task = (void *)bpf_get_current_task();
	int old = bpf_core_field_exists(task->no_such_member) << 1 |
		bpf_core_type_exists(struct no_such_struct);

	for (int i = 0; i < 20; i++) {
		if (bpf_get_prandom_u32() == 7)
			break;
		sink += bpf_ktime_get_ns() * i;
	}
	if (old & 2)
		sink += BPF_CORE_READ(task, no_such_member);
	return 0;
}

extern int bpf_no_such_kfunc(void *p) __ksym __weak;

SEC("tp_btf/sched_switch")
int by_kfunc(__u64 *ctx)
{
	if (bpf_no_such_kfunc)
		return bpf_no_such_kfunc((void *)ctx[1]);
	return 0;
}
