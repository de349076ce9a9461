// SPDX-License-Identifier: GPL-2.0-or-later
// Trace calls of functions that take long, with arguments and stacks.
#include "applet.h"
#include "../../bt/front.h"

enum { ARGS_MAX = 6 };

struct row {
	uint64_t time_ns, latency_ns, retval;
	uint32_t pid;
	char comm[16];
	const char *func;
	const char *args;
	const struct bt_action *a;
	const void *kernel, *user;
};
#define EVENT struct row

enum { KEY_MS = 1 };

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	{.key = 'm',
	 .name = "min-ms",
	 .arg = "MS",
	 .where = OPT_IN_USER,
	 .kind = K_U64,
	 .help = "calls that take at least that long [1]",
	 .max = 1000000000,
	 .scale = 1000000},
	{.key = 'u',
	 .name = "min-us",
	 .arg = "US",
	 .where = OPT_IN_USER,
	 .kind = K_U64,
	 .help = "the same in microseconds",
	 .max = 1000000000,
	 .scale = 1000},
	OPT_USER_NUM('a', "arguments", "N", "show the first N arguments", 1, ARGS_MAX),
	OPT_USER('T', "time", NULL, "the time of day"),
	OPT_USER('t', "timestamp", NULL, "seconds since the start"),
	OPT_USER('f', "folded", NULL, "one line a call for flame graphs, weighed by microseconds"),
	OPT_USER('U', "user-stack", NULL, "the user stack below each line"),
	OPT_USER('K', "kernel-stack", NULL, "the kernel stack below each line"),
	OPT_USER('v', "program", NULL, "show the program that traces, and end"),
	{0}};

/* ---- columns ---- */

/* comm is a string of the event's tail, the others are where `at` says. */
static const char format[] = "%d%d%d%d%s%s";
enum { H_TIME, H_LATENCY, H_RETVAL, H_PID, H_COMM, H_SITE, H_BASE };

static struct front *front_of(const struct cell *cell)
{
	return cell_run(cell)->own;
}

static void fmt_seconds(struct cell *cell, const void *row)
{
	uint64_t ns = ((const EVENT *)row)->time_ns - front_of(cell)->s->state->start_ns;

	cell_printf(cell, "%llu.%06llu", (unsigned long long)(ns / NSEC),
		    (unsigned long long)(ns % NSEC / 1000));
}

static void fmt_hex(struct cell *cell, const void *row)
{
	cell_printf(cell, "0x%llx", (unsigned long long)((const EVENT *)row)->retval);
}

static void fmt_func(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->func);
}

static void fmt_args(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->args);
}

static void fmt_kernel(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	front_stack(front_of(cell), e->a->type[H_BASE], e->kernel);
}

static void fmt_user(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	front_stack(front_of(cell), e->a->type[H_BASE + opt_on(cell_run(cell), 'K')], e->user);
}

static const struct col cols[] = {COL_TIME('T', "TIME"),
				  COL_FMT_ONLY('t', time_ns, "SECONDS", -14, fmt_seconds),
				  COL(comm, "COMM", -15),
				  COL(pid, "PID", -7),
				  {COL_FIELD(latency_ns, "LAT(us)", 12), .kind = K_U64,
				   .scale = 1000, .decimals = 2, .when = 'u', .only = true},
				  {COL_FIELD(latency_ns, "LAT(ms)", 10), .kind = K_U64,
				   .scale = 1000000, .decimals = 3, .unless = 'u'},
				  COL_FMT(retval, "RVAL", 18, fmt_hex),
				  COL_FMT(func, "FUNC", -20, fmt_func),
				  COL_FMT_ONLY('a', args, "ARGS", 0, fmt_args),
				  FRONT_STACK('K', "KERNEL", fmt_kernel),
				  FRONT_STACK('U', "USER", fmt_user),
				  {0}};

/* ---- events ---- */

static void folded_frames(struct front *f, const struct bt_type *t, const void *data)
{
	struct stack_ips ips;
	struct out *o = f->s->out;

	if (!stack_read(f->s, t, data, &ips))
		out_str(o, ";[lost stack]");
	for (uint32_t i = ips.n; i > 0; i--) {
		out_str(o, ";");
		f->s->text->n = 0;
		symbol_text(f->s, f->s->text, t, ips.ip[i - 1], ips.pid, false);
		out_text(o, f->s->text->buf, f->s->text->n);
	}
}

static void folded_print(struct front *f, const EVENT *e)
{
	bool kernel = opt_on(f->run, 'K');
	struct out *o = f->s->out;

	out_text(o, e->comm, sizeof(e->comm));
	if (e->user)
		folded_frames(f, e->a->type[H_BASE + kernel], e->user);
	if (e->kernel)
		folded_frames(f, e->a->type[H_BASE], e->kernel);
	out_printf(o, " %llu\n", (unsigned long long)(e->latency_ns / 1000));
}

static void event(struct session *s, void *arg, const struct bt_action *a, const void *data,
		  size_t size)
{
	struct front *f = arg;
	bool kernel = opt_on(f->run, 'K'), user = opt_on(f->run, 'U');
	size_t nargs = opt_u64(f->run, 'a', 0), n = 0;
	struct front_value v[H_BASE + 2 + ARGS_MAX];
	char args[ARGS_MAX * 24] = "";
	EVENT e = {.a = a, .args = args};

	(void)s;
	front_values(a, data, size, H_BASE + kernel + user + nargs, 0, v, NULL);
	e.time_ns = v[H_TIME].num;
	e.latency_ns = v[H_LATENCY].num;
	e.retval = v[H_RETVAL].num;
	e.pid = v[H_PID].num;
	memcpy(e.comm, v[H_COMM].data, MIN(v[H_COMM].len, sizeof(e.comm) - 1));
	e.func = front_site(f, v[H_SITE].num);
	e.kernel = kernel ? v[H_BASE].data : NULL;
	e.user = user ? v[H_BASE + kernel].data : NULL;
	for (size_t i = 0; i < nargs; i++)
		n += snprintf(args + n, sizeof(args) - n, "%s0x%llx", i ? " " : "",
			      (unsigned long long)v[H_BASE + kernel + user + i].num);
	if (opt_on(f->run, 'f'))
		folded_print(f, &e);
	else
		row_print(f->run, &e, true);
}

static void begun(struct session *s, void *arg)
{
	struct front *f = arg;

	(void)s;
	if (!opt_on(f->run, 'f'))
		rows_begin(f->run);
}

/* ---- the program ---- */

/* Calls within calls are told apart by their depth, functions by their number: a return takes what
 * its own entry kept. */
static void function_put(struct front *f, const char *operand, int i, uint64_t min_ns)
{
	struct run *run = f->run;
	uint64_t nargs = opt_u64(run, 'a', 0);
	struct front_target t;

	front_target(f, operand, &t);
	if (t.kind != 'p')
		die(EXIT_USAGE, "'%s': expected [LIBRARY:]FUNCTION, of which calls take time",
		    operand);
	front_point(f, &t, false);
	front_put(f, " {\n");
	if (opt_on(run, 'p'))
		front_put(f, "\tif (pid != %d) { return; }\n", f->bt->pid);
	front_put(f, "\t$depth = @d%d[tid] + 1;\n\t@d%d[tid] = $depth;\n", i, i);
	for (uint64_t k = 0; k < nargs; k++)
		front_put(f, "\t@a%d_%d[tid, $depth] = arg%d;\n", i, (int)k, (int)k);
	front_put(f, "\t@t%d[tid, $depth] = nsecs;\n}\n", i);
	front_point(f, &t, true);
	front_put(f,
		  " {\n\t$now = nsecs;\n\t$depth = @d%d[tid];\n\tif ($depth == 0) { return; }\n"
		  "\t$latency = $now - @t%d[tid, $depth];\n\tdelete(@t%d[tid, $depth]);\n"
		  "\tif ($latency >= %llu) {\n\t\tprintf(\"%s%s%s",
		  i, i, i, (unsigned long long)min_ns, format, opt_on(run, 'K') ? "%s" : "",
		  opt_on(run, 'U') ? "%s" : "");
	for (uint64_t k = 0; k < nargs; k++)
		front_put(f, "%%d");
	front_put(f, "\", $now, $latency, retval, pid, comm, probe%s%s",
		  opt_on(run, 'K') ? ", kstack" : "", opt_on(run, 'U') ? ", ustack" : "");
	for (uint64_t k = 0; k < nargs; k++)
		front_put(f, ", @a%d_%d[tid, $depth]", i, (int)k);
	front_put(f, ");\n\t}\n");
	for (uint64_t k = 0; k < nargs; k++)
		front_put(f, "\tdelete(@a%d_%d[tid, $depth]);\n", i, (int)k);
	front_put(f,
		  "\tif ($depth == 1) { delete(@d%d[tid]); } else { @d%d[tid] = $depth - 1; }\n"
		  "}\n",
		  i, i);
}

static int run_funcslower(struct run *run)
{
	static const struct session_front hooks = {.begun = begun, .event = event};
	struct front *f = front_new(run, 'p', 0, 0);
	uint64_t min_ns = opt_u64(run, 'm', opt_u64(run, 'u', 1000000));

	run->own = f;
	if (!run->argc)
		die(EXIT_USAGE,
		    "which function? Try 'funcslower vfs_fsync', 'funcslower c:fsync' or "
		    "'funcslower --help'");
	if (opt_on(run, 'm') && opt_on(run, 'u'))
		die(EXIT_USAGE, "-m and -u are the same limit: only one of them");
	if (opt_on(run, 'f') && !opt_on(run, 'U') && !opt_on(run, 'K'))
		die(EXIT_USAGE, "-f folds stacks: which, -U or -K?");
	if (opt_on(run, 'f') && run->format != FORMAT_TEXT)
		die(EXIT_USAGE, "-f is a form of its own: not with --json or --csv");
	f->bt->config.max_map_keys = 10240;
	for (int i = 0; i < run->argc; i++)
		function_put(f, run->argv[i], i, min_ns);
	if (opt_on(run, 'v')) {
		bytes_print(run, f->text, f->n);
		return EXIT_OK;
	}
	return front_run(f, &hooks, f);
}

APPLET(funcslower) = {
	.name = "funcslower",
	.brief = "Trace calls of functions that take long, with arguments and stacks.",
	.args = "FUNCTION...",
	.help = "FUNCTION is one of the kernel, or LIBRARY:FUNCTION, PROGRAM:FUNCTION,\n"
		"/PATH:FUNCTION; it may have * and ?, for all of them one depth of calls is kept.\n"
		"Examples:\n"
		"  funcslower -m 10 vfs_read            reads that take 10 ms and more\n"
		"  funcslower -u 100 -a 3 c:write       with their first three arguments\n"
		"  funcslower -U -p 181 c:pthread_mutex_lock\n"
		"RVAL is what the function returned. The stack is that of the return: the "
		"caller's.\n",
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.main = run_funcslower,
};
