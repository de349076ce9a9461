// SPDX-License-Identifier: GPL-2.0-or-later
// Show the TCP sessions that move most, and whose they are.
#include "applet.h"
#include "net.h"
#include "tcptop.h"
#include "tcptop.skel.h"
#define RODATA struct tcptop_bpf__rodata

struct row {
	struct session key;
	struct traffic value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	FLOW_IP, FLOW_NETNS(3),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT_USER('s', "sort", "ORDER", "all, sent or received [all]"),
	OPT_USER_NUM('r', "rows", "N", "at most N sessions [20]", 1, 1000000),
	OPT_USER('w', "wide", NULL, "room for IPv6; show the exact numbers of bytes, NETNS"),
	OPT_USER('S', "nosummary", NULL, "without the line of time and load"),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

static double weight(const struct run *run, const void *row)
{
	const struct traffic *v = &((const EVENT *)row)->value;

	(void)run;
	return (double)v->sent + v->received;
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL(key.comm, "COMM", -12),
	COL_IF('w', key.netns, "NETNS", -10),
	COL(key.tuple.ip, "IP", -2),
	COL_FMT_UNLESS('w', key.tuple, "LADDR", -15, fmt_saddr),
	COL_FMT_ONLY('w', key.tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(key.tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', key.tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', key.tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(key.tuple, "RPORT", -5, fmt_dport),
	COL_DIV(value.received, "RX_KB", 9, 1024, 0),
	COL_DIV(value.sent, "TX_KB", 9, 1024, 0),
	COL_IF('w', value.received, "RX_BYTES", 12),
	COL_IF('w', value.sent, "TX_BYTES", 12),
	{ 0 }
};

static const struct order orders[] = {
	{ "all", NULL }, { "sent", "TX_KB" }, { "received", "RX_KB" },
	{ 0 }
};

static const struct top top = {
	.map = "sessions",
	.key_size = sizeof(struct session),
	.value_size = sizeof(struct traffic),
	.weight = weight,
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
	.nosummary_key = 'S',
};

static const struct probe probes[] = { TCP_SENT_PROBES, TCP_RECEIVED_PROBES, { 0 } };

BPF_OBJECT(tcptop);

APPLET(tcptop) = {
	.name = "tcptop",
	.brief = "Show the TCP sessions that move most, and whose they are.",
	.help = "Examples:\n"
		"  tcptop                   the 20 with most bytes, each second\n"
		"  tcptop -C -s sent 5 3    by bytes sent, each five seconds, three times\n"
		"  tcptop -6 -w             IPv6 only, with room for the addresses\n"
		"Payload that programs really sent and took, in the process that did it; IPv4 and\n"
		"IPv6 in one table.\n",
	OBJECT(tcptop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
};
