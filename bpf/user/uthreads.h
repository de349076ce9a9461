/* SPDX-License-Identifier: GPL-2.0-or-later */
/* THREAD_START and THREAD_STOP are the cookies of Java's probes; the others are threads of the C
 * library. */
enum thread_what { THREAD_START, THREAD_STOP, THREAD_PTHREAD, THREAD_EXIT };

struct event {
	__u64 time_ns;
	__u64 routine;		/* what pthread_create() was given; 0: nobody called it */
	__u64 runtime;		/* Java's number of the thread */
	__u32 pid, tid;		/* of the thread that begins or ends */
	__u32 what;
	char name[64];		/* Java's, or what the kernel has */
};
