/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../stack.h"

/* Functions of user space: the cookie of their probe. */
enum allocator {
	MALLOC, CALLOC, REALLOC, REALLOCARRAY, POSIX_MEMALIGN, MEMALIGN, VALLOC, MMAP, MREMAP, FREE,
	MUNMAP
};

/* What is allocated, by its address. */
struct alloc {
	__u64 size, ns;
	__u64 stack;		/* its id in `stacks` */
	__u64 image;		/* of its process: counts calls of exec */
};

struct combined_key {
	__u64 stack, image;
};

/* Sums for a stack, of --combined-only. Frees count on another CPU than allocations do, so these may
 * be below 0 for a moment. */
struct combined {
	__s64 bytes, allocs;
};

/* An allocation or a release, of --trace. */
struct event {
	__u64 time_ns, address, size;
	__u32 pid, tid, uid;
	__u32 freed;
	char comm[TASK_COMM_LEN];
};
