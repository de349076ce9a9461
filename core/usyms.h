/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names for user-space addresses, and where programs and libraries are.
 *
 * Everything goes through /proc/PID, so processes in containers work and nothing depends on what
 * this machine or this static program has loaded itself. */
#ifndef USYMS_H
#define USYMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct usyms;

/* Free with usyms_free() (NULL is fine), together with all strings it gave out. */
struct usyms *usyms_new(void);
void usyms_free(struct usyms *us);

/* The function at `addr` in process `tgid` (as /proc numbers it); NULL when unknown. *offset: bytes
 * from the start of the function, or from the start of the file if there is no function. *dso: the
 * path of the mapped file as the process sees it, or "[vdso]" and the like, NULL when unknown or
 * anonymous. Either pointer may be NULL. The strings live until the next call. They come from the
 * process: print them escaped.
 *
 * Maps are read at the first question and again when an address is in none, symbol tables at the
 * first question inside their object. */
const char *usyms_find(struct usyms *us, pid_t tgid, uint64_t addr, uint64_t *offset,
		       const char **dso);

/* Read the maps of a process now, while it lives, so that its addresses can be told later. Cheap:
 * no symbols are read. 0, or -errno (-ESRCH: it has no maps, as kernel threads and zombies). */
int usyms_snapshot(struct usyms *us, pid_t tgid);

/* The process has called exec, or its number may go to another: forget its maps. */
void usyms_forget(struct usyms *us, pid_t tgid);

/* Where is the library `name`: "c", "libc.so.6", "readline", "/usr/lib/libreadline.so.8"?
 *
 * With pid > 0: among what that process has mapped; the path leads through /proc/PID/root, or for a
 * deleted file through /proc/PID/map_files. Else: in the directories of /etc/ld.so.conf and the
 * usual ones, for our own machine and class; of several versions the shortest name. "c" finds
 * musl as well.
 *
 * 0 and the path, -ENOENT when there is none (a static program has no libc), -ENAMETOOLONG when
 * `size` is too small, -ESRCH, -EACCES and the like when the process cannot be looked at. */
int lib_find(pid_t pid, const char *name, char *path, size_t size);

/* Does the file name `base` mean the library `name`? "c" is musl as well. */
bool lib_is(const char *name, const char *base);

/* A file of which a process has mapped code. */
struct mapped_file {
	pid_t pid;
	uint64_t dev;		/* major << 32 | minor, as maps has it: stat() may tell another */
	uint64_t ino;
	const char *inside;	/* its path as the process has it */
	const char *base;	/* its name without folders */
	const struct map_line *line;
};

/* Call `cb` for each mapping of code of the process; a file may come more than once. 0 or -errno. */
typedef void (*mapped_cb)(const struct mapped_file *f, void *arg);
int mapped_each(pid_t pid, mapped_cb cb, void *arg);
/* Within `cb`: the path by which we reach that file, as lib_find() gives it. 0 or -errno. */
int mapped_file_path(const struct mapped_file *f, char *path, size_t size);

/* Where is the program `name`, by $PATH as a shell looks; a name with a slash is taken as it is. 0
 * and the path, -ENOENT, -EACCES (there, but not executable) or -ENAMETOOLONG. */
int program_find(const char *name, char *path, size_t size);

#endif
