// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * CPU time.
 *
 *   burn     MS                     MS milliseconds of CPU time in work_burn(), called by
 *                                   work_outer()
 *   pingpong N                      two processes pass one byte there and back over pipes: each
 *                                   write() xN and read() xN
 */
#include "work.h"

/* CPU time and not wall time: the amount burnt is the same on a busy machine. */
PROBED void work_burn(uint64_t ns)
{
	uint64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
	volatile int i;

	do {
		for (i = 0; i < 100000; i++)
			;
	} while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until);
}

PROBED void work_outer(uint64_t ns)
{
	work_burn(ns);
	__asm__ volatile(""); /* no tail call: this frame has to stay on the stack */
}

static void do_burn(char **arg)
{
	work_outer(amount(arg[0]) * 1000000ULL);
}

static void do_pingpong(char **arg)
{
	long i, n = amount(arg[0]);
	int there[2], back[2];
	pid_t pid;

	pipe_make(there);
	pipe_make(back);
	pid = fork_child();
	if (!pid) {
		for (i = 0; i < n; i++) {
			byte_read(there[0]);
			byte_write(back[1]);
		}
		_exit(0);
	}
	for (i = 0; i < n; i++) {
		byte_write(there[1]);
		byte_read(back[0]);
	}
	wait_success(pid);
}

VERB("burn", 1, 1, do_burn);
VERB("pingpong", 1, 1, do_pingpong);
