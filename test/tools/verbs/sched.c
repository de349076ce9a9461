// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The scheduler, and what runs beside it.
 *
 *   pin      CPU VERB ARGS...       does VERB on that CPU only
 *   crowd    N VERB ARGS...         N processes do VERB at once
 *   starve   CPU MS N               xN: a process is woken on CPU, and its waker, "hog" by name and
 *                                   of higher real-time priority, keeps it for MS milliseconds more
 *   hop      A B N                  moves from CPU A to CPU B and back, xN
 *   follow   A B MIB MS             fills MIB mebibytes on CPU A, then moves to CPU B and reads them
 *                                   all over again for MS milliseconds
 *   pty      N                      write(1) to one end of a pseudo-terminal and read(1) from the
 *                                   other xN: each is one work item of the terminals' work queue
 */
#include "work.h"

#include <sched.h>
#include <termios.h>

static void cpu_only(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	must(sched_setaffinity(0, sizeof(set), &set), "sched_setaffinity");
}

static void do_pin(char **arg)
{
	cpu_only(amount(arg[0]));
	verb_do(arg + 1);
}

static void do_crowd(char **arg)
{
	long n = amount(arg[0]);

	for (long i = 0; i < n; i++) {
		if (!fork_child()) {
			verb_do(arg + 1);
			exit(0);
		}
	}
	while (n--)
		if (wait_child(-1))
			die(1, "a child failed");
}

/* By the system call, since musl's function of that name just refuses. */
static void realtime(int priority)
{
	struct sched_param param = { .sched_priority = priority };

	must(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &param), "sched_setscheduler");
}

/* The waker outranks the one that it wakes, which outranks all others: nothing but the end of the
 * waker's work lets that run, and then it runs at once. */
static void hog(int fd, long ms, long n)
{
	prctl(PR_SET_NAME, "hog");
	realtime(20);
	while (n--) {
		uint64_t until;

		sleep_us(20000); /* the other one is asleep then */
		until = now_ns(CLOCK_MONOTONIC) + ms * 1000000ULL;
		byte_write(fd);
		while (now_ns(CLOCK_MONOTONIC) < until)
			;
	}
	_exit(0);
}

static void do_starve(char **arg)
{
	long ms = amount(arg[1]), n = amount(arg[2]);
	int fd[2];
	pid_t pid;

	cpu_only(amount(arg[0]));
	pipe_make(fd);
	pid = fork_child();
	if (!pid)
		hog(fd[1], ms, n);
	close(fd[1]);
	realtime(10);
	for (long i = 0; i < n; i++)
		byte_read(fd[0]);
	wait_success(pid);
}

static void do_hop(char **arg)
{
	long a = amount(arg[0]), b = amount(arg[1]), n = amount(arg[2]);

	cpu_only(a);
	while (n--) {
		cpu_only(b);
		cpu_only(a);
	}
}

static void do_follow(char **arg)
{
	size_t bytes = amount(arg[2]) << 20;
	uint64_t until;
	volatile char *mem;

	cpu_only(amount(arg[0]));
	mem = buffer(bytes);
	cpu_only(amount(arg[1]));
	until = now_ns(CLOCK_MONOTONIC) + amount(arg[3]) * 1000000ULL;
	while (now_ns(CLOCK_MONOTONIC) < until)
		for (size_t i = 0; i < bytes; i += 4096)
			(void)mem[i];
}

static void do_pty(char **arg)
{
	long n = amount(arg[0]);
	int master = must(posix_openpt(O_RDWR | O_NOCTTY), "/dev/ptmx"), slave;
	struct termios raw;

	must(grantpt(master), "grantpt");
	must(unlockpt(master), "unlockpt");
	slave = must(open(ptsname(master), O_RDWR | O_NOCTTY), ptsname(master));
	must(tcgetattr(slave, &raw), "tcgetattr");
	raw.c_lflag &= ~(ECHO | ICANON);
	must(tcsetattr(slave, TCSANOW, &raw), "tcsetattr");
	while (n--) {
		byte_write(master);
		byte_read(slave);
	}
}

VERB("pin", 2, MANY, do_pin);
VERB("crowd", 2, MANY, do_crowd);
VERB("starve", 3, 3, do_starve);
VERB("hop", 3, 3, do_hop);
VERB("follow", 4, 4, do_follow);
VERB("pty", 1, 1, do_pty);
