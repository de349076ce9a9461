// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Names of files: asked for, made, changed and removed.
 *
 *   statof   CALL PATH N            CALL xN: lstat, statfs, or of one open file fstat, fstatfs;
 *                                   errors ignored; exit 77 where the architecture has no such call
 *   statat   CALL DIR NAME N        opens DIR, then CALL (newfstatat, statx) xN of NAME in it; NAME
 *                                   "" is DIR itself (AT_EMPTY_PATH); errors ignored
 *   rename   CALL FROM TO           CALL: rename, renameat, renameat2, or exchange, which is
 *                                   renameat2() with RENAME_EXCHANGE; prints 0 or -errno
 *   live     FILE MS                creates FILE by open(O_CREAT), closes it, sleeps, removes it by
 *                                   unlink()
 */
#include "work.h"

#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#endif

static void do_statof(char **arg)
{
	const char *call = arg[0];
	long n = amount(arg[2]);
	uint64_t buf[64];
	int fd = call[0] == 'f' ? must(open(arg[1], O_RDONLY), arg[1]) : -1;

	while (n--) {
		if (!strcmp(call, "statfs"))
			syscall(SYS_statfs, arg[1], buf);
		else if (!strcmp(call, "fstatfs"))
			syscall(SYS_fstatfs, fd, buf);
#ifdef SYS_fstat
		else if (!strcmp(call, "fstat"))
			syscall(SYS_fstat, fd, buf);
#endif
#ifdef SYS_lstat
		else if (!strcmp(call, "lstat"))
			syscall(SYS_lstat, arg[1], buf);
#endif
		else
			die(EXIT_CANNOT, "%s: no such call here", call);
	}
}

static void do_statat(char **arg)
{
	int fd = must(open(arg[1], O_PATH), arg[1]);
	int flags = *arg[2] ? 0 : AT_EMPTY_PATH;
	long n = amount(arg[3]);
	uint64_t buf[64];

	while (n--) {
		if (!strcmp(arg[0], "statx"))
			syscall(SYS_statx, fd, arg[2], flags, 0x7ff /* STATX_BASIC_STATS */, buf);
		else
			syscall(SYS_newfstatat, fd, arg[2], buf, flags);
	}
}

static void do_rename(char **arg)
{
	const char *call = arg[0];
	long ret;

	if (!strcmp(call, "renameat2") || !strcmp(call, "exchange"))
		ret = syscall(SYS_renameat2, AT_FDCWD, arg[1], AT_FDCWD, arg[2],
			      *call == 'e' ? 2 /* RENAME_EXCHANGE */ : 0);
#ifdef SYS_renameat
	else if (!strcmp(call, "renameat"))
		ret = syscall(SYS_renameat, AT_FDCWD, arg[1], AT_FDCWD, arg[2]);
#endif
	else
		ret = rename(arg[1], arg[2]);
	printf("%ld\n", ret < 0 ? -(long)errno : ret);
}

static void do_live(char **arg)
{
	close(must(open(arg[0], O_WRONLY | O_CREAT | O_EXCL, 0644), arg[0]));
	sleep_us(amount(arg[1]) * 1000);
	must(unlink(arg[0]), arg[0]);
}

VERB("rename", 3, 3, do_rename);
VERB("live", 2, 2, do_live);
VERB("statof", 3, 3, do_statof);
VERB("statat", 4, 4, do_statat);
