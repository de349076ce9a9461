// SPDX-License-Identifier: GPL-2.0-or-later
// Trace TCP connections: when they are made, accepted and closed.
#include "applet.h"
#include "net.h"
#include "tcptracer.h"
#include "tcptracer.skel.h"
#define RODATA struct tcptracer_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('C'),
	FLOW_IP, FLOW_NETNS('N'),
	OPT('x', want_failed, "failed", NULL, "connects that failed, too, as F"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('w', "wide", NULL, "TYPE in words; show NETNS, BY, MS, bytes and ERR"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	{ 0 }
};

static void fmt_letter(struct cell *cell, const void *row)
{
	static const char *const names[] = { "?", "C", "A", "X", "F" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->type);
}

static void fmt_type(struct cell *cell, const void *row)
{
	static const char *const names[] = { "?", "connect", "accept", "close", "failed" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->type);
}

static void fmt_by(struct cell *cell, const void *row)
{
	static const char *const names[] = { "?", "local", "remote" };
	const EVENT *e = row;

	if (e->type == CLOSE)
		cell_enum(cell, names, ARRAY_LEN(names), e->by);
	else
		cell_none(cell);
}

/* The columns that only a close has a value for. */
static void fmt_closed(struct cell *cell, const void *row)
{
	if (((const EVENT *)row)->type == CLOSE)
		cell_u64(cell, *(const uint64_t *)cell_ptr(cell, row));
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT_IF('U', owner, "UID", -6, fmt_owner_uid),
	COL_FMT_UNLESS('w', type, "T", -1, fmt_letter),
	COL_FMT_ONLY('w', type, "TYPE", -8, fmt_type),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL(tuple.ip, "IP", -2),
	COL_FMT(tuple, "SADDR", -16, fmt_saddr),
	COL_FMT(tuple, "DADDR", -16, fmt_daddr),
	COL_FMT(tuple, "SPORT", -5, fmt_sport),
	COL_FMT(tuple, "DPORT", -5, fmt_dport),
	COL_IF('w', netns, "NETNS", -10),
	COL_FMT_IF('w', owner, "CGROUP", -8, fmt_owner_cgroup),
	COL_FMT_IF('w', by, "BY", -6, fmt_by),
	COL_FMT_IF('w', span_ns, "MS", 10, fmt_ms),
	COL_FMT_IF('w', tx_bytes, "TX_BYTES", 11, fmt_closed),
	COL_FMT_IF('w', rx_bytes, "RX_BYTES", 11, fmt_closed),
	COL_IF('w', err, "ERR", 4),
	{ 0 }
};

static const struct probe probes[] = { OWNER_PROBES, { 0 } };

BPF_OBJECT(tcptracer);

APPLET(tcptracer) = {
	.name = "tcptracer",
	.brief = "Trace TCP connections: when they are made, accepted and closed.",
	.help = "Examples:\n"
		"  tcptracer -p 181          those of process 181\n"
		"  tcptracer -w              who closed, after what time, how much went through\n"
		"  tcptracer -x -T           connects that failed, too, with the time of day\n"
		"T: C is a connect that was answered, A an accept(2), X the first close of either\n"
		"side, F (with -x) a connect that failed. One close is told for each C and A, and\n"
		"for connections that were open before. Bytes are payload up to then.\n",
	OBJECT(tcptracer),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.attach = sockets_open,
};
