// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Data through UNIX sockets.
 *
 *   unixdata TYPE CALL PATH DATA N  a child sends N times DATA (%XX is a byte) at once on a socket
 *                                   of TYPE (stream, dgram, seqpacket), which is received by CALL:
 *                                   read, recv, recvmsg (into a buffer of 3 bytes and one for the
 *                                   rest), peek (recv with MSG_PEEK, then without), halves (two
 *                                   recv); PATH is what the receiver is bound to, "@NAME" is
 *                                   abstract, "-" for a socketpair; prints "CHILD BYTES": who has
 *                                   sent, and what the last call returned
 */
#include "work.h"
#include <stddef.h>
#include <sys/un.h>

static size_t data_make(const char *text, long times, char **data)
{
	size_t n = 0;

	*data = buffer(strlen(text) * times + 1);
	for (; times--; )
		for (const char *p = text; *p; p++) {
			unsigned byte = (unsigned char)*p;

			if (*p == '%' && sscanf(p + 1, "%2x", &byte) == 1)
				p += 2;
			(*data)[n++] = byte;
		}
	return n;
}

static int name_make(struct sockaddr_un *name, const char *path)
{
	*name = (struct sockaddr_un){ .sun_family = AF_UNIX };
	strncpy(name->sun_path, path, sizeof(name->sun_path) - 1);
	if (path[0] == '@')
		name->sun_path[0] = 0;
	return offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] != '@');
}

/* The receiving end, and through *other the sending one. */
static int ends_make(int type, const char *path, int *other)
{
	struct sockaddr_un name;
	int fd[2], len = name_make(&name, path);

	if (!strcmp(path, "-")) {
		must(socketpair(AF_UNIX, type, 0, fd), "socketpair");
		*other = fd[1];
		return fd[0];
	}
	unlink(path);
	fd[0] = must(socket(AF_UNIX, type, 0), "socket");
	must(bind(fd[0], (void *)&name, len), "bind");
	if (type != SOCK_DGRAM)
		must(listen(fd[0], 1), "listen");
	*other = must(socket(AF_UNIX, type, 0), "socket");
	must(connect(*other, (void *)&name, len), "connect");
	return type == SOCK_DGRAM ? fd[0] : must(accept(fd[0], NULL, NULL), "accept");
}

static long receive(int fd, const char *call, char *to, size_t n)
{
	struct iovec vec[2] = { { to, 3 }, { to + 3, n } };
	struct msghdr msg = { .msg_iov = vec, .msg_iovlen = 2 };

	if (!strcmp(call, "read"))
		return read(fd, to, n);
	if (!strcmp(call, "recvmsg"))
		return recvmsg(fd, &msg, 0);
	if (!strcmp(call, "peek"))
		must(recv(fd, to, n, MSG_PEEK), "recv");
	if (!strcmp(call, "halves"))
		must(recv(fd, to, n / 2, 0), "recv");
	return recv(fd, to, n, strcmp(call, "halves") ? MSG_WAITALL : 0);
}

static void do_unixdata(char **arg)
{
	int type = !strcmp(arg[0], "stream") ? SOCK_STREAM
		 : !strcmp(arg[0], "dgram") ? SOCK_DGRAM : SOCK_SEQPACKET;
	int other, fd = ends_make(type, arg[2], &other);
	char *data;
	size_t n = data_make(arg[3], amount(arg[4]), &data);
	pid_t child = fork_child();
	long got;

	if (!child) {
		must(send(other, data, n, 0), "send");
		_exit(0);
	}
	if (!strcmp(arg[1], "read") || !strcmp(arg[1], "recvmsg"))
		wait_success(child); /* or they would take what is there already */
	got = must(receive(fd, arg[1], buffer(n + 8), n), arg[1]);
	if (strcmp(arg[1], "read") && strcmp(arg[1], "recvmsg"))
		wait_success(child);
	printf("%d %ld\n", child, got);
}

VERB("unixdata", 5, 5, do_unixdata);
