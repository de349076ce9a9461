/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums over samples: of CPUs, of those that were idle, of those that were while tasks waited for
 * another. */
enum { SAMPLES, CPUS, IDLE, UNCLAIMED, SUMS };

struct sums {
	__u64 n[SUMS];
};
