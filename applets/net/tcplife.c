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
	FLOW_IP, FLOW_NETNS(5),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT_USER('w', "wide", NULL, "room for IPv6; show IP, exact bytes, RETRANS, RTT, NETNS, CGROUP"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	LETTER('s', "csv"),
	{ 0 }
};

static void attach(struct run *run)
{
	*(bool *)bss_var(run, "closer_owns") = prog_loaded(run, "destroyed");
	sockets_open(run);
}

static void unowned_print(const void *key, const void *value, void *arg)
{
	(void)key;
	row_event(arg, value);
}

/* Sessions that were reset, their sockets still open. With a filter nobody's are not wanted. */
static void look(struct run *run)
{
	map_drain(run, "unowned", true, tasks_chosen(run) ? NULL : unowned_print, run);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
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
	COL_FMT_IF('w', owner, "CGROUP", 8, fmt_owner_cgroup),
	COL_FMT(span_ns, "MS", 10, fmt_ms),
	{ 0 }
};

static const struct probe probes[] = {
	GRAFT_PROBES,
	{ "accepted connections", "destroyed" },
	OPEN_PROBES,
	{ "states of TCP", "task_btf packet_btf" },
	{ "states of TCP", "task_raw packet_raw" },
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
		"MS counts from the first SYN, which a server knows by the round trip of its\n"
		"answer; it is not known of sessions that began before the tool. TX and RX are\n"
		"payload, TX as far as it was acknowledged. The process is the one that connected\n"
		"or accepted, or had the socket open when the tool began. Where the kernel lets no\n"
		"functions be watched, that of an accepted one is the one that closed it; a session\n"
		"that was reset is shown then.\n",
	OBJECT(tcplife),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.attach = attach,
	.look = look,
};
