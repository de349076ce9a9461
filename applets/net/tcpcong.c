// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long TCP connections are in each state of congestion control.
#include "applet.h"
#include "net.h"
#include "tcpcong.h"
#include "tcpcong.skel.h"
#define RODATA struct tcpcong_bpf__rodata

#include <bpf/bpf.h>

/* A connection within one report. */
struct row {
	struct owner owner;
	struct cong cong;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_IP, FLOW_NETNS(5),
	OPT_USER('L', "localport", "PORT[-PORT]", "with these local ports only"),
	OPT_USER('R', "remoteport", "PORT[-PORT]", "with these remote ports only"),
	OPT('d', by_state, "dist", NULL, "a histogram of the stays in each state"),
	OPT_USER('u', "microseconds", NULL, "in microseconds, not milliseconds"),
	OPT_USER('a', "all", NULL, "connections whose state did not change, too"),
	OPT_USER(6, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('T', "timestamp", NULL, "the time before each report"),
	{ 0 }
};

static void ports_read(const struct run *run, int key, u16 *first, u16 *last)
{
	const char *text = opt_str(run, key);
	unsigned a, b;
	char more;
	int n;

	if (!text)
		return;
	n = sscanf(text, "%u-%u%c", &a, &b, &more);
	if (n == 1 && !strchr(text, '-'))
		b = a;
	else if (n != 2)
		opt_bad(run, key, "expected a port, or two with a dash");
	if (!a || a > b || b > 65535 || strspn(text, "0123456789-") != strlen(text))
		opt_bad(run, key, "expected ports from 1 to 65535, the smaller one first");
	*first = a;
	*last = b;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	ports_read(run, 'L', (u16 *)&ro->local_first, (u16 *)&ro->local_last);
	ports_read(run, 'R', (u16 *)&ro->remote_first, (u16 *)&ro->remote_last);
	ro->hist_div = opt_on(run, 'u') ? 1000 : 1000000;
	if (opt_on(run, 'd'))
		map_resize(run, "reported", 1);
}

/* One entry of socks or ended: what is new of it since the last report, as a row. */
static void flow_report(struct run *run, uint64_t key, const struct sock_value *v, bool over)
{
	int reported = map_fd(run, "reported");
	struct row row = { .owner = v->owner, .cong = v->cong };
	struct cong *c = &row.cong, total, before;
	bool moved = false;

	if (!over && !c->since_ns)
		return;
	if (c->since_ns && c->since_ns < run->now_ns && c->state < CA_STATES)
		c->ns[c->state] += run->now_ns - c->since_ns;
	total = *c;
	/* Of another connection in the same place all is new. */
	if (!bpf_map_lookup_elem(reported, &key, &before) &&
	    !memcmp(&before.tuple, &c->tuple, sizeof(before.tuple)) &&
	    before.changes <= c->changes && before.ns[CA_OPEN] <= c->ns[CA_OPEN]) {
		for (int i = 0; i < CA_STATES; i++)
			c->ns[i] -= MIN(before.ns[i], c->ns[i]);
		c->changes -= before.changes;
	}
	if (over)
		bpf_map_delete_elem(reported, &key);
	else
		bpf_map_update_elem(reported, &key, &total, BPF_ANY);
	for (int i = CA_OPEN + 1; i < CA_STATES; i++)
		moved |= c->ns[i] != 0;
	if (moved || c->changes || opt_on(run, 'a'))
		row_print(run, &row, false);
}

/* With a filter, sockets of nobody are none of its. */
static bool filtered(const struct run *run)
{
	for (int key = 1; key < 5; key++)
		if (opt_on(run, key))
			return true;
	return opt_on(run, 'p') || opt_on(run, KEY_MNTNS);
}

static void flows_report(struct run *run, const char *map, bool over)
{
	uint64_t key, next, *at = NULL;
	int fd = map_fd(run, map);
	struct sock_value v;

	/* A key that is gone meanwhile would begin anew: it is deleted only once the next is known. */
	while (!bpf_map_get_next_key(fd, at, &next)) {
		if (over && at)
			bpf_map_delete_elem(fd, at);
		key = next;
		at = &key;
		if (!bpf_map_lookup_elem(fd, at, &v) && (!filtered(run) || v.owner.pid))
			/* Sockets lie at multiples of 8. */
			flow_report(run, over ? key & ~7ULL : key, &v, over);
	}
	if (over && at)
		bpf_map_delete_elem(fd, at);
}

static void tick(struct run *run)
{
	if (opt_on(run, 'd'))
		return;
	flows_report(run, "ended", true);
	flows_report(run, "socks", false);
}

static void fmt_time(struct cell *cell, const void *row)
{
	const uint64_t *ns = cell_ptr(cell, row);

	cell_f64(cell, *ns / (opt_on(cell_run(cell), 'u') ? 1e3 : 1e6), 3);
}

static const char *const state_names[] = { "open", "disorder", "cwr", "recovery", "loss" };

static void fmt_state(struct cell *cell, const void *row)
{
	cell_enum(cell, state_names, ARRAY_LEN(state_names), *(const uint32_t *)cell_ptr(cell, row));
}

#define TIMES(how, unit) \
	how('u', cong.ns[CA_OPEN], "Open_" unit, 10, fmt_time), \
	how('u', cong.ns[CA_DISORDER], "Dod_" unit, 10, fmt_time), \
	how('u', cong.ns[CA_RECOVERY], "Rcov_" unit, 10, fmt_time), \
	how('u', cong.ns[CA_CWR], "Cwr_" unit, 10, fmt_time), \
	how('u', cong.ns[CA_LOSS], "Los_" unit, 10, fmt_time)

static const struct col cols[] = {
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -12, fmt_owner_comm),
	COL_IF(6, cong.netns, "NETNS", -10),
	COL_FMT(cong.tuple, "LADDR", -15, fmt_saddr),
	COL_FMT(cong.tuple, "LPORT", -5, fmt_sport),
	COL_FMT(cong.tuple, "RADDR", -15, fmt_daddr),
	COL_FMT(cong.tuple, "RPORT", -5, fmt_dport),
	TIMES(COL_FMT_UNLESS, "ms"),
	TIMES(COL_FMT_ONLY, "us"),
	COL(cong.changes, "Chgs", 5),
	{ 0 }
};

#undef EVENT
#define EVENT struct hist_key
static const struct col keys[] = {
	COL_FMT(state, "state", 0, fmt_state),
	{ 0 }
};

static const struct hist hist = { .name = "congestion state", .when = 'd', .keys = keys };

static const struct probe probes[] = {
	OWNER_PROBES,
	{ "congestion states", "state_set" },
	{ "congestion states", "ack_fexit loss_fexit cwr_fexit" },
	{ "congestion states", "received retransmitted" },
	{ 0 }
};

BPF_OBJECT(tcpcong);

APPLET(tcpcong) = {
	.name = "tcpcong",
	.brief = "Show how long TCP connections are in each state of congestion control.",
	.help = "Examples:\n"
		"  tcpcong 1 10              ten reports, one a second\n"
		"  tcpcong -d -u             histograms of the stays, in microseconds\n"
		"  tcpcong -L 1000-2000 -a   with these local ports, all of them\n"
		"Open is the usual state, Dod(isorder) after duplicate acknowledgments, Cwr while the\n"
		"window is made smaller, R(e)cov(ery) after a loss that those tell of, Los(s) after\n"
		"one that a timer told. The state that lasts is counted up to the report.\n",
	OBJECT(tcpcong),
	.operands = OPERANDS_INTERVAL,
	.stamp_key = 'T',
	.opts = opts,
	.cols = cols,
	.hist = &hist,
	.probes = probes,
	.setup = setup,
	.attach = sockets_open,
	.tick = tick,
};
