// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Network: only ever the loopback addresses.
 *
 *   connect4 PORT N                 connect() to loopback xN, close after each; prints how many
 *   connect6, connect46             succeeded; 46: IPv6 sockets, to ::ffff:127.0.0.1
 *   serve4   PORT N                 listens on loopback (port 0: any), prints the port, accept()
 *   serve6                          xN and echoes each connection until its end
 *   tcp4     TX RX                  one connection to a listener in a child: the client sends TX
 *   tcp6, tcp46                     bytes, receives RX bytes, closes first; prints "LPORT RPORT",
 *                                   the client's port and the listener's
 *   tcpreset4                       a connection that its client resets before it is accepted;
 *   tcpreset6                       prints "LPORT RPORT"
 *   tcpgiveup4 MS                   a connect() that nothing answers (the listener's queue is full)
 *                                   and close() after MS milliseconds; prints "LPORT RPORT"
 *   udp4     N BYTES                datagrams of BYTES over loopback, sent xN and received xN;
 *   udp6                            prints "LPORT RPORT", the sender's port and the receiver's
 */
#include "work.h"

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
	};
	socklen_t len;
};

static bool is_v6(void)
{
	return verb[strlen(verb) - 1] == '6';
}

static struct address loopback(long port)
{
	struct address a;

	if (port < 0 || port > 65535)
		die(2, "%ld: not a port", port);
	memset(&a, 0, sizeof(a));
	if (is_v6()) {
		a.in6.sin6_family = AF_INET6;
		a.in6.sin6_addr = in6addr_loopback;
		if (strstr(verb, "46"))
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &a.in6.sin6_addr);
		a.in6.sin6_port = htons(port);
		a.len = sizeof(a.in6);
	} else {
		a.in4.sin_family = AF_INET;
		a.in4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.in4.sin_port = htons(port);
		a.len = sizeof(a.in4);
	}
	return a;
}

static int port_of(int fd)
{
	struct address a = { .len = sizeof(a.in6) };

	must(getsockname(fd, &a.sa, &a.len), "getsockname");
	return ntohs(is_v6() ? a.in6.sin6_port : a.in4.sin_port);
}

static int socket_make(int type)
{
	int fd = socket(is_v6() ? AF_INET6 : AF_INET, type, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		die(EXIT_CANNOT, "this kernel has no IPv%d", is_v6() ? 6 : 4);
	return must(fd, "socket");
}

static int socket_bound(int type, long port)
{
	struct address a = loopback(port);
	int fd = socket_make(type), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	must(bind(fd, &a.sa, a.len), "bind");
	return fd;
}

static int listener(long port)
{
	int fd = socket_bound(SOCK_STREAM, port);

	must(listen(fd, 128), "listen");
	return fd;
}

static void send_all(int fd, long bytes)
{
	static char buf[65536];

	while (bytes > 0) {
		long most = bytes < (long)sizeof(buf) ? bytes : (long)sizeof(buf);

		bytes -= must(send(fd, buf, most, MSG_NOSIGNAL), "send");
	}
}

static void receive_all(int fd, long bytes)
{
	static char buf[65536];

	while (bytes > 0) {
		long most = bytes < (long)sizeof(buf) ? bytes : (long)sizeof(buf);
		long n = must(recv(fd, buf, most, 0), "recv");

		if (!n)
			die(1, "the connection ended early");
		bytes -= n;
	}
}

static void do_connect(char **arg)
{
	struct address a = loopback(number(arg[0]));
	long i, n = amount(arg[1]), connected = 0;

	for (i = 0; i < n; i++) {
		int fd = socket_make(SOCK_STREAM);

		connected += !connect(fd, &a.sa, a.len);
		close(fd);
	}
	printf("%ld\n", connected);
}

static void do_serve(char **arg)
{
	int fd = listener(number(arg[0]));
	long n = amount(arg[1]);
	static char buf[65536];

	printf("%d\n", port_of(fd));
	fflush(stdout);
	while (n--) {
		int c = must(accept(fd, NULL, NULL), "accept");
		long got;

		while ((got = recv(c, buf, sizeof(buf), 0)) > 0)
			send_all(c, got);
		close(c);
	}
}

static void do_tcp(char **arg)
{
	long tx = amount(arg[0]), rx = amount(arg[1]);
	int l = listener(0), fd;
	struct address a = loopback(port_of(l));
	pid_t pid = fork_child();
	char c;

	if (!pid) {
		fd = must(accept(l, NULL, NULL), "accept");
		receive_all(fd, tx);
		send_all(fd, rx);
		/* until the client has closed: the order of the two ends is fixed */
		_exit(must(recv(fd, &c, 1, 0), "recv") != 0);
	}
	fd = socket_make(SOCK_STREAM);
	must(connect(fd, &a.sa, a.len), "connect");
	printf("%d %d\n", port_of(fd), port_of(l));
	close(l);
	send_all(fd, tx);
	receive_all(fd, rx);
	close(fd);
	wait_success(pid);
}

static void do_tcpreset(char **arg)
{
	struct linger at_once = { .l_onoff = 1 };
	int l = listener(0), fd = socket_make(SOCK_STREAM);
	struct address a = loopback(port_of(l));

	(void)arg;
	must(connect(fd, &a.sa, a.len), "connect");
	printf("%d %d\n", port_of(fd), port_of(l));
	must(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "setsockopt");
	close(fd);
	close(l);
}

/* A listener with a queue of one takes two connections at most; SYNs beyond that are dropped. */
static void do_tcpgiveup(char **arg)
{
	long ms = number(arg[0]);
	int l = socket_bound(SOCK_STREAM, 0), fd = -1;
	struct address a = loopback(port_of(l));
	struct timespec wait = { ms / 1000, ms % 1000 * 1000000 };

	must(listen(l, 0), "listen");
	for (int i = 0; i < 4; i++) {
		struct pollfd p;

		fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket");
		if (!connect(fd, &a.sa, a.len))
			continue;
		p = (struct pollfd){ .fd = fd, .events = POLLOUT };
		if (!poll(&p, 1, 20))
			break;
	}
	printf("%d %d\n", port_of(fd), port_of(l));
	nanosleep(&wait, NULL);
	close(fd);
}

static void do_udp(char **arg)
{
	long n = amount(arg[0]), bytes = amount(arg[1]);
	int from = socket_bound(SOCK_DGRAM, 0), to = socket_bound(SOCK_DGRAM, 0);
	struct address a = loopback(port_of(to));
	char *buf = buffer(bytes);

	printf("%d %d\n", port_of(from), port_of(to));
	while (n--) {
		must(sendto(from, buf, bytes, 0, &a.sa, a.len), "sendto");
		if (must(recv(to, buf, bytes, 0), "recv") != bytes)
			die(1, "a datagram was cut");
	}
}

VERB("connect4", 2, 2, do_connect);
VERB("connect6", 2, 2, do_connect);
VERB("connect46", 2, 2, do_connect);
VERB("tcp46", 2, 2, do_tcp);
VERB("tcpreset4", 0, 0, do_tcpreset);
VERB("tcpreset6", 0, 0, do_tcpreset);
VERB("tcpgiveup4", 1, 1, do_tcpgiveup);
VERB("serve4", 2, 2, do_serve);
VERB("serve6", 2, 2, do_serve);
VERB("tcp4", 2, 2, do_tcp);
VERB("tcp6", 2, 2, do_tcp);
VERB("udp4", 2, 2, do_udp);
VERB("udp6", 2, 2, do_udp);
