// SPDX-License-Identifier: GPL-2.0-or-later
// tracefs: found where it is mounted, or mounted for ourselves alone.
#include "tracefs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/mount.h of 5.2; stable numbers of the system call interface. */
enum { FSCONFIG_CMD_CREATE_NR = 6 };

static int tracefs_private(void)
{
	int fs = syscall(SYS_fsopen, "tracefs", 1 /* FSOPEN_CLOEXEC */), fd;

	if (fs < 0)
		return -1;
	if (syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE_NR, NULL, NULL, 0)) {
		close(fs);
		return -1;
	}
	fd = syscall(SYS_fsmount, fs, 1 /* FSMOUNT_CLOEXEC */, 0);
	close(fs);
	return fd;
}

/* Not by faccessat(), which asks for the real user without capabilities: tracefs is root's, and
 * CAP_DAC_READ_SEARCH lets another user in. */
static bool is_in(int dir, const char *file)
{
	struct stat st;

	return !fstatat(dir, file, &st, 0);
}

int tracefs_fd(void)
{
	static const char *const places[] = { "/sys/kernel/tracing", "/sys/kernel/debug/tracing" };
	static int fd = -2;

	for (size_t i = 0; fd == -2 && i < ARRAY_LEN(places); i++) {
		int dir = open(places[i], O_PATH | O_DIRECTORY | O_CLOEXEC);

		/* The folder is there even where nothing is mounted on it. */
		if (dir >= 0 && is_in(dir, "events"))
			fd = dir;
		else if (dir >= 0)
			close(dir);
	}
	if (fd == -2)
		fd = tracefs_private();
	return fd;
}

bool tracefs_has(const char *file)
{
	return tracefs_fd() >= 0 && is_in(tracefs_fd(), file);
}

int tracefs_event_id(const char *event)
{
	char path[160], text[16];
	uint64_t id;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "events/%s/id", event);
	fd = tracefs_fd() < 0 ? -1 : openat(tracefs_fd(), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n < 2)
		return -EIO;
	text[n - 1] = 0; /* its newline */
	return parse_u64(text, &id) ? (int)id : -EIO;
}
