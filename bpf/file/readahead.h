/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pages since the start: read ahead, used for the first time, gone from the cache without any
 * use. */
enum { TOTAL, USED, DROPPED, KINDS };

struct counts {
	__u64 n[KINDS];
};

/* Functions of the kernel that read ahead, as places in its memory. */
enum { RANGES = 8 };
struct range {
	__u64 from, to;
};
