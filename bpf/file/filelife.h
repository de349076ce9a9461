/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The end of a file that was made while we watched. */
#include "../gone.h"

/* All but LIFE come where no function can be watched: user space makes lives of them. */
enum part { LIFE, BORN, MOVED, SWAPPED, NAME_GONE };

struct event {
	__u64 time_ns;
	__u64 age_ns;		/* of LIFE */
	__u32 pid, tid, uid;	/* who ended it */
	__u16 kind;		/* enum part */
	__u16 unwanted;		/* by the filters: changes what is known, but is not shown */
	__u32 new_at;		/* where in path the new name begins; 0: there is none */
	char comm[TASK_COMM_LEN];
	char path[8704];	/* the last name; MOVED: behind its NUL the new one */
};
