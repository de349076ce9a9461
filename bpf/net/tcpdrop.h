/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One TCP packet that the kernel dropped. */
#include "../sock.h"
#include "../stack.h"

struct event {
	__u64 time_ns;
	struct tuple tuple;	/* of the packet: from source to destination */
	struct owner owner;
	__u32 netns;		/* 0: not known */
	__u32 state;		/* 0: no socket known */
	__u32 reason;		/* 0: the kernel gives none */
	__u32 flags;		/* of the TCP header; NO_FLAGS: no header yet */
	struct stack_ref stacks;
};

enum { NO_FLAGS = 0x100 };
