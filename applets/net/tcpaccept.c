// SPDX-License-Identifier: GPL-2.0-or-later
// Trace accepted TCP connections: who serves whom.
#include "applet.h"
#include "net.h"
#include "tcpaccept.h"
#include "tcpaccept.skel.h"
#define RODATA struct tcpaccept_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	FLOW_IP, FLOW_NETNS(4),
	FLOW_PORTS('P', local_ports, "port", "on these local ports only"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('q', "queue", NULL, "show the accept queue: its length and limit, the wait in it"),
	OPT_USER(5, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	{ 0 }
};

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT_IF('U', owner, "UID", -6, fmt_owner_uid),
	COL(owner.pid, "PID", -7),
	COL(owner.comm, "COMM", -16),
	COL_IF(5, netns, "NETNS", -10),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "RADDR", -16, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_FMT(tuple, "LADDR", -16, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_IF('q', backlog, "BL", 5),
	COL_IF('q', backlog_max, "BLMAX", 5),
	COL_FMT_IF('q', wait_ns, "WAIT(ms)", 9, fmt_ms),
	{ 0 }
};

static const struct probe probes[] = { ACCEPT_PROBES, { 0 } };

BPF_OBJECT(tcpaccept);

APPLET(tcpaccept) = {
	.name = "tcpaccept",
	.brief = "Trace accepted TCP connections: who serves whom.",
	.help = "Examples:\n"
		"  tcpaccept -p 181          those of process 181\n"
		"  tcpaccept -P 80,443 -T    on these ports, with the time of day\n"
		"  tcpaccept -q              how long they waited, and how many still do\n"
		"A connection is shown when accept(2) returns it. WAIT is since its handshake was\n"
		"done. Where a kernel lets no function be watched, those accepted by io_uring are\n"
		"not seen.\n",
	OBJECT(tcpaccept),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
