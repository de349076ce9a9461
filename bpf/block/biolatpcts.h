/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Latencies by magnitude and, within each, in 32 steps of the same width: each is known to 3 %, from
 * nanoseconds to more than an hour. Below 32 ns a slot is one value. */
enum {
	STEP_BITS = 5,
	STEPS = 1 << STEP_BITS,
	MAGNITUDES = 42 - STEP_BITS,		/* up to 2^42 ns; what is more counts as that */
	SLOTS = STEPS * (MAGNITUDES + 1),
};

enum type { TYPE_READ, TYPE_WRITE, TYPE_DISCARD, TYPE_FLUSH, TYPE_ZEROES, TYPE_OTHER, TYPES };

struct latencies {
	__u64 slots[SLOTS];
};

/* From when on: option --which. */
enum which { ON_DEVICE, AFTER_RQ_ALLOC, FROM_RQ_ALLOC };
