/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New tasks by their kind. */
enum { PROCESSES, THREADS, KTHREADS, KINDS };

struct counts {
	__u64 n[KINDS];
};

struct parent {
	__u32 pid, pad;
	char comm[TASK_COMM_LEN];	/* of the process */
};
