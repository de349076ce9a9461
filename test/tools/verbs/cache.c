// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The page cache, and the cache of names.
 *
 *   cache    FILE WHAT...           one open of FILE, then each WHAT in turn:
 *                                     drop     its pages out of the cache (fsync, DONTNEED)
 *                                     read     all of it, in calls of 64 KiB
 *                                     big      the same in calls of 1 MiB
 *                                     splice   all of it into a pipe and out to /dev/null
 *                                     pread    512 bytes of each page, from the last one to the
 *                                              first; no read-ahead (FADV_RANDOM)
 *                                     write    all of it anew, in calls of 64 KiB, with no O_TRUNC
 *                                     mmap     a map of it, a byte of each page read
 *                                     mmapw    the same, written to
 *   names    DIR N MISSING          stat() of DIR/n0 .. DIR/n<N-1>, in this order; errors ignored
 *                                   if MISSING is 1
 */
#include "work.h"

static void whole(int fd, long bytes, bool writes)
{
	char *buf = buffer(bytes);
	long size = must(lseek(fd, 0, SEEK_END), "lseek"), n;

	must(lseek(fd, 0, SEEK_SET), "lseek");
	while (size > 0) {
		n = size < bytes ? size : bytes;
		if (must(writes ? write(fd, buf, n) : read(fd, buf, n), "read or write") != n)
			die(1, "not all of it");
		size -= n;
	}
	free(buf);
}

static void whole_splice(int fd)
{
	int null = must(open("/dev/null", O_WRONLY), "/dev/null"), p[2];
	long n;

	pipe_make(p);
	must(lseek(fd, 0, SEEK_SET), "lseek");
	while ((n = must(splice(fd, NULL, p[1], NULL, 65536, 0), "splice")))
		while (n)
			n -= must(splice(p[0], NULL, null, NULL, n, 0), "splice");
	close(p[0]);
	close(p[1]);
	close(null);
}

static void backwards(int fd)
{
	long size = must(lseek(fd, 0, SEEK_END), "lseek");
	char buf[512];

	must(-posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	for (long at = size - 4096; at >= 0; at -= 4096)
		must(pread(fd, buf, sizeof(buf), at), "pread");
	must(-posix_fadvise(fd, 0, 0, POSIX_FADV_NORMAL), "posix_fadvise");
}

static void map(int fd, bool writes)
{
	long size = must(lseek(fd, 0, SEEK_END), "lseek");
	volatile char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		die(1, "mmap: %s", strerror(errno));
	for (long at = 0; at < size; at += 4096) {
		if (writes)
			p[at] = 1;
		else
			(void)p[at];
	}
	must(munmap((void *)p, size), "munmap");
}

static bool any_cached(int fd)
{
	size_t size = must(lseek(fd, 0, SEEK_END), "lseek"), pages = (size + 4095) / 4096;
	unsigned char *in = buffer(pages + 1);
	void *p = size ? mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0) : NULL;
	bool any = false;

	if (p == MAP_FAILED)
		die(1, "mmap: %s", strerror(errno));
	if (p) {
		must(mincore(p, size, in), "mincore");
		must(munmap(p, size), "munmap");
	}
	for (size_t i = 0; p && i < pages; i++)
		any |= in[i] & 1;
	free(in);
	return any;
}

/* A page that somebody holds for a moment stays: another try. tmpfs never drops any. */
void cache_drop(int fd)
{
	for (int i = 0; i < 20; i++) {
		must(fsync(fd), "fsync");
		must(-posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), "posix_fadvise");
		if (!any_cached(fd))
			break;
		usleep(2000);
	}
}

static void do_cache(char **arg)
{
	int fd = must(open(arg[0], O_RDWR), arg[0]);

	while (*++arg) {
		if (!strcmp(*arg, "drop")) {
			cache_drop(fd);
		} else if (!strcmp(*arg, "read")) {
			whole(fd, 65536, false);
		} else if (!strcmp(*arg, "big")) {
			whole(fd, 1 << 20, false);
		} else if (!strcmp(*arg, "write")) {
			whole(fd, 65536, true);
		} else if (!strcmp(*arg, "splice")) {
			whole_splice(fd);
		} else if (!strcmp(*arg, "pread")) {
			backwards(fd);
		} else if (!strcmp(*arg, "mmap") || !strcmp(*arg, "mmapw")) {
			map(fd, (*arg)[4]);
		} else {
			die(2, "%s: see the top of cache.c", *arg);
		}
	}
}

static void do_names(char **arg)
{
	long n = amount(arg[1]);
	bool missing = amount(arg[2]);
	char path[4096];
	struct stat st;

	for (long i = 0; i < n; i++) {
		if (snprintf(path, sizeof(path), "%s/n%ld", arg[0], i) >= (int)sizeof(path))
			die(2, "%s: too long", arg[0]);
		if (stat(path, &st) && !missing)
			die(1, "%s: %s", path, strerror(errno));
	}
}

VERB("cache", 2, MANY, do_cache);
VERB("names", 3, 3, do_names);
