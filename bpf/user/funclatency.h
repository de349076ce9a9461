/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What histograms are split by: function and process, each 0 where not asked for. */
struct hist_key {
	__u64 func;		/* cookie of the probe; before 5.15, which has none, see func_of() */
	__u32 pid;
	__u32 pad;
};

#define FUNC_ALONE ((__u64)-1)	/* the one kernel function, watched by fentry */
#define FUNC_PAGE 4096		/* without cookies user functions are numbers below this */
#define LEVELS_MAX 16
