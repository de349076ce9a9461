// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Operations on a file of a file system.
 *
 *   place    FILE N BYTES AT r|w    one open (w: O_CREAT), pread() or pwrite() xN at AT, AT + BYTES,
 *                                   AT + 2*BYTES, ..; each must be full
 *   append   FILE N BYTES           one open (O_APPEND), write(BYTES) xN
 *   osync    FILE N BYTES           one open (O_CREAT | O_SYNC), write(BYTES) xN
 *   copy     FROM TO N BYTES AT     opens both (TO: O_CREAT|O_TRUNC), copy_file_range(BYTES) xN, of
 *                                   FROM from AT on, to where TO stands; each must be full
 *   fstat    FILE N                 one open, fstat() xN
 *   toofar   FILE N                 one open (O_CREAT), pwrite() xN beyond the limit that it has set
 *                                   itself, so that each fails (EFBIG)
 *   slowsync DIR FILE MS            dirties FILE, freezes the file system of DIR, on which lies what
 *                                   FILE is written to, calls fsync() and thaws DIR after MS; prints
 *                                   the nanoseconds that fsync() took
 */
#include "work.h"

#include <linux/fs.h>

static void do_place(char **arg)
{
	bool writes = !strcmp(arg[4], "w");
	int fd = must(open(arg[0], writes ? O_WRONLY | O_CREAT : O_RDONLY, 0644), arg[0]);
	long n = amount(arg[1]), bytes = amount(arg[2]), at = amount(arg[3]);
	char *buf = buffer(bytes);

	for (; n--; at += bytes)
		if (must(writes ? pwrite(fd, buf, bytes, at) : pread(fd, buf, bytes, at), verb) !=
		    bytes)
			die(1, "%s: not all of BYTES", arg[0]);
}

static void do_append(char **arg)
{
	int flags = strcmp(verb, "osync") ? O_APPEND : O_CREAT | O_SYNC;
	int fd = must(open(arg[0], O_WRONLY | flags, 0644), arg[0]);
	long n = amount(arg[1]), bytes = amount(arg[2]);
	char *buf = buffer(bytes);

	while (n--)
		if (must(write(fd, buf, bytes), "write") != bytes)
			die(1, "%s: a short write", arg[0]);
}

static void do_copy(char **arg)
{
	int from = must(open(arg[0], O_RDONLY), arg[0]);
	int to = must(open(arg[1], O_WRONLY | O_CREAT | O_TRUNC, 0644), arg[1]);
	long n = amount(arg[2]), bytes = amount(arg[3]);
	loff_t at = amount(arg[4]);

	while (n--)
		if (must(syscall(SYS_copy_file_range, from, &at, to, NULL, bytes, 0), verb) != bytes)
			die(1, "%s: shorter than AT + N * BYTES", arg[0]);
}

static void do_fstat(char **arg)
{
	int fd = must(open(arg[0], O_RDONLY), arg[0]);
	long n = amount(arg[1]);
	struct stat st;

	while (n--)
		must(fstat(fd, &st), "fstat");
}

static void do_toofar(char **arg)
{
	int fd = must(open(arg[0], O_WRONLY | O_CREAT, 0644), arg[0]);
	struct rlimit limit = { 4096, 4096 };
	long n = amount(arg[1]);

	signal(SIGXFSZ, SIG_IGN);
	must(setrlimit(RLIMIT_FSIZE, &limit), "setrlimit");
	while (n--)
		if (pwrite(fd, "w", 1, 8192) >= 0 || errno != EFBIG)
			die(1, "%s: no EFBIG", arg[0]);
}

/* The child tells when it is about to call, so that the freeze is MS longer than the call is waited
 * for. The parent alone thaws, whatever becomes of the child. */
static void do_slowsync(char **arg)
{
	int dir = must(open(arg[0], O_RDONLY | O_DIRECTORY), arg[0]), ready[2];
	int fd = must(open(arg[1], O_WRONLY | O_CREAT, 0644), arg[1]);
	long ms = amount(arg[2]);
	uint64_t ns;
	pid_t pid;

	must(write(fd, buffer(4096), 4096), "write");
	pipe_make(ready);
	must(ioctl(dir, FIFREEZE, 0), "FIFREEZE");
	pid = fork_child();
	if (!pid) {
		byte_write(ready[1]);
		ns = now_ns(CLOCK_MONOTONIC);
		must(fsync(fd), "fsync");
		printf("%llu\n", (unsigned long long)(now_ns(CLOCK_MONOTONIC) - ns));
		fflush(stdout);
		_exit(0);
	}
	byte_read(ready[0]);
	sleep_us(ms * 1000);
	must(ioctl(dir, FITHAW, 0), "FITHAW");
	wait_success(pid);
}

VERB("place", 5, 5, do_place);
VERB("append", 3, 3, do_append);
VERB("osync", 3, 3, do_append);
VERB("copy", 5, 5, do_copy);
VERB("fstat", 2, 2, do_fstat);
VERB("toofar", 2, 2, do_toofar);
VERB("slowsync", 3, 3, do_slowsync);
