// SPDX-License-Identifier: GPL-2.0-or-later
// Trace TCP segments that are sent again.
#include "applet.h"
#include "net.h"
#include "tcpretrans.h"
#include "tcpretrans.skel.h"
#define RODATA struct tcpretrans_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_IP, FLOW_NETNS(5),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT('c', count_only, "count", NULL, "count them, by connection"),
	OPT_USER('l', "lossprobe", NULL, "loss probes with new data, too (L)"),
	OPT_USER('s', "sequence", NULL, "show the sequence number"),
	OPT_USER(6, "print-netns", NULL, "show the network namespace (inode number)"),
	{ 0 }
};

static void fmt_type(struct cell *cell, const void *row)
{
	static const char *const names[] = { "?", "R", "L" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->type);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_IF(6, netns, "NETNS", -10),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "LADDR", -15, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT(type, "T>", -2, fmt_type),
	COL_FMT(tuple, "RADDR", -15, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_FMT(state, "STATE", -12, fmt_tcp_state),
	COL_IF('s', seq, "SEQ", 10),
	{ 0 }
};

/* The table of -c */
struct row {
	struct flow_key key;
	u64 n;
};
#undef EVENT
#define EVENT struct row

static const struct col count_cols[] = {
	COL_IF(6, key.netns, "NETNS", -10),
	COL_FMT(key.tuple, "LADDR", -15, fmt_saddr),
	COL_FMT(key.tuple, "LPORT", -5, fmt_sport),
	COL_FMT(key.tuple, "RADDR", -15, fmt_daddr),
	COL_FMT(key.tuple, "RPORT", -5, fmt_dport),
	COL(n, "RETRANSMITS", 11),
	{ 0 }
};

static const struct top counts = {
	.when = 'c',
	.cols = count_cols,
	.map = "counts",
	.key_size = sizeof(struct flow_key),
	.value_size = sizeof(u64),
	.sort = "RETRANSMITS",
};

static const struct probe probes[] = {
	OWNER_PROBES,
	{ "loss probes", "probe_fentry", 'l' },
	{ "loss probes", "probe_kprobe", 'l' },
	{ "loss probes", "", 'l' },
	{ 0 }
};

BPF_OBJECT(tcpretrans);

APPLET(tcpretrans) = {
	.name = "tcpretrans",
	.brief = "Trace TCP segments that are sent again.",
	.help = "Examples:\n"
		"  tcpretrans -s                  with the sequence numbers\n"
		"  tcpretrans -c --interval 10    how many of each connection, each 10 seconds\n"
		"  tcpretrans -p 181              of the sockets of process 181\n"
		"T: R is a segment sent again, L a tail loss probe: the last segment once more or,\n"
		"with -l and where the kernel lets functions be watched, the next one early. State\n"
		"SYN_SENT is a SYN sent again, NEW_SYN_RECV the answer to one. The process is the\n"
		"socket's owner; of connections not yet accepted there is none.\n",
	OBJECT(tcpretrans),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.top = &counts,
	.attach = sockets_open,
};
