/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the samples are sorted by: one CPU, or 0 for all. */
struct hist_key {
	__u64 cpu;
};

/* With --runqocc: how many samples there were, and how many of these found tasks waiting. */
struct occupancy {
	__u64 samples, queued;
};
