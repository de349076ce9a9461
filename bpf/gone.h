/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of a name. */
#ifndef GONE_H
#define GONE_H

enum action { DELETE, RMDIR, RENAME, REPLACE /* another file's name */, EXCHANGE, ACTIONS };

/* Numbers of system calls are below this, but for those of the x32 programs of x86. */
#define SYSCALLS_MAX 512

/* For the last resort: the system calls that take names away or change them. */
enum gone_call { NO_CALL, UNLINK_CALL, UNLINKAT_CALL, RMDIR_CALL, RENAME_CALL, RENAMEAT_CALL,
	RENAMEAT2_CALL, OPEN_CALL, GONE_CALLS };
#define GONE_CALL_NAMES \
	[UNLINK_CALL] = "unlink", [UNLINKAT_CALL] = "unlinkat", [RMDIR_CALL] = "rmdir", \
	[RENAME_CALL] = "rename", [RENAMEAT_CALL] = "renameat", [RENAMEAT2_CALL] = "renameat2"

/* The programs of bpf/gone.bpf.h, best first. */
#define GONE_RETURNS \
	" unlinkat_exit ?unlink_exit ?rmdir_exit ?rename_exit ?renameat_exit renameat2_exit"
#define GONE_FENTRY "unlink_fentry rmdir_fentry rename_fentry" GONE_RETURNS
#define GONE_KPROBE "unlink_kprobe rmdir_kprobe rename_kprobe" GONE_RETURNS

#endif
