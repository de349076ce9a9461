// SPDX-License-Identifier: GPL-2.0-or-later
// Show each flow of UDP at its end: whose it was, how long, how much went through.
#include "applet.h"
#include "clock.h"
#include "net.h"
#include "udplife.h"
#include "udplife.skel.h"
#define RODATA struct udplife_bpf__rodata

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

enum { OPT_STARTS = 10 };
#define UNKNOWN_NS (10 * NSEC)

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	FLOW_IP, FLOW_NETNS(4),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT_USER_NUM('i', "idle", "SECONDS", "a flow without a datagram for so long has ended [60]", 1,
		     86400),
	OPT_USER(OPT_STARTS, "starts", NULL, "show each flow when it begins instead"),
	OPT_USER('w', "wide", NULL, "room for IPv6; show UID, IP, NETNS, CGROUP"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	LETTER('s', "csv"),
	{ 0 }
};

/* A flow as it is printed. */
struct row {
	uint64_t time_ns;
	struct tuple tuple;
	struct flow flow;
	uint64_t span_ns;
	uint32_t netns, end;
};
#define EVENT struct row

enum end { CLOSED, IDLE, OPEN };

/* The flows and sockets of one look at the maps. */
struct own {
	struct known {
		u64 sk;
		struct sock_value value;	/* pad: it is closed */
	} *sock;
	struct seen {
		struct flow_key key;
		struct flow flow;
	} *flow;
	size_t socks, flows, sock_room, flow_room;
	uint64_t idle_ns;
	uint64_t cut_ns;	/* flows that began before it have been told of, with --starts */
	bool at_devices;	/* flows have no socket of their own, but its port */
	bool check;		/* nobody tells when a socket is closed */
};

static void setup(struct run *run)
{
	struct own *own = run->own ? run->own : xalloc(sizeof(*own));

	own->idle_ns = opt_u64(run, 'i', 60) * NSEC;
	run->own = own;
}

static void attach(struct run *run)
{
	struct own *own = run->own;

	own->at_devices = prog_loaded(run, "queued");
	own->check = prog_loaded(run, "check_sock");
}

/* ---- what there is ---- */

/* All entries of a hash map, keys and values behind each other, in `*rows` with room for `*room`. What
 * the kernel adds meanwhile is left to the next look. Where it deletes one, the kernel may begin anew,
 * and some come twice: only sockets are deleted by it. */
static size_t map_read(int fd, size_t key_size, size_t value_size, void **rows, size_t *room)
{
	size_t n = 0, size = key_size + value_size;
	char key[sizeof(struct flow_key)], *at;
	bool first = true;

	while (n < 1 << 20) {
		if (n == *room) {
			*room = *room ? *room * 2 : 256;
			*rows = xrealloc(*rows, *room * size);
		}
		at = (char *)*rows + n * size;
		if (bpf_map_get_next_key(fd, first ? NULL : key, at))
			break;
		first = false;
		memcpy(key, at, key_size);
		n += !bpf_map_lookup_elem(fd, at, at + key_size);
	}
	return n;
}

static int serial_order(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->value.serial < y->value.serial ? -1 : x->value.serial > y->value.serial;
}

static int sock_order(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->sk < y->sk ? -1 : x->sk > y->sk;
}

static bool sock_closed(const struct run *run, u64 sk)
{
	u64 args[12] = { sk }; /* as many as a tracepoint can have */
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(bpf_program__fd(prog_find(run, "check_sock")), &opts))
		die(EXIT_FAIL, "cannot look for closed sockets: %s", strerror(errno));
	return opts.retval;
}

static void maps_read(struct run *run)
{
	struct own *own = run->own;

	/* Flows first: each had its socket in the map before it, so one without is closed. */
	own->flows = map_read(map_fd(run, "flows"), sizeof(struct flow_key), sizeof(struct flow),
			      (void **)&own->flow, &own->flow_room);
	own->socks = map_read(map_fd(run, "socks"), sizeof(u64), sizeof(struct sock_value),
			      (void **)&own->sock, &own->sock_room);
	for (size_t i = 0; i < own->socks; i++) {
		struct known *k = &own->sock[i];

		k->value.pad = own->check && sock_closed(run, k->sk);
		if (k->value.pad)
			bpf_map_delete_elem(map_fd(run, "socks"), &k->sk);
	}
	if (own->socks)
		qsort(own->sock, own->socks, sizeof(*own->sock),
		      own->at_devices ? sock_order : serial_order);
}

/* The socket of a flow, NULL where it is not in the map (any more). */
static const struct known *sock_of(const struct run *run, const struct flow_key *key)
{
	const struct own *own = run->own;
	struct port_key port = { key->netns, key->lport };
	struct known want = { .value.serial = key->serial };

	if (own->at_devices && bpf_map_lookup_elem(map_fd(run, "port_socks"), &port, &want.sk))
		return NULL;
	if (!own->socks)
		return NULL;
	return bsearch(&want, own->sock, own->socks, sizeof(want),
		       own->at_devices ? sock_order : serial_order);
}

/* ---- what is shown ---- */

static void show(struct run *run, const struct seen *s, uint64_t time_ns, enum end end)
{
	struct row row = { .time_ns = time_ns, .flow = s->flow, .netns = s->key.netns, .end = end };

	row.tuple.ip = s->key.ip;
	row.tuple.sport = s->key.lport;
	row.tuple.dport = s->key.rport;
	memcpy(row.tuple.saddr, s->flow.laddr, sizeof(row.tuple.saddr));
	memcpy(row.tuple.daddr, s->key.raddr, sizeof(row.tuple.daddr));
	row.span_ns = s->flow.last_ns - s->flow.start_ns;
	row_event(run, &row);
}

/* With its last numbers. */
static void flow_end(struct run *run, struct seen *s, enum end end)
{
	int fd = map_fd(run, "flows");
	struct owner owner = s->flow.owner;

	if (!run->last) {
		bpf_map_lookup_elem(fd, &s->key, &s->flow);
		bpf_map_delete_elem(fd, &s->key);
		s->flow.owner = owner;
	}
	if (!opt_on(run, OPT_STARTS))
		show(run, s, run->now_ns, end);
}

/* Where only packets are seen, those that came in are also for other machines, or for nobody: such a
 * flow is none of ours until a socket is known. */
static void flow_look(struct run *run, struct seen *s, uint64_t cut_ns)
{
	struct own *own = run->own;
	const struct known *sock = sock_of(run, &s->key);
	bool idle = run->now_ns > s->flow.last_ns + own->idle_ns;

	if (sock && !s->flow.known) {
		s->flow.owner = sock->value.owner;
		s->flow.known = true;
	}
	if (!s->flow.known) {
		/* no longer than it may take somebody to read what has come */
		if (idle || run->now_ns > s->flow.last_ns + UNKNOWN_NS)
			bpf_map_delete_elem(map_fd(run, "flows"), &s->key);
		return;
	}
	if (opt_on(run, OPT_STARTS) && s->flow.start_ns >= own->cut_ns && s->flow.start_ns < cut_ns)
		show(run, s, s->flow.start_ns, OPEN);
	if ((!sock || sock->value.pad) && (!opt_on(run, OPT_STARTS) || s->flow.start_ns < cut_ns))
		flow_end(run, s, CLOSED);
	else if (idle || run->last)
		flow_end(run, s, idle ? IDLE : OPEN);
}

static void look(struct run *run)
{
	struct own *own = run->own;
	/* A flow gets its stamp a moment before it is in the map. */
	uint64_t cut_ns = run->last ? UINT64_MAX : run->now_ns - NSEC / 10;

	maps_read(run);
	for (size_t i = 0; i < own->flows; i++)
		flow_look(run, &own->flow[i], cut_ns);
	own->cut_ns = cut_ns;
}

/* ---- columns ---- */

static void fmt_laddr(struct cell *cell, const void *row)
{
	static const unsigned char none[16];
	const EVENT *e = row;

	if (memcmp(e->tuple.saddr, none, sizeof(none)))
		cell_addr(cell, e->tuple.ip, e->tuple.saddr);
	else
		cell_none(cell);
}

static void fmt_end(struct cell *cell, const void *row)
{
	static const char *const names[] = { "closed", "idle", "open" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->end);
}

/* Neither in text nor in JSON when only the start is told. */
#define COL_END(f, h, w) COL_UNLESS(OPT_STARTS, f, h, w)

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(flow.owner, "PID", -7, fmt_owner_pid),
	COL_FMT(flow.owner, "COMM", -16, fmt_owner_comm),
	COL_FMT_IF('w', flow.owner, "UID", -6, fmt_owner_uid),
	COL_IF('w', tuple.ip, "IP", -2),
	COL_FMT_UNLESS('w', tuple, "LADDR", -15, fmt_laddr),
	COL_FMT_ONLY('w', tuple, "LADDR", -39, fmt_laddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_END(flow.packets[1], "TX_PKTS", 8),
	COL_END(flow.packets[0], "RX_PKTS", 8),
	COL_END(flow.bytes[1], "TX_BYTES", 10),
	COL_END(flow.bytes[0], "RX_BYTES", 10),
	COL_IF('w', netns, "NETNS", 10),
	COL_FMT_IF('w', flow.owner, "CGROUP", 8, fmt_owner_cgroup),
	{ COL_FIELD(span_ns, "MS", 10), .kind = K_U64, .scale = 1000000, .decimals = 3,
	  .unless = OPT_STARTS },
	{ COL_FIELD(end, "END", -6), .fmt = fmt_end, .unless = OPT_STARTS },
	{ 0 }
};

static const struct probe probes[] = {
	{ "datagrams", "send4_fexit ?send6_fexit taken_fentry" },
	{ "datagrams", "send4_enter send4_leave ?send6_enter ?send6_leave taken_kprobe" },
	{ "datagrams", "queued received ?received_length" },
	{ "closing of sockets", "close4_fentry ?close6_fentry" },
	{ "closing of sockets", "close4_kprobe ?close6_kprobe" },
	{ "closing of sockets", "check_sock" },
	{ 0 }
};

BPF_OBJECT(udplife);

APPLET(udplife) = {
	.name = "udplife",
	.brief = "Show each flow of UDP at its end: whose it was, how long, how much went through.",
	.help = "Examples:\n"
		"  udplife -p 181           flows of process 181\n"
		"  udplife -T -D 53 -i 5    with the time, those to the DNS, ended when idle for 5 s\n"
		"  udpconnect               each flow when it begins\n"
		"A flow is what a socket, connected or not, exchanges with one other end. It ends\n"
		"with the socket, when idle, or with the tool (END: closed, idle, open). MS is the\n"
		"time from its first datagram to the last; bytes are those of the data. The process\n"
		"is who used the socket first; the kernel's own (tunnels) have none. Where the kernel\n"
		"lets no functions be watched, packets are counted at the devices; what comes in\n"
		"and is never answered is then known as a flow from 6.3 on.\n",
	OBJECT(udplife),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.interval = 1,
	.setup = setup,
	.attach = attach,
	.look = look,
};

ALIAS(udpconnect) = {
	.name = "udpconnect",
	.applet = "udplife",
	.brief = "Trace flows of UDP when they begin: who talks to whom.",
	.args = "--starts",
};
