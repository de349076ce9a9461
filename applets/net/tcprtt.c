// SPDX-License-Identifier: GPL-2.0-or-later
// Show TCP round trip times as a histogram.
#include "applet.h"
#include "net.h"
#include "tcprtt.h"
#include "tcprtt.skel.h"
#define RODATA struct tcprtt_bpf__rodata
#define EVENT struct hist_key

#include <arpa/inet.h>

enum { BY_LPORT = 1, BY_RPORT };

static const struct opt opts[] = {
	FLOW_IP, FLOW_NETNS(3),
	FLOW_PORTS('p', local_ports, "lport", "with these local ports only"),
	FLOW_PORTS('P', remote_ports, "rport", "with these remote ports only"),
	OPT_USER('a', "laddr", "ADDR", "with this local address only"),
	OPT_USER('A', "raddr", "ADDR", "with this remote address only"),
	OPT('b', by_laddr, "byladdr", NULL, "a histogram for each local address"),
	OPT('B', by_raddr, "byraddr", NULL, "a histogram for each remote address"),
	OPT(BY_LPORT, by_lport, "bylport", NULL, "a histogram for each local port"),
	OPT(BY_RPORT, by_rport, "byrport", NULL, "a histogram for each remote port"),
	OPT_CONST('m', hist_div, "milliseconds", "in milliseconds, not microseconds", 1000000),
	OPT_USER('e', "extension", NULL, "show the average, too"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	LETTER('i', "interval"),
	LETTER('d', "duration"),
	{ 0 }
};

/* 4 or 6; an IPv4 address on an IPv6 socket is IPv4 (bpf/sock.h). */
static unsigned address_read(const struct run *run, int key, void *to)
{
	const char *text = opt_str(run, key);
	unsigned char a[16];

	memset(to, 0, 16);
	if (inet_pton(AF_INET, text, to) == 1)
		return 4;
	if (inet_pton(AF_INET6, text, a) != 1)
		opt_bad(run, key, "expected an IPv4 or IPv6 address");
	if (!memcmp(a, "\0\0\0\0\0\0\0\0\0\0\377\377", 12)) {
		memcpy(to, a + 12, 4);
		return 4;
	}
	memcpy(to, a, 16);
	return 6;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct tuple *only = (struct tuple *)&ro->only;

	ro->only_laddr = opt_on(run, 'a');
	ro->only_raddr = opt_on(run, 'A');
	if (ro->only_laddr)
		only->ip = address_read(run, 'a', only->saddr);
	if (ro->only_raddr) {
		unsigned ip = address_read(run, 'A', only->daddr);

		if (ro->only_laddr && ip != only->ip)
			opt_bad(run, 'A', "is not of the IP version of --laddr");
		only->ip = ip;
	}
}

static const struct col keys[] = {
	COL_FMT_IF('b', tuple, "laddr", 0, fmt_saddr),
	COL_FMT_IF(BY_LPORT, tuple, "lport", 0, fmt_sport),
	COL_FMT_IF('B', tuple, "raddr", 0, fmt_daddr),
	COL_FMT_IF(BY_RPORT, tuple, "rport", 0, fmt_dport),
	{ 0 }
};

static const struct hist hist = { .name = "round trip time", .keys = keys, .extension = 'e' };

BPF_OBJECT(tcprtt);

APPLET(tcprtt) = {
	.name = "tcprtt",
	.brief = "Show TCP round trip times as a histogram.",
	.help = "Examples:\n"
		"  tcprtt -i 1 -d 10             ten reports, one a second\n"
		"  tcprtt -m -B                  in milliseconds, for each remote address\n"
		"  tcprtt --lport 443 -e         of connections to our port 443, with the average\n"
		"It is the kernel's smoothed estimate (srtt), taken with each segment that comes in:\n"
		"busy connections count more.\n",
	.title = "Tracing TCP round trip times... Hit Ctrl-C to end.",
	OBJECT(tcprtt),
	.stamp_key = 'T',
	.opts = opts,
	.hist = &hist,
	.setup = setup,
};
