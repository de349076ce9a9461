/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One listen(2). */
#include "../sock_call.h"

struct event {
	__u64 time_ns;
	__u32 max;		/* what the kernel made of the backlog */
	__s32 backlog;		/* as it was asked for */
	struct sock_call call;
};
