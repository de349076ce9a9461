// SPDX-License-Identifier: GPL-2.0-or-later
/*

 */
#include "work.h"

static const struct {
	const char *name;
	long nr, arg;
} plain_calls[] = {
	{ "getppid", SYS_getppid, 0 },	       { "getpid", SYS_getpid, 0 },
	{ "gettid", SYS_gettid, 0 },	       { "getuid", SYS_getuid, 0 },
	{ "sched_yield", SYS_sched_yield, 0 }, { "close", SYS_close, -1 },
	{ "read", SYS_read, -1 },
};

static void do_syscalls(char **arg)
{
	long n = amount(arg[1]);
	size_t i;

	for (i = 0; i < ARRAY_LEN(plain_calls); i++)
		if (!strcmp(arg[0], plain_calls[i].name))
			break;
	if (i == ARRAY_LEN(plain_calls))
		die(2, "%s: not one of the system calls known here", arg[0]);
	while (n--)
		syscall(plain_calls[i].nr, plain_calls[i].arg, NULL, 0);
}

VERB("syscalls", 2, 2, do_syscalls);
