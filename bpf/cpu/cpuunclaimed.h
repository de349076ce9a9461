/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sums over samples: of CPUs, of those that were idle, of those that were while tasks waited for
 * another. */
enum { SAMPLES, CPUS, IDLE, UNCLAIMED, SUMS };

struct sums {
	__u64 n[SUMS];
};

/* With -j: one sample, by CPU how many tasks its run queue has, with the running one; OFFLINE_CPU
 * where there is none. */
enum { QUEUES_MAX = 2048, OFFLINE_CPU = 0xffff };

struct sample {
	__u64 ts;	/* ktime, in ns */
	__u16 tasks[QUEUES_MAX];
};
