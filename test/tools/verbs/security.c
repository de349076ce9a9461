// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Checks of capabilities.
 *
 *   chroots  N [ns|stay]            chroot("/") xN, each of which asks once for CAP_SYS_CHROOT, with
 *                                   "ns" in a user namespace of its own; then one read of
 *                                   /proc/1/stat, for which the kernel probes once for
 *                                   CAP_SYS_PTRACE, except of root; prints "RESULT INO": the last
 *                                   result (0 or -errno), and the inode of the user namespace; with
 *                                   "stay" it does not end then
 */
#include "work.h"

static void do_chroots(char **arg)
{
	bool ns = arg[1] && !strcmp(arg[1], "ns"), stay = arg[1] && !strcmp(arg[1], "stay");
	long n = amount(arg[0]), ret = 0;
	struct stat st;
	char text[512];
	int fd;

	if (ns)
		must(syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */), "unshare");
	while (n--)
		ret = chroot("/") ? -errno : 0;
	fd = must(open("/proc/1/stat", O_RDONLY | O_CLOEXEC), "/proc/1/stat");
	must(read(fd, text, sizeof(text)), "/proc/1/stat");
	must(stat("/proc/self/ns/user", &st), "/proc/self/ns/user");
	printf("%ld %llu\n", ret, (unsigned long long)st.st_ino);
	fflush(stdout);
	while (stay)
		pause();
}

VERB("chroots", 1, 2, do_chroots);
