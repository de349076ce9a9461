/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One connect: who, where to; and what became of it, where that is asked for. */
#include "../sock.h"

enum { CONNECT, ANSWER };

struct event {
	__u64 time_ns;
	__u32 kind;		/* CONNECT */
	__s32 err;		/* errno of a failed one */
	struct tuple tuple;
	__u32 pid, uid, netns;
	__u32 pad;
	char comm[TASK_COMM_LEN];
};

/* A message from the DNS, which user space keeps the names of. As long as its data, but at least as an
 * event. */
struct answer {
	__u64 time_ns;
	__u32 kind;		/* ANSWER */
	__u32 size;		/* of the message, as far as it is here */
	unsigned char data[1232]; /* what resolvers take for the most that UDP carries unbroken */
};
