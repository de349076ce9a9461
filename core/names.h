/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of numbers that the C library has no table for. */
#ifndef NAMES_H
#define NAMES_H

/* SIGKILL, SIGRTMIN+2, or the bare number of what has no name. Returns `text`. */
enum { SIGNAL_NAME_LEN = 16 };
const char *signal_name(int sig, char text[SIGNAL_NAME_LEN]);

/* The number of ENOENT and the like on this architecture, 0 for what is no such name. */
int errno_number(const char *name);

#endif
