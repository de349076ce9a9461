// SPDX-License-Identifier: GPL-2.0-or-later
/*

 */
#include "work.h"

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

VERB("lock", 1, 1, do_lock);
