/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What pthread_create() was given, until the kernel has made the thread: the same thread does both. */
#ifndef PTHREAD_BPF_H
#define PTHREAD_BPF_H

#include "common.bpf.h"

#define CLONE_THREAD 0x10000

/* By thread: the start routine of the call under way. One that fails leaves its own behind, until
 * the next, or until the map drops it. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, u64);
} routines SEC(".maps");

SEC("uprobe")
int pthread_create(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 routine = PT_REGS_PARM3(ctx);

	if (filtered())
		return 0;
	if (bpf_map_update_elem(&routines, &tid, &routine, BPF_ANY))
		LOST(entries);
	return 0;
}

/* That of the thread being made by the current one; 0: it was not made by pthread_create(). */
static __always_inline u64 routine_take(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	u64 *known = bpf_map_lookup_elem(&routines, &tid), routine;

	if (!known)
		return 0;
	routine = *known;
	bpf_map_delete_elem(&routines, &tid);
	return routine;
}

#endif
