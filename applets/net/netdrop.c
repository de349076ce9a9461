// SPDX-License-Identifier: GPL-2.0-or-later
// Trace packets that the kernel drops, of all protocols: why, and where.
#include "applet.h"
#include "drops.h"
#include "ksyms.h"
#include "net.h"
#include "netdrop.h"
#include "netdrop.skel.h"
#define RODATA struct netdrop_bpf__rodata
#define EVENT struct event

#include <strings.h>

enum { OPT_WIDE = 'w', OPT_OFFSET = 'o' };

static const struct opt opts[] = {
	FLOW_IP,
	OPT_USER('r', "reason", "NAME[,NAME]", "dropped for these reasons only"),
	OPT_USER('x', "not-reason", "NAME[,NAME]", "not those dropped for these"),
	OPT_USER('P', "protocol", "NAME[,NAME]",
		 "of these only: tcp, udp, icmp, ..., arp, unix, netlink, or a number of IP"),
	FLOW_PORTS('p', only_ports, "port", "from or to these ports only"),
	FLOW_NETNS('n'),
	OPT('i', only_dev, "device", "NAME", "at this network device only"),
	OPT('c', count_only, "counts", NULL, "count them, by reason and place"),
	OPT('s', with_stack, "stack", NULL, "show the kernel's stack"),
	OPT_USER(OPT_OFFSET, "offset", NULL, "show how far into the function it was"),
	OPT_USER(OPT_WIDE, "wide", NULL, "room for IPv6"),
	OPT_USER('l', "list", NULL, "list the reasons that this kernel has, and end"),
	{ 0 }
};

/* What a packet may be, by the numbers that the kernel knows it by. */
static const struct proto {
	const char *name;
	u32 proto;
} protos[] = {
	{ "ICMP", PROTO_IP + 1 }, { "IGMP", PROTO_IP + 2 }, { "IPIP", PROTO_IP + 4 },
	{ "TCP", PROTO_IP + 6 }, { "UDP", PROTO_IP + 17 }, { "DCCP", PROTO_IP + 33 },
	{ "IPV6", PROTO_IP + 41 }, { "GRE", PROTO_IP + 47 }, { "ESP", PROTO_IP + 50 },
	{ "AH", PROTO_IP + 51 }, { "ICMPV6", PROTO_IP + 58 }, { "SCTP", PROTO_IP + 132 },
	{ "UDPLITE", PROTO_IP + 136 },
	{ "ARP", PROTO_ETHER + 0x0806 }, { "VLAN", PROTO_ETHER + 0x8100 },
	{ "MPLS", PROTO_ETHER + 0x8847 }, { "PPPOE", PROTO_ETHER + 0x8864 },
	{ "LLDP", PROTO_ETHER + 0x88cc },
	{ "UNIX", PROTO_FAMILY + 1 }, { "NETLINK", PROTO_FAMILY + 16 },
	{ "PACKET", PROTO_FAMILY + 17 }, { "VSOCK", PROTO_FAMILY + 40 },
};

static u32 reason_number(struct run *run, int key, const char *word)
{
	u32 reason = drop_reason_find(run, word);

	if (!reason)
		opt_bad(run, key, "this kernel has no such reason; --list shows those it has");
	return reason;
}

static u32 proto_number(struct run *run, int key, const char *word)
{
	uint64_t n;

	for (size_t i = 0; i < ARRAY_LEN(protos); i++)
		if (!strcasecmp(protos[i].name, word))
			return protos[i].proto;
	if (!parse_u64(word, &n) || n > 255)
		opt_bad(run, key, "expected names as tcp,udp,arp or numbers of IP from 0 to 255");
	return PROTO_IP + n;
}

/* The words of an option, separated by commas, into a zero-terminated list of `size` numbers. */
static void words_take(struct run *run, int key, u32 (*number)(struct run *, int, const char *),
		       u32 *list, size_t size)
{
	const char *given = opt_str(run, key);
	char *copy = given ? xstrdup(given) : NULL, *save = NULL;
	size_t n = 0;

	for (char *word = copy ? strtok_r(copy, ",", &save) : NULL; word;
	     word = strtok_r(NULL, ",", &save)) {
		if (n == size - 1)
			opt_bad(run, key, "too many names");
		list[n++] = number(run, key, word);
	}
	if (given && !n)
		opt_bad(run, key, "expected a name");
	free(copy);
}

static bool reasons_known(const struct run *run)
{
	return drop_reason_next(run, 0);
}

static void reasons_list(struct run *run)
{
	for (u32 reason = 0; (reason = drop_reason_next(run, reason));)
		line_print(run, "%s", drop_reason_name(run, reason));
	run_end(run);
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	bool known;

	drop_reasons_read(run);
	known = reasons_known(run);
	if (!known && (opt_on(run, 'r') || opt_on(run, 'x') || opt_on(run, 'l')))
		die(EXIT_CANNOT, "this kernel gives no reasons for drops: they came with Linux 5.17");
	if (opt_on(run, 'l'))
		reasons_list(run);
	if (opt_on(run, 's') && opt_on(run, 'c'))
		opt_bad(run, 's', "excludes --counts");
	words_take(run, 'r', reason_number, (u32 *)ro->only_reasons, ARRAY_LEN(ro->only_reasons));
	words_take(run, 'x', reason_number, (u32 *)ro->not_reasons, ARRAY_LEN(ro->not_reasons));
	words_take(run, 'P', proto_number, (u32 *)ro->only_protos, ARRAY_LEN(ro->only_protos));
	/* One of the reasons that came when the receive side began to drop by the tracepoint (5.18). */
	if (known && drop_reason_find(run, "TCP_OFOMERGE"))
		prog_off(run, "tcp_dropped");
	if (run->own)
		return;
	run->own = ksyms_new();
	if (!known)
		warn("this kernel gives no reasons for drops, which came with Linux 5.17; "
		     "LOCATION tells");
}

static void location_print(struct cell *cell, u64 address)
{
	const struct run *run = cell_run(cell);
	const char *module;
	uint64_t offset;
	/* where it goes on behind the call: the call may be the last instruction of a function */
	const char *name = ksyms_find(run->own, address - 1, &offset, &module);

	if (!name)
		cell_printf(cell, "0x%llx", (unsigned long long)address);
	else if (opt_on(run, OPT_OFFSET))
		cell_printf(cell, "%s+0x%llx", name, (unsigned long long)offset + 1);
	else
		cell_str(cell, name);
}

static void fmt_location(struct cell *cell, const void *row)
{
	location_print(cell, *(const u64 *)cell_ptr(cell, row));
}

static void fmt_proto(struct cell *cell, const void *row)
{
	u32 proto = ((const EVENT *)row)->proto;

	for (size_t i = 0; i < ARRAY_LEN(protos); i++) {
		if (protos[i].proto == proto) {
			cell_str(cell, protos[i].name);
			return;
		}
	}
	if (!proto)
		cell_none(cell);
	else if (proto >= PROTO_FAMILY)
		cell_printf(cell, "family %u", proto - PROTO_FAMILY);
	else if (proto >= PROTO_ETHER)
		cell_printf(cell, "0x%04x", proto - PROTO_ETHER);
	else
		cell_printf(cell, "IP %u", proto - PROTO_IP);
}

static void fmt_netns(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->netns)
		cell_u64(cell, e->netns);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(reason, "REASON", -22, fmt_drop_reason),
	COL_FMT(location, "LOCATION", -28, fmt_location),
	COL_FMT(proto, "PROTO", -7, fmt_proto),
	COL_FMT_UNLESS(OPT_WIDE, tuple, "SADDR", -15, fmt_saddr),
	COL_FMT_ONLY(OPT_WIDE, tuple, "SADDR", -39, fmt_saddr),
	COL_FMT(tuple, "SPORT", -5, fmt_sport),
	COL_FMT_UNLESS(OPT_WIDE, tuple, "DADDR", -15, fmt_daddr),
	COL_FMT_ONLY(OPT_WIDE, tuple, "DADDR", -39, fmt_daddr),
	COL_FMT(tuple, "DPORT", -5, fmt_dport),
	COL_FMT(dev, "DEV", -8, fmt_text),
	COL_FMT(netns, "NETNS", -10, fmt_netns),
	COL(len, "LEN", 5),
	COL_STACKS('s', stacks),
	{ 0 }
};

/* The table of -c */
struct row {
	struct drop_key key;
	struct drop_value value;
};
#undef EVENT
#define EVENT struct row

static const struct col count_cols[] = {
	COL_FMT(key.reason, "REASON", -30, fmt_drop_reason),
	COL_FMT(key.location, "LOCATION", -36, fmt_location),
	COL(value.packets, "PACKETS", 10),
	COL(value.bytes, "BYTES", 12),
	{ 0 }
};

static const struct top counts = {
	.when = 'c',
	.cols = count_cols,
	.map = "counts",
	.key_size = sizeof(struct drop_key),
	.value_size = sizeof(struct drop_value),
	.sort = "PACKETS",
};

static const struct probe probes[] = {
	{ "drops of TCP's receive side (until 5.18)", "tcp_dropped" },
	{ "drops of TCP's receive side (until 5.18)", "" },
	{ 0 }
};

BPF_OBJECT(netdrop);

APPLET(netdrop) = {
	.name = "netdrop",
	.brief = "Trace packets that the kernel drops, of all protocols: why, and where.",
	.help = "Examples:\n"
		"  netdrop -P udp -p 53            packets of the DNS\n"
		"  netdrop -x NO_SOCKET,NOT_SPECIFIED -s   with the stack, but not for these reasons\n"
		"  netdrop -c --interval 10        how many for which reason, each 10 seconds\n"
		"  netdrop -l                      the reasons that there are\n"
		"REASON is the kernel's own, which it gives since 5.17; LOCATION is the function that\n"
		"dropped the packet. Source and destination are the packet's. LEN is what was left\n"
		"of it: headers already taken off do not count. What was used is no drop.\n",
	OBJECT(netdrop),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.top = &counts,
	.probes = probes,
	.offsets_key = OPT_OFFSET,
	.setup = setup,
};
