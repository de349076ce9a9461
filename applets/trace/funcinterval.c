// SPDX-License-Identifier: GPL-2.0-or-later
// Show the time between calls of a function or tracepoint as a histogram.
#include "applet.h"
#include "../../bt/front.h"

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end", 1,
		     1000000000),
	OPT_USER_NUM('d', "duration", "SECONDS", "end after this time", 1, 1000000000),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	OPT_USER('u', "microseconds", NULL, "in microseconds, not nanoseconds"),
	OPT_USER('m', "milliseconds", NULL, "in milliseconds"),
	OPT_USER('t', "thread", NULL, "between the calls of each thread alone"),
	OPT_USER('c', "cpu", NULL, "between the calls on each CPU alone"),
	OPT_USER('v', "program", NULL, "show the program that measures, and end"),
	{0}};

struct state {
	struct front *f;
	uint64_t *before; /* what was told already */
};

static const char *unit(const struct run *run)
{
	return opt_on(run, 'm') ? "msecs" : opt_on(run, 'u') ? "usecs" : "nsecs";
}

static void begun(struct session *s, void *arg)
{
	const struct state *st = arg;

	if (st->f->run->format == FORMAT_TEXT)
		out_printf(s->out, "Tracing %s... Hit Ctrl-C to end.\n", s->bt->site[0]->name);
}

static void hist_see(void *arg, const struct bt_map *m, const void *key, const void *value)
{
	struct state *st = arg;
	uint64_t *now = xalloc(type_room(m->type));

	(void)key;
	if (!st->before)
		st->before = xalloc(type_room(m->type));
	memcpy(now, value, type_room(m->type));
	for (uint32_t i = 0; i < m->type->n; i++) {
		uint64_t total = now[i];

		now[i] -= st->before[i];
		st->before[i] = total;
	}
	front_hist(st->f, "interval", NULL, unit(st->f->run), m->type, now);
	free(now);
}

static void report(struct session *s, void *arg, bool last)
{
	struct state *st = arg;

	(void)last;
	front_stamp(st->f, opt_on(st->f->run, 'T'));
	map_each(s, front_map(st->f, "@h"), false, 0, hist_see, st);
}

/* Two CPUs may take their stamps in one order and get to the table in the other: then no time has
 * passed between them, and the later stamp stays. */
static void program_put(struct front *f)
{
	struct run *run = f->run;
	const char *key = opt_on(run, 't') ? "[tid]" : opt_on(run, 'c') ? "[cpu]" : "";

	front_put(f, " {\n");
	if (opt_on(run, 'p'))
		front_put(f, "\tif (pid != %d) { return; }\n", f->bt->pid);
	front_put(f,
		  "\t$now = nsecs;\n\t$last = @last%s;\n"
		  "\tif ($last && $now > $last) { @h = hist(($now - $last)%s); }\n"
		  "\tif ($last && $now <= $last) { @h = hist(0); return; }\n"
		  "\t@last%s = $now;\n}\n",
		  key,
		  opt_on(run, 'm')   ? " / 1000000"
		  : opt_on(run, 'u') ? " / 1000"
				     : "",
		  key);
}

static int run_funcinterval(struct run *run)
{
	static const struct session_front hooks = {.begun = begun, .report = report};
	struct state st = {.f = front_new(run, 'p', 'i', 'd')};
	struct front_target t;

	if (run->argc != 1)
		die(EXIT_USAGE, "expected one function or tracepoint, as 'funcinterval vfs_fsync', "
				"'funcinterval c:malloc' or 'funcinterval t:block:block_rq_issue'");
	if (opt_on(run, 'u') && opt_on(run, 'm'))
		die(EXIT_USAGE, "-u and -m: only one unit");
	if (opt_on(run, 't') && opt_on(run, 'c'))
		die(EXIT_USAGE, "-t and -c: only one of them");
	front_target(st.f, run->argv[0], &t);
	st.f->bt->config.max_map_keys = 10240;
	front_point(st.f, &t, t.kind == 'r');
	program_put(st.f);
	if (opt_on(run, 'v')) {
		bytes_print(run, st.f->text, st.f->n);
		return EXIT_OK;
	}
	return front_run(st.f, &hooks, &st);
}

APPLET(funcinterval) = {
	.name = "funcinterval",
	.brief = "Show the time between calls of a function or tracepoint as a histogram.",
	.args = "PATTERN",
	.help = "PATTERN is FUNCTION of the kernel, LIBRARY:FUNCTION, PROGRAM:FUNCTION,\n"
		"/PATH:FUNCTION or t:CATEGORY:EVENT; what has * and ? is as one function.\n"
		"Examples:\n"
		"  funcinterval -m vfs_fsync            how often something is synced\n"
		"  funcinterval -t -u t:sched:sched_switch   of each thread\n"
		"  funcinterval -p 181 -i 1 -T c:malloc\n",
	.opts = opts,
	.operands = OPERANDS_OWN,
	.main = run_funcinterval,
};
