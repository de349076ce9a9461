// SPDX-License-Identifier: GPL-2.0-or-later
// Trace events of the RDMA connection manager: connects, rejections, disconnects.
#include "applet.h"
#include "net.h"
#include "rdmaucma.h"
#include "rdmaucma.skel.h"
#define RODATA struct rdmaucma_bpf__rodata
#define EVENT struct event

#include <unistd.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	FLOW_IP, FLOW_NETNS(3),
	FLOW_PORTS('P', remote_ports, "port", "with these remote ports only"),
	OPT('k', with_kernel, "kernel", NULL, "those of the kernel's own connections too: NVMe, NFS"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER(4, "print-netns", NULL, "show the network namespace (inode number)"),
	LETTER('D', "verbose"),
	{ 0 }
};

static void fmt_event(struct cell *cell, const void *row)
{
	static const char *const names[] = { /* enum rdma_cm_event_type, which only ever grew */
		"ADDR_RESOLVED", "ADDR_ERROR", "ROUTE_RESOLVED", "ROUTE_ERROR", "CONNECT_REQUEST",
		"CONNECT_RESPONSE", "CONNECT_ERROR", "UNREACHABLE", "REJECTED", "ESTABLISHED",
		"DISCONNECTED", "DEVICE_REMOVAL", "MULTICAST_JOIN", "MULTICAST_ERROR",
		"ADDR_CHANGE", "TIMEWAIT_EXIT",
	};

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->kind);
}

static void fmt_netns(struct cell *cell, const void *row)
{
	uint32_t netns = ((const EVENT *)row)->netns;

	if (netns)
		cell_u64(cell, netns);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT_IF('U', owner, "UID", -6, fmt_owner_uid),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_FMT_IF(4, netns, "NETNS", -10, fmt_netns),
	COL_FMT(kind, "EVENT", -16, fmt_event),
	COL(status, "STATUS", 6),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "LADDR", -16, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT(tuple, "RADDR", -16, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	{ 0 }
};

/* The tracepoint is the module's; where that is built in, its device tells of it. */
static void setup(struct run *run)
{
	(void)run;
	if (access("/sys/module/rdma_cm", F_OK) && access("/sys/class/misc/rdma_cm", F_OK))
		die(EXIT_CANNOT, "no RDMA connection manager here: the module rdma_ucm is not loaded");
}

/* By the tracepoint's record alone nobody knows whose connection it is. */
static void attach(struct run *run)
{
	static const unsigned char of_owners[] = { 'p', 1, 'u', 2, 'c', KEY_MNTNS, 3 };

	if (!prog_loaded(run, "event_record"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(of_owners); i++)
		if (opt_on(run, of_owners[i]))
			die(EXIT_CANNOT, "this kernel has no types of the module rdma_cm (Linux 5.11), "
			    "which tell whose connection it is: not by process or namespace");
	if (!opt_on(run, 'k'))
		warn("this kernel has no types of the module rdma_cm (Linux 5.11): connections of the "
		     "kernel itself are shown too, PID and COMM are not known");
}

static const struct probe probes[] = {
	{ "the RDMA connection manager", "event_raw" },
	{ "the RDMA connection manager", "event_record" },
	{ 0 }
};

BPF_OBJECT(rdmaucma);

APPLET(rdmaucma) = {
	.name = "rdmaucma",
	.brief = "Trace events of the RDMA connection manager: connects, rejections, disconnects.",
	.help = "Examples:\n"
		"  rdmaucma -p 181      of the connections of process 181\n"
		"  rdmaucma -k          of those that the kernel makes, too\n"
		"PID and COMM are of who made the connection, or its listener; the events themselves\n"
		"come in the kernel's own threads. STATUS is a negative errno, or the reason of\n"
		"a rejection.\n",
	OBJECT(rdmaucma),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
};
