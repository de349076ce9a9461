// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * work: deterministic workloads, so that a test knows to the number what a tool has to see.
 *
 *   work [-c COMM] [-p] [-w] VERB ARGS...
 *
 *   -c COMM  takes this name first (threads and children inherit it)
 *   -p       prints its pid as the first line
 *   -w       then waits for a line on stdin, so that a tool can attach to a known pid
 *
 * Unless a line below says that a verb prints or ignores something, it prints nothing, and any
 * call that fails ends the program with a message and exit 1. "xN" is the exact number of calls.
 *
 *   VERB     ARGS                   DOES
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
 *   exec     N PROG ARGS...         fork, execve, wait xN; the exit state is ignored
 *   execfail PATH ARGS...           one execve() that fails, prints its errno
 *   execatfail PATH ARGS...         the same with execveat()
 *   execveat PROG ARGS...           execveat() of an open descriptor of PROG
 *   execthread PROG ARGS...         execve() from a thread that is not the leader
 *   exit     CODE                   exit_group(CODE)
 *   sigdie   SIG                    one child that dies of SIG without a core dump; prints its pid
 *   sigcore  SIG DIR                the same with a core dump into DIR, if the kernel makes one;
 *                                   prints its pid and 1 or 0
 *   lastexit CODE MS                the first thread ends, another one MS milliseconds later, with
 *                                   exit_group(CODE)
 *   threads  N MS                   N threads at once, each lives MS milliseconds
 *   sleep    MS N                   clock_nanosleep(MS milliseconds) xN
 *   burn     MS                     MS milliseconds of CPU time in work_burn(), called by
 *                                   work_outer()
 *   pingpong N                      two processes pass one byte there and back over pipes: each
 *                                   write() xN and read() xN
 *   connect4 PORT N                 connect() to loopback xN, close after each; prints how many
 *   connect6, connect46             succeeded; 46: IPv6 sockets, to ::ffff:127.0.0.1
 *   serve4   PORT N                 listens on loopback (port 0: any), prints the port, accept()
 *   serve6                          xN and echoes each connection until its end
 *   tcp4     TX RX                  one connection to a listener in a child: the client sends TX
 *   tcp6, tcp46                     bytes, receives RX bytes, closes first; prints "LPORT RPORT",
 *                                   the client's port and the listener's
 *   tcpreset4                       a connection that its client resets before it is accepted;
 *   tcpreset6                       prints "LPORT RPORT"
 *   tcpgiveup4 MS                   a connect() that nothing answers (the listener's queue is full)
 *                                   and close() after MS milliseconds; prints "LPORT RPORT"
 *   udp4     N BYTES                datagrams of BYTES over loopback, sent xN and received xN;
 *   udp6                            prints "LPORT RPORT", the sender's port and the receiver's
 *   kill     SIG N                  kill() xN of one child that ignores SIG (KILL ends it, the
 *                                   later ones reach the zombie); prints the child's pid
 *   tkill, tgkill, sigqueue, tgsigqueue, pidfdkill
 *                                   the same with tkill(), tgkill(), rt_sigqueueinfo(),
 *                                   rt_tgsigqueueinfo(), pidfd_send_signal()
 *   killgone SIG N                  kill() xN of a child that was waited for, which fails; prints
 *                                   its pid
 *   killgroup SIG N K               kill() xN of a process group of K children that ignore SIG;
 *                                   prints its number
 *   call     N US [spin]            work_call(i, US) xN, i from 0, returns i + 1000; each sleeps
 *                                   (or spins for) at least US microseconds
 *   recurse  DEPTH                  work_recurse(DEPTH) calls itself down to 1: xDEPTH in all
 *   readline N TEXT                readline() xN, a function of its own that returns a copy of
 *                                   TEXT, as that of the library does
 *   mmap     N BYTES                anonymous mmap() xN, every page touched, then munmap() xN
 *   brk      N BYTES                brk(+BYTES) xN, touched; one brk(0) before, one back after
 *                                   (glibc adds calls of its own at the start, musl does not)
 *   malloc   N BYTES [LEAK]         malloc(BYTES) xN, touched; all but the last LEAK are freed
 *   lock     N                      a thread waits for a mutex xN, at least 1 ms each
 *   uid      UID VERB ARGS...       takes that group and user id, then does VERB
 *   syscalls NAME N                 one raw system call xN: getppid, getpid, gettid, getuid,
 *                                   sched_yield, close (of -1, EBADF), read (of -1, EBADF)
 *
 * And what the harness itself needs, since a plain sh cannot do it:
 *   run      PROG ARGS...           execs PROG in a process group of its own, with SIGINT as by
 *                                   default (sh has it ignored in what it puts in the
 *                                   background), to be killed when the parent dies
 *   contain  SECONDS PROG ARGS...   runs PROG; at its end, or after SECONDS (exit 124), kills all
 *                                   that descends from it
 *   killafter MS PID                kills PID when MS milliseconds have passed
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef SYS_openat2
#define SYS_openat2 437 /* the same number on every architecture; Linux 5.6 */
#endif

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define EXIT_CANNOT 77

/* A function that uprobes and stack traces look for: it must stay one symbol and one frame. */
#if defined(__has_attribute)
#if __has_attribute(noipa)
#define PROBED __attribute__((noinline, used, noipa))
#endif
#endif
#ifndef PROBED
#define PROBED __attribute__((noinline, used))
#endif

static const char *verb = "work";

static void die(int status, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), noreturn));

static void die(int status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "work %s: ", verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

/* ret of a call that must not fail */
static long must(long ret, const char *what)
{
	if (ret < 0)
		die(1, "%s: %s", what, strerror(errno));
	return ret;
}

static long number(const char *s)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 0);
	if (errno || end == s || *end)
		die(2, "%s: not a number", s);
	return v;
}

/* A number of calls, bytes, milliseconds */
static long amount(const char *s)
{
	long v = number(s);

	if (v < 0)
		die(2, "%s: must not be negative", s);
	return v;
}

/* Filled with 'w' and page aligned, as O_DIRECT wants it; lives until the end */
static void *buffer(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, 4096, bytes ? bytes : 1))
		die(1, "out of memory");
	memset(p, 'w', bytes ? bytes : 1);
	return p;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	must(clock_gettime(clock, &ts), "clock_gettime");
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	int err;

	while ((err = clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts)) == EINTR)
		;
	if (err)
		die(1, "clock_nanosleep: %s", strerror(err));
}

static pid_t fork_child(void)
{
	fflush(stdout); /* else the child would print it too */
	return must(fork(), "fork");
}

static int wait_child(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	return status;
}

/* The child's own failure has been told by it; here it must only not get lost. */
static void wait_success(pid_t pid)
{
	if (wait_child(pid))
		die(1, "the child failed");
}

static void pipe_make(int fd[2])
{
	must(pipe(fd), "pipe");
}

static void byte_read(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		die(1, "the other side is gone");
}

static void byte_write(int fd)
{
	must(write(fd, "b", 1), "write to a pipe");
}

/* Files */

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

/* Processes, threads, signals */

static void do_exec(char **arg)
{
	long n = amount(arg[0]);

	while (n--) {
		int status;
		pid_t pid = fork_child();

		if (!pid) {
			execv(arg[1], arg + 1);
			_exit(127);
		}
		status = wait_child(pid);
		if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
			die(1, "%s: cannot be executed", arg[1]);
	}
}

static void do_execfail(char **arg)
{
	if (!strcmp(verb, "execfail"))
		execv(arg[0], arg);
	else
		syscall(SYS_execveat, AT_FDCWD, arg[0], arg, environ, 0);
	printf("%d\n", errno);
}

static void do_execveat(char **arg)
{
	int fd = must(open(arg[0], O_RDONLY | O_CLOEXEC), arg[0]);

	syscall(SYS_execveat, fd, "", arg, environ, AT_EMPTY_PATH);
	die(1, "%s: %s", arg[0], strerror(errno));
}

static void *exec_thread(void *arg)
{
	char **argv = arg;

	execv(argv[0], argv);
	die(1, "%s: %s", argv[0], strerror(errno));
}

static pthread_t thread_start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, fn, arg);

	if (err)
		die(1, "pthread_create: %s", strerror(err));
	return t;
}

static void do_execthread(char **arg)
{
	pthread_join(thread_start(exec_thread, arg), NULL);
}

static void do_exit(char **arg)
{
	fflush(stdout);
	_exit(number(arg[0]));
}

static const struct {
	const char *name;
	int value;
} signals[] = {
	{ "HUP", SIGHUP },   { "INT", SIGINT },	  { "QUIT", SIGQUIT }, { "ILL", SIGILL },
	{ "TRAP", SIGTRAP }, { "ABRT", SIGABRT }, { "BUS", SIGBUS },   { "FPE", SIGFPE },
	{ "KILL", SIGKILL }, { "USR1", SIGUSR1 }, { "SEGV", SIGSEGV }, { "USR2", SIGUSR2 },
	{ "PIPE", SIGPIPE }, { "ALRM", SIGALRM }, { "TERM", SIGTERM }, { "CONT", SIGCONT },
	{ "STOP", SIGSTOP }, { "XCPU", SIGXCPU }, { "SYS", SIGSYS },
};

static int signal_of(const char *s)
{
	const char *name = strncmp(s, "SIG", 3) ? s : s + 3;
	size_t i;

	for (i = 0; i < ARRAY_LEN(signals); i++)
		if (!strcmp(name, signals[i].name))
			return signals[i].value;
	return amount(s);
}

static void do_sigdie(char **arg)
{
	static const struct rlimit no_core;
	int sig = signal_of(arg[0]), status;
	pid_t pid = fork_child();

	if (!pid) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		pause();
	}
	status = wait_child(pid);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != sig)
		die(1, "the child did not die of %s", arg[0]);
	printf("%d\n", pid);
}

static void do_sigcore(char **arg)
{
	static const struct rlimit any = { RLIM_INFINITY, RLIM_INFINITY };
	int sig = signal_of(arg[0]), status;
	pid_t pid = fork_child();

	if (!pid) {
		must(setrlimit(RLIMIT_CORE, &any), "setrlimit");
		must(chdir(arg[1]), arg[1]);
		signal(sig, SIG_DFL);
		kill(getpid(), sig);
		pause();
	}
	status = wait_child(pid);
	printf("%d %d\n", pid, WCOREDUMP(status) != 0);
}

static long last[2];

static void *last_thread(void *arg)
{
	(void)arg;
	sleep_us(last[1] * 1000);
	_exit(last[0]);
}

static void do_lastexit(char **arg)
{
	fflush(stdout);
	last[0] = number(arg[0]);
	last[1] = amount(arg[1]);
	thread_start(last_thread, NULL);
	syscall(SYS_exit, 99); /* this thread alone; its code is not the process's */
}

static void *sleep_thread(void *arg)
{
	sleep_us(*(long *)arg * 1000);
	return NULL;
}

static void do_threads(char **arg)
{
	long i, n = amount(arg[0]), ms = amount(arg[1]);
	pthread_t *t = buffer(n * sizeof(*t));

	for (i = 0; i < n; i++)
		t[i] = thread_start(sleep_thread, &ms);
	for (i = 0; i < n; i++)
		pthread_join(t[i], NULL);
}

static void do_sleep(char **arg)
{
	long ms = amount(arg[0]), n = amount(arg[1]);

	while (n--)
		sleep_us(ms * 1000);
}

/* CPU time and not wall time: the amount burnt is the same on a busy machine. */
PROBED void work_burn(uint64_t ns)
{
	uint64_t until = now_ns(CLOCK_THREAD_CPUTIME_ID) + ns;
	volatile int i;

	do {
		for (i = 0; i < 100000; i++)
			;
	} while (now_ns(CLOCK_THREAD_CPUTIME_ID) < until);
}

PROBED void work_outer(uint64_t ns)
{
	work_burn(ns);
	__asm__ volatile(""); /* no tail call: this frame has to stay on the stack */
}

static void do_burn(char **arg)
{
	work_outer(amount(arg[0]) * 1000000ULL);
}

static void do_pingpong(char **arg)
{
	long i, n = amount(arg[0]);
	int there[2], back[2];
	pid_t pid;

	pipe_make(there);
	pipe_make(back);
	pid = fork_child();
	if (!pid) {
		for (i = 0; i < n; i++) {
			byte_read(there[0]);
			byte_write(back[1]);
		}
		_exit(0);
	}
	for (i = 0; i < n; i++) {
		byte_write(there[1]);
		byte_read(back[0]);
	}
	wait_success(pid);
}

static int signal_send(pid_t pid, int sig)
{
	siginfo_t si;
	int fd;

	if (!strcmp(verb, "kill"))
		return kill(pid, sig);
	if (!strcmp(verb, "pidfdkill")) {
		fd = must(syscall(SYS_pidfd_open, pid, 0), "pidfd_open");
		must(syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0), "pidfd_send_signal");
		return close(fd);
	}
	if (!strcmp(verb, "tkill"))
		return syscall(SYS_tkill, pid, sig);
	if (!strcmp(verb, "tgkill"))
		return syscall(SYS_tgkill, pid, pid, sig);
	memset(&si, 0, sizeof(si));
	si.si_code = SI_QUEUE;
	si.si_pid = getpid();
	si.si_uid = getuid();
	if (!strcmp(verb, "tgsigqueue"))
		return syscall(SYS_rt_tgsigqueueinfo, pid, pid, sig, &si);
	return syscall(SYS_rt_sigqueueinfo, pid, sig, &si);
}

/* The child ends by the end of a pipe, so that no signal is sent but those that were asked for. */
static void do_kill(char **arg)
{
	int sig = signal_of(arg[0]), hold[2], ready[2];
	long n = amount(arg[1]);
	pid_t pid;
	char c;

	pipe_make(hold);
	pipe_make(ready);
	pid = fork_child();
	if (!pid) {
		close(hold[1]);
		if (sig)
			signal(sig, SIG_IGN); /* fails for KILL and STOP, as it should */
		byte_write(ready[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	byte_read(ready[0]);
	while (n--)
		must(signal_send(pid, sig), verb);
	if (sig == SIGSTOP)
		must(kill(pid, SIGKILL), "kill"); /* one more: nothing else ends a stopped child */
	close(hold[1]);
	wait_child(pid);
	printf("%d\n", pid);
}

static void do_killgone(char **arg)
{
	int sig = signal_of(arg[0]);
	long n = amount(arg[1]);
	pid_t pid = fork_child();

	if (!pid)
		_exit(0);
	wait_child(pid);
	while (n--)
		if (!kill(pid, sig))
			die(1, "pid %d is there again", pid);
	printf("%d\n", pid);
}

/* The children end by the end of a pipe, as in do_kill(). */
static void do_killgroup(char **arg)
{
	int sig = signal_of(arg[0]), hold[2], ready[2];
	long n = amount(arg[1]), k = amount(arg[2]), i;
	pid_t group = 0, pid;
	char c;

	pipe_make(hold);
	pipe_make(ready);
	for (i = 0; i < k; i++) {
		pid = fork_child();
		if (!pid) {
			close(hold[1]);
			signal(sig, SIG_IGN);
			must(setpgid(0, group), "setpgid");
			byte_write(ready[1]);
			_exit(read(hold[0], &c, 1) != 0);
		}
		byte_read(ready[0]);
		group = group ? group : pid;
	}
	while (n--)
		must(kill(-group, sig), "kill");
	close(hold[1]);
	while (k--)
		must(wait(NULL), "wait");
	printf("%d\n", group);
}

/* Network: only ever the loopback addresses */

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static bool is_v6(void)
{
	return verb[strlen(verb) - 1] == '6';
}

static struct address loopback(long port)
{
	struct address a;

	if (port < 0 || port > 65535)
		die(2, "%ld: not a port", port);
	memset(&a, 0, sizeof(a));
	if (is_v6()) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_addr = in6addr_loopback;
		if (strstr(verb, "46"))
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.in6.sin6_addr);
		a.in6.sin6_port = htons(port);
		a.len = sizeof(a.in6);
	} else {
		a.in4.sin_family = AF_INET;
		a.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.in4.sin_port = htons(port);
		a.len = sizeof(a.in4);
	}
	return a;
}

static int port_of(int fd)
{
	struct address a = { .len = sizeof(a.in6) };

	must(getsockname(fd, &a.sa, &a.len), "getsockname");
	return ntohs(is_v6() ? a.in6.sin6_port : a.in4.sin_port);
}

static int socket_make(int type)
{
	int fd = socket(is_v6() ? AF_INET6 : AF_INET, type, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		die(EXIT_CANNOT, "this kernel has no IPv%d", is_v6() ? 6 : 4);
	return must(fd, "socket");
}

static int socket_bound(int type, long port)
{
	struct address a = loopback(port);
	int fd = socket_make(type), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(bind(fd, &a.sa, a.len), "bind");
	return fd;
}

static int listener(long port)
{
	int fd = socket_bound(SOCK_STREAM, port);

	must(listen(fd, 128), "listen");
	return fd;
}

static void send_all(int fd, long bytes)
{
	static char buf[65536];

	while (bytes > 0) {
		long most = bytes < (long)sizeof(buf) ? bytes : (long)sizeof(buf);

		bytes -= must(send(fd, buf, most, MSG_NOSIGNAL), "send");
	}
}

static void receive_all(int fd, long bytes)
{
	static char buf[65536];

	while (bytes > 0) {
		long most = bytes < (long)sizeof(buf) ? bytes : (long)sizeof(buf);
		long n = must(recv(fd, buf, most, 0), "recv");

		if (!n)
			die(1, "the connection ended early");
		bytes -= n;
	}
}

static void do_connect(char **arg)
{
	struct address a = loopback(number(arg[0]));
	long i, n = amount(arg[1]), connected = 0;

	for (i = 0; i < n; i++) {
		int fd = socket_make(SOCK_STREAM);

		connected += !connect(fd, &a.sa, a.len);
		close(fd);
	}
	printf("%ld\n", connected);
}

static void do_serve(char **arg)
{
	int fd = listener(number(arg[0]));
	long n = amount(arg[1]);
	static char buf[65536];

	printf("%d\n", port_of(fd));
	fflush(stdout);
	while (n--) {
		int c = must(accept(fd, NULL, NULL), "accept");
		long got;

		while ((got = recv(c, buf, sizeof(buf), 0)) > 0)
			send_all(c, got);
		close(c);
	}
}

static void do_tcp(char **arg)
{
	long tx = amount(arg[0]), rx = amount(arg[1]);
	int l = listener(0), fd;
	struct address a = loopback(port_of(l));
	pid_t pid = fork_child();
	char c;

	if (!pid) {
		fd = must(accept(l, NULL, NULL), "accept");
		receive_all(fd, tx);
		send_all(fd, rx);
		/* until the client has closed: the order of the two ends is fixed */
		_exit(must(recv(fd, &c, 1, 0), "recv") != 0);
	}
	fd = socket_make(SOCK_STREAM);
	must(connect(fd, &a.sa, a.len), "connect");
	printf("%d %d\n", port_of(fd), port_of(l));
	close(l);
	send_all(fd, tx);
	receive_all(fd, rx);
	close(fd);
	wait_success(pid);
}

static void do_tcpreset(char **arg)
{
	struct linger at_once = { .l_onoff = 1 };
	int l = listener(0), fd = socket_make(SOCK_STREAM);
	struct address a = loopback(port_of(l));

	(void)arg;
	must(connect(fd, &a.sa, a.len), "connect");
	printf("%d %d\n", port_of(fd), port_of(l));
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "setsockopt");
	close(fd);
	close(l);
}

/* A listener with a queue of one takes two connections at most; SYNs beyond that are dropped. */
static void do_tcpgiveup(char **arg)
{
	long ms = number(arg[0]);
	int l = socket_bound(SOCK_STREAM, 0), fd = -1;
	struct address a = loopback(port_of(l));
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };

	must(listen(l, 0), "listen");
	for (int i = 0; i < 4; i++) {
		struct pollfd p;

		fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
		if (!connect(fd, &a.sa, a.len))
			continue;
		p = (struct pollfd){ .fd = fd, .events = POLLOUT };
		if (!poll(&p, 1, 20))
			break;
	}
	printf("%d %d\n", port_of(fd), port_of(l));
	nanosleep(&wait, NULL);
	close(fd);
}

static void do_udp(char **arg)
{
	long n = amount(arg[0]), bytes = amount(arg[1]);
	int from = socket_bound(SOCK_DGRAM, 0), to = socket_bound(SOCK_DGRAM, 0);
	struct address a = loopback(port_of(to));
	char *buf = buffer(bytes);

	printf("%d %d\n", port_of(from), port_of(to));
	while (n--) {
		must(sendto(from, buf, bytes, 0, &a.sa, a.len), "sendto");
		if (must(recv(to, buf, bytes, 0), "recv") != bytes)
			die(1, "a datagram was cut");
	}
}

/* Functions to probe, memory, locks, system calls */

static bool call_spins;

PROBED long work_call(long i, long us)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + us * 1000ULL;

	if (us && !call_spins)
		sleep_us(us);
	while (now_ns(CLOCK_MONOTONIC) < until)
		;
	return i + 1000;
}

static void do_call(char **arg)
{
	long i, n = amount(arg[0]), us = amount(arg[1]);

	call_spins = arg[2] && !strcmp(arg[2], "spin");
	if (arg[2] && !call_spins)
		die(2, "%s: not spin", arg[2]);
	for (i = 0; i < n; i++)
		work_call(i, us);
}

PROBED long work_recurse(long depth)
{
	long below = depth > 1 ? work_recurse(depth - 1) : 0;

	__asm__ volatile("" : "+r"(below)); /* else the recursion could become a loop */
	return below + 1;
}

static void do_recurse(char **arg)
{
	long depth = amount(arg[0]);

	if (depth && work_recurse(depth) != depth)
		die(1, "work_recurse() was not called as often as it should be");
}

static const char *typed;

PROBED char *readline(const char *prompt)
{
	(void)prompt;
	return strdup(typed);
}

static void do_readline(char **arg)
{
	long n = amount(arg[0]);

	for (typed = arg[1]; n; n--)
		free(readline(""));
}

static void touch(char *p, size_t bytes)
{
	size_t i;

	for (i = 0; i < bytes; i += 4096)
		((volatile char *)p)[i] = 1;
}

static void do_mmap(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]);
	char **p = buffer(n * sizeof(*p));

	for (i = 0; i < n; i++) {
		p[i] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			    0);
		if (p[i] == MAP_FAILED)
			die(1, "mmap: %s", strerror(errno));
		touch(p[i], bytes);
	}
	for (i = 0; i < n; i++)
		must(munmap(p[i], bytes), "munmap");
}

/* The raw call: musl's sbrk() refuses to move the break. */
static void do_brk(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]);
	uintptr_t start = syscall(SYS_brk, 0), end = start;

	for (i = 0; i < n; i++) {
		if ((uintptr_t)syscall(SYS_brk, end + bytes) != end + bytes)
			die(1, "brk: refused");
		touch((char *)end, bytes);
		end += bytes;
	}
	syscall(SYS_brk, start);
}

static void do_malloc(char **arg)
{
	long i, n = amount(arg[0]), bytes = amount(arg[1]), leak = arg[2] ? amount(arg[2]) : 0;
	char *volatile *p = buffer(n * sizeof(*p)); /* volatile: no pair may be optimised away */

	for (i = 0; i < n; i++) {
		p[i] = malloc(bytes);
		if (!p[i])
			die(1, "malloc: out of memory");
		touch(p[i], bytes);
	}
	for (i = 0; i < n - leak; i++)
		free(p[i]);
}

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int lock_go[2], lock_done[2];
static volatile pid_t lock_tid;
static long lock_rounds;

static void *lock_thread(void *arg)
{
	long i;

	lock_tid = syscall(SYS_gettid);
	for (i = 0; i < lock_rounds; i++) {
		byte_read(lock_go[0]);
		pthread_mutex_lock(&lock);
		pthread_mutex_unlock(&lock);
		byte_write(lock_done[1]);
	}
	return arg;
}

/* Is that thread asleep? It has taken the byte from the pipe, so it sleeps in the lock. */
static bool thread_sleeps(pid_t tid)
{
	char path[64], buf[256], *paren;
	int fd, n, left = 1;

	if (ioctl(lock_go[0], FIONREAD, &left) || left)
		return false;
	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		die(1, "%s: cannot be read", path);
	buf[n] = '\0';
	paren = strrchr(buf, ')');
	return paren && paren[1] == ' ' && paren[2] == 'S';
}

static void do_lock(char **arg)
{
	pthread_t t;
	long i;

	lock_rounds = amount(arg[0]);
	pipe_make(lock_go);
	pipe_make(lock_done);
	t = thread_start(lock_thread, NULL);
	for (i = 0; i < lock_rounds; i++) {
		pthread_mutex_lock(&lock);
		byte_write(lock_go[1]);
		while (!thread_sleeps(lock_tid))
			sleep_us(100);
		sleep_us(1000);
		pthread_mutex_unlock(&lock);
		byte_read(lock_done[0]);
	}
	pthread_join(t, NULL);
}

static const struct {
	const char *name;
	long nr, arg;
} plain_calls[] = {
	{ "getppid", SYS_getppid, 0 },	       { "getpid", SYS_getpid, 0 },
	{ "gettid", SYS_gettid, 0 },	       { "getuid", SYS_getuid, 0 },
	{ "sched_yield", SYS_sched_yield, 0 }, { "close", SYS_close, -1 },
	{ "read", SYS_read, -1 },
};

static void do_syscalls(char **arg)
{
	long n = amount(arg[1]);
	size_t i;

	for (i = 0; i < ARRAY_LEN(plain_calls); i++)
		if (!strcmp(arg[0], plain_calls[i].name))
			break;
	if (i == ARRAY_LEN(plain_calls))
		die(2, "%s: not one of the system calls known here", arg[0]);
	while (n--)
		syscall(plain_calls[i].nr, plain_calls[i].arg, NULL, 0);
}

/* What the harness needs */

static void do_run(char **arg)
{
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(arg[0], arg);
	die(127, "%s: %s", arg[0], strerror(errno));
}

static void do_killafter(char **arg)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sleep_us(amount(arg[0]) * 1000);
	kill(number(arg[1]), SIGKILL);
}

/* Kill every child; their own children become ours then, since we are the subreaper. True when
 * there was any. */
static bool kill_children(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	bool any = false;

	while (proc && (e = readdir(proc))) {
		char path[300], buf[256], *paren;
		int fd, n, ppid;

		if (*e->d_name < '0' || *e->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/stat", e->d_name);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		n = read(fd, buf, sizeof(buf) - 1);
		close(fd);
		buf[n > 0 ? n : 0] = '\0';
		paren = strrchr(buf, ')');
		if (paren && sscanf(paren, ") %*c %d", &ppid) == 1 && ppid == getpid()) {
			kill(atoi(e->d_name), SIGKILL);
			any = true;
		}
	}
	if (proc)
		closedir(proc);
	return any;
}

static void kill_descendants(void)
{
	while (kill_children())
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}

/* Waits for the end of pid, for a signal to end, or for the time. Returns the exit state. */
static int contain_wait(pid_t pid, const sigset_t *set, long seconds)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + seconds * 1000000000ULL, now;
	pid_t dead;
	int status, sig;

	for (;;) {
		while ((dead = waitpid(-1, &status, WNOHANG)) > 0)
			if (dead == pid)
				return WIFEXITED(status) ? WEXITSTATUS(status) :
							   128 + WTERMSIG(status);
		now = now_ns(CLOCK_MONOTONIC);
		if (now >= until)
			return 124;
		sig = sigtimedwait(set, NULL,
				   &(struct timespec){ (until - now) / 1000000000ULL,
						       (until - now) % 1000000000ULL });
		if (sig > 0 && sig != SIGCHLD)
			return 128 + sig;
	}
}

static void do_contain(char **arg)
{
	long seconds = amount(arg[0]);
	sigset_t set, old;
	pid_t pid;
	int status;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, &old);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	must(prctl(PR_SET_CHILD_SUBREAPER, 1), "prctl");
	pid = fork_child();
	if (!pid) {
		sigprocmask(SIG_SETMASK, &old, NULL);
		execvp(arg[1], arg + 1);
		die(127, "%s: %s", arg[1], strerror(errno));
	}
	status = contain_wait(pid, &set, seconds);
	kill_descendants();
	exit(status);
}

/* Dispatch */

static void do_uid(char **arg);

#define MANY 1000

static const struct verb {
	const char *name;
	int min, max; /* number of arguments */
	void (*fn)(char **arg);
} verbs[] = {
	{ "open", 2, 2, do_open },	    { "open2", 3, 4, do_open2 },
	{ "stat", 2, 3, do_stat },	    { "read", 3, 3, do_read },
	{ "write", 3, 3, do_write },	    { "fsync", 2, 2, do_fsync },
	{ "readv", 3, 3, do_vectors },	    { "writev", 3, 3, do_vectors },
	{ "sendfile", 4, 4, do_splice },    { "splice", 4, 4, do_splice },
	{ "unlinkat", 2, 2, do_names },	    { "rmdirat", 2, 2, do_names },
	{ "create", 2, 2, do_names },	    { "unlink", 2, 2, do_names },
	{ "mkdir", 2, 2, do_names },	    { "rmdir", 2, 2, do_names },
	{ "directio", 4, 5, do_directio },  { "badname", 1, 1, do_badname },
	{ "exec", 2, MANY, do_exec },	    { "execfail", 1, MANY, do_execfail },
	{ "execatfail", 1, MANY, do_execfail },
	{ "execveat", 1, MANY, do_execveat },
	{ "sigcore", 2, 2, do_sigcore },    { "lastexit", 2, 2, do_lastexit },
	{ "tgsigqueue", 2, 2, do_kill },    { "pidfdkill", 2, 2, do_kill },
	{ "killgone", 2, 2, do_killgone },  { "killgroup", 3, 3, do_killgroup },
	{ "execthread", 1, MANY, do_execthread },
	{ "exit", 1, 1, do_exit },	    { "sigdie", 1, 1, do_sigdie },
	{ "threads", 2, 2, do_threads },    { "sleep", 2, 2, do_sleep },
	{ "burn", 1, 1, do_burn },	    { "pingpong", 1, 1, do_pingpong },
	{ "connect4", 2, 2, do_connect },   { "connect6", 2, 2, do_connect },
	{ "connect46", 2, 2, do_connect },  { "tcp46", 2, 2, do_tcp },
	{ "tcpreset4", 0, 0, do_tcpreset }, { "tcpreset6", 0, 0, do_tcpreset },
	{ "tcpgiveup4", 1, 1, do_tcpgiveup },
	{ "serve4", 2, 2, do_serve },	    { "serve6", 2, 2, do_serve },
	{ "tcp4", 2, 2, do_tcp },	    { "tcp6", 2, 2, do_tcp },
	{ "udp4", 2, 2, do_udp },	    { "udp6", 2, 2, do_udp },
	{ "kill", 2, 2, do_kill },	    { "tkill", 2, 2, do_kill },
	{ "tgkill", 2, 2, do_kill },	    { "sigqueue", 2, 2, do_kill },
	{ "call", 2, 3, do_call },	    { "recurse", 1, 1, do_recurse },
	{ "mmap", 2, 2, do_mmap },	    { "brk", 2, 2, do_brk },
	{ "malloc", 2, 3, do_malloc },	    { "lock", 1, 1, do_lock },
	{ "uid", 2, MANY, do_uid },	    { "syscalls", 2, 2, do_syscalls },
	{ "run", 1, MANY, do_run },	    { "contain", 2, MANY, do_contain },
	{ "killafter", 2, 2, do_killafter },
	{ "readline", 2, 2, do_readline },
};

static void verb_do(char **arg)
{
	const struct verb *v;
	int n = 0;

	for (v = verbs; v < verbs + ARRAY_LEN(verbs); v++) {
		if (strcmp(v->name, arg[0]))
			continue;
		while (arg[1 + n])
			n++;
		verb = v->name;
		if (n < v->min || n > v->max)
			die(2, "wrong number of arguments: see the top of test/tools/work.c");
		v->fn(arg + 1);
		return;
	}
	die(2, "%s: unknown verb: see the top of test/tools/work.c", arg[0]);
}

static void do_uid(char **arg)
{
	long id = amount(arg[0]);

	must(setgroups(0, NULL), "setgroups");
	must(setgid(id), "setgid");
	must(setuid(id), "setuid");
	verb_do(arg + 1);
}

/* Byte by byte, so that nothing after the line is taken from stdin. */
static void wait_for_line(void)
{
	char c = 0;

	while (c != '\n')
		if (read(0, &c, 1) != 1)
			die(1, "stdin ended before it said to start");
}

int main(int argc, char **argv)
{
	bool waits = false;
	int c;

	while ((c = getopt(argc, argv, "+c:pw")) != -1) {
		if (c == 'c') {
			must(prctl(PR_SET_NAME, optarg), "prctl");
		} else if (c == 'p') {
			printf("%d\n", getpid());
			fflush(stdout);
		} else if (c == 'w') {
			waits = true;
		} else {
			return 2;
		}
	}
	if (!argv[optind])
		die(2, "usage: work [-c COMM] [-p] [-w] VERB ARGS...");
	if (waits)
		wait_for_line();
	verb_do(argv + optind);
	return fflush(stdout) ? 1 : 0;
}
