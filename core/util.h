/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What every file of the core leans on: how to complain, exit states, small arithmetic. */
#ifndef UTIL_H
#define UTIL_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The exit states that every tool keeps. */
enum {
	EXIT_OK = 0,
	EXIT_FAIL = 1,
	EXIT_USAGE = 2,
	EXIT_CANNOT = 77, /* this kernel or machine cannot do it */
};

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define PRINTF(f, a) __attribute__((format(printf, f, a)))

/* The name that stands before each message; set once by main(). Points to static or argv memory. */
extern const char *prog_name;

/* One line to stderr, "NAME: message". Control bytes of the message are escaped: it may quote
 * names that came from elsewhere. The program goes on. */
void warn(const char *fmt, ...) PRINTF(1, 2);

/* The same, then exit with `status`, one of EXIT_*. The kernel detaches what was attached, since
 * every link is held by a file descriptor. */
void die(int status, const char *fmt, ...) PRINTF(2, 3) __attribute__((noreturn));

/* One part of so many of the machine's memory, in bytes: what a table takes at most of a small one. */
uint64_t memory_part(unsigned parts);

/* Memory or death (EXIT_FAIL); never NULL, zeroed where it is new. The caller frees. */
void *xalloc(size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);

/* A whole small file as text into `buf`, NUL-terminated and without its last newline. Returns its
 * length, or -errno. */
int file_read(const char *path, char *buf, size_t size);

/* Is there such a file, as seen with the rights that this process has? access() asks for those of the
 * real user, without capabilities. If not, errno says why. */
bool file_there(const char *path);

/* Parse a whole string as a number (decimal, 0x, 0). False when it is not one. */
bool parse_u64(const char *s, uint64_t *v);
bool parse_s64(const char *s, int64_t *v);

/* A file descriptor from which the signals that end a run (SIGINT, SIGTERM, SIGHUP), and with
 * `children` SIGCHLD, are read from now on, so that none slips in between a test and a wait; -1 with
 * errno. */
int signals_open(bool children);

#endif
