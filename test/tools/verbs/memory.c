// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory taken and, page by page, touched.
 *
 *   mmap     N BYTES                N mappings, one after the other, each unmapped before the next
 *   brk      N BYTES                the break moved on N times, then back
 *   malloc   N BYTES [LEAK]         N allocations, then all but the last LEAK freed
 */
#include "work.h"

static void touch(char *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i += 4096)
		((volatile char *)p)[i] = 1;
}

static void do_mmap(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]);

	for (i = 0; i < n; i++) {
		char *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);

		if (p == MAP_FAILED)
			die(1, "mmap: %s", strerror(errno));
		touch(p, bytes);
		must(munmap(p, bytes), "munmap");
	}
}

/* The raw call: musl's sbrk() refuses to move the break. */
static void do_brk(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]);
	uintptr_t start = syscall(SYS_brk, 0), end = start;

	for (i = 0; i < n; i++) {
		if ((uintptr_t)syscall(SYS_brk, end + bytes) != end + bytes)
			die(1, "brk: refused");
		touch((char *)end, bytes);
		end += bytes;
	}
	syscall(SYS_brk, start);
}

static void do_malloc(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]), leak = arg[2] ? amount(arg[2]) : 0;
	char *volatile *p = buffer(n * sizeof(*p)); /* volatile: no pair may be optimised away */

	for (i = 0; i < n; i++) {
		p[i] = malloc(bytes);
		if (!p[i])
			die(1, "malloc: out of memory");
		touch(p[i], bytes);
	}
	for (i = 0; i < n - leak; i++)
		free(p[i]);
}

VERB("mmap", 2, 2, do_mmap);
VERB("brk", 2, 2, do_brk);
VERB("malloc", 2, 3, do_malloc);
