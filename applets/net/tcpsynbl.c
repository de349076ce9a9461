// SPDX-License-Identifier: GPL-2.0-or-later
// Show how full TCP accept queues are, as a histogram for each limit.
#include "applet.h"
#include "net.h"
#include "tcpsynbl.h"
#include "tcpsynbl.skel.h"
#define RODATA struct tcpsynbl_bpf__rodata
#define EVENT struct hist_key

enum { BY_PORT = 1 };

static const struct opt opts[] = {
	FLOW_IP, FLOW_NETNS(2),
	FLOW_PORTS('P', local_ports, "port", "of these local ports only"),
	OPT(BY_PORT, by_port, "byport", NULL, "a histogram for each port (and network namespace)"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->hist_div = 1;
}

static const struct col keys[] = {
	COL_IF(BY_PORT, netns, "netns", 0),
	COL_IF(BY_PORT, lport, "lport", 0),
	COL(backlog_max, "backlog_max", 0),
	{ 0 }
};

static const struct hist hist = { .name = "accept queue", .unit = "backlog", .keys = keys };

static const struct probe probes[] = {
	{ "accept queues", "v4_fentry ?v6_fentry" },
	{ "accept queues", "cloned" },
	{ "accept queues", "v4_kprobe ?v6_kprobe" },
	{ 0 }
};

BPF_OBJECT(tcpsynbl);

APPLET(tcpsynbl) = {
	.name = "tcpsynbl",
	.brief = "Show how full TCP accept queues are, as a histogram for each limit.",
	.help = "Examples:\n"
		"  tcpsynbl 1 10             ten reports, one a second\n"
		"  tcpsynbl --byport -T      for each port, with the time\n"
		"Looked at each time when a handshake is done: how many connections wait to be\n"
		"accepted by then. Beyond backlog_max, which is the smaller one of listen(2)'s\n"
		"argument and net.core.somaxconn, they are dropped.\n",
	.title = "Tracing TCP accept queues... Hit Ctrl-C to end.",
	OBJECT(tcpsynbl),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
};
