// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Files.
 *
 *   open     PATH N                 openat(O_RDONLY) xN, close after each success; errors ignored
 *   open2    PATH FLAGS MODE [CALL] one CALL (open, openat, openat2; default openat2), prints what
 *                                   it returned (fd or -errno); FLAGS as O_CREAT,O_RDWR; MODE octal
 *   stat     PATH N [CALL]          CALL (stat, newfstatat, statx; default newfstatat) xN; errors
 *                                   ignored
 *   read     FILE N BYTES           one open, read(BYTES) xN, each must be full
 *   write    FILE N BYTES           one open (O_CREAT|O_TRUNC), write(BYTES) xN
 *   readv    FILE N BYTES           as read and write, with two vectors of half the bytes each
 *   writev   FILE N BYTES
 *   sendfile FROM TO N BYTES        opens both (TO: O_CREAT|O_TRUNC), sendfile(BYTES) xN, each full
 *   splice   FROM TO N BYTES        the same by splice() into a pipe and splice() out of it, xN each;
 *                                   BYTES at most what a pipe holds
 *   fsync    FILE N                 one open (O_CREAT), then write(512) and fsync() xN each
 *   create   DIR N                  creates DIR/w0 .. DIR/w<N-1>, which must not exist
 *   unlink   DIR N                  removes them
 *   unlinkat DIR N                  the same by unlinkat()
 *   mkdir    DIR N                  makes the directories DIR/d0 .. DIR/d<N-1>
 *   rmdir    DIR N                  removes them
 *   rmdirat  DIR N                  the same by unlinkat(AT_REMOVEDIR)
 *   directio FILE|DEV N BYTES r|w [rand]
 *                                   O_DIRECT, xN at offsets 0, BYTES, 2*BYTES, ..; "w" creates a
 *                                   file; "rand" goes from the last slot to the first, so that no
 *                                   call begins where the one before it ended
 *   badname  DIR                    8 openat(O_CREAT|O_RDWR) of names with escape sequences, new
 *                                   line, invalid UTF-8, quotes, ... (bad_names[] below)
 */
#include "work.h"

#ifndef SYS_openat2
#define SYS_openat2 437 /* the same number on every architecture; Linux 5.6 */
#endif

static void do_open(char **arg)
{
	long n = amount(arg[1]);

	while (n--) {
		int fd = syscall(SYS_openat, AT_FDCWD, arg[0], O_RDONLY, 0);

		if (fd >= 0)
			close(fd);
	}
}

static const struct {
	const char *name;
	int value;
} open_flags[] = {
	{ "O_RDONLY", O_RDONLY }, { "O_WRONLY", O_WRONLY },	  { "O_RDWR", O_RDWR },
	{ "O_CREAT", O_CREAT },	  { "O_EXCL", O_EXCL },		  { "O_TRUNC", O_TRUNC },
	{ "O_APPEND", O_APPEND }, { "O_NONBLOCK", O_NONBLOCK },	  { "O_CLOEXEC", O_CLOEXEC },
	{ "O_SYNC", O_SYNC },	  { "O_DIRECTORY", O_DIRECTORY }, { "O_NOFOLLOW", O_NOFOLLOW },
	{ "O_PATH", O_PATH },	  { "O_DIRECT", O_DIRECT },	  { "O_TMPFILE", O_TMPFILE },
};

static int flags_of(char *names)
{
	char *name, *state;
	int flags = 0;
	size_t i;

	for (name = strtok_r(names, ",|", &state); name; name = strtok_r(NULL, ",|", &state)) {
		for (i = 0; i < ARRAY_LEN(open_flags); i++)
			if (!strcmp(name, open_flags[i].name))
				break;
		if (i == ARRAY_LEN(open_flags))
			die(2, "%s: unknown flag", name);
		flags |= open_flags[i].value;
	}
	return flags;
}

static void do_open2(char **arg)
{
	const char *call = arg[3] ? arg[3] : "openat2";
	int flags = flags_of(arg[1]);
	unsigned long mode = strtoul(arg[2], NULL, 8);
	struct {
		uint64_t flags, mode, resolve;
	} how = { .flags = flags, .mode = mode }; /* the kernel's struct open_how, version 0 */
	long ret;

	if (!strcmp(call, "openat2")) {
		ret = syscall(SYS_openat2, AT_FDCWD, arg[0], &how, sizeof(how));
		if (ret < 0 && errno == ENOSYS)
			die(EXIT_CANNOT, "this kernel has no openat2() (Linux 5.6)");
	} else if (!strcmp(call, "openat")) {
		ret = syscall(SYS_openat, AT_FDCWD, arg[0], flags, mode);
	} else if (!strcmp(call, "open")) {
#ifdef SYS_open
		ret = syscall(SYS_open, arg[0], flags, mode);
#else
		die(EXIT_CANNOT, "this architecture has no open(), only openat()");
#endif
	} else {
		die(2, "%s: not open, openat or openat2", call);
	}
	printf("%ld\n", ret < 0 ? -(long)errno : ret);
}

static void do_stat(char **arg)
{
	const char *call = arg[2] ? arg[2] : "newfstatat";
	long n = amount(arg[1]);
	uint64_t buf[64]; /* larger than any struct stat or statx */

	if (!strcmp(call, "newfstatat")) {
#ifdef SYS_newfstatat
		while (n--)
			syscall(SYS_newfstatat, AT_FDCWD, arg[0], buf, 0);
#else
		while (n--)
			syscall(SYS_fstatat64, AT_FDCWD, arg[0], buf, 0);
#endif
	} else if (!strcmp(call, "statx")) {
		while (n--)
			syscall(SYS_statx, AT_FDCWD, arg[0], 0, 0x7ff /* STATX_BASIC_STATS */, buf);
	} else if (!strcmp(call, "stat")) {
#ifdef SYS_stat
		while (n--)
			syscall(SYS_stat, arg[0], buf);
#else
		die(EXIT_CANNOT, "this architecture has no stat(), only newfstatat()");
#endif
	} else {
		die(2, "%s: not stat, newfstatat or statx", call);
	}
}

static void do_read(char **arg)
{
	int fd = must(open(arg[0], O_RDONLY), arg[0]);
	long n = amount(arg[1]), bytes = amount(arg[2]);
	char *buf = buffer(bytes);

	while (n--)
		if (must(read(fd, buf, bytes), "read") != bytes)
			die(1, "%s: shorter than N * BYTES", arg[0]);
}

static void do_write(char **arg)
{
	int fd = must(open(arg[0], O_WRONLY | O_CREAT | O_TRUNC, 0644), arg[0]);
	long n = amount(arg[1]), bytes = amount(arg[2]);
	char *buf = buffer(bytes);

	while (n--)
		if (must(write(fd, buf, bytes), "write") != bytes)
			die(1, "%s: a short write", arg[0]);
}

static void do_vectors(char **arg)
{
	bool writes = !strcmp(verb, "writev");
	int fd = must(open(arg[0], writes ? O_WRONLY | O_CREAT | O_TRUNC : O_RDONLY, 0644), arg[0]);
	long n = amount(arg[1]), bytes = amount(arg[2]);
	char *buf = buffer(bytes);
	struct iovec two[] = { { buf, bytes / 2 }, { buf + bytes / 2, bytes - bytes / 2 } };

	while (n--)
		if (must(writes ? writev(fd, two, 2) : readv(fd, two, 2), verb) != bytes)
			die(1, "%s: not all of BYTES", arg[0]);
}

static void do_splice(char **arg)
{
	int from = must(open(arg[0], O_RDONLY), arg[0]), fd[2];
	int to = must(open(arg[1], O_WRONLY | O_CREAT | O_TRUNC, 0644), arg[1]);
	long n = amount(arg[2]), bytes = amount(arg[3]);

	pipe_make(fd);
	while (n--) {
		if (!strcmp(verb, "sendfile")) {
			if (must(sendfile(to, from, NULL, bytes), verb) != bytes)
				die(1, "%s: shorter than N * BYTES", arg[0]);
		} else if (must(splice(from, NULL, fd[1], NULL, bytes, 0), verb) != bytes ||
			   must(splice(fd[0], NULL, to, NULL, bytes, 0), verb) != bytes) {
			die(1, "%s: shorter than N * BYTES", arg[0]);
		}
	}
}

static void do_fsync(char **arg)
{
	int fd = must(open(arg[0], O_WRONLY | O_CREAT, 0644), arg[0]);
	long n = amount(arg[1]);
	char *buf = buffer(512);

	while (n--) {
		must(write(fd, buf, 512), "write");
		must(fsync(fd), "fsync");
	}
}

static void path_make(char *path, size_t size, const char *dir, const char *prefix, long i)
{
	if (snprintf(path, size, "%s/%s%ld", dir, prefix, i) >= (int)size)
		die(2, "%s: too long", dir);
}

static void do_names(char **arg)
{
	long i, n = amount(arg[1]);
	bool is_dir = strstr(verb, "dir") != NULL;
	char path[4096];

	for (i = 0; i < n; i++) {
		path_make(path, sizeof(path), arg[0], is_dir ? "d" : "w", i);
		if (!strcmp(verb, "create"))
			close(must(open(path, O_WRONLY | O_CREAT | O_EXCL, 0644), path));
		else if (!strcmp(verb, "unlink"))
			must(unlink(path), path);
		else if (strstr(verb, "at"))
			must(unlinkat(AT_FDCWD, path, is_dir ? AT_REMOVEDIR : 0), path);
		else if (!strcmp(verb, "mkdir"))
			must(mkdir(path, 0755), path);
		else
			must(rmdir(path), path);
	}
}

static void do_directio(char **arg)
{
	long i, n = amount(arg[1]), bytes = amount(arg[2]);
	bool writes = !strcmp(arg[3], "w"), backwards = arg[4] && !strcmp(arg[4], "rand");
	char *buf = buffer(bytes);
	int fd, flags;

	if ((!writes && strcmp(arg[3], "r")) || (arg[4] && !backwards))
		die(2, "wants r or w, then rand or nothing");
	/* never O_CREAT on a device: a mistyped one would become a file of /dev */
	flags = O_DIRECT | (writes ? O_WRONLY : O_RDONLY);
	if (writes && strncmp(arg[0], "/dev/", 5))
		flags |= O_CREAT;
	fd = open(arg[0], flags, 0644);
	if (fd < 0 && errno == EINVAL)
		die(EXIT_CANNOT, "%s: this file system has no O_DIRECT", arg[0]);
	must(fd, arg[0]);
	for (i = 0; i < n; i++) {
		long slot = backwards ? n - 1 - i : i;
		long done = writes ? pwrite(fd, buf, bytes, slot * bytes) :
				     pread(fd, buf, bytes, slot * bytes);

		if (must(done, arg[0]) != bytes)
			die(1, "%s: shorter than N * BYTES", arg[0]);
	}
}

/* What a hostile file name can do to a terminal, to lines, to quoting and to UTF-8 */
static const char *const bad_names[] = {
	"bad-esc-\033[31mred\033[0m",
	"bad-title-\033]0;owned\a",
	"bad-new\nline",
	"bad-cr\rtab\t",
	"bad-utf8-\xff\xfe",
	"bad-c1-\302\23331m", /* U+009B, which some terminals take for ESC [ */
	"bad-quote\"'",
	"bad-back\\slash",
};

static void do_badname(char **arg)
{
	char path[4096];
	size_t i;

	for (i = 0; i < ARRAY_LEN(bad_names); i++) {
		if (snprintf(path, sizeof(path), "%s/%s", arg[0], bad_names[i]) >=
		    (int)sizeof(path))
			die(2, "%s: too long", arg[0]);
		close(must(syscall(SYS_openat, AT_FDCWD, path, O_CREAT | O_RDWR, 0644), arg[0]));
	}
}

VERB("open", 2, 2, do_open);
VERB("open2", 3, 4, do_open2);
VERB("stat", 2, 3, do_stat);
VERB("read", 3, 3, do_read);
VERB("write", 3, 3, do_write);
VERB("fsync", 2, 2, do_fsync);
VERB("readv", 3, 3, do_vectors);
VERB("writev", 3, 3, do_vectors);
VERB("sendfile", 4, 4, do_splice);
VERB("splice", 4, 4, do_splice);
VERB("unlinkat", 2, 2, do_names);
VERB("rmdirat", 2, 2, do_names);
VERB("create", 2, 2, do_names);
VERB("unlink", 2, 2, do_names);
VERB("mkdir", 2, 2, do_names);
VERB("rmdir", 2, 2, do_names);
VERB("directio", 4, 5, do_directio);
VERB("badname", 1, 1, do_badname);
