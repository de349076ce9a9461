// SPDX-License-Identifier: GPL-2.0-or-later
/*
 *   watch    N                      writes 1 to N into a variable, watched_word, and reads it each
 *                                   time; a thread that it then starts N + 1 to 2N
 */
#include "work.h"

volatile uint64_t watched_word;
volatile uint64_t watched_sum;

static PROBED void watch_writes(uint64_t from, uint64_t n)
{
	for (uint64_t i = from; i < from + n; i++) {
		watched_word = i;
		watched_sum += watched_word;
	}
}

static void *watch_thread(void *arg)
{
	uint64_t n = (uintptr_t)arg;

	watch_writes(n + 1, n);
	return NULL;
}

static void do_watch(char **arg)
{
	uint64_t n = amount(arg[0]);
	pthread_t thread;

	watch_writes(1, n);
	if (pthread_create(&thread, NULL, watch_thread, (void *)(uintptr_t)n) ||
	    pthread_join(thread, NULL))
		die(1, "no thread");
}

VERB("watch", 1, 1, do_watch);
