// SPDX-License-Identifier: GPL-2.0-or-later
// Count calls of functions and tracepoints.
#include "applet.h"
#include "../../bt/front.h"

struct row {
	const char *func;
	uint64_t count;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end", 1,
		     1000000000),
	OPT_USER_NUM('d', "duration", "SECONDS", "end after this time", 1, 1000000000),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	OPT_USER('r', "regexp", NULL, "names are regular expressions, from their start on"),
	OPT_USER_NUM('c', "cpu", "CPU", "on this CPU only", 0, 65535),
	OPT_USER_NUM('n', "top", "N", "the N that are called most only", 1, 1000000),
	OPT_USER('D', "debug", NULL, "show the program that counts, and end"),
	{0}};

static void fmt_func(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->func);
}

static const struct col cols[] = {
	COL_FMT(func, "FUNC", -36, fmt_func), COL(count, "COUNT", 8), {0}};

struct state {
	struct front *f;
	uint64_t *seen; /* by site: what was told already */
	EVENT *row;	/* of this report */
	size_t n;
};

static void begun(struct session *s, void *arg)
{
	struct state *st = arg;
	struct run *run = st->f->run;

	st->seen = xalloc((s->bt->nsites + 1) * sizeof(*st->seen));
	st->row = xalloc((s->bt->nsites + 1) * sizeof(*st->row));
	if (run->format == FORMAT_TEXT)
		out_printf(s->out, "Tracing %zu function%s... Hit Ctrl-C to end.\n", s->bt->nsites,
			   s->bt->nsites == 1 ? "" : "s");
	else
		rows_begin(run);
}

/* The kernel only ever counts up, so nothing falls between two reports. */
static void row_see(void *arg, const struct bt_map *m, const void *key, const void *value)
{
	struct state *st = arg;
	uint64_t site, count, before;

	(void)m;
	memcpy(&site, key, sizeof(site));
	memcpy(&count, value, sizeof(count));
	before = st->seen[site];
	st->seen[site] = count;
	if (count > before)
		st->row[st->n++] = (EVENT){front_site(st->f, site), count - before};
}

static int row_order(const void *a, const void *b)
{
	const EVENT *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return strcmp(x->func, y->func);
}

static void report(struct session *s, void *arg, bool last)
{
	struct state *st = arg;
	struct run *run = st->f->run;
	uint64_t top = opt_u64(run, 'n', st->n);

	(void)last;
	st->n = 0;
	map_each(s, front_map(st->f, "@"), false, 0, row_see, st);
	qsort(st->row, st->n, sizeof(*st->row), row_order);
	front_stamp(st->f, opt_on(run, 'T'));
	if (run->format == FORMAT_TEXT)
		rows_begin(run);
	top = opt_u64(run, 'n', st->n);
	for (size_t i = st->n - MIN(top, st->n); i < st->n; i++)
		row_print(run, &st->row[i], false);
}

static int run_funccount(struct run *run)
{
	static const struct session_front hooks = {.begun = begun, .report = report};
	struct front_target t;
	struct state st = {.f = front_new(run, 'p', 'i', 'd')};

	if (!run->argc)
		die(EXIT_USAGE, "which functions? Try 'funccount \"vfs_*\"', 'funccount c:malloc' "
				"or 'funccount --help'");
	st.f->bt->config.regexp = opt_on(run, 'r');
	for (int i = 0; i < run->argc; i++) {
		front_target(st.f, run->argv[i], &t);
		front_put(st.f, i ? ", " : "");
		front_point(st.f, &t, t.kind == 'r');
	}
	front_put(st.f, " {\n");
	if (opt_on(run, 'p'))
		front_put(st.f, "\tif (pid != %d) { return; }\n", st.f->bt->pid);
	if (opt_on(run, 'c'))
		front_put(st.f, "\tif (cpu != %llu) { return; }\n",
			  (unsigned long long)opt_u64(run, 'c', 0));
	front_put(st.f, "\t@[probe] = count();\n}\n");
	if (opt_on(run, 'D')) {
		bytes_print(run, st.f->text, st.f->n);
		return EXIT_OK;
	}
	return front_run(st.f, &hooks, &st);
}

APPLET(funccount) = {
	.name = "funccount",
	.brief = "Count calls of functions and tracepoints.",
	.args = "PATTERN...",
	.help = "PATTERN is FUNCTION of the kernel, LIBRARY:FUNCTION, PROGRAM:FUNCTION,\n"
		"/PATH:FUNCTION, t:CATEGORY:EVENT or u:LIBRARY:[PROVIDER:]PROBE (USDT); the last\n"
		"part may have * and ?.\n"
		"Examples:\n"
		"  funccount 'vfs_*'               which functions of the VFS are called\n"
		"  funccount -i 1 -T 't:block:*'   block tracepoints, each second\n"
		"  funccount -p 181 'c:*alloc*'    allocations of process 181\n"
		"  funccount -r '^(vfs|do)_re'     a regular expression\n",
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.main = run_funccount,
};
