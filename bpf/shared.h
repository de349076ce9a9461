/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the BPF programs and the user side both know. Plain C, fixed-width types of linux/types.h. */
#ifndef SHARED_H
#define SHARED_H

#ifndef __bpf__
#include <stdbool.h>
#include <linux/types.h>
#endif

#define TASK_COMM_LEN 16

/* Which tasks are of interest. Lives in .rodata, so the verifier removes what is not asked for. */
struct filter {
	__u64 cgroup_id;	/* 0: any. The inode of the cgroup v2 folder */
	__u64 pidns_ino;	/* where pids count, if not in the first pid namespace */
	__u32 cgroup_level;	/* depth of that cgroup below the root */
	__u32 pid;		/* 0: any. The process (tgid) */
	__u32 tid;		/* 0: any. The thread */
	__u32 uid;		/* UID_ANY: any */
	char comm[TASK_COMM_LEN]; /* "": any */
	__u32 mntns;		/* 0: any. The inode of the mount namespace */
	__u32 not_pid;		/* 0: none. The tool itself, where seeing itself would never end */
	bool any;		/* is any of these set, not_pid too? By the core */
};
#define UID_ANY ((__u32)-1)

/* What got lost, counted in the kernel, told by the core (.bss). */
struct loss {
	__u64 events;	/* no room in the buffer: the reader was too slow */
	__u64 entries;	/* no room in a map */
	__u64 stacks;	/* a stack could not be taken or stored */
	__u64 missed;	/* an end without its start, or a start that was overwritten */
};

/* Histogram slot n counts values from 2^n to 2^(n+1)-1; slot 0 has 0 as well. 64 of them hold any
 * value, so that nothing is folded into a last one. */
#define HIST_SLOTS 64

struct hist_value {
	__u64 sum;		/* of the raw values (ns, bytes), for the average */
	__u64 slots[HIST_SLOTS];
};

/* The helper number by which a program calls the i-th function that prog_kfuncs() names. */
#define KFUNC(i) (0x10000 + (i))

#endif
