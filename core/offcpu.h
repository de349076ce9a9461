/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options that the tools of off-CPU time share: which waits count (bpf/offcpu.bpf.h). To be
 * included behind the definition of RODATA. */
#ifndef OFFCPU_H
#define OFFCPU_H

#include "applet.h"

enum { OFFCPU_STATE = 4 }; /* 1 to 4 are taken */

#define OFFCPU_OPTS \
	OPT_LIST('p', pids, "pid", "LIST", "these processes only, 181,185", 1, 4194304), \
	OPT_LIST('t', tids, "tid", "LIST", "these threads only", 1, 4194304), \
	FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3), \
	OPT('u', only_user_threads, "user-threads-only", NULL, "no kernel threads"), \
	OPT('k', only_kernel_threads, "kernel-threads-only", NULL, "kernel threads only"), \
	OPT_SCALE('m', min_block_ns, "min-block-time", "US", "only waits this long or longer [1]", \
		  1000), \
	OPT_SCALE('M', max_block_ns, "max-block-time", "US", "only waits this long or shorter", \
		  1000), \
	OPT_RANGE(OFFCPU_STATE, state_mask, "state", "MASK", \
		  "0 still runnable, 1 interruptible, 2 not, 3 both", 0, \
		  INT32_MAX)

static void offcpu_setup(struct run *run)
{
	if (opt_on(run, 'u') && opt_on(run, 'k'))
		die(EXIT_USAGE, "-u and -k exclude each other");
	if (RUN_RODATA(run)->min_block_ns > RUN_RODATA(run)->max_block_ns)
		opt_bad(run, 'M', "is less than -m");
}

#define OFFCPU_PROBES(waking) \
	{ "the scheduler", "switch_btf" waking("btf") }, \
	{ "the scheduler", "switch_raw" waking("raw") }
#define OFFCPU_WAKING(how) " waking_" how
#define OFFCPU_NO_WAKING(how) ""

#endif
