/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One sleep that somebody asked for, when it is over. */
enum call { NANOSLEEP, CLOCK_NANOSLEEP, RESTART };

struct event {
	__u64 time_ns;		/* of its end */
	__u64 slept_ns;
	__s64 wanted_ns;	/* from then on; absolute: the clock's time */
	__u32 pid, tid, uid, ppid;
	__u32 call;		/* enum call */
	__s32 clock;		/* clockid_t */
	__s32 ret;
	bool absolute;
	bool known;		/* could wanted_ns be read? */
	char comm[TASK_COMM_LEN], pcomm[TASK_COMM_LEN];
};
