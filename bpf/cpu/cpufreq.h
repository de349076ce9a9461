/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram is of: a process, or with no pid all that runs. */
struct hist_key {
	__u32 pid;
	char comm[TASK_COMM_LEN];
};

/* MHz to a slot, of which there are 64 */
#define CPUFREQ_STEP 200
