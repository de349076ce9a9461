/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of probes[] for the programs of run_wait.bpf.h. */
#ifndef RUN_WAIT_H
#define RUN_WAIT_H

#define RUN_WAIT_PROBES \
	{ "the scheduler", "wakeup_btf wakeup_new_btf switch_btf" }, \
	{ "the scheduler", "wakeup_raw wakeup_new_raw switch_raw" }

#endif
