// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Datagrams: UDP over loopback (NAME6 is over IPv6).
 *
 *   udpsend4   PORT N BYTES         one socket sends N datagrams of BYTES to PORT, whoever is there;
 *                                   prints "LPORT RPORT"
 *   udpflood4  N BYTES              N datagrams of BYTES to a socket with as little room as the kernel
 *                                   allows, which reads none until the end; prints "LPORT RPORT" and,
 *                                   as a second line, how many it had room for
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
VERB("udpsend4", 3, 3, do_udpsend);
VERB("udpsend6", 3, 3, do_udpsend);
VERB("udpflood4", 2, 2, do_udpflood);
VERB("udpflood6", 2, 2, do_udpflood);
