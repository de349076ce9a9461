/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What accept queues are sorted by. Members that are not asked for stay 0. */
#include "../sock.h"

struct hist_key {
	__u32 backlog_max;
	__u32 lport;
	__u32 netns;
};
