// SPDX-License-Identifier: GPL-2.0-or-later
// Show each TCP session at its end: how long it was, how much went through.
#include "applet.h"
#include "net.h"
#include "tcplife.h"
#include "tcplife.skel.h"
#define RODATA struct tcplife_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT_CONST('4', only_ip, "ipv4", "IPv4 only", 4),
	OPT_CONST('6', only_ip, "ipv6", "IPv6 only", 6),
	OPT_LIST('L', local_ports, "localport", "PORT[,PORT]", "with these local ports only", 1,
		 65535),
	OPT_LIST('D', remote_ports, "remoteport", "PORT[,PORT]", "with these remote ports only", 1,
		 65535),
	OPT_USER('w', "wide", NULL, "room for IPv6; show IP, exact bytes, RETRANS, RTT, NETNS"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	LETTER('s', "csv"),
	{ 0 }
};

static void setup(struct run *run)
{
	map_resize(run, "lives", 16384);
}

/* Closed before anyone had accepted it. */
static void fmt_pid(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->pid)
		cell_u64(cell, e->pid);
	else
		cell_none(cell);
}

static void fmt_comm(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->pid)
		cell_strn(cell, e->comm, sizeof(e->comm));
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(pid, "PID", -7, fmt_pid),
	COL_FMT(comm, "COMM", -16, fmt_comm),
	COL_IF('w', tuple.ip, "IP", -2),
	COL_FMT_UNLESS('w', tuple, "LADDR", -15, fmt_saddr),
	COL_FMT_ONLY('w', tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_DIV(tx_bytes, "TX_KB", 7, 1024, 0),
	COL_DIV(rx_bytes, "RX_KB", 7, 1024, 0),
	COL_IF('w', tx_bytes, "TX_BYTES", 11),
	COL_IF('w', rx_bytes, "RX_BYTES", 11),
	COL_IF('w', retrans, "RETRANS", 7),
	COL_IF('w', rtt_us, "RTT(us)", 8),
	COL_IF('w', netns, "NETNS", 10),
	COL_DIV(span_ns, "MS", 10, 1000000, 2),
	{ 0 }
};

static const struct probe probes[] = {
	{ "accepted sessions", "accept_fexit" },
	{ "accepted sessions", "accept_leave" },
	{ "accepted sessions", "?accept_exit accept4_exit" },
	{ "accepted sessions", "" },
	{ 0 }
};

BPF_OBJECT(tcplife);

APPLET(tcplife) = {
	.name = "tcplife",
	.brief = "Show each TCP session at its end: how long it was, how much went through.",
	.help = "Examples:\n"
		"  tcplife -p 181           sessions of process 181\n"
		"  tcplife -T -D 80,443     with the time, those to web servers\n"
		"  tcplife -L 22 -w         those of the local SSH server, in detail\n"
		"MS counts from the first SYN of a client, for a server from the last step of\n"
		"the handshake. TX and RX are payload, TX as far as it was acknowledged. The\n"
		"process is the one that connected or accepted. Sessions that began before the\n"
		"tool are not shown.\n",
	OBJECT(tcplife),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
