// SPDX-License-Identifier: GPL-2.0-or-later
// Trace active TCP connections: who connects where.
#include "applet.h"
#include "net.h"
#include "tcpconnect.h"
#include "tcpconnect.skel.h"
#define RODATA struct tcpconnect_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_CONST('4', only_ip, "ipv4", "IPv4 only", 4),
	OPT_CONST('6', only_ip, "ipv6", "IPv6 only", 6),
	OPT_LIST('P', ports, "port", "PORT[,PORT]", "to these ports only", 1, 65535),
	OPT('x', only_failed, "failed", NULL, "only connects that failed, with their error"),
	OPT('c', count_only, "counts", NULL, "count them, by address and port"),
	OPT_USER('s', "source-port", NULL, "show the local port, as SPORT"),
	OPT_USER('L', "lport", NULL, "show the local port, as LPORT"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER(4, "netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	{ 0 }
};

static void setup(struct run *run)
{
	bool table = opt_on(run, 'c');

	RUN_RODATA(run)->want_source = opt_on(run, 's') || opt_on(run, 'L') ||
				       (run->format == FORMAT_JSON && !table);
	/* One probe for each packet: only where nothing else tells the port. */
	if (!RUN_RODATA(run)->want_source || opt_on(run, 'x'))
		prog_off(run, "queued");
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
		"for, by closing the socket, has failed, too: ERR is 103 (ECONNABORTED).\n",
	OBJECT(tcpconnect),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.top = &counts,
};
