// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory that the kernel takes back.
 *
 *   swapout  N                      touches N pages, each with other data, has them swapped out
 *                                   (MADV_PAGEOUT, Linux 5.4), then reads each one; prints how many
 *                                   were not in memory before that
 *   hog      DIR BYTES              moves itself into the cgroup DIR, then touches that much memory
 *   filehog  DIR FILE               moves itself into the cgroup DIR, then reads all of FILE
 *   pipes    N                      pipe() and close() of both ends xN
 *   compact                         asks the kernel to compact all of memory
 */
#include "work.h"

static void do_swapout(char **arg)
{
	long n = amount(arg[0]), gone = 0;
	unsigned char *in = calloc(n, 1);
	char *p = mmap(NULL, n * 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED || !in)
		die(1, "mmap: %s", strerror(errno));
	must(madvise(p, n * 4096, MADV_NOHUGEPAGE), "madvise");
	for (long i = 0; i < n; i++)
		*(volatile long *)(p + i * 4096) = i + 1;
	must(madvise(p, n * 4096, 21 /* MADV_PAGEOUT */), "madvise(MADV_PAGEOUT)");
	must(mincore(p, n * 4096, in), "mincore");
	for (long i = 0; i < n; i++)
		gone += !(in[i] & 1);
	for (long i = 0; i < n; i++)
		if (*(volatile long *)(p + i * 4096) != i + 1)
			die(1, "page %ld came back with other data", i);
	printf("%ld\n", gone);
}

static void cgroup_enter(const char *dir)
{
	char path[4096], pid[16];
	int fd;

	snprintf(path, sizeof(path), "%s/cgroup.procs", dir);
	fd = must(open(path, O_WRONLY), path);
	snprintf(pid, sizeof(pid), "%d", getpid());
	must(write(fd, pid, strlen(pid)), path);
	close(fd);
}

static void do_hog(char **arg)
{
	long bytes = amount(arg[1]);
	char *p;

	cgroup_enter(arg[0]);
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		die(1, "mmap: %s", strerror(errno));
	for (long at = 0; at < bytes; at += 4096)
		((volatile char *)p)[at] = 1;
}

static void do_filehog(char **arg)
{
	char *buf = buffer(65536);
	int fd;

	cgroup_enter(arg[0]);
	fd = must(open(arg[1], O_RDONLY), arg[1]);
	while (must(read(fd, buf, 65536), arg[1]))
		;
}

static void do_compact(char **arg)
{
	int fd = must(open("/proc/sys/vm/compact_memory", O_WRONLY), "compact_memory");

	(void)arg;
	must(write(fd, "1", 1), "compact_memory");
}

static void do_pipes(char **arg)
{
	long n = amount(arg[0]);
	int fd[2];

	while (n--) {
		pipe_make(fd);
		close(fd[0]);
		close(fd[1]);
	}
}

VERB("pipes", 1, 1, do_pipes);
VERB("swapout", 1, 1, do_swapout);
VERB("hog", 2, 2, do_hog);
VERB("filehog", 2, 2, do_filehog);
VERB("compact", 0, 0, do_compact);
