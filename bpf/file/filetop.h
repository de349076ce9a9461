/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file and a process, and what went between them. */
struct key {
	__u64 ino;
	__u32 dev;
	__u32 pid;
};

struct value {
	__u64 reads, writes;
	__u64 read_bytes, write_bytes;
	char comm[TASK_COMM_LEN];	/* of the process */
	char type[2];		/* "R", "S" or "O": regular file, socket, any other */
	__u8 cut;		/* path has the end only; all of it is in long_paths */
	char path[253];		/* with no "/" in front: a name that is in no folder */
};

#define LONG_PATH 4096
