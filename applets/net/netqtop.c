// SPDX-License-Identifier: GPL-2.0-or-later
// Show packets and their sizes for each queue of network interfaces.
#include "applet.h"
#include "net.h"
#include "netqtop.h"
#include "netqtop.skel.h"
#define RODATA struct netqtop_bpf__rodata
#define EVENT struct row

#include <bpf/bpf.h>
#include <dirent.h>
#include <net/if.h>
#include <sys/stat.h>

struct row {
	struct key key;
	bool all;		/* of the interface's queues in that direction: their sum */
	char name[NET_NAME];
	struct value value;
};

static const struct opt opts[] = {
	OPT('n', only_name, "name", "IFACE", "this interface only"),
	LETTER('i', "interval"),
	OPT_USER('t', "throughput", NULL, "show bytes and packets per second"),
	OPT('g', as_stack, "gso", NULL, "count as the stack has them, before GSO and after GRO"),
	FLOW_NETNS(1),
	OPT_USER(2, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('T', "timestamp", NULL, "the time of day before each report"),
	{ 0 }
};

static void fmt_direction(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->key.rx ? "RX" : "TX");
}

/* JSON has no number for what is the sum. */
static void fmt_queue(struct cell *cell, const void *row)
{
	const EVENT *r = row;

	if (!r->all)
		cell_u64(cell, r->key.queue);
	else if (cell_run(cell)->format == FORMAT_JSON)
		cell_none(cell);
	else
		cell_str(cell, "Total");
}

static void fmt_average(struct cell *cell, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	if (v->packets)
		cell_f64(cell, (double)v->bytes / v->packets, 1);
	else
		cell_none(cell);
}

#define RATE_IF(k, f, h, w) \
	{ COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .when = (k), .rate = true }

static const struct col cols[] = {
	COL_IF(2, key.interface.netns, "NETNS", -10),
	COL_FMT(name, "IFACE", -16, fmt_text),
	COL_FMT(key.rx, "DIR", -3, fmt_direction),
	COL_FMT(key.queue, "QUEUE", 5, fmt_queue),
	COL(value.packets, "PACKETS", 9),
	COL_FMT(value, "AVG_SIZE", 9, fmt_average),
	COL(value.sizes[0], "0-63", 8),
	COL(value.sizes[1], "64-511", 8),
	COL(value.sizes[2], "512-2K", 8),
	COL(value.sizes[3], "2K-16K", 8),
	COL(value.sizes[4], "16K-64K", 8),
	COL(value.sizes[5], "64K+", 8),
	RATE_IF('t', value.bytes, "BPS", 12),
	RATE_IF('t', value.packets, "PPS", 10),
	{ 0 }
};

struct rows {
	struct run *run;
	struct row *row;
	size_t n, room;
};

/* The row of a key, made if there is none. Few enough to be looked through. */
static struct row *row_of(struct rows *rows, const struct key *key, bool all)
{
	struct row *r;

	for (r = rows->row; r < rows->row + rows->n; r++)
		if (r->all == all && r->key.interface.netns == key->interface.netns &&
		    r->key.interface.ifindex == key->interface.ifindex && r->key.rx == key->rx &&
		    (all || r->key.queue == key->queue))
			return r;
	if (rows->n == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 32;
		rows->row = xrealloc(rows->row, rows->room * sizeof(*r));
	}
	r = rows->row + rows->n++;
	*r = (struct row){ .key = *key, .all = all };
	if (bpf_map_lookup_elem(map_fd(rows->run, "names"), &key->interface, r->name))
		r->name[0] = 0;
	return r;
}

static void value_add(struct value *to, const struct value *v)
{
	to->packets += v->packets;
	to->bytes += v->bytes;
	for (int i = 0; i < SIZES; i++)
		to->sizes[i] += v->sizes[i];
}

static void queue_take(const void *key, const void *value, void *arg)
{
	value_add(&row_of(arg, key, false)->value, value);
	value_add(&row_of(arg, key, true)->value, value);
}

/* The queues that an interface of our own network namespace has, idle or not. */
static void queues_known(struct rows *rows, const char *name)
{
	struct key key = { .interface.ifindex = if_nametoindex(name) };
	char path[64];
	struct dirent *d;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/class/net/%s/queues", name);
	dir = key.interface.ifindex && !stat("/proc/self/ns/net", &st) ? opendir(path) : NULL;
	if (!dir)
		return;
	key.interface.netns = st.st_ino;
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		key.rx = d->d_name[0] == 'r';
		key.queue = atoi(d->d_name + 3);	/* tx-0, rx-0 */
		snprintf(row_of(rows, &key, false)->name, NET_NAME, "%s", name);
		snprintf(row_of(rows, &key, true)->name, NET_NAME, "%s", name);
	}
	closedir(dir);
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	int order = strcmp(x->name, y->name);

	if (!order)
		order = memcmp(&x->key.interface, &y->key.interface, sizeof(x->key.interface));
	if (!order)
		order = x->key.rx - y->key.rx;
	if (!order)
		order = x->all - y->all;
	return order ? order : x->key.queue - y->key.queue;
}

static void tick(struct run *run)
{
	struct rows rows = { .run = run };

	map_drain(run, "queues", true, queue_take, &rows);
	if (opt_on(run, 'n') && !opt_on(run, 1))
		queues_known(&rows, opt_str(run, 'n'));
	qsort(rows.row, rows.n, sizeof(*rows.row), row_order);
	for (size_t i = 0; i < rows.n; i++)
		row_print(run, rows.row + i, false);
	free(rows.row);
}

static void attach(struct run *run)
{
	const char *name = opt_on(run, 'n') ? opt_str(run, 'n') : NULL;

	if (name && !opt_on(run, 1) && !if_nametoindex(name))
		warn("there is no %s in this network namespace, or not yet", name);
}

static const struct probe probes[] = {
	{ "packets", "sent_btf received_btf" },
	{ "packets", "sent_raw received_raw" },
	{ 0 }
};

BPF_OBJECT(netqtop);

APPLET(netqtop) = {
	.name = "netqtop",
	.brief = "Show packets and their sizes for each queue of network interfaces.",
	.help = "Examples:\n"
		"  netqtop -n eth0 -t    each second, with bytes and packets per second\n"
		"  netqtop 5 12          all interfaces, each 5 seconds, for a minute\n"
		"Sizes are in bytes with the link layer's header. What the stack sends in one piece\n"
		"and the interface cuts up (GSO), or puts together when it comes in (GRO), is counted\n"
		"as the packets on the wire; with -g it is not. All network namespaces are seen;\n"
		"packets that XDP handles are not.\n",
	OBJECT(netqtop),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.stamp_key = 'T',
	.attach = attach,
	.tick = tick,
};
