// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Orders of locks.
 *
 *   lockorder WORD...               a thread for each word, one after the other, takes locks in the
 *                                   order of its letters, and unlocks them in the reverse order: a
 *                                   to h are recursive mutexes, A to H the same by trylock, r and w
 *                                   one read-write lock; +a by timedlock, ?a waits 1 ms for a
 *                                   condition with that mutex, -a unlocks at once, ! destroys and
 *                                   makes anew all mutexes; prints "TID... ADDRESS-OF-A
 *                                   BYTES-OF-EACH" and waits for a line from stdin
 */
#include "work.h"

enum { MUTEXES = 8 };
static pthread_mutex_t mutexes[MUTEXES];
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void mutexes_make(void)
{
	pthread_mutexattr_t attr;

	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	for (int i = 0; i < MUTEXES; i++)
		pthread_mutex_init(&mutexes[i], &attr);
}

PROBED void order_lock(pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
	asm volatile("");
}

static struct timespec soon(int ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	ts.tv_nsec += ms * 1000000;
	ts.tv_sec += ts.tv_nsec / 1000000000;
	ts.tv_nsec %= 1000000000;
	return ts;
}

/* One step of a word; false where nothing is to be unlocked for it. */
static bool order_step(char op, char letter)
{
	pthread_mutex_t *m = &mutexes[(letter | 32) - 'a'];
	struct timespec ts = soon(op == '?' ? 1 : 10000);

	if (op == '+') {
		must(-pthread_mutex_timedlock(m, &ts), "timedlock");
	} else if (op == '?') {
		pthread_cond_timedwait(&cond, m, &ts);
		return false;
	} else if (op == '-') {
		pthread_mutex_unlock(m);
		return false;
	} else if (letter == 'r') {
		pthread_rwlock_rdlock(&rwlock);
	} else if (letter == 'w') {
		pthread_rwlock_wrlock(&rwlock);
	} else if (letter >= 'A' && letter <= 'H') {
		must(-pthread_mutex_trylock(m), "trylock");
	} else {
		order_lock(m);
	}
	return true;
}

PROBED void *order_thread(void *arg)
{
	char taken[64];
	int n = 0;

	for (const char *p = arg; *p; p++) {
		char op = strchr("+?-", *p) ? *p++ : 0;

		if (*p == '!') {
			for (int i = 0; i < MUTEXES; i++)
				pthread_mutex_destroy(&mutexes[i]);
			mutexes_make();
		} else if (order_step(op, *p)) {
			taken[n++] = *p;
		} else if (op == '-') {
			n--;
		}
	}
	while (n--) {
		if (taken[n] == 'r' || taken[n] == 'w')
			pthread_rwlock_unlock(&rwlock);
		else
			pthread_mutex_unlock(&mutexes[(taken[n] | 32) - 'a']);
	}
	printf("%ld ", syscall(SYS_gettid));
	return NULL;
}

static void do_lockorder(char **arg)
{
	mutexes_make();
	for (; *arg; arg++)
		pthread_join(thread_start(order_thread, *arg), NULL);
	printf("%p %zu\n", (void *)mutexes, sizeof(mutexes[0]));
	fflush(stdout);
	byte_read(STDIN_FILENO);
}

VERB("lockorder", 1, MANY, do_lockorder);
