// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Locks of the kernel, and futexes.
 *
 *   inodelock MS FILE               a thread writes to FILE, and for at least MS milliseconds faults on
 *                                   the page that it writes from (userfaultfd), which is with the
 *                                   inode locked; another thread waits for that to truncate FILE;
 *                                   prints "HOLDER WAITER", their numbers
 *   pipelock N                      write(1 byte) xN to a pipe, each of which locks its mutex once
 *   unmaps   N                      munmap xN
 *   futexes  OP N MS                a thread waits xN for a futex, at least MS milliseconds each:
 *                                   wait, bitset, waitv, wait2 (futex_wait): for the value 2 with the
 *                                   first thread's number 8 bytes behind, as glibc's mutex; pi: by
 *                                   LOCK_PI; cond: for the value 8; timeout: until that, for 2;
 *                                   again: for a 2 that it has not; then it waits for a line from
 *                                   stdin; prints "HOLDER WAITER ADDRESS", or "none" where the
 *                                   kernel has no such call
 */
#include "work.h"
#include <linux/futex.h>
#include <linux/userfaultfd.h>

static int file_fd;
static char *page;
static volatile pid_t holder, waiter;

static void *write_thread(void *arg)
{
	holder = syscall(SYS_gettid);
	must(write(file_fd, page, 4096), "write");
	return arg;
}

static void *truncate_thread(void *arg)
{
	waiter = syscall(SYS_gettid);
	must(ftruncate(file_fd, 100), "ftruncate");
	return arg;
}

/* The state letter of a thread of ours. */
static char thread_state(pid_t tid)
{
	char path[64], buf[256], *paren;
	int fd, n;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, buf, sizeof(buf) - 1);
	close(fd);
	if (n <= 0)
		return 0;
	buf[n] = '\0';
	paren = strrchr(buf, ')');
	return paren ? paren[2] : 0;
}

static void do_inodelock(char **arg)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register reg = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	struct uffdio_zeropage zero = { .mode = 0 };
	struct uffd_msg msg;
	pthread_t one, two;
	int uffd;

	file_fd = must(open(arg[1], O_RDWR | O_CREAT, 0644), arg[1]);
	page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uffd = must(syscall(SYS_userfaultfd, O_CLOEXEC), "userfaultfd");
	must(ioctl(uffd, UFFDIO_API, &api), "UFFDIO_API");
	reg.range.start = zero.range.start = (uintptr_t)page;
	reg.range.len = zero.range.len = 4096;
	must(ioctl(uffd, UFFDIO_REGISTER, &reg), "UFFDIO_REGISTER");
	one = thread_start(write_thread, NULL);
	must(read(uffd, &msg, sizeof(msg)), "read");
	two = thread_start(truncate_thread, NULL);
	while (!waiter || thread_state(waiter) != 'D')
		sleep_us(1000);
	sleep_us(amount(arg[0]) * 1000);
	must(ioctl(uffd, UFFDIO_ZEROPAGE, &zero), "UFFDIO_ZEROPAGE");
	pthread_join(one, NULL);
	pthread_join(two, NULL);
	printf("%d %d\n", holder, waiter);
}

static void do_pipelock(char **arg)
{
	long n = amount(arg[0]);
	int fd[2];

	pipe_make(fd);
	while (n--)
		must(write(fd[1], "x", 1), "write");
}

static void do_unmaps(char **arg)
{
	/* What lies next to a stack is unmapped otherwise. */
	mmap(NULL, 65536, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (long n = amount(arg[0]); n; n--) {
		char *p = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		p[0] = 1;
		must(munmap(p, 65536), "munmap");
	}
}

static uint32_t futex[4]; /* as glibc's pthread_mutex_t begins */
static int futex_go[2], futex_done[2];
static const char *futex_op;
static long futex_rounds, futex_ms;
static volatile pid_t futex_tid;

static long futex_call(int op, uint32_t val, const struct timespec *timeout)
{
	return syscall(SYS_futex, futex, op | FUTEX_PRIVATE_FLAG, val, timeout, NULL, ~0);
}

static long futex_wait_by(const char *op)
{
	struct { uint64_t val, addr; uint32_t flags, pad; } v = {
		.val = 2, .addr = (uintptr_t)futex, .flags = 2 | 128 /* 32 bits, private */,
	};
	struct timespec ts = { futex_ms / 1000, futex_ms % 1000 * 1000000 };

	if (!strcmp(op, "bitset"))
		return futex_call(FUTEX_WAIT_BITSET, 2, NULL);
	if (!strcmp(op, "pi"))
		return futex_call(FUTEX_LOCK_PI, 0, NULL) || futex_call(FUTEX_UNLOCK_PI, 0, NULL);
	if (!strcmp(op, "cond"))
		return futex_call(FUTEX_WAIT, 8, NULL);
	if (!strcmp(op, "timeout"))
		return futex_call(FUTEX_WAIT, 2, &ts);
	if (!strcmp(op, "waitv"))
		return syscall(449, &v, 1, 0, NULL, 0);
	if (!strcmp(op, "wait2"))
		return syscall(455, futex, 2UL, 0xffffffffUL, 2 | 128, NULL, 0);
	return futex_call(FUTEX_WAIT, 2, NULL);
}

static void *futex_thread(void *arg)
{
	futex_tid = syscall(SYS_gettid);
	for (long i = 0; i < futex_rounds; i++) {
		byte_read(futex_go[0]);
		futex_wait_by(futex_op);
		byte_write(futex_done[1]);
	}
	return arg;
}

/* One round of the first thread, which has the lock while the other one waits. */
static void futex_round(void)
{
	bool pi = !strcmp(futex_op, "pi");
	int left = 1;

	if (pi) /* which is free: no system call, as a mutex does */
		__atomic_store_n(futex, getpid(), __ATOMIC_SEQ_CST);
	byte_write(futex_go[1]);
	if (strcmp(futex_op, "again") && strcmp(futex_op, "timeout")) {
		while (left || thread_state(futex_tid) != 'S') {
			sleep_us(100);
			must(ioctl(futex_go[0], FIONREAD, &left), "FIONREAD");
		}
		sleep_us(futex_ms * 1000);
		if (pi)
			must(futex_call(FUTEX_UNLOCK_PI, 0, NULL), "FUTEX_UNLOCK_PI");
		else
			must(futex_call(FUTEX_WAKE, 1, NULL), "FUTEX_WAKE");
	}
	byte_read(futex_done[0]);
}

static void do_futexes(char **arg)
{
	pthread_t t;

	futex_op = arg[0];
	futex_rounds = amount(arg[1]);
	futex_ms = amount(arg[2]);
	if (strcmp(futex_op, "pi")) {
		futex[0] = !strcmp(futex_op, "cond") ? 8 : !strcmp(futex_op, "again") ? 1 : 2;
		futex[2] = getpid();
	}
	if ((!strcmp(futex_op, "waitv") && syscall(449, NULL, 0, 0, NULL, 0) && errno == ENOSYS) ||
	    (!strcmp(futex_op, "wait2") && syscall(455, NULL, 0, 0, ~0, NULL, 0) && errno == ENOSYS)) {
		puts("none");
		return;
	}
	pipe_make(futex_go);
	pipe_make(futex_done);
	t = thread_start(futex_thread, NULL);
	for (long i = 0; i < futex_rounds; i++)
		futex_round();
	printf("%d %d %p\n", getpid(), futex_tid, (void *)futex);
	fflush(stdout);
	byte_read(STDIN_FILENO);
	pthread_join(t, NULL);
}

VERB("futexes", 3, 3, do_futexes);
VERB("inodelock", 2, 2, do_inodelock);
VERB("pipelock", 1, 1, do_pipelock);
VERB("unmaps", 1, 1, do_unmaps);
