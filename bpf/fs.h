/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on the files of a file system: what user space tells the programs of bpf/fs.bpf.h. */
#ifndef FS_H
#define FS_H

#include "shared.h"

enum fs_op { FS_READ, FS_WRITE, FS_OPEN, FS_FSYNC, FS_GETATTR, FS_OPS };

#define FS_TYPES 4
#define FS_TYPE_LEN 16

struct fs_choice {
	/* Files of these types of file system only, as struct file_system_type has them. None: all */
	__u64 type[FS_TYPES][FS_TYPE_LEN / 8];
	/* The functions that are watched are those that all file systems share. */
	bool vfs;
	/* Not only regular files are read, written and opened. */
	bool any_file;
};

/* Numbers of system calls are below this, but for those of the x32 programs of x86. */
#define FS_CALLS 512

/* A system call: its operation plus 1, and where its arguments are. */
#define FS_CALL_OP 0x07
#define FS_CALL_FILE_1 0x08	/* the file is argument 1, not 0 */
#define FS_CALL_POS_3 0x10	/* argument 3 is the position; without this it is the file's */
#define FS_CALL_FLAGS_2 0x20	/* only with AT_EMPTY_PATH in argument 2 is there a file */
#define FS_CALL_FLAGS_3 0x40	/* the same in argument 3 */
/* From one file into another: a read of argument 0 (position at argument 1) and a write of argument 2
 * (3); with FS_CALL_FILE_1, as sendfile(), a read of argument 1 (2) and a write of argument 0. */
#define FS_CALL_COPIES 0x80

/* Of the tools that list slow ones: on what, by whom, how long it took, what came of it. */
struct fs_event {
	__u64 time_ns;		/* of its end */
	__u64 lat_ns;
	__s64 offset, bytes;	/* -1: there is no such number */
	__u32 pid, tid, uid;
	__s32 err;		/* 0 or an errno */
	__u32 op;		/* enum fs_op */
	char comm[TASK_COMM_LEN];
	char path[4096];	/* sent as long as it is; empty: not known */
};

#endif
