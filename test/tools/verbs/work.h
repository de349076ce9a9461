/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of `work` share: how to fail, numbers, memory, children; and the registry of verbs. */
#ifndef WORK_H
#define WORK_H

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define EXIT_CANNOT 77
enum { MANY = 1000 };

/* A function that uprobes and stack traces look for: it must stay one symbol and one frame. */
#if defined(__has_attribute)
#if __has_attribute(noipa)
#define PROBED __attribute__((noinline, used, noipa))
#endif
#endif
#ifndef PROBED
#define PROBED __attribute__((noinline, used))
#endif

struct verb {
	const char *name;
	int min, max; /* number of arguments */
	void (*fn)(char **arg);
};

/* Declares a verb: VERB("open", 2, 2, do_open). Pointers in a linker section are the registry. */
#define VERB(...) VERB_AT(__COUNTER__, __VA_ARGS__)
#define VERB_AT(n, ...) VERB_NAMED(n, __VA_ARGS__)
#define VERB_NAMED(n, ...) \
	static const struct verb verb_##n = { __VA_ARGS__ }; \
	static const struct verb *const verb_at_##n \
	__attribute__((used, section("verbs"))) = &verb_##n

/* The one that runs, for functions that serve several. */
extern const char *verb;

/* "work VERB: message" to stderr, then exit. */
void die(int status, const char *fmt, ...) __attribute__((format(printf, 2, 3), noreturn));
/* The result of a call that must not fail. */
long must(long ret, const char *what);
long number(const char *s);
long amount(const char *s); /* of calls, bytes, milliseconds: not negative */
/* Filled with 'w' and page aligned, as O_DIRECT wants it; lives until the end. */
void *buffer(size_t bytes);
uint64_t now_ns(clockid_t clock);
void sleep_us(long us);
pid_t fork_child(void);
int wait_child(pid_t pid);	/* its wait status */
void wait_success(pid_t pid);	/* dies where it failed */
void pipe_make(int fd[2]);
void byte_read(int fd);		/* dies where the other side is gone */
void byte_write(int fd);
pthread_t thread_start(void *(*fn)(void *), void *arg);
/* What the page cache has of the file, written first, out of it. */
void cache_drop(int fd);
/* Do the verb named by arg[0] with the rest as its arguments. */
void verb_do(char **arg);

#endif
