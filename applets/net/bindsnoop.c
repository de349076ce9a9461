// SPDX-License-Identifier: GPL-2.0-or-later
// Trace bind(2) calls: which local address and port a socket gets, with its options.
#include "applet.h"
#include "bindsnoop.h"
#include "bindsnoop.skel.h"
#include "sock_call.h"
#define RODATA struct bindsnoop_bpf__rodata
#define EVENT struct event

enum { COUNTS = 5 };

static const struct opt opts[] = {
	SOCK_CALL_OPTS(3, "print-netns"),
	FLOW_PORTS('P', local_ports, "ports", "to these ports only"),
	OPT('x', with_failed, "failed", NULL, "failed ones too, with what was asked for"),
	OPT('E', with_failed, "errors", NULL, "the same as -x"),
	OPT(COUNTS, count_only, "counts", NULL, "count them, by address and port"),
	{ 0 }
};

static void setup(struct run *run)
{
	if (opt_on(run, COUNTS) && opt_on(run, 'a'))
		opt_bad(run, COUNTS, "excludes --all-families: it is by IP address");
}

static void fmt_options(struct cell *cell, const void *row)
{
	unsigned options = ((const EVENT *)row)->call.options;
	char text[] = "FTNRr";

	for (int i = 0; i < 5; i++)
		if (!(options >> i & 1))
			text[i] = '.';
	cell_str(cell, text);
}

static void fmt_interface(struct cell *cell, const void *row)
{
	uint32_t index = ((const EVENT *)row)->call.ifindex;

	if (index)
		cell_u64(cell, index);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	SOCK_CALL_COLS,
	COL_FMT(call, "PROTO", -7, fmt_call_protocol),
	COL_FMT(call, "IP", -2, fmt_call_ip),
	COL_FMT(call.options, "OPTS", -5, fmt_options),
	COL_FMT(call.ifindex, "IF", -2, fmt_interface),
	COL_FMT(call, "PORT", -5, fmt_call_port),
	COL_FMT(call, "ADDR", 0, fmt_call_address),
	{ 0 }
};

/* The table of --counts */
struct row {
	struct tuple tuple;
	u64 binds;
};
#undef EVENT
#define EVENT struct row

static const struct col count_cols[] = {
	COL_FMT(tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL(binds, "BINDS", 8),
	{ 0 }
};

static const struct top counts = {
	.when = COUNTS,
	.cols = count_cols,
	.map = "counts",
	.key_size = sizeof(struct tuple),
	.value_size = sizeof(u64),
	.sort = "BINDS",
};

static const struct probe probes[] = {
	{ "bind(2)", "bind_enter bind_exit" },
	{ "binds by io_uring and 32-bit programs", "inet_fexit ?inet6_fexit" },
	{ "binds by io_uring and 32-bit programs", "" },
	{ 0 }
};

BPF_OBJECT(bindsnoop);

APPLET(bindsnoop) = {
	.name = "bindsnoop",
	.brief = "Trace bind(2) calls: which local address and port a socket gets, with its options.",
	.help = "Examples:\n"
		"  bindsnoop -x           failed ones too: RET is the negative errno\n"
		"  bindsnoop -P 80,443    to these ports\n"
		"  bindsnoop -a           UNIX sockets and all others, too\n"
		"  bindsnoop --counts     how often each address and port, at the end\n"
		"OPTS: F freebind, T transparent, N bind_address_no_port, R reuseaddr,\n"
		"r reuseport. IF is the number of the interface that the socket is bound to. Address\n"
		"and port are those that the socket has got; of a failed bind, those that it asked\n"
		"for. Binds by io_uring and 32-bit programs are seen where functions may be watched,\n"
		"and IP only.\n",
	OBJECT(bindsnoop),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.top = &counts,
};
