/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For what is sorted by its magnitude. */
#ifndef LOG2_BPF_H
#define LOG2_BPF_H

/* Position of the highest bit; 0 for 0 and 1. */
static __always_inline u32 log2_u64(u64 v)
{
	u32 n = 0;

	if (v >> 32) { v >>= 32; n += 32; }
	if (v >> 16) { v >>= 16; n += 16; }
	if (v >> 8) { v >>= 8; n += 8; }
	if (v >> 4) { v >>= 4; n += 4; }
	if (v >> 2) { v >>= 2; n += 2; }
	return n + (v >> 1);
}

#endif
