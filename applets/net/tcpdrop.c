// SPDX-License-Identifier: GPL-2.0-or-later
// Trace TCP packets that the kernel drops: why, and where.
#include "applet.h"
#include "drops.h"
#include "net.h"
#include "tcpdrop.h"
#include "tcpdrop.skel.h"
#define RODATA struct tcpdrop_bpf__rodata
#define EVENT struct event

#include <sys/stat.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_IP,
	OPT_RANGE(5, only_netns, "netns-id", "INUM",
		  "this network namespace only (the inode number of /proc/PID/ns/net)", 1,
		  0xffffffff),
	OPT_USER_NUM(6, "pid-netns", "PID", "the network namespace of this process only", 1,
		     4194304),
	OPT_USER(7, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT('S', no_stack, "no-stack", NULL, "without the stacks"),
	{ 0 }
};

static void setup(struct run *run)
{
	char path[64];
	struct stat st;

	drop_reasons_read(run);
	if (!opt_on(run, 6))
		return;
	if (opt_on(run, 5))
		opt_bad(run, 6, "excludes --netns-id");
	snprintf(path, sizeof(path), "/proc/%llu/ns/net", (unsigned long long)opt_u64(run, 6, 0));
	if (stat(path, &st))
		opt_bad(run, 6, strerror(errno));
	RUN_RODATA(run)->only_netns = st.st_ino;
}

static void fmt_netns(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->netns)
		cell_u64(cell, e->netns);
	else
		cell_none(cell);
}

static void fmt_flags(struct cell *cell, const void *row)
{
	static const char *const names[] = { "FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR" };
	const EVENT *e = row;
	char text[40] = "";

	if (e->flags == NO_FLAGS) {
		cell_none(cell);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!(e->flags >> i & 1))
			continue;
		if (*text)
			strcat(text, "|");
		strcat(text, names[i]);
	}
	cell_str(cell, text);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_FMT_IF(7, netns, "NETNS", -10, fmt_netns),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "SADDR", -15, fmt_saddr),
	COL_FMT(tuple, "SPORT", -5, fmt_sport),
	COL_FMT(tuple, "DADDR", -15, fmt_daddr),
	COL_FMT(tuple, "DPORT", -5, fmt_dport),
	COL_FMT(state, "STATE", -11, fmt_tcp_state),
	COL_FMT(flags, "FLAGS", -11, fmt_flags),
	COL_FMT(reason, "REASON", -24, fmt_drop_reason),
	COL(reason, "CODE", 4),
	{ COL_FIELD(stacks, "STACK", 0), .kind = K_STACKS, .unless = 'S' },
	{ 0 }
};

static const struct probe probes[] = {
	OWNER_PROBES,
	{ "drops of the receive side (until 5.18)", "tcp_drop_fentry" },
	{ "drops of the receive side (until 5.18)", "tcp_drop_kprobe" },
	{ "drops of the receive side (until 5.18)", "" },
	{ 0 }
};

BPF_OBJECT(tcpdrop);

APPLET(tcpdrop) = {
	.name = "tcpdrop",
	.brief = "Trace TCP packets that the kernel drops: why, and where.",
	.help = "Examples:\n"
		"  tcpdrop -4 -S             IPv4 only, without stacks\n"
		"  tcpdrop --pid-netns 181   in the network namespace of process 181\n"
		"REASON is the kernel's own, which it gives since 5.17; until then the stack tells.\n"
		"Source and destination are the packet's. Process and state are those of the socket\n"
		"that sent it or (from 6.11 on) that it was for, where the kernel knows.\n",
	OBJECT(tcpdrop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = sockets_open,
};
