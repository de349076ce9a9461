/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watching the operations of a file system: which functions of the kernel that are, as the programs
 * of bpf/fs.bpf.h want to know it. For applets that use those. */
#ifndef FILESYSTEMS_H
#define FILESYSTEMS_H

#include "applet.h"
#include "../bpf/fs.h"

/* The rows of an applet's probes: FS_PROBES(FS_ALL), or only what moves data (FS_MOVES). */
#define FS_MOVES(how) "read_" how " readv_" how " splice_read_" how " write_" how " writev_" how \
	" splice_write_" how
#define FS_ALL(how) FS_MOVES(how) " open_" how " open2_" how " open_atomic_" how " fsync_" how \
	" fsync_fd_" how " getattr_" how
#define FS_PROBES(which) \
	{ "file operations", which("fentry") " " which("fexit") }, \
	{ "file operations", which("kprobe") " return_kretprobe" }, \
	{ "file operations", "syscall_enter syscall_exit" }

/* In setup(): which functions are watched, or calls. `type` as in /proc/filesystems, NULL for files
 * of all of them. `choice` and `calls` are the object's fs_choice and fs_calls. Takes run->own. Ends
 * with EXIT_CANNOT where this kernel has no such file system. */
void fs_setup(struct run *run, const char *type, struct fs_choice *choice, u8 calls[FS_CALLS]);

/* In attach(). */
void fs_attach(struct run *run);

/* What such a tool's --help has to say. */
#define FS_HELP \
	"The types of one driver are one: nfs and nfs4, ext2 to ext4, fuse and fuseblk.\n" \
	"Watched are the functions that a file system has for it, or those that all of them\n" \
	"share; see --verbose. Where the kernel allows neither (lockdown) system calls are:\n" \
	"then what comes by io_uring, AIO or from the kernel itself, stat() by a path and\n" \
	"32-bit programs are not seen, and an open has its search for the file in it. A copy\n" \
	"(sendfile, splice, copy_file_range) is one read and one write, as long as it takes;\n" \
	"by functions it is as many as the kernel makes of it, none where blocks get shared.\n"

/* For tools that list slow operations. In setup(): the threshold, 10 ms if neither the option `key`
 * nor an operand says another; and that the tool does not see itself, which would never end. */
void fs_slow_setup(struct run *run, int key, u64 *min_ns, struct filter *filter);

/* Formats a number that -1 says there is none of. */
void fs_fmt_number(struct cell *cell, const void *row);

#endif
