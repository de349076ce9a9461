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
 * The verbs are in the files beside this one, listed at their tops, one file a subject; a new file is
 * found by the Makefile. Unless a line there says that a verb prints or ignores something, it prints
 * nothing, and any call that fails ends the program with a message and exit 1. "xN" is the exact
 * number of calls.
 *
 *   uid      UID VERB ARGS...       takes that group and user id, then does VERB
 */
#include "work.h"

const char *verb = "work";

void die(int status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "work %s: ", verb);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(status);
}

long must(long ret, const char *what)
{
	if (ret < 0)
		die(1, "%s: %s", what, strerror(errno));
	return ret;
}

long number(const char *s)
{
	char *end;
	long v;

	errno = 0;
	v = strtol(s, &end, 0);
	if (errno || end == s || *end)
		die(2, "%s: not a number", s);
	return v;
}

long amount(const char *s)
{
	long v = number(s);

	if (v < 0)
		die(2, "%s: must not be negative", s);
	return v;
}

void *buffer(size_t bytes)
{
	void *p;

	if (posix_memalign(&p, 4096, bytes ? bytes : 1))
		die(1, "out of memory");
	memset(p, 'w', bytes ? bytes : 1);
	return p;
}

uint64_t now_ns(clockid_t clock)
{
	struct timespec ts;

	must(clock_gettime(clock, &ts), "clock_gettime");
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void sleep_us(long us)
{
	struct timespec ts = { us / 1000000, us % 1000000 * 1000 };
	int err;

	while ((err = clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, &ts)) == EINTR)
		;
	if (err)
		die(1, "clock_nanosleep: %s", strerror(err));
}

pid_t fork_child(void)
{
	fflush(stdout); /* else the child would print it too */
	return must(fork(), "fork");
}

int wait_child(pid_t pid)
{
	int status;

	must(waitpid(pid, &status, 0), "waitpid");
	return status;
}

/* The child's own failure has been told by it; here it must only not get lost. */
void wait_success(pid_t pid)
{
	if (wait_child(pid))
		die(1, "the child failed");
}

void pipe_make(int fd[2])
{
	must(pipe(fd), "pipe");
}

void byte_read(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		die(1, "the other side is gone");
}

void byte_write(int fd)
{
	must(write(fd, "b", 1), "write to a pipe");
}

pthread_t thread_start(void *(*fn)(void *), void *arg)
{
	pthread_t t;
	int err = pthread_create(&t, NULL, fn, arg);

	if (err)
		die(1, "pthread_create: %s", strerror(err));
	return t;
}

void verb_do(char **arg)
{
	extern const struct verb *const __start_verbs[], *const __stop_verbs[];
	int n = 0;

	for (const struct verb *const *at = __start_verbs; at < __stop_verbs; at++) {
		const struct verb *v = *at;

		if (strcmp(v->name, arg[0]))
			continue;
		while (arg[1 + n])
			n++;
		verb = v->name;
		if (n < v->min || n > v->max)
			die(2, "wrong number of arguments: see the tops of test/tools/verbs/*.c");
		v->fn(arg + 1);
		return;
	}
	die(2, "%s: unknown verb: see the tops of test/tools/verbs/*.c", arg[0]);
}

static void do_uid(char **arg)
{
	long id = amount(arg[0]);

	must(setgroups(0, NULL), "setgroups");
	must(setgid(id), "setgid");
	must(setuid(id), "setuid");
	verb_do(arg + 1);
}

VERB("uid", 2, MANY, do_uid);

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
