/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../lang.h"

#define PREFIX_MAX 64

/* A call or a return. */
struct event {
	__u64 time_ns;
	__u32 pid, tid, cpu, depth;
	bool is_return;
	struct lang_name name;
};
