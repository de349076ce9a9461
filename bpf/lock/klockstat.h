/* SPDX-License-Identifier: GPL-2.0-or-later */
enum lock_kind {
	KIND_MUTEX, KIND_RWSEM_READ, KIND_RWSEM_WRITE, KIND_RT_MUTEX, KIND_PERCPU_READ,
	KIND_PERCPU_WRITE, KIND_SPINLOCK, KIND_RWLOCK_READ, KIND_RWLOCK_WRITE, KINDS
};

/* How a lock is taken: its kind, and what the function returns. As cookies of probes, too. */
enum {
	HOW_KIND = 0x0f,
	HOW_SHARED = 0x10,	/* several tasks may have it at once */
	HOW_ZERO = 0x20,	/* returns 0 on success, else -errno */
	HOW_ONE = 0x40,		/* returns 1 on success */
	HOW_DOWNGRADE = 0x80,	/* at its release: it is not, but from now on it is read only */
};

/* Whose times are added up. */
struct lock_key {
	__u64 stack;		/* of the caller, in the map `stacks` */
	__u32 tid;		/* 0: not by thread */
	__u32 kind;		/* enum lock_kind */
};

/* In nanoseconds; the rest is of the longest time. */
struct lock_side {
	__u64 count, total, max, lock;
	__u32 pid, tid;
	char comm[TASK_COMM_LEN];
};

enum { WAIT, HOLD, SIDES };

struct lock_stat {
	struct lock_side side[SIDES];
};
