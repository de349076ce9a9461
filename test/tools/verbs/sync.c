// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The sync family.
 *
 *   sync     CALL FILE N            one open (O_CREAT), then write(512) and CALL xN each: sync,
 *                                   fsync, fdatasync, syncfs, sync_file_range (sync_file_range2
 *                                   where that is what there is), msync of a shared page of FILE;
 *                                   FILE "-" is descriptor -1 and a bad address, no writes; prints
 *                                   "FD RESULT ALL LEAST": the last result (0 or -errno), and the
 *                                   nanoseconds that all calls took, and the quickest one
 */
#include "work.h"

static void do_sync(char **arg)
{
	const char *call = arg[0];
	bool none = !strcmp(arg[1], "-");
	int fd = none ? -1 : must(open(arg[1], O_RDWR | O_CREAT, 0644), arg[1]);
	long n = amount(arg[2]), ret = 0;
	char *buf = buffer(512), *page = (char *)4096;
	uint64_t all = 0, least = -1, ns;

	if (!none && !strcmp(call, "msync")) {
		must(write(fd, buf, 512), "write");
		page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (page == MAP_FAILED)
			die(1, "mmap: %s", strerror(errno));
	}
	while (n--) {
		if (!none)
			must(write(fd, buf, 512), "write");
		ns = now_ns(CLOCK_MONOTONIC);
		if (!strcmp(call, "sync"))
			ret = syscall(SYS_sync);
		else if (!strcmp(call, "fsync"))
			ret = syscall(SYS_fsync, fd);
		else if (!strcmp(call, "fdatasync"))
			ret = syscall(SYS_fdatasync, fd);
		else if (!strcmp(call, "syncfs"))
			ret = syscall(SYS_syncfs, fd);
		else if (!strcmp(call, "sync_file_range"))
			ret = sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE);
		else if (!strcmp(call, "msync"))
			ret = syscall(SYS_msync, page, 4096, MS_SYNC);
		else
			die(2, "%s: no such call here", call);
		if (ret < 0)
			ret = -errno;
		ns = now_ns(CLOCK_MONOTONIC) - ns;
		all += ns;
		if (ns < least)
			least = ns;
	}
	printf("%d %ld %llu %llu\n", fd, ret, (unsigned long long)all, (unsigned long long)least);
}

VERB("sync", 3, 3, do_sync);
