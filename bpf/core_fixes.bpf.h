/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where kernels differ: one function for each thing that was renamed, moved or changed its shape,
 * with the version that did it. Programs call these and know nothing of versions. Nothing here
 * tests a version number: distributions backport; the kernel's BTF says what is. */
#ifndef CORE_FIXES_BPF_H
#define CORE_FIXES_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include "shared.h"

extern const volatile struct filter filter;

/* A member of what the arguments of a tp_btf program point to: by a plain load, which costs a tenth of
 * the helper. `typed` is a constant, here and below, and false in programs of other types. A pointer
 * that can be NULL must be looked at first: a load that faults reads 0, but where the program has
 * functions of its own, kernels before 6.4 look for it in a table that is not there, and crash
 * (jit_subprogs() in kernel/bpf/verifier.c gives the main program no extable). */
#define TYPED_READ(typed, p, f) ((typed) ? (p)->f : BPF_CORE_READ(p, f))

/* ---- tasks ---- */

/* task_struct.state became __state, and an unsigned int, in 5.14. */
static __always_inline u32 task_state(struct task_struct *task, bool typed)
{
	struct task_struct___state *old = (void *)task;

	if (bpf_core_field_exists(task->__state))
		return TYPED_READ(typed, task, __state);
	return TYPED_READ(typed, old, state);
}

/* The CPU that a task runs on or is queued at. It stood in the task itself until 5.16. */
static __always_inline u32 task_cpu(struct task_struct *task)
{
	struct task_struct___cpu *old = (void *)task;

	if (bpf_core_field_exists(task->thread_info.cpu))
		return BPF_CORE_READ(task, thread_info.cpu);
	return BPF_CORE_READ(old, cpu);
}

/* The number of a pid in the pid namespace that the tool runs in, or 0 where it cannot be seen from
 * there. */
static __always_inline u32 pid_seen(struct pid *pid)
{
	struct upid *upid = (void *)pid + bpf_core_field_offset(struct pid, numbers);
	u32 level;

	if (!filter.pidns_ino)
		return BPF_CORE_READ(upid, nr);
	level = BPF_CORE_READ(pid, level);
	/* Pid namespaces nest 32 deep at most (MAX_PID_NS_LEVEL). */
	for (u32 i = 0; i <= 32 && i <= level; i++) {
		if (BPF_CORE_READ(upid, ns, ns.inum) == filter.pidns_ino)
			return BPF_CORE_READ(upid, nr);
		upid = (void *)upid + bpf_core_type_size(struct upid);
	}
	return 0;
}

/* The same for a task; process: its thread group's. In the first namespace that is just the
 * number. */
static __noinline u32 task_pid_seen(struct task_struct *task, bool process)
{
	if (!filter.pidns_ino)
		return process ? BPF_CORE_READ(task, tgid) : BPF_CORE_READ(task, pid);
	return pid_seen(process ? BPF_CORE_READ(task, group_leader, thread_pid)
				: BPF_CORE_READ(task, thread_pid));
}

/* bpf_get_current_pid_tgid() as seen from the tool's own pid namespace, 0 for what cannot be seen
 * from there. (Not by bpf_get_ns_current_pid_tgid(), which knows no namespaces below that one.) */
static __noinline u64 current_pid_tgid_seen(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return (u64)task_pid_seen(task, true) << 32 | task_pid_seen(task, false);
}

static __always_inline u64 current_pid_tgid(void)
{
	return filter.pidns_ino ? current_pid_tgid_seen() : bpf_get_current_pid_tgid();
}

/* The id of the task's cgroup (v2), or of its ancestor, `level` steps below the root. The array of
 * ids became one of pointers in 6.1. 0 where the task is not that deep. */
static __always_inline u64 task_cgroup_at(struct task_struct *task, u32 level)
{
	struct cgroup *cgrp = BPF_CORE_READ(task, cgroups, dfl_cgrp), *up = NULL;
	u64 id = 0;

	if (BPF_CORE_READ(cgrp, level) < (int)level)
		return 0;
	if (bpf_core_field_exists(cgrp->ancestors)) {
		bpf_probe_read_kernel(&up, sizeof(up),
				      (void *)cgrp + bpf_core_field_offset(cgrp->ancestors) +
					      level * sizeof(void *));
		return BPF_CORE_READ(up, kn, id);
	}
	bpf_probe_read_kernel(&id, sizeof(id),
			      (void *)cgrp +
				      bpf_core_field_offset(struct cgroup___ids, ancestor_ids) +
				      level * sizeof(id));
	return id;
}

/* The inode number of the task's mount namespace; 0 at its end, when it has none any more. */
static __always_inline u32 task_mntns(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

/* ---- block ---- */

/* Kept apart from a load of the first argument: both in one, with a variable offset, are refused. */
static __always_inline void *raw_second(struct bpf_raw_tracepoint_args *ctx)
{
	void *arg = (void *)ctx->args[1];

	asm volatile("" : "+r"(arg));
	return arg;
}

/* The request of block_rq_insert and block_rq_issue (raw_tp, tp_btf): the queue went before it until
 * 5.11, and until 5.10.137. */
static __always_inline struct request *raw_request(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_core_type_exists(btf_trace_block_rq_issue___queue))
		return raw_second(ctx);
	return (void *)ctx->args[0];
}

/* The same for the bio of block_bio_queue. */
static __always_inline struct bio *raw_bio(struct bpf_raw_tracepoint_args *ctx)
{
	if (bpf_core_type_exists(btf_trace_block_bio_queue___queue))
		return raw_second(ctx);
	return (void *)ctx->args[0];
}

/* request.rq_disk moved into the queue in 5.17. */
static __always_inline struct gendisk *rq_disk(struct request *rq, bool typed)
{
	struct request___disk *old = (void *)rq;

	if (bpf_core_field_exists(old->rq_disk))
		return TYPED_READ(typed, old, rq_disk);
	return typed ? rq->q->disk : BPF_CORE_READ(rq, q, disk);
}

/* The device number of the partition (or whole disk) asked, 0 where the queue keeps no statistics
 * and so does not note it. A partition was a hd_struct until 5.11. */
static __always_inline dev_t rq_part_dev(struct request *rq, bool typed)
{
	struct request___hd *old = (void *)rq;
	struct block_device *part;
	struct hd_struct *old_part;

	if (bpf_core_type_exists(struct hd_struct)) {
		if (!typed)
			return BPF_CORE_READ(old, part, __dev.devt);
		old_part = old->part;
		return old_part ? old_part->__dev.devt : 0;
	}
	if (!typed)
		return BPF_CORE_READ(rq, part, bd_dev);
	part = rq->part;
	return part ? part->bd_dev : 0;
}

/* A bio had its disk itself until 5.12, and by then had forgotten its partition. */
static __always_inline struct gendisk *bio_disk(struct bio *bio)
{
	struct bio___disk *old = (void *)bio;

	if (bpf_core_field_exists(old->bi_disk))
		return BPF_CORE_READ(old, bi_disk);
	return BPF_CORE_READ(bio, bi_bdev, bd_disk);
}

static __always_inline dev_t bio_part_dev(struct bio *bio)
{
	if (!bpf_core_field_exists(bio->bi_bdev))
		return 0;
	return BPF_CORE_READ(bio, bi_bdev, bd_dev);
}

/* Are operations on zones numbered as they were until about 5.19? Before 6.0 the enum was req_opf. */
static __always_inline bool io_ops_old(void)
{
	return bpf_core_enum_value_exists(enum req_opf, REQ_OP_ZONE_APPEND) &&
	       bpf_core_enum_value(enum req_opf, REQ_OP_ZONE_APPEND) == 13;
}

/* ---- memory ---- */

/* Why pages are moved: an int in the record, of 7.3 the enum itself. */
static __always_inline u32 migration_reason(struct trace_event_raw_mm_migrate_pages *ctx)
{
	struct trace_event_raw_mm_migrate_pages___enum *newer = (void *)ctx;

	if (bpf_core_field_exists(newer->reason))
		return BPF_CORE_READ(newer, reason);
	return BPF_CORE_READ(ctx, reason);
}

/* ---- network ---- */

/* What inet_csk_accept() returns, for fexit: its arguments went from four to two in 6.10. */
static __always_inline struct sock *accepted_sock(const u64 *ctx)
{
	u64 sk;

	if (bpf_core_type_exists(struct proto_accept_arg)) {
		sk = ctx[2];
		asm volatile("" : "+r"(sk)); /* else one load from a computed place, which is refused */
	} else {
		sk = ctx[4];
	}
	return (struct sock *)sk;
}

/* Task storage takes memory of BPF's own since 6.4, and by kmalloc_nolock() since 7.0. Before, that
 * was kmalloc(), which can wake kswapd: a deadlock under the run queue's lock, where the scheduler's
 * tracepoints are. kmalloc_nolock() has nothing to give where a CPU cannot compare and exchange two
 * words at once (mm/slub.c), as on riscv64: each bpf_task_storage_get() failed there with 7.2. */
#ifdef __TARGET_ARCH_riscv
#define task_storage_safe() bpf_core_field_exists(struct bpf_local_storage_map, selem_ma)
#else
#define task_storage_safe()						\
	(bpf_core_field_exists(struct bpf_local_storage_map, selem_ma) || \
	 bpf_core_field_exists(struct bpf_local_storage, mem_charge))
#endif

static __always_inline bool comm_equal(const char *comm)
{
	const u64 *a = (const void *)comm;
	const volatile u64 *b = (const volatile void *)filter.comm;

	return a[0] == b[0] && a[1] == b[1];
}

#endif
