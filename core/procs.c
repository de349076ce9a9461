// SPDX-License-Identifier: GPL-2.0-or-later
// Processes by their numbers, and what they run.
#include "procs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

int proc_each(void (*cb)(int pid, void *arg), void *arg)
{
	DIR *dir = opendir("/proc");
	struct dirent *d;

	if (!dir)
		return -errno;
	while ((d = readdir(dir)))
		if (isdigit((unsigned char)d->d_name[0]))
			cb(atoi(d->d_name), arg);
	closedir(dir);
	return 0;
}

bool proc_runs(int pid, const char *name)
{
	char link[32], exe[PATH_MAX], *base;
	size_t len = strlen(name);
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	n = readlink(link, exe, sizeof(exe) - 1);
	exe[n > 0 ? n : 0] = 0;
	base = strrchr(exe, '/');
	/* That of a file which was deleted or replaced ends with " (deleted)". */
	return base && !strncmp(base + 1, name, len) &&
	       (!base[len + 1] || !strcmp(base + 1 + len, " (deleted)"));
}

uint64_t own_pidns(uint64_t *dev)
{
	struct stat st;

	/* The first namespace has a fixed inode number (PROC_PID_INIT_INO). */
	if (stat("/proc/self/ns/pid", &st) || st.st_ino == 0xeffffffcU)
		return 0;
	if (dev) /* include/linux/kdev_t.h: MKDEV() */
		*dev = (uint64_t)major(st.st_dev) << 20 | minor(st.st_dev);
	return st.st_ino;
}
