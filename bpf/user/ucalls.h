/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../lang.h"

/* A method, or a system call. */
struct key {
	struct lang_name name;
	__s32 call;		/* its number; -1: a method */
	__u32 compat;
};

struct value {
	__u64 count, total_ns;
};
