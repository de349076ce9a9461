/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What histograms are split by. */
struct hist_key {
	__u32 function;		/* enum tls_function */
	__u32 failed;		/* the calls that failed */
};
