/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram is of. */
struct hist_key {
	char queue[32];		/* "": not by queue */
	__u64 function;		/* its address; 0: not by function */
};
