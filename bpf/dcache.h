/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What bpf/dcache.bpf.h tells of a lookup, in bits since one report may say several things; and for the
 * user side the programs in there. */
#ifndef DCACHE_H
#define DCACHE_H

#include "shared.h"

enum lookups {
	LOOKUP = 1,		/* one begins: all others tell how it went on */
	SLOW = 2,		/* not found by the fast, lockless way */
	FOUND_SLOWLY = 4,
	MISS = 8,		/* nowhere in the cache: the file system is asked */
};

#define DCACHE_PROBES								\
	{ "lookups of names", "fast_fexit slow_fexit asked_fentry" },		\
	{ "lookups of names", "fast_kprobe fast_kretprobe slow_kprobe slow_kretprobe asked_kprobe" }

#endif
