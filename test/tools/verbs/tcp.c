// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * TCP connections over loopback that go through particular troubles. Those with two ends have the
 * server in a child. Each prints "LPORT RPORT", the client's port and the listener's. NAME6 is
 * over IPv6, NAME46 IPv4 over IPv6 sockets.
 *
 *   tcplate4   BYTES MS             the client sends BYTES in one go, the server reads MS
 *                                   milliseconds later; the client closes first
 *   tcpdrip4   N MS                 the client sends N bytes, one each MS milliseconds; then the server
 *                                   reads all at once
 *   tcpqueue4  MS                   accept() comes MS milliseconds after connect()
 *   tcphold4   TX RX                connects and accepts, prints the ports, waits for a line on
 *                                   stdin; then as tcp4
 *   tcploss4   BYTES MS             what the client sends is dropped by a socket filter of the
 *                                   server's for MS milliseconds; then it arrives (sent again)
 *   tcpabort4                       the client resets a connection that was accepted
 *   tcpsynloss4 MS                  a connect() whose SYNs are dropped for MS milliseconds (the
 *                                   listener's queue is full), and which succeeds then
 *   tcpcrowd4  BACKLOG N            N connects to one listener with that backlog, none accepted;
 *                                   LPORT is the last one's
 *   dns4       NAME ADDR            an answer of the DNS from 127.99.0.1:53 to a socket on loopback:
 *                                   NAME (an IN A question) is an alias of alias.test, which has ADDR
 *   dns6       NAME ADDR            the same with AAAA, from ::1:53
 *   netns      VERB ARGS...         does VERB in a network namespace of its own, with loopback; its
 *                                   inode number goes before, as a line
 */
#include "work.h"

#include <linux/filter.h>
#include <net/if.h>
#include <sched.h>

#ifndef CLONE_NEWNET
#define CLONE_NEWNET 0x40000000
#endif

struct ends {
	int client, listener, server;
	int port, listener_port;
	socklen_t len;
	struct sockaddr_storage address;
};

static bool is_v6(void)
{
	return verb[strlen(verb) - 1] == '6';
}

static int port_of(int fd)
{
	struct sockaddr_storage a = { 0 };
	socklen_t len = sizeof(a);

	must(getsockname(fd, (struct sockaddr *)&a, &len), "getsockname");
	return ntohs(is_v6() ? ((struct sockaddr_in6 *)&a)->sin6_port
			     : ((struct sockaddr_in *)&a)->sin_port);
}

static int tcp_socket(int flags)
{
	int fd = socket(is_v6() ? AF_INET6 : AF_INET, SOCK_STREAM | flags, 0);

	if (fd < 0 && errno == EAFNOSUPPORT)
		die(EXIT_CANNOT, "this kernel has no IPv%d", is_v6() ? 6 : 4);
	return must(fd, "socket");
}

static void address_make(struct ends *e, int port)
{
	struct sockaddr_in6 *in6 = (void *)&e->address;
	struct sockaddr_in *in4 = (void *)&e->address;

	memset(&e->address, 0, sizeof(e->address));
	if (is_v6()) {
		in6->sin6_family = AF_INET6;
		in6->sin6_addr = in6addr_loopback;
		if (strstr(verb, "46"))
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &in6->sin6_addr);
		in6->sin6_port = htons(port);
		e->len = sizeof(*in6);
	} else {
		in4->sin_family = AF_INET;
		in4->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		in4->sin_port = htons(port);
		e->len = sizeof(*in4);
	}
}

static void ends_listen(struct ends *e, int backlog)
{
	memset(e, 0, sizeof(*e));
	e->listener = tcp_socket(0);
	address_make(e, 0);
	must(bind(e->listener, (struct sockaddr *)&e->address, e->len), "bind");
	must(listen(e->listener, backlog), "listen");
	e->listener_port = port_of(e->listener);
	address_make(e, e->listener_port);
}

static void ends_connect(struct ends *e)
{
	e->client = tcp_socket(0);
	must(connect(e->client, (struct sockaddr *)&e->address, e->len), "connect");
	e->port = port_of(e->client);
	printf("%d %d\n", e->port, e->listener_port);
	fflush(stdout);
}

static void accept_one(struct ends *e)
{
	e->server = must(accept(e->listener, NULL, NULL), "accept");
}

static void move(int fd, long bytes, bool out)
{
	char *buf = buffer(65536);

	while (bytes > 0) {
		long most = bytes < 65536 ? bytes : 65536;
		long n = must(out ? send(fd, buf, most, MSG_NOSIGNAL) : recv(fd, buf, most, 0),
			      out ? "send" : "recv");

		if (!n)
			die(1, "the connection ended early");
		bytes -= n;
	}
}

static void await_close(int fd)
{
	char c;

	if (must(recv(fd, &c, 1, 0), "recv"))
		die(1, "more came than was sent");
}

static void do_tcplate(char **arg)
{
	long bytes = amount(arg[0]), ms = amount(arg[1]);
	struct ends e;
	int ready[2];
	pid_t pid;

	pipe_make(ready);
	ends_listen(&e, 16);
	pid = fork_child();
	if (!pid) {
		accept_one(&e);
		byte_read(ready[0]); /* all is sent, and on loopback that is: received */
		sleep_us(ms * 1000);
		move(e.server, bytes, false);
		await_close(e.server);
		_exit(0);
	}
	ends_connect(&e);
	move(e.client, bytes, true);
	byte_write(ready[1]);
	sleep_us(ms * 2000);
	close(e.client);
	wait_success(pid);
}

static void do_tcpdrip(char **arg)
{
	long n = amount(arg[0]), ms = amount(arg[1]), all = n;
	struct ends e;

	ends_listen(&e, 16);
	ends_connect(&e);
	accept_one(&e);
	while (n--) {
		move(e.client, 1, true);
		sleep_us(ms * 1000);
	}
	move(e.server, all, false);
}

static void do_tcpqueue(char **arg)
{
	long ms = amount(arg[0]);
	struct ends e;

	ends_listen(&e, 16);
	ends_connect(&e);
	sleep_us(ms * 1000);
	accept_one(&e);
}

static void do_tcphold(char **arg)
{
	long tx = amount(arg[0]), rx = amount(arg[1]);
	struct ends e;
	char line[16];
	int ready[2];
	pid_t pid;

	pipe_make(ready);
	ends_listen(&e, 16);
	pid = fork_child();
	if (!pid) {
		accept_one(&e);
		byte_write(ready[1]);
		move(e.server, tx, false);
		move(e.server, rx, true);
		await_close(e.server);
		_exit(0);
	}
	e.client = tcp_socket(0);
	must(connect(e.client, (struct sockaddr *)&e.address, e.len), "connect");
	byte_read(ready[0]);
	printf("%d %d\n", port_of(e.client), e.listener_port);
	fflush(stdout);
	if (!fgets(line, sizeof(line), stdin))
		die(1, "no line came");
	move(e.client, tx, true);
	move(e.client, rx, false);
	close(e.client);
	wait_success(pid);
}

static void do_tcploss(char **arg)
{
	long bytes = amount(arg[0]), ms = amount(arg[1]);
	struct sock_filter none = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog filter = { 1, &none };
	struct ends e;
	int off = 0;

	ends_listen(&e, 16);
	ends_connect(&e);
	accept_one(&e);
	must(setsockopt(e.server, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)), "filter");
	move(e.client, bytes, true);
	sleep_us(ms * 1000);
	must(setsockopt(e.server, SOL_SOCKET, SO_DETACH_FILTER, &off, sizeof(off)), "filter");
	move(e.server, bytes, false);
	close(e.client);
	await_close(e.server);
}

static void do_tcpabort(char **arg)
{
	struct linger at_once = { .l_onoff = 1 };
	struct ends e;
	char c;

	(void)arg;
	ends_listen(&e, 16);
	ends_connect(&e);
	accept_one(&e);
	must(setsockopt(e.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), "setsockopt");
	close(e.client);
	if (recv(e.server, &c, 1, 0) >= 0 || errno != ECONNRESET)
		die(1, "no reset came");
}

/* The queue of a listener with backlog 0 takes one; SYNs that find it full are dropped. */
static void do_tcpsynloss(char **arg)
{
	long ms = amount(arg[0]);
	struct pollfd p = { .events = POLLOUT };
	struct ends e;
	int first;

	ends_listen(&e, 0);
	first = tcp_socket(0);
	must(connect(first, (struct sockaddr *)&e.address, e.len), "connect");
	sleep_us(50000); /* until the handshake is done at that end, too */
	e.client = tcp_socket(SOCK_NONBLOCK);
	if (!connect(e.client, (struct sockaddr *)&e.address, e.len) || errno != EINPROGRESS)
		die(1, "the queue is not full");
	printf("%d %d\n", port_of(e.client), e.listener_port);
	fflush(stdout);
	sleep_us(ms * 1000);
	accept_one(&e);
	p.fd = e.client;
	if (must(poll(&p, 1, 60000), "poll") != 1 || !(p.revents & POLLOUT))
		die(1, "it did not connect");
	accept_one(&e);
}

static void do_tcpcrowd(char **arg)
{
	long backlog = amount(arg[0]), n = amount(arg[1]);
	struct ends e;

	ends_listen(&e, backlog);
	while (n--) {
		e.client = tcp_socket(0);
		must(connect(e.client, (struct sockaddr *)&e.address, e.len), "connect");
		sleep_us(2000); /* until the handshake is done at the other end, too */
	}
	printf("%d %d\n", port_of(e.client), e.listener_port);
}

static size_t dns_name(unsigned char *to, const char *name)
{
	unsigned char *p = to;

	while (*name) {
		size_t n = strcspn(name, ".");

		*p++ = n;
		memcpy(p, name, n);
		p += n;
		name += n + (name[n] == '.');
	}
	*p++ = 0;
	return p - to;
}

/* Header: an answer, one question, two records. */
static size_t dns_answer(unsigned char *p, const char *name, const char *addr)
{
	static const unsigned char header[12] = { 18, 52, 0x81, 0x80, 0, 1, 0, 2 };
	unsigned char type = is_v6() ? 28 : 1, size = is_v6() ? 16 : 4;
	unsigned char alias[32], *at = p;

	memcpy(at, header, 12);
	at += 12;
	at += dns_name(at, name);
	memcpy(at, (unsigned char[]){ 0, type, 0, 1 }, 4);
	at += 4;
	/* the name above, CNAME, IN, an hour */
	memcpy(at, (unsigned char[]){ 0xc0, 12, 0, 5, 0, 1, 0, 0, 14, 16, 0 }, 11);
	at += 11;
	*at++ = dns_name(alias, "alias.test");
	memcpy(at, alias, at[-1]);
	at += at[-1];
	at += dns_name(at, "alias.test");
	memcpy(at, (unsigned char[]){ 0, type, 0, 1, 0, 0, 14, 16, 0, size }, 10);
	at += 10;
	if (inet_pton(is_v6() ? AF_INET6 : AF_INET, addr, at) != 1)
		die(2, "%s: not an address", addr);
	return at + size - p;
}

static void do_dns(char **arg)
{
	int family = is_v6() ? AF_INET6 : AF_INET;
	int from = must(socket(family, SOCK_DGRAM, 0), "socket");
	int to = must(socket(family, SOCK_DGRAM, 0), "socket");
	unsigned char packet[1024], got[1024];
	struct ends e = { 0 };
	size_t n;

	if (strlen(arg[0]) > 250)
		die(2, "%s: too long", arg[0]);
	n = dns_answer(packet, arg[0], arg[1]);
	address_make(&e, 0);
	must(bind(to, (struct sockaddr *)&e.address, e.len), "bind");
	address_make(&e, 53);
	if (!is_v6())
		inet_pton(AF_INET, "127.99.0.1", &((struct sockaddr_in *)&e.address)->sin_addr);
	must(bind(from, (struct sockaddr *)&e.address, e.len), "bind to port 53");
	address_make(&e, port_of(to));
	must(sendto(from, packet, n, 0, (struct sockaddr *)&e.address, e.len), "sendto");
	if (must(recv(to, got, sizeof(got), 0), "recv") != (long)n)
		die(1, "a part came");
}

static void do_netns(char **arg)
{
	struct ifreq lo = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	struct stat st;
	int fd;

	if (unshare(CLONE_NEWNET))
		die(errno == EINVAL || errno == ENOSYS ? EXIT_CANNOT : 1, "unshare: %s",
		    strerror(errno));
	fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	must(ioctl(fd, SIOCSIFFLAGS, &lo), "loopback up");
	close(fd);
	must(stat("/proc/self/ns/net", &st), "/proc/self/ns/net");
	printf("%lu\n", (unsigned long)st.st_ino);
	fflush(stdout);
	verb_do(arg);
}

VERB("tcplate4", 2, 2, do_tcplate);
VERB("tcplate6", 2, 2, do_tcplate);
VERB("tcplate46", 2, 2, do_tcplate);
VERB("tcpdrip4", 2, 2, do_tcpdrip);
VERB("tcpqueue4", 1, 1, do_tcpqueue);
VERB("tcpqueue6", 1, 1, do_tcpqueue);
VERB("tcphold4", 2, 2, do_tcphold);
VERB("tcphold6", 2, 2, do_tcphold);
VERB("tcploss4", 2, 2, do_tcploss);
VERB("tcploss6", 2, 2, do_tcploss);
VERB("tcploss46", 2, 2, do_tcploss);
VERB("tcpabort4", 0, 0, do_tcpabort);
VERB("tcpabort6", 0, 0, do_tcpabort);
VERB("tcpsynloss4", 1, 1, do_tcpsynloss);
VERB("tcpsynloss6", 1, 1, do_tcpsynloss);
VERB("tcpcrowd4", 2, 2, do_tcpcrowd);
VERB("tcpcrowd6", 2, 2, do_tcpcrowd);
VERB("tcpcrowd46", 2, 2, do_tcpcrowd);
VERB("dns4", 2, 2, do_dns);
VERB("dns6", 2, 2, do_dns);
VERB("netns", 1, MANY, do_netns);
