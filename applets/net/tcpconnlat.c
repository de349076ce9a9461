// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long TCP connects wait for their answer.
#include "applet.h"
#include "net.h"
#include "tcpconnlat.h"
#include "tcpconnlat.skel.h"
#define RODATA struct tcpconnlat_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP(3),
	FLOW_IP, FLOW_NETNS(4),
	FLOW_PORTS('P', remote_ports, "port", "to these ports only"),
	OPT('x', only_failed, "failed", NULL, "only connects that failed"),
	OPT_USER('L', "lport", NULL, "show the local port"),
	OPT_USER(5, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	{ 0 }
};

static void setup(struct run *run)
{
	char *end;
	double ms;

	if (!run->argc)
		return;
	ms = strtod(run->argv[0], &end);
	if (run->argc > 1 || end == run->argv[0] || *end || !(ms >= 0 && ms <= 1e9))
		die(EXIT_USAGE, "expected one number of milliseconds, such as 0.5");
	RUN_RODATA(run)->min_ns = ms * 1e6;
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL(owner.pid, "PID", -7),
	COL(owner.comm, "COMM", -16),
	COL_IF(5, netns, "NETNS", -10),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "SADDR", -16, fmt_saddr),
	COL_FMT_IF('L', tuple, "LPORT", -5, fmt_sport),
	COL_FMT(tuple, "DADDR", -16, fmt_daddr),
	COL_FMT(tuple, "DPORT", -5, fmt_dport),
	COL_DIV(lat_ns, "LAT(ms)", 10, 1000000, 3),
	COL(err, "ERR", 4),
	{ 0 }
};

BPF_OBJECT(tcpconnlat);

APPLET(tcpconnlat) = {
	.name = "tcpconnlat",
	.brief = "Show how long TCP connects wait for their answer.",
	.args = "[MIN_MS]",
	.help = "Examples:\n"
		"  tcpconnlat 100            only what took 100 ms or longer\n"
		"  tcpconnlat -p 181 -T      of process 181, with the time of day\n"
		"  tcpconnlat -x             those that failed: 111 refused, 110 timed out\n"
		"From the SYN to the answer: one round trip, if no SYN is lost and the other side\n"
		"has room. ERR is 0 for a connection, else what connect(2) returns; 103 that the\n"
		"program gave up waiting and closed its socket.\n",
	OBJECT(tcpconnlat),
	EVENT_SIZE,
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.setup = setup,
};
