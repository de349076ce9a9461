/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flags of a block operation as the kernel has them (blk_types.h: its operation in the low
 * byte), for bpf/block.bpf.h and core/disks.c. These are the same since 4.10. */
#ifndef BLOCK_H
#define BLOCK_H

#include "shared.h"

enum {
	DISK_NAME_LEN = 32,

	IO_READ = 0, IO_WRITE = 1, IO_FLUSH = 2, IO_DISCARD = 3, IO_ZEROES = 9,
	IO_OP = 0xff,

	IO_SYNC = 1 << 11,
	IO_META = 1 << 12,
	IO_PRIO = 1 << 13,
	IO_NOMERGE = 1 << 14,
	IO_IDLE = 1 << 15,
	IO_INTEGRITY = 1 << 16,
	IO_FUA = 1 << 17,
	IO_PREFLUSH = 1 << 18,
	IO_RAHEAD = 1 << 19,
	IO_BACKGROUND = 1 << 20,
	IO_NOWAIT = 1 << 21,

	IO_OPS_OLD = 1 << 30,	/* ours: operations on zones have their numbers of 5.10 */
	IO_KNOWN = IO_OP | ((IO_NOWAIT << 1) - IO_SYNC) | IO_OPS_OLD,
};

#endif
