// SPDX-License-Identifier: GPL-2.0-or-later
// Trace listen(2) calls: who serves where, with how long a queue.
#include "applet.h"
#include "sock_call.h"
#include "solisten.h"
#include "solisten.skel.h"
#define RODATA struct solisten_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	SOCK_CALL_OPTS('n', "show-netns"),
	FLOW_PORTS('P', local_ports, "port", "on these ports only"),
	OPT('x', only_failed, "failed", NULL, "only calls that failed"),
	{ 0 }
};

/* An MPTCP socket leaves its queue to the TCP socket within it. */
static void fmt_max(struct cell *cell, const void *row)
{
	enum { MPTCP = 262 };
	const EVENT *e = row;

	if (e->call.ret || e->call.protocol == MPTCP)
		cell_none(cell);
	else
		cell_u64(cell, e->max);
}

static const struct col cols[] = {
	SOCK_CALL_COLS,
	COL(backlog, "BACKLOG", 7),
	COL_FMT(max, "MAX", 5, fmt_max),
	COL_FMT(call, "PROTO", -7, fmt_call_protocol),
	COL_FMT(call, "IP", -2, fmt_call_ip),
	COL_FMT(call, "PORT", -5, fmt_call_port),
	COL_FMT(call, "ADDR", 0, fmt_call_address),
	{ 0 }
};

static const struct probe probes[] = {
	{ "listen(2)", "listen_enter listen_exit" },
	{ "listeners of io_uring and 32-bit programs", "inet_fexit" },
	{ "listeners of io_uring and 32-bit programs", "" },
	{ 0 }
};

BPF_OBJECT(solisten);

APPLET(solisten) = {
	.name = "solisten",
	.brief = "Trace listen(2) calls: who serves where, with how long a queue.",
	.help = "Examples:\n"
		"  solisten -p 181                 those of process 181\n"
		"  solisten -a                     UNIX sockets and all others, too\n"
		"  solisten --netns 4026531840     in this network namespace\n"
		"RET is 0 or the negative errno, BACKLOG what the program asked for, MAX the\n"
		"length of the queue that it got (net.core.somaxconn is the limit). What listens\n"
		"by io_uring, and 32-bit programs, are seen where functions may be watched, and IP\n"
		"only.\n",
	OBJECT(solisten),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
