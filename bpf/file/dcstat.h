/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many lookups of names there were. */
struct counts {
	__u64 refs, slow, misses;
};
