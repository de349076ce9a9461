// SPDX-License-Identifier: GPL-2.0-or-later
// Complaints, memory, small files, numbers and signals.
#include "util.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

const char *prog_name = "bpftools";

/* A message may quote a file name or a command line: nothing in it may drive the terminal. */
static void complain(const char *fmt, va_list ap)
{
	char text[1024], line[4 * sizeof(text)];
	size_t n = 0;

	vsnprintf(text, sizeof(text), fmt, ap);
	for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
		if (*p < 0x20 || *p == 0x7f)
			n += snprintf(line + n, sizeof(line) - n, "\\x%02x", *p);
		else
			line[n++] = *p;
	}
	line[n] = 0;
	fprintf(stderr, "%s: %s\n", prog_name, line);
}

void warn(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
}

void die(int status, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	complain(fmt, ap);
	va_end(ap);
	exit(status);
}

uint64_t memory_part(unsigned parts)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / parts;
}

void *xalloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		die(EXIT_FAIL, "out of memory (%zu bytes)", size);
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		die(EXIT_FAIL, "out of memory (%zu bytes)", size);
	return p;
}

char *xstrdup(const char *s)
{
	size_t n = strlen(s) + 1;

	return memcpy(xalloc(n), s, n);
}

int file_read(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n, err;
	size_t got = 0;

	if (fd < 0)
		return -errno;
	while (got < size - 1 && (n = read(fd, buf + got, size - 1 - got)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			err = -errno;
			close(fd);
			return err;
		}
		got += n;
	}
	close(fd);
	if (got && buf[got - 1] == '\n')
		got--;
	buf[got] = 0;
	return got;
}

bool file_there(const char *path)
{
	struct stat st;

	return !stat(path, &st);
}

bool parse_u64(const char *s, uint64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)*s))
		return false;
	errno = 0;
	*v = strtoull(s, &end, 0);
	return !errno && !*end;
}

bool parse_s64(const char *s, int64_t *v)
{
	char *end;

	if (!isdigit((unsigned char)*s) && !(*s == '-' && isdigit((unsigned char)s[1])))
		return false;
	errno = 0;
	*v = strtoll(s, &end, 0);
	return !errno && !*end;
}

int signals_open(bool children)
{
	static const int taken[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };
	struct sigaction was;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < ARRAY_LEN(taken) - !children; i++) {
		sigaction(taken[i], NULL, &was);
		/* nohup means it; but a shell's background job must not miss its Ctrl-C. */
		if (taken[i] == SIGHUP && was.sa_handler == SIG_IGN)
			continue;
		signal(taken[i], SIG_DFL);
		sigaddset(&set, taken[i]);
	}
	signal(SIGPIPE, SIG_IGN);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
