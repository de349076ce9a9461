/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms by process, thread or pid namespace: bpf/task_hist.bpf.h fills them. The applet has
 * TASK_SPLIT_OPTS in its options, TASK_SPLIT_KEYS as the keys of its histogram, and calls
 * TASK_SPLIT_CHECK(run) in setup(). */
#ifndef TASK_HIST_H
#define TASK_HIST_H

#include "shared.h"

enum split { SPLIT_NONE, SPLIT_PROCESS, SPLIT_THREAD, SPLIT_PIDNS };

/* What a histogram is of. */
struct hist_key {
	__u32 id;		/* process, thread or pid namespace */
	char comm[TASK_COMM_LEN]; /* not of a namespace */
};

#define TASK_SPLIT_PIDNS 29 /* the option without a letter */

#define TASK_SPLIT_OPTS \
	OPT_CONST('P', split, "pids", "a histogram for each process", SPLIT_PROCESS), \
	OPT_CONST('L', split, "tids", "a histogram for each thread", SPLIT_THREAD), \
	OPT_CONST(TASK_SPLIT_PIDNS, split, "pidnss", "a histogram for each pid namespace", \
		  SPLIT_PIDNS)
#define TASK_SPLIT_KEYS \
	COL_IF('P', id, "pid", 0), COL_IF('P', comm, "comm", 1), \
	COL_IF('L', id, "tid", 0), COL_IF('L', comm, "comm", 1), \
	COL_IF(TASK_SPLIT_PIDNS, id, "pidns", 0)
#define TASK_SPLIT_CHECK(run) ({ \
	if (opt_on(run, 'P') + opt_on(run, 'L') + opt_on(run, TASK_SPLIT_PIDNS) > 1) \
		die(EXIT_USAGE, "-P, -L and --pidnss exclude each other"); \
})

#endif
