// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Processes, threads.
 *
 *   exec     N PROG ARGS...         fork, execve, wait xN; the exit state is ignored
 *   execfail PATH ARGS...           one execve() that fails, prints its errno
 *   execatfail PATH ARGS...         the same with execveat()
 *   execveat PROG ARGS...           execveat() of an open descriptor of PROG
 *   execthread PROG ARGS...         execve() from a thread that is not the leader
 *   exit     CODE                   exit_group(CODE)
 *   lastexit CODE MS                the first thread ends, another one MS milliseconds later, with
 *                                   exit_group(CODE)
 *   threads  N MS                   N threads at once, each lives MS milliseconds
 *   sleep    MS N                   clock_nanosleep(MS milliseconds) xN
 */
#include "work.h"

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

static void do_execthread(char **arg)
{
	pthread_join(thread_start(exec_thread, arg), NULL);
}

static void do_exit(char **arg)
{
	fflush(stdout);
	_exit(number(arg[0]));
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

VERB("exec", 2, MANY, do_exec);
VERB("execfail", 1, MANY, do_execfail);
VERB("execatfail", 1, MANY, do_execfail);
VERB("execveat", 1, MANY, do_execveat);
VERB("lastexit", 2, 2, do_lastexit);
VERB("execthread", 1, MANY, do_execthread);
VERB("exit", 1, 1, do_exit);
VERB("threads", 2, 2, do_threads);
VERB("sleep", 2, 2, do_sleep);
