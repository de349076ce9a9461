/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One descriptor that went through a UNIX socket. */
#include "../shared.h"

enum action { SEND, RECV };

struct event {
	__u64 time_ns;
	__u64 socket_ino, ino;	/* inode numbers of the socket, and of what was passed */
	__u32 pid, tid, uid;
	char comm[TASK_COMM_LEN];
	__u32 netns;		/* of the socket */
	__s32 socket_fd, fd;
	__u32 action;
	__u32 mode;		/* st_mode of what was passed */
	char path[4096];
};
