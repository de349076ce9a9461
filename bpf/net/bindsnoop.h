/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One bind(2). */
#include "../sock_call.h"

struct event {
	__u64 time_ns;
	struct sock_call call;
};
