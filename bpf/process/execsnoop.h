/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One exec, or one that failed. Three texts share `data`, as long as they are: the real path of
 * what runs, the file as it was asked for, the arguments as they lie in memory; with their NULs. */
enum { EXE_MAX = 4096, FILE_MAX = 4096, ARGS_MAX = 8192 };

struct event {
	__u64 time_ns;
	__u32 pid, ppid, uid, cpu;
	__s32 ret;		/* 0, or -errno */
	__u16 exe_bytes, file_bytes, args_bytes;
	__u8 cut;		/* there were more arguments */
	char comm[TASK_COMM_LEN], pcomm[TASK_COMM_LEN];
	char data[EXE_MAX + FILE_MAX + ARGS_MAX];
};
