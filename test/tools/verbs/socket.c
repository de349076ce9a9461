// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sockets of all families, without any connection.
 *
 *   bind     KIND ADDR PORT OPTS    a socket of that KIND (tcp4 tcp6 udp4 udp6 raw4 mptcp4 sctp4 unix
 *                                   netlink, or none: descriptor -1) with the options OPTS (letters
 *                                   F freebind, T transparent, N bind_address_no_port, R reuseaddr,
 *                                   r reuseport, D bound to the device lo; or -), and bind(2). ADDR
 *                                   of unix is a path, or an abstract name after "@"; - is an
 *                                   address without any. Prints "RESULT PORT": 0 or -errno, and
 *                                   the port that it got (netlink: the port id)
 *   bind32                          the same by a 32-bit system call of this 64-bit program
 *   bindring                        the same by io_uring (6.11)
 *   listen   KIND ADDR PORT BACKLOG bind(2) unless PORT is -, then listen(2), which the line is of
 *   listen32, listenring            the same by these ways, listen(2) alone
 *   protocol KIND                   makes a socket; prints "PROTOCOL FD", its number and its descriptor
 *   protocol32                      the same by a 32-bit system call of this 64-bit program
 *   nomptcp  KIND                   sets net.mptcp.enabled to 0, which is best done within netns, and
 *                                   makes two sockets; prints the protocol, or -errno, of each
 *   sendfd   FILE N M               M messages with N descriptors each (FILE opened N times in each)
 *                                   through a pair of UNIX sockets, with sendmsg(2) and recvmsg(2);
 *                                   FILE may be pipe, socket, eventfd or memfd. Prints the sockets'
 *                                   two descriptors and two inode numbers; and of the last message
 *                                   the first descriptor sent, received, and its inode number
 *   sendfds  FILE N M               the same with all M messages in one sendmmsg(2), recvmmsg(2)
 *   udpgso4  N BYTES PIECE          BYTES sent over loopback in one sendto(2), as datagrams of PIECE
 *   udpgso6                         bytes each (UDP_SEGMENT, 4.18), xN, all received
 *   tunqueue QUEUE N BYTES          a tun interface wtun0 with four queues, best made within netns; N
 *                                   IPv4 packets of BYTES (at least 20) come in from QUEUE
 *   rdma4    PORT                   asks the RDMA connection manager twice, with two ids, for the way
 *   rdma6                           to 10.99.0.2 or fd99::2 behind the tun interface wtun0, which it
 *                                   makes (best within netns), and which is no RDMA device; prints
 *                                   the last event that comes: "KIND STATUS"
 *   each     VERB ARGS... + VERB ARGS... [+ ...]  does one verb after the other, all in this process
 *   mtu      N VERB ARGS...         sets that MTU on loopback, best done within netns, then does VERB
 * Where the kernel has no such socket or way, the exit status is 77.
 */
#include "work.h"

#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/un.h>

#ifndef IP_FREEBIND
#define IP_FREEBIND 15
#endif
#ifndef IP_TRANSPARENT
#define IP_TRANSPARENT 19
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

struct address {
	union {
		struct sockaddr sa;
		struct sockaddr_in in4;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct sockaddr_nl nl;
	};
	socklen_t len;
};

static const struct kind {
	const char *name;
	int family, type, protocol;
} kinds[] = {
	{ "tcp4", AF_INET, SOCK_STREAM, 0 }, { "tcp6", AF_INET6, SOCK_STREAM, 0 },
	{ "udp4", AF_INET, SOCK_DGRAM, 0 }, { "udp6", AF_INET6, SOCK_DGRAM, 0 },
	{ "raw4", AF_INET, SOCK_RAW, IPPROTO_ICMP }, { "mptcp4", AF_INET, SOCK_STREAM, 262 },
	{ "sctp4", AF_INET, SOCK_STREAM, IPPROTO_SCTP }, { "unix", AF_UNIX, SOCK_STREAM, 0 },
	{ "netlink", AF_NETLINK, SOCK_RAW, 0 }, { "none", AF_INET, 0, 0 },
};

static const struct kind *kind_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	die(2, "%s: no such kind of socket", name);
}

static int socket_make(const struct kind *k)
{
	int fd;

	if (!k->type)
		return -1;
	fd = socket(k->family, k->type, k->protocol);
	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EPROTONOSUPPORT || errno == ENOPROTOOPT))
		die(EXIT_CANNOT, "this kernel has no %s", k->name);
	return must(fd, "socket");
}

static void address_parse(struct address *a, const struct kind *k, const char *text, int port)
{
	void *to = k->family == AF_INET ? (void *)&a->in4.sin_addr : (void *)&a->in6.sin6_addr;

	memset(a, 0, sizeof(*a));
	a->sa.sa_family = k->family;
	if (k->family == AF_UNIX) {
		a->len = sizeof(sa_family_t);
		if (!strcmp(text, "-"))
			return;
		if (strlen(text) >= sizeof(a->un.sun_path))
			die(2, "%s: too long", text);
		strcpy(a->un.sun_path, text);
		a->len += strlen(text) + (text[0] != '@');
		if (text[0] == '@')
			a->un.sun_path[0] = 0;
	} else if (k->family == AF_NETLINK) {
		a->nl.nl_pid = port;
		a->len = sizeof(a->nl);
	} else {
		if (inet_pton(k->family, text, to) != 1)
			die(2, "%s: not an address", text);
		a->in4.sin_port = htons(port); /* in the same place in both */
		a->len = k->family == AF_INET ? sizeof(a->in4) : sizeof(a->in6);
	}
}

static void option_set(int fd, char option)
{
	int on = 1, level = IPPROTO_IP, name;

	switch (option) {
	case '-': return;
	case 'F': name = IP_FREEBIND; break;
	case 'T': name = IP_TRANSPARENT; break;
	case 'N': name = IP_BIND_ADDRESS_NO_PORT; break;
	case 'R': level = SOL_SOCKET, name = SO_REUSEADDR; break;
	case 'r': level = SOL_SOCKET, name = SO_REUSEPORT; break;
	case 'D':
		must(setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3), "SO_BINDTODEVICE");
		return;
	default: die(2, "%c: no such option", option);
	}
	must(setsockopt(fd, level, name, &on, sizeof(on)), "setsockopt");
}

static long port_of(int fd)
{
	struct address a = { .len = sizeof(a.un) };

	if (fd < 0 || getsockname(fd, &a.sa, &a.len))
		return 0;
	return a.sa.sa_family == AF_NETLINK ? (long)a.nl.nl_pid
	       : a.sa.sa_family == AF_UNIX ? 0 : ntohs(a.in4.sin_port);
}

static void report(int fd, long ret)
{
	printf("%ld %ld\n", ret, port_of(fd));
}

static bool verb_ends(const char *how)
{
	size_t n = strlen(verb), m = strlen(how);

	return n > m && !strcmp(verb + n - m, how);
}

#ifdef __x86_64__
enum { SOCKET_32 = 359, BIND_32 = 361, LISTEN_32 = 363 };

/* The pointer has to be one that 32 bits can hold. */
static long call_32(int call, long a, const void *b, size_t size, long c)
{
	long arg = (long)b, ret;
	void *low = NULL;

	if (size) {
		low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
		if (low == MAP_FAILED)
			die(1, "mmap: %s", strerror(errno));
		memcpy(low, b, size);
		arg = (long)low;
	}
	asm volatile("int $0x80" : "=a"(ret)
		     : "a"((long)call), "b"(a), "c"(arg), "d"(c) : "memory", "r8", "r9", "r10", "r11");
	return (int)ret;
}

static void segv(int signal)
{
	(void)signal;
	_exit(EXIT_CANNOT); /* a kernel without 32-bit calls */
}
#endif

static long by_32(bool listens, int fd, const struct address *a, int backlog)
{
#ifdef __x86_64__
	long ret;

	signal(SIGSEGV, segv);
	ret = listens ? call_32(LISTEN_32, fd, (void *)(long)backlog, 0, 0)
		      : call_32(BIND_32, fd, a, a->len, a->len);
	if (ret == -ENOSYS)
		die(EXIT_CANNOT, "this kernel has no 32-bit calls");
	return ret;
#else
	(void)listens, (void)fd, (void)a, (void)backlog;
	die(EXIT_CANNOT, "no 32-bit calls here");
#endif
}

static int by_32_socket(const struct kind *k)
{
#ifdef __x86_64__
	long fd;

	signal(SIGSEGV, segv);
	fd = call_32(SOCKET_32, k->family, (void *)(long)k->type, 0, k->protocol);
	if (fd == -ENOSYS)
		die(EXIT_CANNOT, "this kernel has no 32-bit calls");
	if (fd < 0)
		die(1, "socket: %s", strerror(-fd));
	return fd;
#else
	(void)k;
	die(EXIT_CANNOT, "no 32-bit calls here");
#endif
}

/* As little of io_uring as does one operation, whatever the C library's headers know of it. */
struct ring_entry {
	uint8_t opcode, flags;
	uint16_t ioprio;
	int32_t fd;
	uint64_t off, addr;
	uint32_t len, op_flags;
	uint64_t user_data, pad[3];
};

struct ring_params {
	uint32_t sq_entries, cq_entries, flags, cpu, idle, features, wq_fd, resv[3];
	struct { uint32_t head, tail, mask, entries, flags, dropped, array, resv; uint64_t addr; } sq;
	struct { uint32_t head, tail, mask, entries, overflow, cqes, flags, resv; uint64_t addr; } cq;
};

struct ring_result {
	uint64_t user_data;
	int32_t res;
	uint32_t flags;
};

static char *ring_map(int ring, size_t size, off_t at)
{
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, ring, at);

	if (p == MAP_FAILED)
		die(1, "mmap of the ring: %s", strerror(errno));
	return p;
}

static long ring_do(const struct ring_entry *entry)
{
	enum { SETUP = 425, ENTER = 426, GETEVENTS = 1 };
	struct ring_params p = { 0 };
	int ring = syscall(SETUP, 1, &p);
	char *sq, *cq;

	if (ring < 0 && (errno == ENOSYS || errno == EPERM))
		die(EXIT_CANNOT, "no io_uring here");
	must(ring, "io_uring_setup");
	sq = ring_map(ring, 4096, 0);
	cq = ring_map(ring, 4096, 0x8000000);
	memcpy(ring_map(ring, 4096, 0x10000000), entry, sizeof(*entry));
	*(uint32_t *)(sq + p.sq.array) = 0;
	__atomic_store_n((uint32_t *)(sq + p.sq.tail), 1, __ATOMIC_RELEASE);
	must(syscall(ENTER, ring, 1, 1, GETEVENTS, NULL, 0), "io_uring_enter");
	close(ring);
	return ((struct ring_result *)(cq + p.cq.cqes))->res;
}

static long by_ring(bool listens, int fd, const struct address *a, int backlog)
{
	enum { BIND = 56, LISTEN = 57 };
	struct ring_entry e = { .opcode = listens ? LISTEN : BIND, .fd = fd };
	long ret;

	if (listens) {
		e.len = backlog;
	} else {
		e.addr = (uintptr_t)a;
		e.off = a->len;
	}
	ret = ring_do(&e);
	if (ret == -EINVAL)
		die(EXIT_CANNOT, "this kernel's io_uring cannot do that");
	return ret;
}

static long binds(int fd, const struct address *a)
{
	if (verb_ends("32"))
		return by_32(false, fd, a, 0);
	if (verb_ends("ring"))
		return by_ring(false, fd, a, 0);
	return bind(fd, &a->sa, a->len) ? -errno : 0;
}

static long listens(int fd, int backlog)
{
	if (verb_ends("32"))
		return by_32(true, fd, NULL, backlog);
	if (verb_ends("ring"))
		return by_ring(true, fd, NULL, backlog);
	return listen(fd, backlog) ? -errno : 0;
}

static void do_bind(char **arg)
{
	const struct kind *k = kind_of(arg[0]);
	int fd = socket_make(k);
	struct address a;

	address_parse(&a, k, arg[1], amount(arg[2]));
	for (const char *o = arg[3]; *o; o++)
		option_set(fd, *o);
	report(fd, binds(fd, &a));
}

static int protocol_of(int fd)
{
	int protocol = 0;
	socklen_t len = sizeof(protocol);

	must(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &len), "SO_PROTOCOL");
	return protocol;
}

static void do_protocol(char **arg)
{
	const struct kind *k = kind_of(arg[0]);
	int fd = verb_ends("32") ? by_32_socket(k) : socket_make(k);

	printf("%d %d\n", protocol_of(fd), fd);
}

static void do_nomptcp(char **arg)
{
	const struct kind *k = kind_of(arg[0]);
	int fd = must(open("/proc/sys/net/mptcp/enabled", O_WRONLY), "net.mptcp.enabled");

	must(write(fd, "0", 1), "net.mptcp.enabled");
	for (int i = 0; i < 2; i++) {
		fd = socket(k->family, k->type, k->protocol);
		printf("%d%c", fd < 0 ? -errno : protocol_of(fd), i ? '\n' : ' ');
	}
}

static void do_listen(char **arg)
{
	const struct kind *k = kind_of(arg[0]);
	int fd = socket_make(k);
	struct address a;

	if (strcmp(arg[2], "-")) {
		address_parse(&a, k, arg[1], amount(arg[2]));
		must(bind(fd, &a.sa, a.len), "bind");
	}
	report(fd, listens(fd, number(arg[3])));
}

static int file_open(const char *file)
{
	int fd[2];

	if (!strcmp(file, "pipe")) {
		pipe_make(fd);
		close(fd[1]);
		return fd[0];
	}
	if (!strcmp(file, "socket"))
		return must(socket(AF_UNIX, SOCK_DGRAM, 0), "socket");
	if (!strcmp(file, "eventfd"))
		return must(syscall(SYS_eventfd2, 0, 0), "eventfd");
	if (!strcmp(file, "memfd"))
		return must(syscall(SYS_memfd_create, "work", 0), "memfd_create");
	return must(open(file, O_RDONLY), file);
}

enum { FDS_MAX = 253, MESSAGES_MAX = 16 }; /* the first is the kernel's SCM_MAX_FD */

static struct mmsghdr *messages_make(size_t fds, size_t n)
{
	static struct mmsghdr m[MESSAGES_MAX];
	static struct iovec one;

	if (!fds || fds > FDS_MAX || !n || n > MESSAGES_MAX)
		die(2, "1 to %d descriptors, 1 to %d messages", FDS_MAX, MESSAGES_MAX);
	one = (struct iovec){ buffer(1), 1 };
	for (size_t i = 0; i < n; i++) {
		struct cmsghdr *c = buffer(CMSG_SPACE(fds * sizeof(int)));

		memset(c, 0, CMSG_SPACE(fds * sizeof(int)));
		c->cmsg_len = CMSG_LEN(fds * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		m[i].msg_hdr = (struct msghdr){
			.msg_iov = &one, .msg_iovlen = 1, .msg_control = c,
			.msg_controllen = CMSG_SPACE(fds * sizeof(int)),
		};
	}
	return m;
}

static int *fds_of(struct mmsghdr *m)
{
	return (int *)CMSG_DATA((struct cmsghdr *)m->msg_hdr.msg_control);
}

static unsigned long inode_of(int fd)
{
	struct stat st;

	must(fstat(fd, &st), "fstat");
	return st.st_ino;
}

static void messages_move(int pair[2], struct mmsghdr *out, struct mmsghdr *in, size_t n)
{
	if (!strcmp(verb, "sendfds")) {
		if (must(syscall(SYS_sendmmsg, pair[0], out, n, 0), "sendmmsg") != (long)n ||
		    must(syscall(SYS_recvmmsg, pair[1], in, n, 0, NULL), "recvmmsg") != (long)n)
			die(1, "not all messages went");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		must(syscall(SYS_sendmsg, pair[0], &out[i].msg_hdr, 0), "sendmsg");
		must(syscall(SYS_recvmsg, pair[1], &in[i].msg_hdr, 0), "recvmsg");
	}
}

static void do_sendfd(char **arg)
{
	size_t fds = amount(arg[1]), n = amount(arg[2]), size = sizeof(struct mmsghdr) * n;
	struct mmsghdr *m = messages_make(fds, n), out[MESSAGES_MAX];
	int pair[2];

	memcpy(out, m, size);
	m = messages_make(fds, n);
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < fds; j++)
			fds_of(&out[i])[j] = file_open(arg[0]);
	must(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), "socketpair");
	messages_move(pair, out, m, n);
	printf("%d %d %lu %lu %d %d %lu\n", pair[0], pair[1], inode_of(pair[0]), inode_of(pair[1]),
	       fds_of(&out[n - 1])[0], fds_of(&m[n - 1])[0], inode_of(fds_of(&m[n - 1])[0]));
}

static void do_udpgso(char **arg)
{
	enum { UDP = 17, UDP_SEGMENT = 103 };
	long n = amount(arg[0]), bytes = amount(arg[1]);
	const struct kind *k = kind_of(verb_ends("6") ? "udp6" : "udp4");
	int piece = amount(arg[2]), from = socket_make(k), to = socket_make(k);
	struct timeval limit = { 30, 0 };
	char *buf = buffer(bytes);
	struct address a;

	address_parse(&a, k, verb_ends("6") ? "::1" : "127.0.0.1", 0);
	must(bind(to, &a.sa, a.len), "bind");
	a.in4.sin_port = htons(port_of(to));
	must(setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), "SO_RCVTIMEO");
	if (setsockopt(from, UDP, UDP_SEGMENT, &piece, sizeof(piece)))
		die(EXIT_CANNOT, "UDP_SEGMENT: %s", strerror(errno));
	while (n--) {
		must(sendto(from, buf, bytes, 0, &a.sa, a.len), "sendto");
		for (long got = 0; got < bytes;)
			got += must(recv(to, buf, bytes, 0), "recv");
	}
}

static int tun_open(short flags)
{
	struct ifreq r = { .ifr_name = "wtun0", .ifr_flags = IFF_TUN | IFF_NO_PI | flags };
	int fd = open("/dev/net/tun", O_RDWR);

	if (fd < 0 && (errno == ENOENT || errno == ENODEV))
		die(EXIT_CANNOT, "no tun here");
	must(fd, "/dev/net/tun");
	must(ioctl(fd, TUNSETIFF, &r), "TUNSETIFF");
	return fd;
}

static void do_tunqueue(char **arg)
{
	struct ifreq r = { .ifr_name = "wtun0", .ifr_flags = IFF_UP };
	long queue = amount(arg[0]), n = amount(arg[1]), bytes = amount(arg[2]);
	unsigned char *packet = buffer(bytes);
	int fd[4];

	if (queue > 3 || bytes < 20)
		die(2, "queues are 0 to 3, packets of 20 bytes or more");
	memset(packet, 0, bytes);
	packet[0] = 0x45;	/* IPv4 with a header of 20 bytes; nobody takes it */
	packet[3] = bytes;
	for (int i = 0; i < 4; i++)
		fd[i] = tun_open(IFF_MULTI_QUEUE);
	must(ioctl(must(socket(AF_INET, SOCK_DGRAM, 0), "socket"), SIOCSIFFLAGS, &r), "up");
	while (n--)
		if (must(write(fd[queue], packet, bytes), "write to tun") != bytes)
			die(1, "a packet was cut");
}

static void do_mtu(char **arg)
{
	struct ifreq r = { .ifr_name = "lo", .ifr_mtu = amount(arg[0]) };
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");

	must(ioctl(fd, SIOCSIFMTU, &r), "SIOCSIFMTU");
	close(fd);
	verb_do(arg + 1);
}

/* An address of wtun0, with a route to its neighbours. */
static void tun_address(bool v6)
{
	struct { struct in6_addr addr; uint32_t prefix; int ifindex; } in6 = { .prefix = 64 };
	struct ifreq r = { .ifr_name = "wtun0", .ifr_flags = IFF_UP };
	struct sockaddr_in *in4 = (void *)&r.ifr_addr;
	int fd = must(socket(v6 ? AF_INET6 : AF_INET, SOCK_DGRAM, 0), "socket");

	tun_open(0);
	must(ioctl(fd, SIOCSIFFLAGS, &r), "up");
	if (v6) {
		in6.ifindex = if_nametoindex("wtun0");
		inet_pton(AF_INET6, "fd99::1", &in6.addr);
		must(ioctl(fd, SIOCSIFADDR, &in6), "SIOCSIFADDR");
	} else {
		*in4 = (struct sockaddr_in){ .sin_family = AF_INET };
		inet_pton(AF_INET, "10.99.0.1", &in4->sin_addr);
		must(ioctl(fd, SIOCSIFADDR, &r), "SIOCSIFADDR");
		inet_pton(AF_INET, "255.255.255.0", &in4->sin_addr);
		must(ioctl(fd, SIOCSIFNETMASK, &r), "SIOCSIFNETMASK");
	}
	close(fd);
}

/* Commands of /dev/infiniband/rdma_cm: a header, then the command's own struct. */
struct rdma_header {
	uint32_t cmd;
	uint16_t in, out;
};

static void rdma_do(int fd, uint32_t cmd, const void *in, size_t size, size_t out)
{
	struct { struct rdma_header h; char body[128]; } c = { .h = { cmd, size, out } };

	memcpy(c.body, in, size);
	must(write(fd, &c, sizeof(c.h) + size), "command to rdma_cm");
}

static void do_rdma(char **arg)
{
	enum { CREATE_ID, RESOLVE_IP = 3, GET_EVENT = 12, PS_TCP = 0x106, QPT_RC = 2 };
	struct { uint64_t uid, response; uint16_t ps; uint8_t qp_type, pad[5]; } create = { 0 };
	struct { struct sockaddr_in6 from, to; uint32_t id, timeout_ms; } resolve = { 0 };
	struct { uint64_t uid; uint32_t id, kind, status; char rest[480]; } event = { 0 };
	struct { uint64_t response; } get = { (uintptr_t)&event };
	int fd = open("/dev/infiniband/rdma_cm", O_RDWR);
	bool v6 = verb_ends("6");
	struct address a;
	uint32_t id;

	if (fd < 0)
		die(EXIT_CANNOT, "no RDMA connection manager here");
	tun_address(v6);
	address_parse(&a, kind_of(v6 ? "tcp6" : "tcp4"), v6 ? "fd99::2" : "10.99.0.2", amount(arg[0]));
	memcpy(&resolve.to, &a, a.len);
	resolve.timeout_ms = 2000;
	create.uid = 1;		/* 0 gets no events */
	create.response = (uintptr_t)&id;
	create.ps = PS_TCP;
	create.qp_type = QPT_RC;
	for (int i = 0; i < 2; i++) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		rdma_do(fd, CREATE_ID, &create, sizeof(create), sizeof(id));
		resolve.id = id;
		rdma_do(fd, RESOLVE_IP, &resolve, sizeof(resolve), 0);
		if (must(poll(&p, 1, 60000), "poll") != 1)
			die(1, "no event came");
		rdma_do(fd, GET_EVENT, &get, sizeof(get), sizeof(event));
	}
	printf("%u %d\n", event.kind, (int)event.status);
}

VERB("rdma4", 1, 1, do_rdma);
VERB("rdma6", 1, 1, do_rdma);

static void do_each(char **arg)
{
	while (*arg) {
		char **end = arg;

		while (*end && strcmp(*end, "+"))
			end++;
		if (*end)
			*end++ = NULL;
		verb_do(arg);
		arg = end;
	}
}

VERB("each", 1, MANY, do_each);
VERB("udpgso4", 3, 3, do_udpgso);
VERB("udpgso6", 3, 3, do_udpgso);
VERB("tunqueue", 3, 3, do_tunqueue);
VERB("mtu", 2, MANY, do_mtu);
VERB("protocol", 1, 1, do_protocol);
VERB("nomptcp", 1, 1, do_nomptcp);
VERB("protocol32", 1, 1, do_protocol);
VERB("sendfd", 3, 3, do_sendfd);
VERB("sendfds", 3, 3, do_sendfd);
VERB("bind", 4, 4, do_bind);
VERB("bind32", 4, 4, do_bind);
VERB("bindring", 4, 4, do_bind);
VERB("listen", 4, 4, do_listen);
VERB("listen32", 4, 4, do_listen);
VERB("listenring", 4, 4, do_listen);
