// SPDX-License-Identifier: GPL-2.0-or-later
// Count the stacks that lead to functions and tracepoints.
#include "applet.h"
#include "../../bt/front.h"

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it. Implies -P", 1, 4194304),
	OPT_USER_NUM('c', "cpu", "CPU", "on this CPU only", 0, 65535),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end", 1,
		     1000000000),
	OPT_USER_NUM('D', "duration", "SECONDS", "end after this time", 1, 1000000000),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	OPT_USER('r', "regexp", NULL, "names are regular expressions, from their start on"),
	OPT_USER('s', "offset", NULL, "how far into the function, behind its name"),
	OPT_USER('P', "perpid", NULL, "each process alone, with its name"),
	OPT_USER('K', "kernel-stacks-only", NULL, "no user stacks"),
	OPT_USER('U', "user-stacks-only", NULL, "no kernel stacks"),
	OPT_USER('v', "address", NULL, "addresses, too"),
	OPT_USER('d', "delimited", NULL, "a line between kernel and user stack (-f: \"-\")"),
	OPT_USER('f', "folded", NULL, "one line a stack, as flame graphs are made of"),
	OPT_USER(1, "debug", NULL, "show the program that counts, and end"),
	{0}};

/* A stack as it is shown, so that those of several processes that look the same are one. */
struct sum {
	char *text;
	uint64_t count;
};

struct state {
	struct front *f;
	struct out line; /* of one stack; never written */
	struct sum *sum;
	size_t n, room;
};

static void begun(struct session *s, void *arg)
{
	const struct state *st = arg;
	struct run *run = st->f->run;

	if (run->format == FORMAT_TEXT && !opt_on(run, 'f'))
		out_printf(s->out, "Tracing %zu function%s... Hit Ctrl-C to end.\n", s->bt->nsites,
			   s->bt->nsites == 1 ? "" : "s");
}

/* ---- one stack ---- */

static void frame_put(struct state *st, const struct bt_type *t, const struct stack_ips *ips,
		      uint32_t i)
{
	struct run *run = st->f->run;
	struct session *s = st->f->s;
	bool json = s->json, text = run->format == FORMAT_TEXT && !opt_on(run, 'f');

	s->text->n = 0;
	if (opt_on(run, 'v'))
		out_printf(s->text, "%016llx ", (unsigned long long)ips->ip[i]);
	s->json = !text; /* JSON escapes by itself */
	symbol_text(s, s->text, t, ips->ip[i], ips->pid, opt_on(run, 's'));
	s->json = json;
	if (run->format == FORMAT_JSON)
		out_json(&st->line, s->text->buf, s->text->n);
	else
		out_text(&st->line, s->text->buf, s->text->n);
}

static void stack_json(struct state *st, const struct bt_type *t, const void *data)
{
	struct stack_ips ips;
	bool there = stack_read(st->f->s, t, data, &ips);

	out_printf(&st->line, ",\"%s\":%s", t->kind == T_KSTACK ? "kernel" : "user",
		   there ? "[" : "null");
	for (uint32_t i = 0; i < ips.n; i++) {
		out_str(&st->line, i ? "," : "");
		frame_put(st, t, &ips, i);
	}
	out_str(&st->line, there ? "]" : "");
}

static void stack_lines(struct state *st, const struct bt_type *t, const void *data)
{
	struct stack_ips ips;

	if (!stack_read(st->f->s, t, data, &ips))
		out_str(&st->line, "  [lost stack]\n");
	for (uint32_t i = 0; i < ips.n; i++) {
		out_str(&st->line, "  ");
		frame_put(st, t, &ips, i);
		out_str(&st->line, "\n");
	}
}

/* The outermost frame first, ";" between them. */
static void stack_folded(struct state *st, const struct bt_type *t, const void *data)
{
	struct stack_ips ips;

	if (!stack_read(st->f->s, t, data, &ips))
		out_str(&st->line, st->line.n ? ";[lost stack]" : "[lost stack]");
	for (uint32_t i = ips.n; i > 0; i--) {
		out_str(&st->line, st->line.n ? ";" : "");
		frame_put(st, t, &ips, i - 1);
	}
}

struct key {
	const struct bt_type *ktype, *utype;
	const void *kernel, *user;
	const char *comm; /* NULL: without -P */
	uint64_t pid;
};

static struct key key_read(const struct bt_map *m, const char *at)
{
	struct key k = {0};

	for (size_t i = 0; i < m->nkeys; i++) {
		if (m->key[i]->kind == T_KSTACK)
			k.ktype = m->key[i], k.kernel = at;
		else if (m->key[i]->kind == T_USTACK)
			k.utype = m->key[i], k.user = at;
		else if (m->key[i]->kind == T_STR)
			k.comm = at;
		else
			memcpy(&k.pid, at, sizeof(k.pid));
		at += type_room(m->key[i]);
	}
	return k;
}

static void key_json_put(struct state *st, const struct key *k)
{
	if (k->comm) {
		out_str(&st->line, ",\"comm\":");
		out_json(&st->line, k->comm, 16);
		out_printf(&st->line, ",\"pid\":%llu", (unsigned long long)k->pid);
	}
	if (k->kernel)
		stack_json(st, k->ktype, k->kernel);
	if (k->user)
		stack_json(st, k->utype, k->user);
}

static void key_folded_put(struct state *st, const struct key *k)
{
	if (k->comm)
		out_text(&st->line, k->comm, 16);
	if (k->user)
		stack_folded(st, k->utype, k->user);
	if (k->user && k->kernel && opt_on(st->f->run, 'd'))
		out_str(&st->line, ";-");
	if (k->kernel)
		stack_folded(st, k->ktype, k->kernel);
}

static void key_text_put(struct state *st, const struct key *k)
{
	if (k->kernel)
		stack_lines(st, k->ktype, k->kernel);
	if (k->user && k->kernel && opt_on(st->f->run, 'd'))
		out_str(&st->line, "  --\n");
	if (k->user)
		stack_lines(st, k->utype, k->user);
	if (!k->comm)
		return;
	out_str(&st->line, "    ");
	out_text(&st->line, k->comm, 16);
	out_printf(&st->line, " [%llu]\n", (unsigned long long)k->pid);
}

/* ---- all of them ---- */

static void entry_see(void *arg, const struct bt_map *m, const void *key, const void *value)
{
	struct state *st = arg;
	struct key k = key_read(m, key);
	struct run *run = st->f->run;
	struct sum *sum;

	st->line.n = 0;
	if (run->format == FORMAT_JSON)
		key_json_put(st, &k);
	else if (opt_on(run, 'f'))
		key_folded_put(st, &k);
	else
		key_text_put(st, &k);
	if (st->n == st->room) {
		st->room = st->room ? 2 * st->room : 64;
		st->sum = xrealloc(st->sum, st->room * sizeof(*st->sum));
	}
	sum = &st->sum[st->n++];
	st->line.buf[MIN(st->line.n, sizeof(st->line.buf) - 1)] = 0;
	sum->text = xstrdup(st->line.buf);
	memcpy(&sum->count, value, sizeof(sum->count));
}

static int by_text(const void *a, const void *b)
{
	return strcmp(((const struct sum *)a)->text, ((const struct sum *)b)->text);
}

static int by_count(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->count != y->count ? x->count < y->count ? -1 : 1 : strcmp(x->text, y->text);
}

static void sums_merge(struct state *st)
{
	size_t n = 0;

	qsort(st->sum, st->n, sizeof(*st->sum), by_text);
	for (size_t i = 0; i < st->n; i++) {
		if (n && !strcmp(st->sum[i].text, st->sum[n - 1].text)) {
			st->sum[n - 1].count += st->sum[i].count;
			free(st->sum[i].text);
		} else {
			st->sum[n++] = st->sum[i];
		}
	}
	st->n = n;
	qsort(st->sum, st->n, sizeof(*st->sum), by_count);
}

static void sum_print(const struct state *st, const struct sum *sum)
{
	struct run *run = st->f->run;
	struct out *o = &run->core->out;
	unsigned long long count = sum->count;

	if (run->format == FORMAT_JSON) {
		record_begin(run, run->now_ns);
		out_str(o, sum->text);
		out_printf(o, ",\"count\":%llu", count);
		record_end(run);
		return;
	}
	out_str(o, sum->text);
	out_printf(o, opt_on(run, 'f') ? " %llu\n" : "    %llu\n\n", count);
}

static void report(struct session *s, void *arg, bool last)
{
	struct state *st = arg;
	struct run *run = st->f->run;
	struct bt_map *m = front_map(st->f, "@");

	st->n = 0;
	map_each(s, m, !last, 0, entry_see, st);
	sums_merge(st);
	front_stamp(st->f, opt_on(run, 'T'));
	if (run->format == FORMAT_TEXT && !opt_on(run, 'f'))
		out_str(s->out, "\n");
	for (size_t i = 0; i < st->n; i++) {
		sum_print(st, &st->sum[i]);
		free(st->sum[i].text);
	}
}

static void look(struct session *s, void *arg)
{
	const struct state *st = arg;

	(void)s;
	if (!opt_on(st->f->run, 'K'))
		front_processes(st->f, front_map(st->f, "@"));
}

static void program_put(struct front *f, bool names)
{
	struct run *run = f->run;

	front_put(f, " {\n");
	if (opt_on(run, 'p'))
		front_put(f, "\tif (pid != %d) { return; }\n", f->bt->pid);
	if (opt_on(run, 'c'))
		front_put(f, "\tif (cpu != %llu) { return; }\n",
			  (unsigned long long)opt_u64(run, 'c', 0));
	front_put(f, "\t@[%s%s%s%s] = count();\n}\n", opt_on(run, 'U') ? "" : "kstack",
		  opt_on(run, 'U') || opt_on(run, 'K') ? "" : ", ",
		  opt_on(run, 'K') ? "" : "ustack", names ? ", comm, pid" : "");
}

static int run_stackcount(struct run *run)
{
	static const struct session_front hooks = {.begun = begun, .report = report, .look = look};
	struct state *st = xalloc(sizeof(*st));
	struct front_target t;

	st->f = front_new(run, 'p', 'i', 'D');
	st->line.closed = true;
	if (!run->argc)
		die(EXIT_USAGE, "stacks of which function? Try 'stackcount submit_bio', "
				"'stackcount c:malloc' or 'stackcount --help'");
	if (opt_on(run, 'K') && opt_on(run, 'U'))
		die(EXIT_USAGE, "-K leaves out user stacks and -U the others: only one of them");
	st->f->bt->config.regexp = opt_on(run, 'r');
	st->f->bt->config.max_map_keys = 10240;
	for (int i = 0; i < run->argc; i++) {
		front_target(st->f, run->argv[i], &t);
		front_put(st->f, i ? ", " : "");
		front_point(st->f, &t, t.kind == 'r');
	}
	program_put(st->f, opt_on(run, 'P') || opt_on(run, 'p'));
	if (opt_on(run, 1)) {
		bytes_print(run, st->f->text, st->f->n);
		return EXIT_OK;
	}
	return front_run(st->f, &hooks, st);
}

APPLET(stackcount) = {
	.name = "stackcount",
	.brief = "Count the stacks that lead to functions and tracepoints.",
	.args = "PATTERN...",
	.help = "PATTERN is FUNCTION of the kernel, LIBRARY:FUNCTION, PROGRAM:FUNCTION,\n"
		"/PATH:FUNCTION, t:CATEGORY:EVENT or u:LIBRARY:[PROVIDER:]PROBE (USDT); the last\n"
		"part may have * and ?.\n"
		"Examples:\n"
		"  stackcount submit_bio            what leads to block I/O\n"
		"  stackcount -P t:sched:sched_switch   who goes off the CPU, where\n"
		"  stackcount -Uf -D 10 c:malloc    user stacks that allocate, folded\n"
		"User stacks need frame pointers. Stacks that look the same are one.\n",
	.opts = opts,
	.operands = OPERANDS_OWN,
	.main = run_stackcount,
};
