// SPDX-License-Identifier: GPL-2.0-or-later
// Print a line for each call of functions and each tracepoint, with arguments.
#include "applet.h"
#include "../../bt/front.h"
#include "../../bt/format.h"

#include <ctype.h>
#include <limits.h>
#include <unistd.h>

struct row {
	uint64_t time_ns;
	uint32_t cpu, pid, tid;
	uint32_t count; /* -A */
	char comm[16];
	const char *func, *message;
	const struct bt_action *a;
	const void *kernel, *user;
};
#define EVENT struct row

enum { KEY_UID = 1, KEY_COMM_OFF };

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	OPT_USER_NUM('L', "tid", "TID", "this thread only", 1, 4194304),
	OPT_USER_NUM(KEY_UID, "uid", "UID", "this user only", 0, 4294967294),
	OPT_USER('c', "cgroup-path", "DIR", "this cgroup v2 folder only"),
	OPT_USER('n', "name", "PART", "tasks whose names have this in them only"),
	OPT_USER('f', "msg-filter", "PART", "messages that have this in them only"),
	OPT_USER('B', "bin_cmp", NULL, "STRCMP: so many bytes as TEXT has, whatever follows"),
	OPT_USER('S', "include-self", NULL, "this tool's own calls, too"),
	OPT_USER_NUM('M', "max-events", "N", "end after N lines", 1, 1000000000000),
	OPT_USER('A', "aggregate", NULL, "count equal messages (with -M)"),
	OPT_USER('t', "timestamp", NULL, "seconds since the start"),
	OPT_USER('u', "unix-timestamp", NULL, "with -t: seconds since 1970"),
	OPT_USER('T', "time", NULL, "the time of day"),
	OPT_USER('C', "print_cpu", NULL, "the CPU"),
	OPT_USER('K', "kernel-stack", NULL, "the kernel stack below each line"),
	OPT_USER('U', "user-stack", NULL, "the user stack below each line"),
	OPT_USER('a', "address", NULL, "stacks: addresses, too"),
	OPT_USER('s', "sym_file_list", "FILE,...",
		 "user stacks by build-id: these files name their functions"),
	OPT_USER_NUM('Z', "string-size", "N", "room for strings, in bytes [80]", 2, 8000),
	OPT_USER_NUM('b', "buffer-pages", "N", "pages of the event buffer [256]", 1, 262144),
	OPT_USER('I', "include", "FILE", "structs and #defines for the expressions, of programs"),
	OPT_USER('v', "program", NULL, "show the program that traces, and end"),
	{0}};

/* What all events have; the user's own arguments follow. */
static const char head_format[] = "%d%d%d%d%s%s";
enum { H_TIME, H_CPU, H_PID, H_TID, H_COMM, H_SITE, H_BASE };

struct state {
	struct front *f;
	uint64_t shown;
	char *message;
	struct sum {
		char *text;
		EVENT row;
	} * sum;
	size_t n, room;
	size_t head; /* bytes of the format before the user's own */
};

static struct state *state_of(const struct cell *cell)
{
	return cell_run(cell)->own;
}

static void fmt_time(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct run *run = cell_run(cell);
	uint64_t ns = opt_on(run, 'u') ? clock_wall(e->time_ns)
				       : e->time_ns - state_of(cell)->f->s->state->start_ns;

	cell_printf(cell, "%llu.%06llu", (unsigned long long)(ns / NSEC),
		    (unsigned long long)(ns % NSEC / 1000));
}

static void fmt_func(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->func);
}

static void fmt_message(struct cell *cell, const void *row)
{
	const char *message = ((const EVENT *)row)->message;

	if (*message)
		cell_str(cell, message);
	else
		cell_none(cell);
}

static void fmt_kernel(struct cell *cell, const void *row)
{
	front_stack(state_of(cell)->f, ((const EVENT *)row)->a->type[H_BASE],
		    ((const EVENT *)row)->kernel);
}

static void fmt_user(struct cell *cell, const void *row)
{
	front_stack(state_of(cell)->f,
		    ((const EVENT *)row)->a->type[H_BASE + opt_on(cell_run(cell), 'K')],
		    ((const EVENT *)row)->user);
}

static const struct col cols[] = {COL_TIME('T', "TIME"),
				  COL_FMT_ONLY('t', time_ns, "SECONDS", -14, fmt_time),
				  COL_IF('C', cpu, "CPU", -3),
				  COL_UNLESS('A', pid, "PID", -7),
				  COL_UNLESS('A', tid, "TID", -7),
				  COL_UNLESS('A', comm, "COMM", -15),
				  COL_FMT(func, "FUNC", -16, fmt_func),
				  COL_ONLY('A', count, "COUNT", 8),
				  COL_FMT(message, "MESSAGE", 0, fmt_message),
				  FRONT_STACK('K', "KERNEL", fmt_kernel),
				  FRONT_STACK('U', "USER", fmt_user),
				  {0}};

/* ---- the program ---- */

/* FUNC[(SIGNATURE)] [(FILTER)] ["FORMAT"[, VALUE...]] */
struct probe_text {
	char *target, *signature;
	const char *filter, *filter_end, *format, *format_end, *values;
};

static const char *blank_skip(const char *p)
{
	while (isspace((unsigned char)*p))
		p++;
	return p;
}

static void probe_split(struct front *f, const char *spec, struct probe_text *pt)
{
	const char *p = blank_skip(spec), *end = spec + strlen(spec), *behind;
	size_t n = strcspn(p, " \t(\"");

	memset(pt, 0, sizeof(*pt));
	pt->target = bt_strndup(f->bt, p, n);
	p += n;
	if (*p == '(') { /* no blank before it: the function's parameters */
		behind = front_bracket(p, end);
		if (!behind)
			die(EXIT_USAGE, "'%s': a bracket is not closed", spec);
		pt->signature = bt_strndup(f->bt, p + 1, behind - p - 2);
		p = behind;
	}
	p = blank_skip(p);
	if (*p == '(') {
		behind = front_bracket(p, end);
		if (!behind)
			die(EXIT_USAGE, "'%s': the filter's bracket is not closed", spec);
		pt->filter = p;
		pt->filter_end = behind;
		p = blank_skip(behind);
	}
	if (*p != '"' && *p)
		die(EXIT_USAGE, "'%s': expected (FILTER) or \"FORMAT\" at '%s'", spec, p);
	if (!*p)
		return;
	pt->format = p + 1;
	for (p++; *p && *p != '"'; p += *p == '\\' && p[1] ? 2 : 1)
		;
	if (!*p)
		die(EXIT_USAGE, "'%s': the format has no end", spec);
	pt->format_end = p;
	pt->values = blank_skip(p + 1);
	if (*pt->values && *pt->values++ != ',')
		die(EXIT_USAGE, "'%s': expected ',' behind the format", spec);
}

static void conversion_put(struct front *f, const struct front_names *nm, char conv,
			   const char *value, size_t n)
{
	const char *around = conv == 's' ? "str(" : conv == 'K' ? "ksym(" : "usym(";

	front_put(f, ", ");
	if (strchr("sKU", conv))
		front_put(f, "%s", around);
	front_expr(f, nm, value, n);
	if (strchr("sKU", conv))
		front_put(f, ")");
}

/* Each conversion with the value that is for it. */
static void values_put(struct front *f, const struct front_names *nm, const struct probe_text *pt)
{
	const char *v = pt->values, *end = v ? v + strlen(v) : NULL, *comma;

	for (const char *p = pt->format; p && p < pt->format_end; p++) {
		if (*p != '%')
			continue;
		p++;
		while (p < pt->format_end && strchr("-+ #0123456789.hlzj", *p))
			p++;
		if (p == pt->format_end || *p == '%')
			continue;
		if (!*blank_skip(v))
			die(EXIT_USAGE, "'%s': there is no value for %%%c", nm->target->spec, *p);
		comma = front_comma(v, end);
		conversion_put(f, nm, *p, v, comma - v);
		v = comma < end ? comma + 1 : end;
	}
	if (v && *blank_skip(v))
		die(EXIT_USAGE, "'%s': the format has no conversion for '%s'", nm->target->spec,
		    blank_skip(v));
}

/* %K and %U are names of functions: strings to the engine. */
static void format_put(struct front *f, const struct probe_text *pt)
{
	const char *p = pt->format, *end = pt->format_end, *from;

	while (p && p < end) {
		from = p;
		if (*p++ == '%')
			while (p < end && strchr("-+ #0123456789.hlzj", *p))
				p++;
		if (*from == '%' && p < end) {
			front_put(f, "%.*s%c", (int)(p - from), from,
				  *p == 'K' || *p == 'U' ? 's' : *p);
			p++;
		} else {
			front_put(f, "%.*s", (int)(p - from), from);
		}
	}
}

static void filters_put(struct front *f)
{
	struct run *run = f->run;
	char path[PATH_MAX];

	if (opt_on(run, 'p'))
		front_put(f, "\tif (pid != %d) { return; }\n", f->bt->pid);
	if (opt_on(run, 'L'))
		front_put(f, "\tif (tid != %llu) { return; }\n",
			  (unsigned long long)opt_u64(run, 'L', 0));
	if (opt_on(run, KEY_UID))
		front_put(f, "\tif (uid != %llu) { return; }\n",
			  (unsigned long long)opt_u64(run, KEY_UID, 0));
	if (opt_on(run, 'c') && (!realpath(opt_str(run, 'c'), path) || strpbrk(path, "\"\\")))
		opt_bad(run, 'c', "there is no such folder");
	if (opt_on(run, 'c'))
		front_put(f, "\tif (cgroup != cgroupid(\"%s\")) { return; }\n", path);
	if (opt_on(run, 'n') &&
	    (strpbrk(opt_str(run, 'n'), "\"\\") || strlen(opt_str(run, 'n')) > 15))
		opt_bad(run, 'n', "expected up to 15 bytes of a name");
	if (opt_on(run, 'n'))
		front_put(f, "\tif (!strcontains(comm, \"%s\")) { return; }\n", opt_str(run, 'n'));
	if (!opt_on(run, 'S') && !opt_on(run, 'p'))
		front_put(f, "\tif (pid == %d) { return; }\n", getpid());
}

static void probe_put(struct front *f, const char *spec)
{
	struct run *run = f->run;
	struct front_target t;
	struct probe_text pt;
	struct front_names nm = {.target = &t};

	probe_split(f, spec, &pt);
	front_target(f, pt.target, &t);
	nm.signature = pt.signature;
	front_point(f, &t, t.kind == 'r');
	front_put(f, " {\n");
	filters_put(f);
	if (pt.filter) {
		front_put(f, "\tif (!");
		front_expr(f, &nm, pt.filter, pt.filter_end - pt.filter);
		front_put(f, ") { return; }\n");
	}
	front_put(f, "\tprintf(\"%s%s%s", head_format, opt_on(run, 'K') ? "%s" : "",
		  opt_on(run, 'U') ? "%s" : "");
	format_put(f, &pt);
	front_put(f, "\", nsecs, cpu, pid, tid, comm, probe%s%s",
		  opt_on(run, 'K') ? ", kstack" : "", opt_on(run, 'U') ? ", ustack" : "");
	values_put(f, &nm, &pt);
	front_put(f, ");\n}\n");
}

/* ---- events ---- */

static void sum_add(struct state *st, const EVENT *e)
{
	struct sum *sum = st->sum;

	while (sum < st->sum + st->n &&
	       (strcmp(sum->text, e->message) || strcmp(sum->row.func, e->func)))
		sum++;
	if (sum == st->sum + st->n) {
		if (st->n == st->room) {
			st->room = st->room ? 2 * st->room : 64;
			st->sum = xrealloc(st->sum, st->room * sizeof(*st->sum));
		}
		sum = &st->sum[st->n++];
		*sum = (struct sum){xstrdup(e->message), *e};
		sum->row.message = sum->text;
	}
	sum->row.count++;
}

static const char *message_text(struct session *s, const struct bt_action *rest, const void *data,
				size_t size)
{
	bool json = s->json;

	s->text->n = 0;
	s->json = true; /* as it is: the column makes it safe */
	format_print(s, s->text, rest, data, size);
	s->json = json;
	s->text->buf[MIN(s->text->n, sizeof(s->text->buf) - 1)] = 0;
	return s->text->buf;
}

static void event(struct session *s, void *arg, const struct bt_action *a, const void *data,
		  size_t size)
{
	struct state *st = arg;
	struct run *run = st->f->run;
	struct front_value v[H_BASE + 2];
	bool kernel = opt_on(run, 'K'), user = opt_on(run, 'U');
	struct bt_action rest;
	EVENT e = {.a = a};

	if (st->shown == opt_u64(run, 'M', UINT64_MAX))
		return;
	front_values(a, data, size, H_BASE + kernel + user, st->head, v, &rest);
	e.time_ns = v[H_TIME].num;
	e.cpu = v[H_CPU].num;
	e.pid = v[H_PID].num;
	e.tid = v[H_TID].num;
	memcpy(e.comm, v[H_COMM].data, MIN(v[H_COMM].len, sizeof(e.comm) - 1));
	e.func = front_site(st->f, v[H_SITE].num);
	e.kernel = kernel ? v[H_BASE].data : NULL;
	e.user = user ? v[H_BASE + kernel].data : NULL;
	snprintf(st->message, sizeof(s->text->buf), "%s", message_text(s, &rest, data, size));
	e.message = st->message;
	if (opt_on(run, 'f') && !strstr(e.message, opt_str(run, 'f')))
		return;
	if (opt_on(run, 'A'))
		sum_add(st, &e);
	else
		row_print(run, &e, true);
	if (++st->shown == opt_u64(run, 'M', UINT64_MAX))
		s->stop = true;
}

static void begun(struct session *s, void *arg)
{
	const struct state *st = arg;

	(void)s;
	rows_begin(st->f->run);
}

static int sum_order(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->row.count != y->row.count ? x->row.count < y->row.count ? -1 : 1
					    : strcmp(x->text, y->text);
}

static void report(struct session *s, void *arg, bool last)
{
	struct state *st = arg;

	(void)s;
	if (!last || !st->n)
		return;
	qsort(st->sum, st->n, sizeof(*st->sum), sum_order);
	for (size_t i = 0; i < st->n; i++)
		row_print(st->f->run, &st->sum[i].row, true);
}

static int run_trace(struct run *run)
{
	static const struct session_front hooks = {
		.begun = begun, .event = event, .report = report};
	struct state *st = xalloc(sizeof(*st));

	run->own = st;
	st->f = front_new(run, 'p', 0, 0);
	st->message = xalloc(sizeof(st->f->s->text->buf));
	st->head = strlen(head_format) + 2 * (opt_on(run, 'K') + opt_on(run, 'U'));
	if (!run->argc)
		die(EXIT_USAGE,
		    "which probe? Try 'trace \"c:open (arg2 == 0) \\\"%%s\\\", arg1\"' or "
		    "'trace --help'");
	if (opt_on(run, 'A') && !opt_on(run, 'M'))
		die(EXIT_USAGE, "-A counts the lines up to -M N, which is missing");
	if (opt_on(run, 'A') && (opt_on(run, 'K') || opt_on(run, 'U')))
		die(EXIT_USAGE, "-A counts messages, without stacks: not with -K or -U");
	if ((opt_on(run, 's') && !opt_on(run, 'U')) ||
	    (opt_on(run, 'a') && !opt_on(run, 'U') && !opt_on(run, 'K')))
		die(EXIT_USAGE, "-%c is about stacks, of which there are none without -U",
		    opt_on(run, 's') ? 's' : 'a');
	if (opt_on(run, 'u') && !opt_on(run, 't'))
		die(EXIT_USAGE, "-u says how -t shows the time, which is missing");
	st->f->bt->config.max_strlen = opt_u64(run, 'Z', 80);
	st->f->binary = opt_on(run, 'B');
	st->f->addresses = opt_on(run, 'a');
	st->f->bt->config.build_ids = opt_on(run, 's');
	if (opt_on(run, 's'))
		st->f->s->build_ids = build_ids_new(st->f->bt, opt_str(run, 's'));
	st->f->bt->config.buffer_kb = opt_u64(run, 'b', 256) * sysconf(_SC_PAGESIZE) / 1024;
	front_include(st->f, 'I');
	for (int i = 0; i < run->argc; i++)
		probe_put(st->f, run->argv[i]);
	if (opt_on(run, 'v')) {
		bytes_print(run, st->f->text, st->f->n);
		return EXIT_OK;
	}
	return front_run(st->f, &hooks, st);
}

APPLET(trace) = {
	.name = "trace",
	.brief = "Print a line for each call of functions and each tracepoint, with arguments.",
	.args = "PROBE...",
	.help = "PROBE: [p:|r:][LIBRARY:]FUNCTION[(SIGNATURE)] [(FILTER)] [\"FORMAT\", VALUE...]\n"
		"       t:CATEGORY:EVENT [(FILTER)] [\"FORMAT\", VALUE...]\n"
		"       u:LIBRARY:[PROVIDER:]PROBE [(FILTER)] [\"FORMAT\", VALUE...] (USDT)\n"
		"VALUE: arg1..arg6, arg1@user, retval, parameters by name (as the kernel's types\n"
		"or the signature have them), args->FIELD, $uid $gid $pid $tgid $cpu $task,\n"
		"STRCMP(\"TEXT\", VALUE). FORMAT is printf's, %K and %U are names of functions.\n"
		"Examples:\n"
		"  trace 'do_sys_openat2 \"%s\", filename@user'\n"
		"  trace 'r:bash:readline \"%s\", retval'\n"
		"  trace 'c:write (arg3 > 4096) \"fd %d, %d bytes\", arg1, arg3'\n"
		"  trace -K 't:sched:sched_switch \"%s\", args->next_comm'\n",
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.main = run_trace,
};
