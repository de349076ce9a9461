// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Allocations that are released, or not.
 *
 *   leak     CALL N BYTES           work_leak() xN: CALL for BYTES, never released. CALL: malloc,
 *                                   calloc, realloc (of 10 bytes), reallocarray, posix_memalign,
 *                                   aligned_alloc, memalign, valloc, mmap, mremap (of a page),
 *                                   part (mmap of BYTES, all but the last page of which is
 *                                   unmapped), exec (malloc, and then this program once more for
 *                                   malloc). Around each there are others, all released; at the
 *                                   end it waits for a line on stdin if CALL has a "+" behind it
 *   leak     none N BYTES           only those that are released
 */
#include "work.h"

#include <malloc.h>

static void *volatile kept; /* else the compiler leaves out what nobody uses */

static void *part(size_t bytes)
{
	size_t page = sysconf(_SC_PAGESIZE);
	char *p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(munmap(p, bytes - page), "munmap");
	return p + bytes - page;
}

PROBED void *work_leak(const char *call, size_t bytes)
{
	void *p = NULL;

	if (!strcmp(call, "malloc") || !strcmp(call, "exec"))
		p = malloc(bytes);
	else if (!strcmp(call, "calloc"))
		p = calloc(bytes / 10, 10);
	else if (!strcmp(call, "realloc"))
		p = realloc(malloc(10), bytes);
	else if (!strcmp(call, "reallocarray"))
		p = reallocarray(NULL, bytes / 10, 10);
	else if (!strcmp(call, "posix_memalign"))
		must(-posix_memalign(&p, 64, bytes), "posix_memalign");
	else if (!strcmp(call, "aligned_alloc"))
		p = aligned_alloc(64, bytes);
	else if (!strcmp(call, "memalign"))
		p = memalign(64, bytes);
	else if (!strcmp(call, "valloc"))
		p = valloc(bytes);
	else if (!strcmp(call, "mmap"))
		p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	else if (!strcmp(call, "mremap"))
		p = mremap(mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 4096,
			   bytes, MREMAP_MAYMOVE);
	else if (!strcmp(call, "part"))
		p = part(bytes);
	else
		die(2, "%s: no such call here", call);
	if (!p || p == MAP_FAILED)
		die(1, "%s: %s", call, strerror(errno));
	__asm__ volatile("" : "+r"(p)); /* a frame of its own for each call below */
	return p;
}

/* All of it released, and a failure that releases nothing. */
PROBED void work_tidy(size_t bytes)
{
	void *p;

	kept = malloc(bytes);
	kept = realloc(kept, 2 * bytes);
	p = realloc(kept, (size_t)-1 / 4);
	if (p)
		die(1, "realloc: there is no such memory");
	free(kept);
	kept = calloc(bytes, 2);
	free(kept);
	must(-posix_memalign(&p, 128, bytes), "posix_memalign");
	free(p);
	p = mmap(NULL, bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(munmap(p, bytes), "munmap");
	free(NULL);
}

static void do_leak(char **arg)
{
	char *plus = strchr(arg[0], '+'), c;
	long n = amount(arg[1]), bytes = amount(arg[2]);

	setvbuf(stdout, NULL, _IONBF, 0);
	if (plus)
		*plus = 0;
	while (n--) {
		work_tidy(bytes);
		if (strcmp(arg[0], "none"))
			kept = work_leak(arg[0], bytes);
		work_tidy(bytes);
	}
	if (!strcmp(arg[0], "exec"))
		must(execl("/proc/self/exe", "work", "leak", "malloc", arg[1], arg[2],
			   (char *)NULL), "exec");
	if (plus && read(0, &c, 1) < 0)
		die(1, "stdin: %s", strerror(errno));
}

VERB("leak", 3, 3, do_leak);
