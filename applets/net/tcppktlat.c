// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long received TCP data waits until a thread reads it.
#include "applet.h"
#include "net.h"
#include "tcppktlat.h"
#include "tcppktlat.skel.h"
#define RODATA struct tcppktlat_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP(2),
	FLOW_IP, FLOW_NETNS(3),
	FLOW_PORTS('l', local_ports, "lport", "with these local ports only"),
	FLOW_PORTS('r', remote_ports, "rport", "with these remote ports only"),
	OPT_USER('w', "wide", NULL, "room for IPv6; show NETNS"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	{ 0 }
};

static void setup(struct run *run)
{
	char *end;
	unsigned long long us;

	if (!run->argc)
		return;
	us = strtoull(run->argv[0], &end, 10);
	if (run->argc > 1 || *run->argv[0] < '0' || *run->argv[0] > '9' || *end || us > 1000000000000)
		die(EXIT_USAGE, "expected one number of microseconds");
	RUN_RODATA(run)->min_ns = us * 1000;
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL(owner.pid, "PID", -7),
	COL(owner.tid, "TID", -7),
	COL(owner.comm, "COMM", -16),
	COL_IF('w', netns, "NETNS", -10),
	COL_FMT_UNLESS('w', tuple, "LADDR", -15, fmt_saddr),
	COL_FMT_ONLY('w', tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_DIV(lat_ns, "MS", 9, 1000000, 3),
	{ 0 }
};

BPF_OBJECT(tcppktlat);

APPLET(tcppktlat) = {
	.name = "tcppktlat",
	.brief = "Show how long received TCP data waits until a thread reads it.",
	.args = "[MIN_US]",
	.help = "Examples:\n"
		"  tcppktlat 1000 -T         what waited 1000 us or longer, with the time of day\n"
		"  tcppktlat -p 181 -l 443   read by process 181 from connections to our port 443\n"
		"A line is a read, or a part of it; its time is that of the oldest data it took, from\n"
		"their arrival at TCP. Segments beyond the first 16 that wait count with the 16th.\n",
	OBJECT(tcppktlat),
	EVENT_SIZE,
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.setup = setup,
};
