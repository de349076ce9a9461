/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much was allocated of a slab cache. */
enum {
	CACHE_NAME = 32,
	KMALLOC_MAX_CACHE = 8192, /* a larger kmalloc() takes whole pages (4 KB pages, SLUB) */
};

struct value {
	__u64 allocs, bytes;
	char name[CACHE_NAME];	/* filled in by user space */
};
