// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams: UDP over loopback (NAME6 is over IPv6, NAME46 IPv4 over IPv6 sockets).
 *
 *   udpsend4   PORT N BYTES         one socket sends N datagrams of BYTES to PORT, whoever is there;
 *                                   prints "LPORT RPORT"
 *   udpflood4  N BYTES              N datagrams of BYTES to a socket with as little room as the kernel
 *                                   allows, which reads none until the end; prints "LPORT RPORT" and,
 *                                   as a second line, how many it had room for
 *   udpecho4   N BYTES MORE         a connected socket sends N datagrams of BYTES, each of which is
 *                                   answered with BYTES + MORE by a socket of a child's that is not
 *                                   connected; prints "LPORT RPORT"
 *   udphold4   N                    as udpecho4 N 10 0, then both sockets stay open until a line comes
 *                                   on stdin
 *   udpmany4   PORT N               one socket sends a datagram to each of N ports from PORT on; prints
 *                                   the local port
 *   unixdrop   BYTES                a datagram of BYTES between two UNIX sockets, which nobody reads
 */
#include "work.h"

static bool is_v6(void)
{
	return verb[strlen(verb) - 1] == '6';
}

struct end {
	int fd, port;
};

static socklen_t loopback(struct sockaddr_storage *a, int port)
{
	struct sockaddr_in6 *in6 = (void *)a;
	struct sockaddr_in *in4 = (void *)a;

	memset(a, 0, sizeof(*a));
	if (is_v6()) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = in6addr_loopback;
		if (strstr(verb, "46"))
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6->sin6_addr);
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	in4->sin_family = AF_INET;
	in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in4->sin_port = htons(port);
	return sizeof(*in4);
}

static struct end end_make(void)
{
	struct sockaddr_storage a;
	socklen_t len = loopback(&a, 0);
	struct end e;

	e.fd = socket(is_v6() ? AF_INET6 : AF_INET, SOCK_DGRAM, 0);
	if (e.fd < 0 && errno == EAFNOSUPPORT)
		die(EXIT_CANNOT, "this kernel has no IPv%d", is_v6() ? 6 : 4);
	must(e.fd, "socket");
	must(bind(e.fd, (struct sockaddr *)&a, len), "bind");
	must(getsockname(e.fd, (struct sockaddr *)&a, &len), "getsockname");
	e.port = ntohs(is_v6() ? ((struct sockaddr_in6 *)&a)->sin6_port
			       : ((struct sockaddr_in *)&a)->sin_port);
	return e;
}

static void send_to(const struct end *from, int port, long n, long bytes)
{
	struct sockaddr_storage a;
	socklen_t len = loopback(&a, port);
	char *buf = buffer(bytes);

	while (n--)
		must(sendto(from->fd, buf, bytes, 0, (struct sockaddr *)&a, len), "sendto");
}

static void do_udpsend(char **arg)
{
	struct end from = end_make();
	long port = number(arg[0]);

	printf("%d %ld\n", from.port, port);
	send_to(&from, port, amount(arg[1]), amount(arg[2]));
}

static void do_udpflood(char **arg)
{
	struct end from = end_make(), to = end_make();
	int least = 1;
	long got = 0;
	char c;

	must(setsockopt(to.fd, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least)), "setsockopt");
	printf("%d %d\n", from.port, to.port);
	send_to(&from, to.port, amount(arg[0]), amount(arg[1]));
	while (recv(to.fd, &c, 1, MSG_DONTWAIT) > 0)
		got++;
	printf("%ld\n", got);
}

/* The child ends when the parent does: with the last of these. */
static void echo(int fd, long n, long bytes, long more)
{
	char *buf = buffer(bytes + more);
	struct sockaddr_storage a;

	while (n--) {
		socklen_t len = sizeof(a);

		if (must(recvfrom(fd, buf, bytes, 0, (struct sockaddr *)&a, &len), "recvfrom") != bytes)
			die(1, "a datagram was cut");
		must(sendto(fd, buf, bytes + more, 0, (struct sockaddr *)&a, len), "sendto");
	}
}

static void ask(int fd, long n, long bytes, long more)
{
	char *buf = buffer(bytes + more);

	while (n--) {
		must(send(fd, buf, bytes, 0), "send");
		if (must(recv(fd, buf, bytes + more, 0), "recv") != bytes + more)
			die(1, "a datagram was cut");
	}
}

static void exchange(long n, long bytes, long more, bool hold)
{
	struct end from = end_make(), to = end_make();
	struct sockaddr_storage a;
	socklen_t len = loopback(&a, to.port);
	int go[2];
	pid_t pid;
	char c;

	pipe_make(go);
	pid = fork_child();
	if (!pid) {
		close(from.fd);
		echo(to.fd, n, bytes, more);
		byte_read(go[0]);
		_exit(0);
	}
	close(to.fd);
	must(connect(from.fd, (struct sockaddr *)&a, len), "connect");
	ask(from.fd, n, bytes, more);
	printf("%d %d\n", from.port, to.port);
	fflush(stdout);
	if (hold)
		must(read(0, &c, 1), "read");
	byte_write(go[1]);
	close(from.fd);
	wait_success(pid);
}

static void do_udpecho(char **arg)
{
	exchange(amount(arg[0]), amount(arg[1]), amount(arg[2]), false);
}

static void do_udphold(char **arg)
{
	exchange(amount(arg[0]), 10, 0, true);
}

static void do_udpmany(char **arg)
{
	struct end from = end_make();
	long port = number(arg[0]), n = amount(arg[1]);

	printf("%d\n", from.port);
	while (n--)
		send_to(&from, port++, 1, 10);
}

static void do_unixdrop(char **arg)
{
	long bytes = amount(arg[0]);
	int fd[2];

	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, fd), "socketpair");
	must(send(fd[0], buffer(bytes), bytes, 0), "send");
	close(fd[0]);
	close(fd[1]);
}

VERB("unixdrop", 1, 1, do_unixdrop);
VERB("udpecho4", 3, 3, do_udpecho);
VERB("udpecho6", 3, 3, do_udpecho);
VERB("udpecho46", 3, 3, do_udpecho);
VERB("udphold4", 1, 1, do_udphold);
VERB("udphold6", 1, 1, do_udphold);
VERB("udpmany4", 2, 2, do_udpmany);
VERB("udpsend4", 3, 3, do_udpsend);
VERB("udpsend6", 3, 3, do_udpsend);
VERB("udpflood4", 2, 2, do_udpflood);
VERB("udpflood6", 2, 2, do_udpflood);
