// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Functions to probe.
 *
 *   call     N US [spin]            work_call(i, US) xN, i from 0, returns i + 1000; each sleeps
 *                                   (or spins for) at least US microseconds
 *   recurse  DEPTH                  work_recurse(DEPTH) calls itself down to 1: xDEPTH in all
 *   readline N TEXT                readline() xN, a function of its own that returns a copy of
 *                                   TEXT, as that of the library does
 */
#include "work.h"

static bool call_spins;

PROBED long work_call(long i, long us)
{
	uint64_t until = now_ns(CLOCK_MONOTONIC) + us * 1000ULL;

	if (us && !call_spins)
		sleep_us(us);
	while (now_ns(CLOCK_MONOTONIC) < until)
		;
	return i + 1000;
}

static void do_call(char **arg)
{
	long i, n = amount(arg[0]), us = amount(arg[1]);

	call_spins = arg[2] && !strcmp(arg[2], "spin");
	if (arg[2] && !call_spins)
		die(2, "%s: not spin", arg[2]);
	for (i = 0; i < n; i++)
		work_call(i, us);
}

PROBED long work_recurse(long depth)
{
	long below = depth > 1 ? work_recurse(depth - 1) : 0;

	__asm__ volatile("" : "+r"(below)); /* else the recursion could become a loop */
	return below + 1;
}

static void do_recurse(char **arg)
{
	long depth = amount(arg[0]);

	if (depth && work_recurse(depth) != depth)
		die(1, "work_recurse() was not called as often as it should be");
}

static const char *typed;

PROBED char *readline(const char *prompt)
{
	(void)prompt;
	return strdup(typed);
}

static void do_readline(char **arg)
{
	long n = amount(arg[0]);

	for (typed = arg[1]; n; n--)
		free(readline(""));
}

VERB("call", 2, 3, do_call);
VERB("recurse", 1, 1, do_recurse);
VERB("readline", 2, 2, do_readline);
