/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tls.h"

enum { PIECE = 16384, PIECES_MAX = 64 };

/* A call; of data a piece of it. */
struct event {
	__u64 time_ns, lat_ns;
	__u32 pid, tid, uid;
	__u32 function;		/* enum tls_function, with its flags */
	__s32 result;
	__u32 len;		/* of all data of the call, in bytes */
	__u32 offset, bytes;	/* of this piece */
	__u32 lost;		/* bytes behind this piece that are not sent */
	char comm[TASK_COMM_LEN];
	char data[PIECE];	/* sent as long as it is */
};
