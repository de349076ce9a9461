// SPDX-License-Identifier: GPL-2.0-or-later
// Trace changes of TCP states, with the time spent in each.
#include "applet.h"
#include "net.h"
#include "tcpstates.h"
#include "tcpstates.skel.h"
#define RODATA struct tcpstates_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_IP, FLOW_NETNS(5),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT_USER('w', "wide", NULL, "room for IPv6; show IP and NETNS"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	LETTER('s', "csv"),
	{ 0 }
};

static void setup(struct run *run)
{
	map_resize(run, "socks", 16384);
}

static void fmt_skaddr(struct cell *cell, const void *row)
{
	cell_printf(cell, "%llx", (unsigned long long)((const EVENT *)row)->skaddr);
}


static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(skaddr, "SKADDR", -16, fmt_skaddr),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_IF('w', netns, "NETNS", -10),
	COL_FMT_IF('w', owner, "CGROUP", -8, fmt_owner_cgroup),
	COL_IF('w', tuple.ip, "IP", -2),
	COL_FMT_UNLESS('w', tuple, "LADDR", -15, fmt_saddr),
	COL_FMT_ONLY('w', tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_FMT(oldstate, "OLDSTATE", -11, fmt_tcp_state),
	COL_FMT(newstate, "NEWSTATE", -11, fmt_tcp_state),
	COL_FMT(span_ns, "MS", 10, fmt_ms),
	{ 0 }
};

static const struct probe probes[] = { OWNER_PROBES, { 0 } };

BPF_OBJECT(tcpstates);

APPLET(tcpstates) = {
	.name = "tcpstates",
	.brief = "Trace changes of TCP states, with the time spent in each.",
	.help = "Examples:\n"
		"  tcpstates -p 181          of the sockets of process 181\n"
		"  tcpstates -L 80,443 -T    with these local ports, with the time of day\n"
		"MS is the time in the old state, where that began after the tool. The process is\n"
		"the socket's owner, who connected, accepted or listens; with a filter by process\n"
		"the states before accept(2) are not shown.\n",
	OBJECT(tcpstates),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = sockets_open,
};
