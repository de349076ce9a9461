/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A name that is gone: which, by whom, and what is there instead. */
#include "../gone.h"

struct event {
	__u64 time_ns;
	__u32 pid, tid, uid;
	__u32 action;		/* enum action */
	__u32 new_at;		/* where in path the new name begins; 0: there is none */
	char comm[TASK_COMM_LEN];
	char path[8704];	/* the old name, behind its NUL the new one; as long as they are */
};
