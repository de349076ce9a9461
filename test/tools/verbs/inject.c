// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Calls that may be made to fail.
 *
 *   tries    CALL PATH N            each xN, and prints all results, 0 or -errno, in one line:
 *                                   mkdir of PATH0, PATH1, ..., each removed again;
 *                                   read of 4096 bytes of PATH with O_DIRECT, each time the same;
 *                                   pipe: write of a byte to a new pipe, where PATH is "-"
 */
#include "work.h"

static long try_mkdir(const char *path, long i)
{
	char name[4096];

	snprintf(name, sizeof(name), "%s%ld", path, i);
	if (mkdir(name, 0755))
		return -errno;
	must(rmdir(name), name);
	return 0;
}

static long try_read(const char *path)
{
	int fd = must(open(path, O_RDONLY | O_DIRECT), path);
	long ret = read(fd, buffer(4096), 4096) < 0 ? -errno : 0;

	close(fd);
	return ret;
}

static long try_pipe(void)
{
	int fd[2];
	long ret;

	pipe_make(fd);
	ret = write(fd[1], "x", 1) < 0 ? -errno : 0;
	close(fd[0]);
	close(fd[1]);
	return ret;
}

static void do_tries(char **arg)
{
	long n = amount(arg[2]);

	for (long i = 0; i < n; i++) {
		long ret = 0;

		if (!strcmp(arg[0], "mkdir"))
			ret = try_mkdir(arg[1], i);
		else if (!strcmp(arg[0], "read"))
			ret = try_read(arg[1]);
		else if (!strcmp(arg[0], "pipe"))
			ret = try_pipe();
		else
			die(2, "%s: no such call here", arg[0]);
		printf("%s%ld", i ? " " : "", ret);
	}
	printf("\n");
}

VERB("tries", 3, 3, do_tries);
