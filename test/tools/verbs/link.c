// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Links between network namespaces, and what may go wrong on them: by netlink, since there is no other
 * program for that in the VM.
 *
 *   veth     QDISC SYN_MS DATA_MS BYTES
 *                                   one TCP connection from a network namespace of its own to another
 *                                   one, over a pair of veth devices: v0, 10.99.0.1, and v1,
 *                                   10.99.0.2. QDISC (blackhole, or netem with a loss of 100%) at v0
 *                                   drops the SYNs of the first SYN_MS milliseconds, then what is
 *                                   sent (BYTES) in the first DATA_MS. The client closes first.
 *                                   Prints the number of the client's namespace, as a line, and
 *                                   "LPORT RPORT", the client's port and the listener's.
 *   pair     VERB ARGS... -- VERB ARGS...
 *                                   the same two ends: does the first verb at v1, 10.99.0.2, and, once
 *                                   that has printed a line, the second one at v0, 10.99.0.1; then
 *                                   the first is killed. Prints the numbers of the namespaces of v0
 *                                   and v1, as a line, before
 *   qdisc    QDISC                  just whether there is that one (77: there is not)
 *   ovsdrop  N                      sends N packets through a datapath of openvswitch that is to do
 *                                   nothing with them, in a network namespace of its own
 *   nfdrop   VERB ARGS...           does VERB where all that comes in over IPv4 is dropped by the
 *                                   policy of a chain of nf_tables: in a network namespace of its
 *                                   own, with loopback, whose number goes before, as a line
 */
#include "work.h"

#include <linux/genetlink.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/openvswitch.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sched.h>

#ifndef CLONE_NEWNET
#define CLONE_NEWNET 0x40000000
#endif

/* One or more messages of netlink, one behind the other. */
struct messages {
	char buf[4096] __attribute__((aligned(4)));
	size_t n;
	struct nlmsghdr *last;
};

static void *put(struct messages *m, const void *data, size_t size)
{
	void *at = m->buf + m->n;

	if (m->n + size + 4 > sizeof(m->buf))
		die(2, "a message of netlink is too long");
	memcpy(at, data, size);
	m->n += (size + 3) & ~3UL;
	if (m->last)
		m->last->nlmsg_len = m->buf + m->n - (char *)m->last;
	return at;
}

static void message_begin(struct messages *m, int type, int flags, const void *head, size_t size)
{
	struct nlmsghdr h = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | flags,
			      .nlmsg_seq = 1 };

	m->last = NULL;
	m->last = put(m, &h, sizeof(h));
	put(m, head, size);
}

static struct nlattr *attr(struct messages *m, int type, const void *data, size_t size)
{
	struct nlattr a = { .nla_len = sizeof(a) + size, .nla_type = type };
	struct nlattr *at = put(m, &a, sizeof(a));

	if (size)
		put(m, data, size);
	return at;
}

static void attr_str(struct messages *m, int type, const char *s)
{
	attr(m, type, s, strlen(s) + 1);
}

static void attr_be32(struct messages *m, int type, uint32_t v)
{
	v = htonl(v);
	attr(m, type, &v, sizeof(v));
}

static void attr_end(struct messages *m, struct nlattr *a)
{
	a->nla_len = m->buf + m->n - (char *)a;
}

/* 0 or the error; `acks` answers are awaited. */
static int talk(int protocol, struct messages *m, int acks)
{
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "socket of netlink");
	char answer[8192] __attribute__((aligned(4)));
	int error = 0;

	must(send(fd, m->buf, m->n, 0), "send to netlink");
	while (acks > 0) {
		long n = must(recv(fd, answer, sizeof(answer), 0), "answer of netlink");
		struct nlmsghdr *h = (void *)answer;

		for (; NLMSG_OK(h, n); h = NLMSG_NEXT(h, n)) {
			struct nlmsgerr *e = NLMSG_DATA(h);

			if (h->nlmsg_type != NLMSG_ERROR)
				continue;
			acks--;
			if (e->error && !error)
				error = -e->error;
		}
		if (error)
			break;
	}
	close(fd);
	return error;
}

static void talk_well(int protocol, struct messages *m, int acks, const char *what)
{
	int err = talk(protocol, m, acks);

	if (err)
		die(err == EOPNOTSUPP || err == ENOENT || err == EINVAL ? EXIT_CANNOT : 1, "%s: %s",
		    what, strerror(err));
}

static void namespace_new(void)
{
	if (unshare(CLONE_NEWNET))
		die(errno == EINVAL || errno == ENOSYS ? EXIT_CANNOT : 1, "unshare: %s",
		    strerror(errno));
}

static void namespace_print(void)
{
	struct stat st;

	must(stat("/proc/self/ns/net", &st), "/proc/self/ns/net");
	printf("%lu\n", (unsigned long)st.st_ino);
	fflush(stdout);
}

static void link_up(const char *name, const char *address)
{
	int fd = must(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
	struct ifreq r = { 0 };
	struct sockaddr_in *in = (void *)&r.ifr_addr;

	strcpy(r.ifr_name, name);
	if (address) {
		in->sin_family = AF_INET;
		inet_pton(AF_INET, address, &in->sin_addr);
		must(ioctl(fd, SIOCSIFADDR, &r), "address of a link");
		inet_pton(AF_INET, "255.255.255.0", &in->sin_addr);
		must(ioctl(fd, SIOCSIFNETMASK, &r), "mask of a link");
	}
	r.ifr_flags = IFF_UP;
	must(ioctl(fd, SIOCSIFFLAGS, &r), "link up");
	close(fd);
}

/* v0 here, v1 in the namespace of process `pid` */
static void veth_make(pid_t pid)
{
	struct messages m = { .n = 0 };
	struct ifinfomsg none = { 0 };
	uint32_t there = pid;
	struct nlattr *info, *data, *peer;

	message_begin(&m, RTM_NEWLINK, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, &none, sizeof(none));
	attr_str(&m, IFLA_IFNAME, "v0");
	info = attr(&m, IFLA_LINKINFO, NULL, 0);
	attr_str(&m, IFLA_INFO_KIND, "veth");
	data = attr(&m, IFLA_INFO_DATA, NULL, 0);
	peer = attr(&m, VETH_INFO_PEER, NULL, 0);
	put(&m, &none, sizeof(none));
	attr_str(&m, IFLA_IFNAME, "v1");
	attr(&m, IFLA_NET_NS_PID, &there, sizeof(there));
	attr_end(&m, peer);
	attr_end(&m, data);
	attr_end(&m, info);
	talk_well(NETLINK_ROUTE, &m, 1, "veth");
}

static void qdisc_set(const char *dev, const char *kind, bool on)
{
	struct messages m = { .n = 0 };
	struct tcmsg tc = { .tcm_ifindex = if_nametoindex(dev), .tcm_parent = TC_H_ROOT,
			    .tcm_handle = 0x10000 };
	struct tc_netem_qopt all_lost = { .limit = 1000, .loss = -1U };

	message_begin(&m, on ? RTM_NEWQDISC : RTM_DELQDISC,
		      NLM_F_ACK | (on ? NLM_F_CREATE | NLM_F_REPLACE : 0), &tc, sizeof(tc));
	if (on)
		attr_str(&m, TCA_KIND, kind);
	if (on && !strcmp(kind, "netem"))
		attr(&m, TCA_OPTIONS, &all_lost, sizeof(all_lost));
	talk_well(NETLINK_ROUTE, &m, 1, kind);
}

static struct sockaddr_in address_of(const char *text, int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_port = htons(port) };

	inet_pton(AF_INET, text, &in.sin_addr);
	return in;
}

static int port_of(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	must(getsockname(fd, (struct sockaddr *)&in, &len), "getsockname");
	return ntohs(in.sin_port);
}

static int socket_bound(int type, const char *address)
{
	struct sockaddr_in in = address_of(address, 0);
	int fd = must(socket(AF_INET, type, 0), "socket");

	must(bind(fd, (struct sockaddr *)&in, sizeof(in)), "bind");
	return fd;
}

/* The other namespace: a listener, and a socket for a first datagram. */
static void server(int from, int to, long bytes)
{
	int ports[2], l, first, fd;
	char buf[4096];

	namespace_new();
	byte_write(to);
	byte_read(from); /* the link is there */
	link_up("v1", "10.99.0.2");
	l = socket_bound(SOCK_STREAM, "10.99.0.2");
	first = socket_bound(SOCK_DGRAM, "10.99.0.2");
	must(listen(l, 8), "listen");
	ports[0] = port_of(l);
	ports[1] = port_of(first);
	must(write(to, ports, sizeof(ports)), "write");
	must(recv(first, buf, sizeof(buf), 0), "recv");
	byte_write(to);
	fd = must(accept(l, NULL, NULL), "accept");
	while (bytes > 0) {
		long n = must(recv(fd, buf, sizeof(buf), 0), "recv");

		if (!n)
			die(1, "the connection ended early");
		bytes -= n;
	}
	byte_write(to);
	_exit(must(recv(fd, buf, 1, 0), "recv") != 0); /* until the client has closed */
}

/* The neighbour has to be known, else its address is what is asked for first, and lost. */
static void neighbour_meet(int port, int from)
{
	struct sockaddr_in to = address_of("10.99.0.2", port);
	int fd = must(socket(AF_INET, SOCK_DGRAM, 0), "socket");

	must(sendto(fd, "", 1, 0, (struct sockaddr *)&to, sizeof(to)), "sendto");
	byte_read(from);
	close(fd);
}

static int connect_slowly(const char *qdisc, long ms, int port)
{
	struct sockaddr_in to = address_of("10.99.0.2", port);
	int fd = must(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), "socket"), err = 0;
	struct pollfd p = { .fd = fd, .events = POLLOUT };
	socklen_t len = sizeof(err);

	if (ms)
		qdisc_set("v0", qdisc, true);
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)) && errno != EINPROGRESS)
		die(1, "connect: %s", strerror(errno));
	printf("%d %d\n", port_of(fd), port);
	fflush(stdout);
	if (ms) {
		sleep_us(ms * 1000);
		qdisc_set("v0", qdisc, false);
	}
	must(poll(&p, 1, -1), "poll");
	must(getsockopt(fd, SOL_SOCKET, SO_ERROR, &err, &len), "getsockopt");
	if (err)
		die(1, "connect: %s", strerror(err));
	must(fcntl(fd, F_SETFL, 0), "fcntl");
	return fd;
}

static void do_veth(char **arg)
{
	const char *qdisc = arg[0];
	long syn_ms = amount(arg[1]), data_ms = amount(arg[2]), bytes = amount(arg[3]);
	int there[2], back[2], ports[2], fd;
	pid_t pid;

	pipe_make(there);
	pipe_make(back);
	namespace_new();
	pid = fork_child();
	if (!pid)
		server(there[0], back[1], bytes);
	namespace_print();
	byte_read(back[0]);
	veth_make(pid);
	link_up("v0", "10.99.0.1");
	byte_write(there[1]);
	if (must(read(back[0], ports, sizeof(ports)), "read") != sizeof(ports))
		die(1, "the other side ended early");
	neighbour_meet(ports[1], back[0]);
	fd = connect_slowly(qdisc, syn_ms, ports[0]);
	if (data_ms)
		qdisc_set("v0", qdisc, true);
	if (bytes && must(send(fd, buffer(bytes), bytes, MSG_NOSIGNAL), "send") != bytes)
		die(1, "a part was sent");
	if (data_ms) {
		sleep_us(data_ms * 1000);
		qdisc_set("v0", qdisc, false);
	}
	byte_read(back[0]); /* all is there */
	close(fd);
	wait_success(pid);
}

static unsigned long namespace_of(pid_t pid)
{
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", pid);
	must(stat(path, &st), path);
	return st.st_ino;
}

static void do_pair(char **arg)
{
	char **second = arg;
	int there[2], back[2], out[2];
	pid_t pid;

	while (*second && strcmp(*second, "--"))
		second++;
	if (!*second || !second[1])
		die(2, "pair VERB ARGS... -- VERB ARGS...");
	*second++ = NULL;
	pipe_make(there);
	pipe_make(back);
	pipe_make(out);
	namespace_new();
	pid = fork_child();
	if (!pid) {
		namespace_new();
		byte_write(back[1]);
		byte_read(there[0]);
		link_up("v1", "10.99.0.2");
		must(dup2(out[1], 1), "dup2");
		verb_do(arg);
		fflush(stdout);
		pause();
	}
	byte_read(back[0]);
	veth_make(pid);
	link_up("v0", "10.99.0.1");
	byte_write(there[1]);
	byte_read(out[0]);
	printf("%lu %lu\n", namespace_of(getpid()), namespace_of(pid));
	fflush(stdout);
	verb_do(second);
	kill(pid, SIGKILL);
	wait_child(pid);
}

static void do_qdisc(char **arg)
{
	namespace_new();
	link_up("lo", NULL);
	qdisc_set("lo", arg[0], true);
}

static void nft_begin(struct messages *m, int type, int flags, int family)
{
	struct nfgenmsg head = { .nfgen_family = family, .version = NFNETLINK_V0 };

	if (type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END)
		head.res_id = htons(NFNL_SUBSYS_NFTABLES);
	else
		type |= NFNL_SUBSYS_NFTABLES << 8;
	message_begin(m, type, flags, &head, sizeof(head));
}

static void input_drop(void)
{
	struct messages m = { .n = 0 };
	struct nlattr *hook;

	nft_begin(&m, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC);
	nft_begin(&m, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_ACK, NFPROTO_IPV4);
	attr_str(&m, NFTA_TABLE_NAME, "t");
	nft_begin(&m, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_ACK, NFPROTO_IPV4);
	attr_str(&m, NFTA_CHAIN_TABLE, "t");
	attr_str(&m, NFTA_CHAIN_NAME, "c");
	hook = attr(&m, NFTA_CHAIN_HOOK | NLA_F_NESTED, NULL, 0);
	attr_be32(&m, NFTA_HOOK_HOOKNUM, NF_INET_LOCAL_IN);
	attr_be32(&m, NFTA_HOOK_PRIORITY, 0);
	attr_end(&m, hook);
	attr_be32(&m, NFTA_CHAIN_POLICY, NF_DROP);
	attr_str(&m, NFTA_CHAIN_TYPE, "filter");
	nft_begin(&m, NFNL_MSG_BATCH_END, 0, AF_UNSPEC);
	talk_well(NETLINK_NETFILTER, &m, 2, "nf_tables");
}

static void do_nfdrop(char **arg)
{
	namespace_new();
	link_up("lo", NULL);
	input_drop();
	namespace_print();
	verb_do(arg);
}

/* The number of a family of generic netlink. */
static int family_find(const char *name)
{
	struct genlmsghdr get = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 };
	int fd = must(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC), "socket");
	char answer[8192] __attribute__((aligned(4)));
	struct nlmsghdr *h = (void *)answer;
	struct messages m = { .n = 0 };
	struct nlattr *a;
	long n;

	message_begin(&m, GENL_ID_CTRL, 0, &get, sizeof(get));
	attr_str(&m, CTRL_ATTR_FAMILY_NAME, name);
	must(send(fd, m.buf, m.n, 0), "send to netlink");
	n = must(recv(fd, answer, sizeof(answer), 0), "answer of netlink");
	close(fd);
	if (h->nlmsg_type == NLMSG_ERROR)
		die(EXIT_CANNOT, "this kernel has no %s", name);
	for (a = NLMSG_DATA(h) + sizeof(get); (char *)a < answer + n;
	     a = (void *)a + NLA_ALIGN(a->nla_len))
		if (a->nla_type == CTRL_ATTR_FAMILY_ID)
			return *(uint16_t *)(a + 1);
	die(1, "%s has no number", name);
}

static void ovs_begin(struct messages *m, int family, int cmd, int version, int datapath)
{
	struct {
		struct genlmsghdr genl;
		struct ovs_header ovs;
	} head = { { .cmd = cmd, .version = version }, { datapath } };

	message_begin(m, family, NLM_F_ACK, &head, sizeof(head));
}

static void do_ovsdrop(char **arg)
{
	int datapaths = family_find(OVS_DATAPATH_FAMILY), packets = family_find(OVS_PACKET_FAMILY);
	static const unsigned char frame[64] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0xcc };
	long n = amount(arg[0]);
	struct messages m = { .n = 0 };
	uint32_t nobody = 0;

	namespace_new();
	ovs_begin(&m, datapaths, OVS_DP_CMD_NEW, OVS_DATAPATH_VERSION, 0);
	attr_str(&m, OVS_DP_ATTR_NAME, "dp0");
	attr(&m, OVS_DP_ATTR_UPCALL_PID, &nobody, sizeof(nobody));
	talk_well(NETLINK_GENERIC, &m, 1, "datapath");
	while (n--) {
		m.n = 0;
		ovs_begin(&m, packets, OVS_PACKET_CMD_EXECUTE, OVS_PACKET_VERSION,
			  if_nametoindex("dp0"));
		attr(&m, OVS_PACKET_ATTR_PACKET, frame, sizeof(frame));
		attr(&m, OVS_PACKET_ATTR_KEY | NLA_F_NESTED, NULL, 0);
		attr(&m, OVS_PACKET_ATTR_ACTIONS | NLA_F_NESTED, NULL, 0);
		talk_well(NETLINK_GENERIC, &m, 1, "packet");
	}
}

VERB("ovsdrop", 1, 1, do_ovsdrop);
VERB("veth", 4, 4, do_veth);
VERB("pair", 3, MANY, do_pair);
VERB("qdisc", 1, 1, do_qdisc);
VERB("nfdrop", 1, MANY, do_nfdrop);
