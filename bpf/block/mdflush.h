/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to flush, when it has ended. */
struct event {
	__u64 time_ns;
	__u64 lat_ns;
	__u32 pid, tid, uid;	/* of who asked for it */
	__u32 bytes;		/* that it writes, too */
	__u32 status;		/* a blk_status_t */
	char comm[TASK_COMM_LEN];
	char disk[DISK_NAME_LEN];
};
