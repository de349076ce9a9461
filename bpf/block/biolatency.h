/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a histogram is of: all zero for the only one. */
struct hist_key {
	char disk[DISK_NAME_LEN];
	__u32 flags;	/* IO_* */
};
