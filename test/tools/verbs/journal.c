// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   journal  FILE PROGRAM ARGS...   executes PROGRAM where there is a socket of the systemd journal, in
 *                                   a mount namespace of its own; FILE gets the datagrams that come
 *                                   there, each with "." as a line behind it
 */
#include "work.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/un.h>

#ifndef CLONE_NEWNS
#define CLONE_NEWNS 0x00020000
#endif

static void do_journal(char **arg)
{
	struct sockaddr_un at = { AF_UNIX, "/run/systemd/journal/socket" };
	int out = must(open(arg[0], O_WRONLY | O_CREAT | O_APPEND, 0644), arg[0]);
	int fd = must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	char text[4096];

	if (unshare(CLONE_NEWNS))
		die(EXIT_CANNOT, "unshare: %s", strerror(errno));
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "mount /");
	mkdir("/run", 0755);
	must(mount("tmpfs", "/run", "tmpfs", 0, NULL), "mount /run");
	must(mkdir("/run/systemd", 0755), "mkdir");
	must(mkdir("/run/systemd/journal", 0755), "mkdir");
	must(bind(fd, (struct sockaddr *)&at, sizeof(at)), "bind");
	must(chmod(at.sun_path, 0777), "chmod");
	if (!fork_child()) {
		/* Of the tool's group no process may be left when it ends. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			long n = must(recv(fd, text, sizeof(text) - 2, 0), "recv");

			memcpy(text + n, ".\n", 2);
			must(write(out, text, n + 2), "write");
		}
	}
	close(fd);
	must(execv(arg[1], arg + 1), arg[1]);
}

VERB("journal", 2, MANY, do_journal);
