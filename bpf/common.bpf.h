/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every BPF program starts with: types, helpers, licence, and which tasks are of interest. */
#ifndef COMMON_BPF_H
#define COMMON_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_tracing.h>
#include "shared.h"
#include "core_fixes.bpf.h"

/* The GPL-only helpers (bpf_probe_read_kernel and most others) ask for this word. */
char LICENSE[] SEC("license") = "GPL";

/* Filled by the core from --pid and its like before load, so untaken tests cost nothing. */
const volatile struct filter filter = { .uid = UID_ANY };

/* Told to the user by the core. Shared by all CPUs: losing is rare. */
struct loss loss;

#define LOST(kind) ((void)__sync_fetch_and_add(&loss.kind, 1))

/* The map's entry for the key, made from *new if there is none; NULL, and told, where there is no room.
 * Another CPU may make it meanwhile: that is as good. */
static __always_inline void *entry_get(void *map, const void *key, const void *new)
{
	void *entry = bpf_map_lookup_elem(map, key);

	if (entry)
		return entry;
	bpf_map_update_elem(map, key, new, BPF_NOEXIST);
	entry = bpf_map_lookup_elem(map, key);
	if (!entry)
		LOST(entries);
	return entry;
}

static __noinline bool task_filtered_by(struct task_struct *task)
{
	if (filter.pid && task_pid_seen(task, true) != filter.pid)
		return true;
	if (filter.tid && task_pid_seen(task, false) != filter.tid)
		return true;
	if (filter.uid != UID_ANY && BPF_CORE_READ(task, cred, uid.val) != filter.uid)
		return true;
	if (filter.comm[0]) {
		char comm[TASK_COMM_LEN] = {}; /* read only up to its NUL */

		BPF_CORE_READ_STR_INTO(&comm, task, comm);
		if (!comm_equal(comm))
			return true;
	}
	if (filter.mntns && task_mntns(task) != filter.mntns)
		return true;
	return filter.cgroup_id && task_cgroup_at(task, filter.cgroup_level) != filter.cgroup_id;
}

/* The part of filter that is asked of another task than the current one, which may be any: the one
 * woken up, or switched to. Reads through the task, so a little dearer than filtered(). */
static __always_inline bool task_filtered(struct task_struct *task)
{
	return filter.any && task_filtered_by(task);
}

static __noinline bool filtered_by(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	if (filter.pid || filter.tid || filter.not_pid) {
		u64 id = current_pid_tgid();

		if (filter.not_pid && id >> 32 == filter.not_pid)
			return true;
		if (filter.pid && id >> 32 != filter.pid)
			return true;
		if (filter.tid && (u32)id != filter.tid)
			return true;
	}
	if (filter.uid != UID_ANY && (u32)bpf_get_current_uid_gid() != filter.uid)
		return true;
	if (filter.comm[0]) {
		char comm[TASK_COMM_LEN] = {};

		bpf_get_current_comm(comm, sizeof(comm));
		if (!comm_equal(comm))
			return true;
	}
	if (filter.mntns && task_mntns(task) != filter.mntns)
		return true;
	/* Not by bpf_get_current_ancestor_cgroup_id(), which tracing programs lack on 5.10. */
	return filter.cgroup_id && task_cgroup_at(task, filter.cgroup_level) != filter.cgroup_id;
}

/* Is the current task one that the user does not want? Not in interrupts, where the current task is
 * whoever was interrupted. Without a filter the verifier removes all of it. */
static __always_inline bool filtered(void)
{
	return filter.any && filtered_by();
}

/* Who it is: pid, tid, uid and comm of the current task, into the members of those names; pids as the
 * tool's own namespace counts them, as --pid does. bpf_get_current_pid_tgid() is for keys of maps
 * only, where it identifies tasks that the namespace cannot see, too. */
#define task_note(e) ({						\
	u64 id_ = current_pid_tgid();				\
	(e)->pid = id_ >> 32;					\
	(e)->tid = id_;						\
	(e)->uid = bpf_get_current_uid_gid();			\
	bpf_get_current_comm((e)->comm, sizeof((e)->comm));	\
})

/* Marks a string that filled its buffer, so that nobody takes it for the whole. `len` as the
 * bpf_probe_read_*_str() helpers return it. */
static __always_inline void mark_cut(char *buf, u32 size, long len)
{
	if (len == size) {
		buf[size - 4] = '.';
		buf[size - 3] = '.';
		buf[size - 2] = '.';
	}
}

/* Is x in a zero-terminated list of .rodata (an option of kind OPT_LIST)? An empty list has all. */
#define list_wants(list, x) ({					\
	bool yes = !(list)[0];					\
	for (u32 i_ = 0; i_ < sizeof(list) / sizeof((list)[0]); i_++) { \
		if (!(list)[i_])				\
			break;					\
		if ((list)[i_] == (x)) {			\
			yes = true;				\
			break;					\
		}						\
	}							\
	yes;							\
})

/* In any program of the object: user space reads this type, the names of an enum for example, out of
 * the kernel's, so that a small file for --btf (doctor --min-btf) has to have it. */
#define TYPE_FOR_USER_SPACE(type) \
	do { \
		u32 there_ = bpf_core_type_exists(type); \
		asm volatile("" : "+r"(there_)); \
	} while (0)

#endif
