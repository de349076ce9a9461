/* SPDX-License-Identifier: GPL-2.0-or-later */
/* System calls by number and name, of this architecture and of the 32-bit one beside it. */
#ifndef SYSCALLS_H
#define SYSCALLS_H

#include "util.h"

/* The name, or NULL where the table has none (or there is no table: 32-bit calls on riscv64). */
const char *syscall_name(int nr, bool compat);
/* The number of a system call of this architecture, -1 if it has none of that name. */
int syscall_number(const char *name);

#endif
