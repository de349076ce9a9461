/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One block I/O, when it has ended. */
struct event {
	__u64 time_ns;
	__u64 sector;		/* of the disk, 512 bytes each */
	__u64 queue_ns, lat_ns;	/* before and from its issue to the driver */
	__u32 pid, tid, uid;	/* of who asked for it */
	__u32 bytes;
	__u32 flags;		/* IO_* */
	__u32 part;		/* device number of the partition or disk, 0 if unknown */
	__s32 status;		/* 0, -errno (until 5.16) or a blk_status_t */
	__u32 pattern;		/* 'S'equential, 'R'andom, 'U'nknown */
	char comm[TASK_COMM_LEN];
	char disk[DISK_NAME_LEN];
};
