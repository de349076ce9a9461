/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A folder as the kernel knows it inside. */
#ifndef FOLDER_H
#define FOLDER_H

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "util.h"

struct folder {
	uint64_t ino;
	uint32_t dev;	/* 12 bits of major, 20 of minor */
};

/* The number that the kernel has inside for the folder's file system: on btrfs and overlays stat()
 * gives another one, but the list of mounts has it. */
static uint32_t device_of(int fd, const struct stat *st)
{
	unsigned id = 0, want = 0, major = major(st->st_dev), minor = minor(st->st_dev), x, y;
	char path[64], text[512], *line = NULL;
	const char *p;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, text, sizeof(text)) > 0 && (p = strstr(text, "mnt_id:")))
		sscanf(p, "mnt_id: %u", &want);
	f = fopen("/proc/self/mountinfo", "re");
	while (f && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%u %*u %u:%u", &id, &x, &y) == 3 && id == want) {
			major = x;
			minor = y;
		}
	}
	if (f)
		fclose(f);
	free(line);
	return major << 20 | minor;
}

/* False with errno where it is none. */
static bool folder_find(const char *path, struct folder *dir)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	bool found = fd >= 0 && !fstat(fd, &st);

	if (found)
		*dir = (struct folder){ .ino = st.st_ino, .dev = device_of(fd, &st) };
	if (fd >= 0)
		close(fd);
	return found;
}

#endif
