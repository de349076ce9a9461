// SPDX-License-Identifier: GPL-2.0-or-later
// Trace active TCP connections: who connects where.
#include "applet.h"
#include "dns.h"
#include "net.h"
#include "tcpconnect.h"
#include "tcpconnect.skel.h"
#define RODATA struct tcpconnect_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('C'),
	FLOW_IP, FLOW_NETNS(3),
	FLOW_PORTS('P', remote_ports, "port", "to these ports only"),
	OPT('x', only_failed, "failed", NULL, "only connects that failed, with their error"),
	OPT('c', count_only, "counts", NULL, "count them, by address and port"),
	OPT_USER('s', "source-port", NULL, "show the local port, as SPORT"),
	OPT_USER('L', "lport", NULL, "show the local port, as LPORT"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('d', "dns", NULL, "show the name that the address was given for, as QUERY"),
	OPT_USER(4, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	{ 0 }
};

/* Names by address. A place is that of the address's hash; a newer name takes it over, also from
 * another address, which is then just not known. */
enum { NAMES = 4096 };

struct name {
	unsigned char addr[16];
	uint32_t ip;		/* 0: none */
	uint64_t time_ns;	/* of the answer */
	char *name;
};

static struct name *name_place(const struct run *run, uint32_t ip, const void *addr)
{
	const unsigned char *a = addr;
	uint32_t hash = ip;

	for (int i = 0; i < (ip == 4 ? 4 : 16); i++)
		hash = (hash ^ a[i]) * 16777619;
	return &((struct name *)run->own)[(hash ^ hash >> 16) % NAMES];
}

static void name_add(const struct run *run, uint32_t ip, const void *addr, uint64_t time_ns,
		     const char *name)
{
	struct name *n = name_place(run, ip, addr);

	free(n->name);
	memset(n, 0, sizeof(*n));
	memcpy(n->addr, addr, ip == 4 ? 4 : 16);
	n->ip = ip;
	n->time_ns = time_ns;
	n->name = xstrdup(name);
}

/* NULL where it is not known. */
static const struct name *name_of(const struct run *run, const struct tuple *t)
{
	struct name *n = name_place(run, t->ip, t->daddr);

	return n->ip == t->ip && !memcmp(n->addr, t->daddr, sizeof(n->addr)) ? n : NULL;
}

/* Addresses belong to the name that was asked for, not to that of their own record (CNAME). */
static void answer_take(const struct run *run, const struct answer *a)
{
	struct dns_record r;
	struct dns dns;

	if (!dns_read(&dns, a->data, MIN(a->size, sizeof(a->data))) || !dns.response ||
	    dns.class != DNS_IN)
		return;
	while (dns_answer(&dns, &r)) {
		if (r.class == DNS_IN && r.type == DNS_A && r.size == 4)
			name_add(run, 4, r.data, a->time_ns, dns.name);
		else if (r.class == DNS_IN && r.type == DNS_AAAA && r.size == 16)
			name_add(run, 6, r.data, a->time_ns, dns.name);
	}
}

static bool keep(struct run *run, void *event)
{
	const struct answer *a = event;

	if (opt_on(run, 'c') || a->kind != ANSWER)
		return true;
	answer_take(run, a);
	return false;
}

static void fmt_query(struct cell *cell, const void *row)
{
	const struct name *n = name_of(cell_run(cell), &((const EVENT *)row)->tuple);

	if (n)
		cell_str(cell, n->name);
	else
		cell_none(cell);
}

static void fmt_age(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct name *n = name_of(cell_run(cell), &e->tuple);

	if (n)
		cell_f64(cell, e->time_ns > n->time_ns ? (e->time_ns - n->time_ns) / 1e6 : 0, 3);
	else
		cell_none(cell);
}

static void setup(struct run *run)
{
	bool table = opt_on(run, 'c');

	RUN_RODATA(run)->want_source = opt_on(run, 's') || opt_on(run, 'L') ||
				       (run->format == FORMAT_JSON && !table);
	/* One probe for each packet: only where nothing else tells the port. */
	if (!RUN_RODATA(run)->want_source || opt_on(run, 'x'))
		prog_off(run, "queued");
	if (opt_on(run, 'd') && table)
		opt_bad(run, 'd', "excludes --counts");
	if (opt_on(run, 'd') && !run->own)
		run->own = xalloc(NAMES * sizeof(struct name));
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL(comm, "COMM", -16),
	COL_IF(4, netns, "NETNS", -10),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "SADDR", -16, fmt_saddr),
	COL_FMT_IF('s', tuple, "SPORT", -5, fmt_sport),
	COL_FMT_ONLY('L', tuple, "LPORT", -5, fmt_sport),
	COL_FMT(tuple, "DADDR", -16, fmt_daddr),
	COL_FMT(tuple, "DPORT", -5, fmt_dport),
	COL_ONLY('x', err, "ERR", 3),
	COL_FMT_ONLY('d', tuple, "AGE(ms)", 9, fmt_age),
	COL_FMT_ONLY('d', tuple, "QUERY", 0, fmt_query),
	{ 0 }
};

/* The table of -c */
struct row {
	struct tuple tuple;
	u64 connects;
};
#undef EVENT
#define EVENT struct row

static const struct col count_cols[] = {
	COL_FMT(tuple, "LADDR", -16, fmt_saddr),
	COL_FMT_ONLY('s', tuple, "SPORT", -5, fmt_sport),
	COL_FMT_ONLY('L', tuple, "LPORT", -5, fmt_sport),
	COL_FMT(tuple, "RADDR", -16, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL(connects, "CONNECTS", 8),
	{ 0 }
};

static const struct top counts = {
	.when = 'c',
	.cols = count_cols,
	.map = "counts",
	.key_size = sizeof(struct tuple),
	.value_size = sizeof(u64),
	.sort = "CONNECTS",
};

static const struct probe probes[] = {
	{ "TCP connects", "v4_fexit ?v6_fexit" },
	{ "TCP connects", "v4_enter v4_leave ?v6_enter ?v6_leave" },
	{ "TCP connects", "state ?queued" },
	{ "failed connects", "failed", 'x' },
	{ "answers of the DNS", "dns_received", 'd' },
	{ 0 }
};

BPF_OBJECT(tcpconnect);

APPLET(tcpconnect) = {
	.name = "tcpconnect",
	.brief = "Trace active TCP connections: who connects where.",
	.help = "Examples:\n"
		"  tcpconnect -p 181             connects of process 181\n"
		"  tcpconnect -P 80,443 -T       to these ports, with the time of day\n"
		"  tcpconnect -x                 failed ones, with the cause: refused, timed out\n"
		"  tcpconnect -c --interval 10   who is connected to most, every 10 seconds\n"
		"A connect is shown when its SYN goes out. One that the program gave up waiting\n"
		"for, by closing the socket, has failed, too: ERR is 103 (ECONNABORTED).\n"
		"-d: names are learnt from answers of the DNS that come in meanwhile, by UDP from\n"
		"port 53; AGE is the time since then.\n",
	OBJECT(tcpconnect),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
	.top = &counts,
};
