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
 *   mount    SOURCE TARGET FS FLAGS DATA
 *                                   mount(), FLAGS a number; prints 0 or -errno
 *   umount   TARGET FLAGS           umount2(); prints 0 or -errno
 *   newmount DIR                    mounts a tmpfs there in steps: fsopen(), fsconfig("size", "1m"),
 *                                   fsconfig(CREATE), fsmount(NODEV), move_mount(); then open_tree(),
 *                                   mount_setattr(RDONLY) where there is that, umount2(MNT_DETACH);
 *                                   prints the descriptors of fsopen(), fsmount(), open_tree()
 *   ahead    FILE N K HOW           drops FILE from the page cache, has its first N pages read ahead
 *                                   (POSIX_FADV_WILLNEED), then uses the first K of them with no
 *                                   more read-ahead: HOW is read (pread() of each), or map (touches
 *                                   each in a shared mapping)
 */
#include "work.h"
#include <sys/mount.h>

enum { /* the same numbers on every architecture */
	CALL_open_tree = 428, CALL_move_mount = 429, CALL_fsopen = 430, CALL_fsconfig = 431,
	CALL_fsmount = 432, CALL_mount_setattr = 442,
};

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

static void do_mount(char **arg)
{
	int ret = mount(arg[0], arg[1], arg[2], number(arg[3]), arg[4]);

	printf("%d\n", ret < 0 ? -errno : ret);
}

static void do_umount(char **arg)
{
	int ret = umount2(arg[0], number(arg[1]));

	printf("%d\n", ret < 0 ? -errno : ret);
}

static void do_newmount(char **arg)
{
	uint64_t attr[4] = { 1 /* MOUNT_ATTR_RDONLY */ };
	int fs = must(syscall(CALL_fsopen, "tmpfs", 1 /* FSOPEN_CLOEXEC */), "fsopen"), mnt, tree;

	must(syscall(CALL_fsconfig, fs, 1, "size", "1m", 0), "fsconfig");
	must(syscall(CALL_fsconfig, fs, 6 /* CREATE */, NULL, NULL, 0), "fsconfig");
	mnt = must(syscall(CALL_fsmount, fs, 1, 4 /* MOUNT_ATTR_NODEV */), "fsmount");
	must(syscall(CALL_move_mount, mnt, "", AT_FDCWD, arg[0], 4 /* F_EMPTY_PATH */),
	     "move_mount");
	tree = must(syscall(CALL_open_tree, AT_FDCWD, arg[0], O_CLOEXEC), "open_tree");
	if (syscall(CALL_mount_setattr, AT_FDCWD, arg[0], 0, attr, sizeof(attr)) && errno != ENOSYS)
		die(1, "mount_setattr: %s", strerror(errno));
	must(umount2(arg[0], 2 /* MNT_DETACH */), arg[0]);
	printf("%d %d %d\n", fs, mnt, tree);
}

static void do_ahead(char **arg)
{
	int fd = must(open(arg[0], O_RDONLY), arg[0]);
	long n = amount(arg[1]), k = amount(arg[2]), page = sysconf(_SC_PAGESIZE);
	char *buf = buffer(page), *map;

	cache_drop(fd);
	if (n)
		must(-posix_fadvise(fd, 0, n * page, POSIX_FADV_WILLNEED), "posix_fadvise");
	must(-posix_fadvise(fd, 0, 0, POSIX_FADV_RANDOM), "posix_fadvise");
	if (!strcmp(arg[3], "read")) {
		for (long i = 0; i < k; i++)
			must(pread(fd, buf, page, i * page), "pread");
		return;
	}
	map = mmap(NULL, n * page, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		die(1, "mmap: %s", strerror(errno));
	must(madvise(map, n * page, MADV_RANDOM), "madvise");
	for (long i = 0; i < k; i++)
		buf[0] += ((volatile char *)map)[i * page];
}

VERB("ahead", 4, 4, do_ahead);
VERB("mount", 5, 5, do_mount);
VERB("umount", 2, 2, do_umount);
VERB("newmount", 1, 1, do_newmount);
VERB("rename", 3, 3, do_rename);
VERB("live", 2, 2, do_live);
VERB("statof", 3, 3, do_statof);
VERB("statat", 4, 4, do_statat);
