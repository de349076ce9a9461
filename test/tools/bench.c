// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: what scripts/bench measures with.
 *
 *   bench start PROG ARGS...   runs PROG until it waits in poll or epoll_wait for the first time,
 *                              then ends it; prints "microseconds KiB": the time that took, and the
 *                              peak of its resident memory then
 *   bench open PATH N          N times open and close; prints nanoseconds for one
 *   bench connect N            N connections over loopback, accepted and closed by a process of the
 *                              name "storm"; prints nanoseconds of CPU time, of both ends, for one
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int slurp(pid_t pid, const char *file, char *text, size_t size)
{
	char path[64];
	int fd;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return -1;
	n = read(fd, text, size - 1);
	close(fd);
	text[n > 0 ? n : 0] = 0;
	return n > 0 ? 0 : -1;
}

/* The number of the system call that the process sleeps in is the first word. */
static int waits(pid_t pid)
{
	static const long calls[] = {
#ifdef SYS_poll
		SYS_poll,
#endif
#ifdef SYS_epoll_wait
		SYS_epoll_wait,
#endif
		SYS_ppoll, SYS_epoll_pwait, SYS_clock_nanosleep, SYS_nanosleep,
	};
	char text[256], *end;
	long nr;

	if (slurp(pid, "syscall", text, sizeof(text)))
		return 0;
	nr = strtol(text, &end, 10);
	for (size_t i = 0; end != text && i < sizeof(calls) / sizeof(*calls); i++)
		if (nr == calls[i])
			return 1;
	return 0;
}

static int bench_start(char **argv)
{
	double start = now(), took;
	char text[4096], *hwm;
	int status, null;
	pid_t pid = fork();

	if (pid < 0)
		fail("fork");
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (!waits(pid)) {
		if (waitpid(pid, &status, WNOHANG) == pid) {
			fprintf(stderr, "bench: %s ended by itself\n", argv[0]);
			return 1;
		}
		if (now() - start > 10)
			break;
		usleep(100);
	}
	took = now() - start;
	slurp(pid, "status", text, sizeof(text));
	hwm = strstr(text, "VmHWM:");
	printf("%.0f %ld\n", took * 1e6, hwm ? strtol(hwm + 6, NULL, 10) : 0);
	kill(pid, SIGINT);
	waitpid(pid, &status, 0);
	return 0;
}

static int bench_open(char **argv)
{
	long n = strtol(argv[1], NULL, 10);
	double start = now();

	for (long i = 0; i < n; i++) {
		int fd = open(argv[0], O_RDONLY);

		if (fd < 0)
			fail(argv[0]);
		close(fd);
	}
	printf("%.0f\n", (now() - start) * 1e9 / n);
	return 0;
}

static double cpu_time(int who)
{
	struct rusage r;

	getrusage(who, &r);
	return r.ru_utime.tv_sec + r.ru_stime.tv_sec +
	       (r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static void accept_all(int listener, long n)
{
	while (n--) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			fail("accept");
		close(fd);
	}
}

/* One at a time, so that no queue is ever full. */
static int bench_connect(char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM, 0), status;
	long n = strtol(argv[0], NULL, 10);
	socklen_t len = sizeof(to);
	pid_t pid;

	prctl(PR_SET_NAME, "storm");
	if (listener < 0 || bind(listener, (struct sockaddr *)&to, len) || listen(listener, 1024) ||
	    getsockname(listener, (struct sockaddr *)&to, &len))
		fail("listen");
	pid = fork();
	if (!pid) {
		accept_all(listener, n);
		_exit(0);
	}
	for (long i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, len))
			fail("connect");
		close(fd);
	}
	waitpid(pid, &status, 0);
	if (status)
		return 1;
	printf("%.0f\n", (cpu_time(RUSAGE_SELF) + cpu_time(RUSAGE_CHILDREN)) * 1e9 / n);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc >= 3 && !strcmp(argv[1], "start"))
		return bench_start(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return bench_open(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "connect"))
		return bench_connect(argv + 2);
	fprintf(stderr, "usage: bench start PROG ARGS... | bench open PATH N | bench connect N\n");
	return 2;
}
