/* SPDX-License-Identifier: GPL-2.0-or-later */
enum { PIECE = 8192, PIECES_MAX = 32, PATH_LEN = 108 };

/* A piece of what one call has received. */
struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__u32 peer;		/* process that made the other end; 0: not known */
	__u32 size;		/* of all that the call has received */
	__u32 offset;		/* of this piece in it */
	__u32 bytes;		/* of data */
	__u32 missing;		/* of the call, after these: what could not be had, or is not wanted */
	__u16 type;		/* SOCK_* */
	__u16 path_len;		/* of path; an abstract one begins with a NUL */
	char comm[TASK_COMM_LEN];
	char path[PATH_LEN];	/* the socket's, or that of the other end */
	char data[PIECE];	/* sent as long as it is */
};
