// SPDX-License-Identifier: GPL-2.0-or-later
// Show which BPF programs run most, how long each run takes, and what that costs.
#include "applet.h"
#include "objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

struct key {
	u32 id, type;
};

struct value {
	u64 runs, ns;		/* of the interval */
	u64 avg_ns;
	u64 ns_per_s;		/* of one CPU's time */
	u64 all_runs, all_ns;	/* since statistics are on, whoever turned them on */
	u64 skipped;		/* runs that were not, of the interval */
	char name[OBJECT_NAME];
	char holders[128];
};

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER('a', "all", NULL, "those that did not run, too"),
	OPT_USER('H', "holders", NULL, "show the processes that hold the program (open, or by a link)"),
	OPT_USER('s', "sort", "ORDER", "cpu, runs, avg, total or id [cpu]"),
	OPT_USER_NUM('r', "rows", "N", "at most N programs [20]", 1, 1000000),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

/* A program as it was at the last report. */
struct seen {
	u32 id;
	bool here;
	u64 runs, ns, skipped;
	char name[OBJECT_NAME];
};

struct state {
	struct seen *v;
	size_t n;
	struct run *run;
	void (*give)(const void *key, const void *value, void *arg);
	void *give_arg;
	struct holder {
		u32 prog;
		char text[128];
	} *holders;
	size_t nholders;
};

/* ---- who holds them ---- */

static struct holder *holder_of(struct state *s, u32 prog)
{
	for (size_t i = 0; i < s->nholders; i++)
		if (s->holders[i].prog == prog)
			return &s->holders[i];
	return NULL;
}

static void holder_add(const struct holding *h, void *arg)
{
	struct state *s = arg;
	struct holder *to = h->prog ? holder_of(s, h->prog) : NULL;
	char text[96];
	size_t n;

	if (!h->prog)
		return;
	if (!to) {
		s->holders = xrealloc(s->holders, (s->nholders + 1) * sizeof(*s->holders));
		to = &s->holders[s->nholders++];
		*to = (struct holder){ .prog = h->prog };
	}
	snprintf(text, sizeof(text), "%s(%d)", h->comm, h->pid);
	n = strlen(to->text);
	if (!strstr(to->text, text) && n + strlen(text) + 1 < sizeof(to->text))
		snprintf(to->text + n, sizeof(to->text) - n, "%s%s", n ? " " : "", text);
}

/* ---- rows ---- */

static struct seen *seen_of(struct state *s, int fd, const struct bpf_prog_info *info)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].id == info->id)
			return &s->v[i];
	s->v = xrealloc(s->v, (s->n + 1) * sizeof(*s->v));
	s->v[s->n] = (struct seen){ .id = info->id };
	prog_name_read(fd, info, s->v[s->n].name);
	return &s->v[s->n++];
}

/* What a program that is new has run, it has run in this interval. */
static void prog_see(int fd, uint32_t id, void *arg)
{
	struct state *s = arg;
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	const struct holder *h = holder_of(s, id);
	struct value v = { 0 };
	struct seen *last;

	if (bpf_prog_get_info_by_fd(fd, &info, &len))
		die(EXIT_FAIL, "BPF program %u: %s", id, strerror(errno));
	last = seen_of(s, fd, &info);
	v.runs = info.run_cnt - last->runs;
	v.ns = info.run_time_ns - last->ns;
	v.skipped = info.recursion_misses - last->skipped;
	v.avg_ns = v.runs ? v.ns / v.runs : 0;
	v.ns_per_s = s->run->elapsed_ns ? v.ns * 1e9 / s->run->elapsed_ns : 0;
	v.all_runs = last->runs = info.run_cnt;
	v.all_ns = last->ns = info.run_time_ns;
	last->skipped = info.recursion_misses;
	last->here = true;
	memcpy(v.name, last->name, sizeof(v.name));
	if (h)
		memcpy(v.holders, h->text, sizeof(v.holders));
	if (s->give)
		s->give(&(struct key){ .id = id, .type = info.type }, &v, s->give_arg);
}

/* All of them; what has gone is forgotten. */
static void progs_see(struct state *s)
{
	size_t n = 0;

	objects_each(OBJECT_PROG, prog_see, s);
	for (size_t i = 0; i < s->n; i++) {
		if (!s->v[i].here)
			continue;
		s->v[n] = s->v[i];
		s->v[n++].here = false;
	}
	s->n = n;
}

static void fill(struct run *run, void (*give)(const void *key, const void *value, void *arg),
		 void *arg)
{
	struct state *s = run->own;

	s->give = give;
	s->give_arg = arg;
	s->nholders = 0;
	if (opt_on(run, 'H') || run->format == FORMAT_JSON)
		holdings_each(holder_add, s);
	progs_see(s);
}

/* The kernel counts and times runs as long as somebody has this descriptor open; we until our end. */
static void setup(struct run *run)
{
	struct state *s = run->own = xalloc(sizeof(*s));

	s->run = run;
	if (bpf_enable_stats(BPF_STATS_RUN_TIME) < 0) {
		if (errno == EPERM)
			die(EXIT_FAIL, "not permitted: run it as root, or with CAP_SYS_ADMIN");
		die(EXIT_CANNOT, "this kernel (before 5.8?) does not time BPF programs: %s",
		    strerror(errno));
	}
	progs_see(s);
}

static bool keep(struct run *run, void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	return v->runs || v->skipped || opt_on(run, 'a');
}

static void fmt_type(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const char *name = libbpf_bpf_prog_type_str(e->key.type);

	if (name)
		cell_str(cell, name);
	else
		cell_u64(cell, e->key.type);
}

static void fmt_holders(struct cell *cell, const void *row)
{
	const char *text = ((const EVENT *)row)->value.holders;

	if (*text)
		cell_str(cell, text);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL(key.id, "ID", -6),
	COL_FMT(key.type, "TYPE", -15, fmt_type),
	COL_RATE(value.runs, "RUNS/s", 10),
	COL(value.avg_ns, "AVG(ns)", 9),
	COL_DIV(value.ns_per_s, "CPU%", 8, 10000000, 3),
	COL(value.all_runs, "RUNS", 12),
	COL_DIV(value.all_ns, "TOTAL(ms)", 12, 1000000, 3),
	COL(value.skipped, "SKIPPED", 7),
	COL_FMT_IF('H', value.holders, "HOLDERS", -24, fmt_holders),
	COL(value.name, "NAME", 0),
	{ 0 }
};

static const struct order orders[] = {
	{ "cpu", "CPU%" }, { "runs", "RUNS/s" }, { "avg", "AVG(ns)" }, { "total", "TOTAL(ms)" },
	{ "id", "ID" },
	{ 0 }
};

static const struct top top = {
	.fill = fill,
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.sort = "CPU%",
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
};

APPLET(bpftop) = {
	.name = "bpftop",
	.brief = "Show which BPF programs run most, how long each run takes, and what that costs.",
	.help = "Examples:\n"
		"  bpftop                 each second\n"
		"  bpftop -C -s avg 5 3   the slowest first, each five seconds, three times\n"
		"  bpftop -aH             all that are loaded, with the processes that hold them\n"
		"The kernel counts runs only while somebody asks it to, as this does, at a cost of\n"
		"some 20 ns each; RUNS and TOTAL have all that it counted. CPU% is of one CPU.\n"
		"SKIPPED are runs left out since the program, or another, was under way there.\n"
		"Programs that a network card runs have no times.\n",
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.opts = opts,
	.cols = cols,
	.top = &top,
	.setup = setup,
	.keep = keep,
};
