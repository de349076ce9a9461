/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One call that writes data back: what was asked, by whom, how long it took, what came of it. */
enum call { SYNC, FSYNC, FDATASYNC, MSYNC, SYNC_FILE_RANGE, SYNC_FILE_RANGE2, SYNCFS };

struct event {
	__u64 time_ns;		/* of its return */
	__u64 lat_ns;
	__u32 pid, tid, uid;
	__s32 fd;		/* as given; of no meaning for SYNC and MSYNC */
	__s32 err;		/* 0 or an errno */
	__u32 call;		/* enum call */
	char comm[TASK_COMM_LEN];
	char path[4096];	/* sent as long as it is; empty: there is no file, or no name */
};
