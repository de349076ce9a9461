/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One round of writing back dirty pages. */
struct event {
	__u64 time_ns;		/* of its end */
	__u64 lat_ns;
	__s64 pages;
	__u32 reason;		/* enum wb_reason of this kernel */
	char device[32];
};
