// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who and how many: ids, new tasks, sleeps.
 *
 *   ids      CALL A [B C]           one system call of the family setuid, setgid, setreuid, setregid,
 *                                   setresuid, setresgid, setfsuid, setfsgid, setgroups (A, B, C are
 *                                   the groups); prints its result, or -errno
 *   naps     CALL CLOCK MS N        xN: nanosleep, clock_nanosleep, or until (clock_nanosleep with
 *                                   TIMER_ABSTIME, MS milliseconds from now) on CLOCK (a number, of no
 *                                   meaning for nanosleep); prints the last result, 0 or an errno
 *   napcut   CALL CLOCK MS CUT      the same once, interrupted after CUT milliseconds by a signal with
 *                                   a handler
 *   napstop  MS STOP GO             nanosleep(MS) of a child, stopped after STOP milliseconds and
 *                                   continued GO later; prints its pid
 *   forks    N                      fork() and wait xN
 *   spawn    N                      N threads, one after the other
 *   routine  N MS                   N threads, one after the other, by pthread_create(), each of which
 *                                   runs work_routine() for MS milliseconds; prints their tids
 *   rawthread MS                    one thread by clone() alone, which ends at once, MS milliseconds
 *                                   before the process; prints its tid
 *   ttywrite HOW N BYTES            makes a pseudo-terminal, prints its path and waits for a line on
 *                                   stdin, then writes to it xN: HOW is write (BYTES of letters a to
 *                                   z, over and over), writev (the same in three vectors of a third),
 *                                   or escape (a terminal's escape sequence, a NUL, a letter)
 */
#include "work.h"

#include <sched.h>

static void do_ids(char **arg)
{
	static const struct { const char *name; int nr, args; } calls[] = {
		{ "setuid", SYS_setuid, 1 }, { "setgid", SYS_setgid, 1 },
		{ "setreuid", SYS_setreuid, 2 }, { "setregid", SYS_setregid, 2 },
		{ "setresuid", SYS_setresuid, 3 }, { "setresgid", SYS_setresgid, 3 },
		{ "setfsuid", SYS_setfsuid, 1 }, { "setfsgid", SYS_setfsgid, 1 },
	};
	long id[3] = { 0 }, ret = -ENOSYS;
	gid_t groups[3];
	int n = 0;

	while (n < 3 && arg[n + 1]) {
		id[n] = number(arg[n + 1]);
		groups[n] = id[n];
		n++;
	}
	if (!strcmp(arg[0], "setgroups")) {
		ret = syscall(SYS_setgroups, n, groups);
	} else {
		for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
			if (strcmp(arg[0], calls[i].name))
				continue;
			if (n != calls[i].args)
				die(2, "%s: takes %d ids", arg[0], calls[i].args);
			ret = syscall(calls[i].nr, id[0], id[1], id[2]);
		}
	}
	printf("%ld\n", ret < 0 ? -errno : ret);
}

static struct timespec ms_after(struct timespec at, long ms)
{
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_nsec -= 1000000000;
		at.tv_sec++;
	}
	return at;
}

static int nap(const char *call, clockid_t clock, long ms)
{
	struct timespec now = { 0 }, ts = ms_after(now, ms);

	if (!strcmp(call, "nanosleep"))
		return syscall(SYS_nanosleep, &ts, NULL) ? errno : 0;
	if (!strcmp(call, "clock_nanosleep"))
		return syscall(SYS_clock_nanosleep, clock, 0, &ts, NULL) ? errno : 0;
	if (strcmp(call, "until"))
		die(2, "%s: no such call here", call);
	must(clock_gettime(clock, &now), "clock_gettime");
	ts = ms_after(now, ms);
	return syscall(SYS_clock_nanosleep, clock, TIMER_ABSTIME, &ts, NULL) ? errno : 0;
}

static void do_naps(char **arg)
{
	long n = amount(arg[3]);
	int ret = 0;

	while (n--)
		ret = nap(arg[0], number(arg[1]), amount(arg[2]));
	printf("%d\n", ret);
}

static void woken(int sig)
{
	(void)sig;
}

static void do_napcut(char **arg)
{
	struct sigaction act = { .sa_handler = woken };
	long cut = amount(arg[3]);
	pid_t parent = getpid(), pid;
	int ret;

	must(sigaction(SIGUSR1, &act, NULL), "sigaction");
	pid = fork_child();
	if (!pid) {
		poll(NULL, 0, cut);
		kill(parent, SIGUSR1);
		_exit(0);
	}
	ret = nap(arg[0], number(arg[1]), amount(arg[2]));
	wait_success(pid);
	printf("%d\n", ret);
}

static void do_napstop(char **arg)
{
	long ms = amount(arg[0]);
	pid_t pid = fork_child();

	if (!pid)
		_exit(nap("nanosleep", 0, ms));
	poll(NULL, 0, amount(arg[1]));
	must(kill(pid, SIGSTOP), "kill");
	poll(NULL, 0, amount(arg[2]));
	must(kill(pid, SIGCONT), "kill");
	wait_success(pid);
	printf("%d\n", pid);
}

static void do_forks(char **arg)
{
	long n = amount(arg[0]);

	while (n--) {
		pid_t pid = fork_child();

		if (!pid)
			_exit(0);
		wait_success(pid);
	}
}

static void *nothing(void *arg)
{
	return arg;
}

static void do_spawn(char **arg)
{
	long n = amount(arg[0]);

	while (n--)
		pthread_join(thread_start(nothing, NULL), NULL);
}

static long routine_ms;

PROBED void *work_routine(void *arg)
{
	printf("%ld\n", (long)syscall(SYS_gettid));
	poll(NULL, 0, routine_ms);
	return arg;
}

static void do_routine(char **arg)
{
	long n = amount(arg[0]);

	routine_ms = amount(arg[1]);
	while (n--)
		pthread_join(thread_start(work_routine, NULL), NULL);
}

/* Without thread-local storage of its own it must not call the library. */
static int raw_thread(void *arg)
{
	(void)arg;
	return 0;
}

static void do_rawthread(char **arg)
{
	char *stack = buffer(65536);
	int flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;

	printf("%ld\n", must(clone(raw_thread, stack + 65536, flags, NULL), "clone"));
	poll(NULL, 0, amount(arg[0]));
}

/* Somebody has to read the other side, or the terminal is full at some time. */
static void *tty_drain(void *arg)
{
	char buf[4096];

	while (read((long)arg, buf, sizeof(buf)) > 0)
		;
	return NULL;
}

static void do_ttywrite(char **arg)
{
	int master = must(posix_openpt(O_RDWR | O_NOCTTY), "/dev/ptmx"), tty;
	long n = amount(arg[1]), bytes = amount(arg[2]), third = bytes / 3;
	char *buf = buffer(bytes), line[8];
	struct iovec vec[3] = {
		{ buf, third }, { buf + third, third }, { buf + 2 * third, bytes - 2 * third },
	};

	must(grantpt(master), "grantpt");
	must(unlockpt(master), "unlockpt");
	tty = must(open(ptsname(master), O_RDWR | O_NOCTTY), ptsname(master));
	printf("%s\n", ptsname(master));
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		die(1, "nobody lets go");
	thread_start(tty_drain, (void *)(long)master);
	for (long i = 0; i < bytes; i++)
		buf[i] = 'a' + i % 26;
	while (n--) {
		if (!strcmp(arg[0], "writev"))
			must(writev(tty, vec, 3), "writev");
		else if (!strcmp(arg[0], "write"))
			must(write(tty, buf, bytes), "write");
		else
			must(write(tty, "\033[31m\0x", 7), "write");
	}
}

VERB("ttywrite", 3, 3, do_ttywrite);
VERB("routine", 2, 2, do_routine);
VERB("rawthread", 1, 1, do_rawthread);
VERB("ids", 2, 4, do_ids);
VERB("naps", 4, 4, do_naps);
VERB("napcut", 4, 4, do_napcut);
VERB("napstop", 3, 3, do_napstop);
VERB("forks", 1, 1, do_forks);
VERB("spawn", 1, 1, do_spawn);
