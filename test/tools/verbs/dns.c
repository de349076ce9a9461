// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A server of the DNS, and who asks it.
 *
 *   dnsserve ADDR PORT              serves UDP and TCP until it is killed; prints a line when it does.
 *                                   Of a name (A, AAAA; other types get no records) the first label
 *                                   tells what comes: nx... is NXDOMAIN, slowMS an answer after MS
 *                                   milliseconds, lost... none, twice... one to each second query
 *                                   only, refused... REFUSED without the question; all others are
 *                                   aliases of alias.test, which has 10.1.2.3 and fd00::1:2:3
 *   dnsask   ADDR PORT PROTO TYPE NAME...
 *                                   asks for one name after the other (type: a number), with ids from
 *                                   1 on, by one socket; PROTO is udp, tcp, or split: tcp, the length
 *                                   and the message by themselves. For lost... it does not wait; for
 *                                   twice... it asks twice; "garbage" is a message that is none.
 *                                   Prints the local port
 */
#include "work.h"

static socklen_t address_make(struct sockaddr_storage *a, const char *text, long port)
{
	struct sockaddr_in6 *in6 = (void *)a;
	struct sockaddr_in *in4 = (void *)a;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		return sizeof(*in6);
	}
	if (inet_pton(AF_INET, text, &in4->sin_addr) != 1)
		die(2, "%s: not an address", text);
	in4->sin_family = AF_INET;
	in4->sin_port = htons(port);
	return sizeof(*in4);
}

static bool begins(const unsigned char *packet, const char *what)
{
	return packet[12] >= strlen(what) && !memcmp(packet + 13, what, strlen(what));
}

static unsigned char *record_put(unsigned char *p, const unsigned char *name, int type,
				 const void *data, size_t size)
{
	memcpy(p, name, 2); /* a pointer */
	p += 2;
	memcpy(p, (unsigned char[]){ 0, type, 0, 1, 0, 0, 0, 60, 0, size }, 10);
	memcpy(p + 10, data, size);
	return p + 10 + size;
}

/* Makes an answer of the query in `packet`; its size, 0 for none. */
static size_t answer_make(unsigned char *packet, size_t size)
{
	static const unsigned char question[2] = { 0xc0, 12 };
	static const unsigned char alias[12] = "\5alias\4test", ip4[4] = { 10, 1, 2, 3 };
	static const unsigned char ip6[16] = { 0xfd, [11] = 1, [13] = 2, [15] = 3 };
	static int twice;
	unsigned char *end = packet + size, *p = end, to_alias[2];
	int type;

	if (size < 17 || begins(packet, "lost") || (begins(packet, "twice") && twice++ % 2 == 0))
		return 0;
	if (begins(packet, "slow"))
		sleep_us(atol((char *)packet + 13 + 4) * 1000);
	packet[2] |= 0x80;
	packet[3] = 0x80;
	if (begins(packet, "refused")) {
		packet[3] |= 5;
		packet[5] = 0;
		return 12;
	}
	if (begins(packet, "nx")) {
		packet[3] |= 3;
		return size;
	}
	type = end[-4] << 8 | end[-3];
	if (type != 1 && type != 28)
		return size;
	packet[7] = 2;
	to_alias[0] = 0xc0 | (size + 12) >> 8;
	to_alias[1] = size + 12;
	p = record_put(p, question, 5, alias, sizeof(alias));
	p = type == 1 ? record_put(p, to_alias, 1, ip4, 4) : record_put(p, to_alias, 28, ip6, 16);
	return p - packet;
}

static void receive_all(int fd, void *to, size_t bytes)
{
	if (must(recv(fd, to, bytes, MSG_WAITALL), "recv") != (long)bytes)
		die(1, "the connection ended early");
}

static void serve_connection(int fd)
{
	unsigned char p[4096];
	size_t n;

	while (recv(fd, p, 2, MSG_WAITALL) == 2) {
		n = p[0] << 8 | p[1];
		if (n > 2048)
			die(1, "a query that is too long");
		receive_all(fd, p + 2, n);
		n = answer_make(p + 2, n);
		p[0] = n >> 8;
		p[1] = n;
		if (n)
			must(send(fd, p, n + 2, MSG_NOSIGNAL), "send");
	}
	close(fd);
}

static void do_dnsserve(char **arg)
{
	struct sockaddr_storage a, from;
	socklen_t len = address_make(&a, arg[0], number(arg[1])), from_len;
	int udp = must(socket(a.ss_family, SOCK_DGRAM, 0), "socket"), on = 1;
	int tcp = must(socket(a.ss_family, SOCK_STREAM, 0), "socket");
	struct pollfd p[2] = { { .fd = udp, .events = POLLIN }, { .fd = tcp, .events = POLLIN } };
	unsigned char packet[4096];

	must(setsockopt(tcp, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), "setsockopt");
	must(bind(udp, (struct sockaddr *)&a, len), "bind");
	must(bind(tcp, (struct sockaddr *)&a, len), "bind");
	must(listen(tcp, 8), "listen");
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		long n;

		must(poll(p, 2, -1), "poll");
		if (p[1].revents)
			serve_connection(must(accept(tcp, NULL, NULL), "accept"));
		if (!p[0].revents)
			continue;
		from_len = sizeof(from);
		n = must(recvfrom(udp, packet, 2048, 0, (struct sockaddr *)&from, &from_len),
			 "recvfrom");
		n = answer_make(packet, n);
		if (n)
			must(sendto(udp, packet, n, 0, (struct sockaddr *)&from, from_len), "sendto");
	}
}

static size_t query_make(unsigned char *p, int id, long type, const char *name)
{
	unsigned char *at = p + 12;

	memcpy(p, (unsigned char[12]){ id >> 8, id, 1, 0, 0, 1 }, 12);
	if (strlen(name) > 250)
		die(2, "%s: too long", name);
	while (*name) {
		size_t n = strcspn(name, ".");

		*at++ = n;
		memcpy(at, name, n);
		at += n;
		name += n + (name[n] == '.');
	}
	memcpy(at, (unsigned char[]){ 0, type >> 8, type, 0, 1 }, 5);
	return at + 5 - p;
}

static void query_send(int fd, const char *proto, const unsigned char *query, size_t n)
{
	unsigned char whole[1024] = { n >> 8, n };

	memcpy(whole + 2, query, n);
	if (!strcmp(proto, "udp")) {
		must(send(fd, query, n, 0), "send");
	} else if (!strcmp(proto, "tcp")) {
		must(send(fd, whole, n + 2, 0), "send");
	} else {
		must(send(fd, whole, 2, 0), "send");
		must(send(fd, query, n, 0), "send");
	}
}

static void answer_await(int fd, const char *proto)
{
	unsigned char answer[4096];

	if (!strcmp(proto, "udp")) {
		must(recv(fd, answer, sizeof(answer), 0), "recv");
		return;
	}
	receive_all(fd, answer, 2);
	receive_all(fd, answer + 2, (answer[0] << 8 | answer[1]) % 4094);
}

static void do_dnsask(char **arg)
{
	struct sockaddr_storage a;
	socklen_t len = address_make(&a, arg[0], number(arg[1]));
	const char *proto = arg[2];
	long type = number(arg[3]);
	bool udp = !strcmp(proto, "udp");
	int fd = must(socket(a.ss_family, udp ? SOCK_DGRAM : SOCK_STREAM, 0), "socket"), id = 0;

	must(connect(fd, (struct sockaddr *)&a, len), "connect");
	must(getsockname(fd, (struct sockaddr *)&a, &len), "getsockname");
	printf("%d\n", ntohs(((struct sockaddr_in *)&a)->sin_port)); /* of IPv6 at the same place */
	for (char **name = arg + 4; *name; name++) {
		unsigned char query[512];
		size_t n = query_make(query, ++id, type, *name);

		if (!strcmp(*name, "garbage"))
			n = 5;
		query_send(fd, proto, query, n);
		if (!strncmp(*name, "twice", 5)) {
			sleep_us(20000);
			query_send(fd, proto, query, n);
		}
		if (strncmp(*name, "lost", 4) && strcmp(*name, "garbage"))
			answer_await(fd, proto);
	}
	close(fd);
}

VERB("dnsserve", 2, 2, do_dnsserve);
VERB("dnsask", 5, MANY, do_dnsask);
