// SPDX-License-Identifier: GPL-2.0-or-later
// Show how much TCP sends to each of some subnets.
#include "applet.h"
#include "net.h"
#include "tcpsubnet.h"
#include "tcpsubnet.skel.h"
#define RODATA struct tcpsubnet_bpf__rodata

#include <arpa/inet.h>

struct row {
	const char *subnet;
	u64 bytes;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_NETNS(5),
	OPT_USER('f', "format", "UNIT", "b, k, m: bits, Kbit, Mbit; B, K, M: bytes, KB, MB [B]"),
	LETTER('i', "interval"),
	LETTER('J', "json"),
	{ 0 }
};

/* Their texts, each in place of its number. */
struct own {
	size_t n;
	char text[SUBNETS_MAX][INET6_ADDRSTRLEN + 4];
};

static void mask_make(struct subnet *s, unsigned bits)
{
	for (int i = 0; i < 4; i++) {
		unsigned n = bits < 32 ? bits : 32;

		s->mask[i] = n ? htonl(~0U << (32 - n)) : 0;
		s->addr[i] &= s->mask[i];
		bits -= n;
	}
}

/* a.b.c.d/n, or x::/n; without /n it is one address. */
static void subnet_read(struct subnet *s, const char *text)
{
	char addr[INET6_ADDRSTRLEN + 1], *end;
	const char *slash = strchr(text, '/');
	size_t n = slash ? (size_t)(slash - text) : strlen(text);
	unsigned long bits, most;

	memset(s, 0, sizeof(*s));
	snprintf(addr, sizeof(addr), "%.*s", (int)n, text);
	if (n < sizeof(addr) && inet_pton(AF_INET, addr, s->addr) == 1)
		s->ip = 4;
	else if (n < sizeof(addr) && inet_pton(AF_INET6, addr, s->addr) == 1)
		s->ip = 6;
	else
		die(EXIT_USAGE, "%s: not a subnet; expected such as 10.0.0.0/8 or fe80::/10", text);
	most = s->ip == 4 ? 32 : 128;
	bits = slash ? strtoul(slash + 1, &end, 10) : most;
	if (slash && (slash[1] < '0' || slash[1] > '9' || *end || bits > most))
		die(EXIT_USAGE, "%s: expected /0 to /%lu", text, most);
	mask_make(s, bits);
}

static void setup(struct run *run)
{
	const char *unit = opt_str(run, 'f');
	struct own *own = run->own ? run->own : xalloc(sizeof(*own));
	char *list = xstrdup(run->argc ? run->argv[0] : "127.0.0.1/32,10.0.0.0/8,172.16.0.0/12,"
				"192.168.0.0/16,0.0.0.0/0,::1/128,fc00::/7,fe80::/10,::/0");
	char *word, *save = NULL;

	if (unit && (strlen(unit) != 1 || !strchr("bkmBKM", *unit)))
		opt_bad(run, 'f', "expected b, k, m, B, K or M");
	if (run->argc > 1)
		die(EXIT_USAGE, "expected one list of subnets, joined by commas");
	own->n = 0;
	for (word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		if (own->n == SUBNETS_MAX)
			die(EXIT_USAGE, "more than %d subnets", SUBNETS_MAX);
		subnet_read((struct subnet *)&RUN_RODATA(run)->subnets[own->n], word);
		snprintf(own->text[own->n++], sizeof(own->text[0]), "%s", word);
	}
	if (!own->n)
		die(EXIT_USAGE, "expected subnets, such as 10.0.0.0/8");
	free(list);
	run->own = own;
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->bytes < y->bytes ? 1 : x->bytes > y->bytes ? -1 : 0;
}

static void tick(struct run *run)
{
	struct own *own = run->own;
	struct row rows[SUBNETS_MAX];

	for (size_t i = 0; i < own->n; i++) {
		uint64_t sum;

		counts_since(run, "bytes_sent", i, &sum, 1);
		rows[i] = (struct row){ own->text[i], sum };
	}
	qsort(rows, own->n, sizeof(rows[0]), row_order);
	for (size_t i = 0; i < own->n && rows[i].bytes; i++)
		row_print(run, &rows[i], false);
}

static void fmt_subnet(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->subnet);
}

static void fmt_sent(struct cell *cell, const void *row)
{
	const char *unit = opt_str(cell_run(cell), 'f');
	u64 bytes = ((const EVENT *)row)->bytes;

	switch (unit ? *unit : 'B') {
	case 'b': cell_u64(cell, bytes * 8); break;
	case 'k': cell_u64(cell, bytes * 8 / 1024); break;
	case 'm': cell_u64(cell, bytes * 8 / (1024 * 1024)); break;
	case 'K': cell_u64(cell, bytes / 1024); break;
	case 'M': cell_u64(cell, bytes / (1024 * 1024)); break;
	default: cell_u64(cell, bytes);
	}
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_FMT(subnet, "SUBNET", -24, fmt_subnet),
	COL_FMT(bytes, "SENT", 12, fmt_sent),
	COL_IF('f', bytes, "BYTES", 12),
	COL_RATE(bytes, "BYTES/s", 12),
	{ 0 }
};

static const struct probe probes[] = { TCP_SENT_PROBES, { 0 } };

BPF_OBJECT(tcpsubnet);

APPLET(tcpsubnet) = {
	.name = "tcpsubnet",
	.brief = "Show how much TCP sends to each of some subnets.",
	.args = "[SUBNET,...]",
	.help = "Examples:\n"
		"  tcpsubnet                             the private ones, loopback, the rest\n"
		"  tcpsubnet -fK -i 5 10.0.0.0/8,::/0    in KB, each five seconds\n"
		"The first subnet of the list that fits counts; what fits none does not. Payload\n"
		"that programs really sent, per interval (-i, 1 second), the largest first.\n",
	OBJECT(tcpsubnet),
	.operands = OPERANDS_OWN,
	.interval = 1,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.tick = tick,
};
