// SPDX-License-Identifier: GPL-2.0-or-later
// Names of system calls, from tables that scripts/syscall-tables writes.
#include "syscalls.h"

#include <string.h>

/* Names by number, each with its NUL, "" for unused ones. */
static const char native[] =
#if defined(__x86_64__)
#include "syscalls/x86_64.h"
#elif defined(__aarch64__)
#include "syscalls/arm64.h"
#elif defined(__arm__)
#include "syscalls/arm.h"
#elif defined(__riscv)
#include "syscalls/riscv64.h"
#else
#error "no table of system calls: add this architecture to scripts/syscall-tables"
#endif
	;

static const char compats[] =
#if defined(__x86_64__)
#include "syscalls/i386.h"
#elif defined(__aarch64__)
#include "syscalls/arm.h"
#else
	""
#endif
	;

static const char *entry(const char *table, size_t size, int nr)
{
	const char *p = table;

	/* The literal's own NUL, behind the last name's, ends it. */
	while (nr-- > 0 && p < table + size - 1)
		p += strlen(p) + 1;
	return p < table + size - 1 && *p ? p : NULL;
}

const char *syscall_name(int nr, bool compat)
{
	if (nr < 0)
		return NULL;
	return compat ? entry(compats, sizeof(compats), nr) : entry(native, sizeof(native), nr);
}

int syscall_number(const char *name)
{
	const char *p = native;

	for (int nr = 0; p < native + sizeof(native) - 1; nr++, p += strlen(p) + 1)
		if (!strcmp(p, name))
			return nr;
	return -1;
}
