// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bench: what scripts/bench measures with.
 *
 *   bench start PROG ARGS...   runs PROG until it waits in poll or epoll_wait for the first time,
 *                              then ends it; prints "microseconds KiB": the time that took, and the
 *                              peak of its resident memory then
 *   bench end PROG ARGS...     runs PROG to its end, which has to be a good one; the same two numbers
 *   bench open PATH N          N times open and close; prints nanoseconds for one
 *   bench direct DISK N        N reads of 4 KiB with O_DIRECT, from the first MiB; the same
 *   bench switch PAIRS N       PAIRS of threads on one CPU, each handing a byte to and fro over pipes
 *                              N times: prints the nanoseconds of CPU time for one context switch
 *   bench connect N            N connections over loopback, accepted and closed by a process of the
 *                              name "storm", in a network namespace of its own; prints nanoseconds
 *                              of CPU time, of both ends, for one
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
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

static int bench_end(char **argv)
{
	double start = now();
	struct rusage used;
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
	if (wait4(pid, &status, 0, &used) != pid)
		fail("wait");
	if (status) {
		fprintf(stderr, "bench: %s failed\n", argv[0]);
		return 1;
	}
	printf("%.0f %ld\n", (now() - start) * 1e6, used.ru_maxrss);
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

static int bench_direct(char **argv)
{
	long n = strtol(argv[1], NULL, 10);
	int fd = open(argv[0], O_RDONLY | O_DIRECT);
	void *buf;
	double start;

	if (fd < 0 || posix_memalign(&buf, 4096, 4096))
		fail(argv[0]);
	start = now();
	for (long i = 0; i < n; i++)
		if (pread(fd, buf, 4096, i % 256 * 4096) != 4096)
			fail(argv[0]);
	printf("%.0f\n", (now() - start) * 1e9 / n);
	return 0;
}

struct pair {
	int there[2], back[2];
	long n;
};

static void byte_pass(int from, int to)
{
	char c;

	if (read(from, &c, 1) != 1 || write(to, &c, 1) != 1)
		fail("pipe");
}

static void *ping(void *arg)
{
	struct pair *p = arg;

	if (write(p->there[1], "", 1) != 1)
		fail("pipe");
	for (long i = 1; i < p->n; i++)
		byte_pass(p->back[0], p->there[1]);
	return NULL;
}

static void *pong(void *arg)
{
	struct pair *p = arg;

	for (long i = 0; i < p->n; i++)
		byte_pass(p->there[0], p->back[1]);
	return NULL;
}

/* CPU time, which the work of others on the same machine does not count to; and one CPU, on which
 * each byte handed over is a switch. */
static int bench_switch(char **argv)
{
	long pairs = strtol(argv[0], NULL, 10), n = strtol(argv[1], NULL, 10);
	struct pair *pair = calloc(pairs, sizeof(*pair));
	pthread_t *thread = calloc(pairs * 2, sizeof(*thread));
	pthread_attr_t small;
	struct timespec ts;
	cpu_set_t cpu;

	if (!pair || !thread)
		fail("memory");
	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	if (sched_setaffinity(0, sizeof(cpu), &cpu))
		fail("sched_setaffinity");
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 65536);
	for (long i = 0; i < pairs; i++) {
		pair[i].n = n;
		if (pipe(pair[i].there) || pipe(pair[i].back))
			fail("pipe");
		if ((errno = pthread_create(&thread[2 * i], &small, pong, &pair[i])) ||
		    (errno = pthread_create(&thread[2 * i + 1], &small, ping, &pair[i])))
			fail("pthread_create");
	}
	for (long i = 0; i < pairs * 2; i++)
		pthread_join(thread[i], NULL);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	printf("%.0f\n", (ts.tv_sec * 1e9 + ts.tv_nsec) / (2.0 * n * pairs));
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

/* A closed connection keeps its port for a minute: those of the run before, and a range of which the
 * connections use most, make the search for a free one dearer, by more than what is to be measured. */
static void own_network(void)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = unshare(CLONE_NEWNET) ? -1 : socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &lo))
		fail("network namespace");
	close(fd);
	fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY);
	if (fd < 0 || write(fd, "1024 65535", 10) != 10)
		fail("ip_local_port_range");
	close(fd);
}

/* One at a time, so that no queue is ever full. */
static int bench_connect(char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	long n = strtol(argv[0], NULL, 10);
	socklen_t len = sizeof(to);
	int listener, status;
	pid_t pid;

	own_network();
	listener = socket(AF_INET, SOCK_STREAM, 0);
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
	if (argc >= 3 && !strcmp(argv[1], "end"))
		return bench_end(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "open"))
		return bench_open(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "direct"))
		return bench_direct(argv + 2);
	if (argc == 4 && !strcmp(argv[1], "switch"))
		return bench_switch(argv + 2);
	if (argc == 3 && !strcmp(argv[1], "connect"))
		return bench_connect(argv + 2);
	fprintf(stderr, "usage: bench start|end PROG ARGS... | bench open PATH N | "
			"bench direct DISK N | bench switch PAIRS N | bench connect N\n");
	return 2;
}
