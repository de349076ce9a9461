// SPDX-License-Identifier: GPL-2.0-or-later
// Count or histogram arguments, results and latencies of functions.
#include "applet.h"
#include "../../bt/front.h"

#include <ctype.h>

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	OPT_USER_NUM('t', "tid", "TID", "this thread only", 1, 4194304),
	OPT_USER('H', "histogram", "SPEC", "show a histogram; SPECs as operands after it, too"),
	OPT_USER('C', "count", "SPEC", "count equal values; SPECs as operands after it, too"),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often [1]", 1, 1000000000),
	OPT_USER_NUM('d', "duration", "SECONDS", "end after this time", 1, 1000000000),
	OPT_USER_NUM('n', "number", "N", "end after N reports", 1, 1000000000),
	OPT_USER('c', "cumulative", NULL, "go on counting, do not begin anew at each report"),
	OPT_USER_NUM('T', "top", "N", "of counts the N largest only", 1, 1000000),
	OPT_USER_NUM('z', "string-size", "N", "room for strings, in bytes [80]", 2, 8000),
	OPT_USER('I', "include", "FILE", "structs and #defines for the expressions, of programs"),
	OPT_USER('v', "program", NULL, "show the program that counts, and end"),
	{0}};

enum { SPECS_MAX = 32, EXPRS_MAX = 8, ENTRIES_MAX = 16 };

struct spec {
	const char *text, *label;
	bool hist;
	struct front_target target;
	char *signature, *types, *exprs, *filter;
	char *expr[EXPRS_MAX]; /* as they were written */
	size_t nexprs;
	uint64_t *before; /* without keys: what was told already */
	/* What the entry of the function keeps for its return: */
	const char *entry[ENTRIES_MAX];
	size_t nentries;
	bool latency;
};

struct state {
	struct front *f;
	struct spec spec[SPECS_MAX];
	size_t n;
	uint64_t reports;
	size_t number; /* of the spec that is being printed */
};

/* ---- what is asked for ---- */

static void spec_bad(const char *text, const char *why) __attribute__((noreturn));
static void spec_bad(const char *text, const char *why)
{
	die(EXIT_USAGE,
	    "'%s': %s; expected p|r|t|u:[LIBRARY|CATEGORY]:FUNCTION(SIGNATURE)"
	    "[:TYPE[,TYPE...]:VALUE[,VALUE...][:FILTER]][#LABEL]",
	    text, why);
}

/* Up to a colon outside of brackets and quotes. */
static char *part_take(struct front *f, const char **p, const char *end)
{
	const char *from = *p, *at = from;

	while (at < end && *at != ':') {
		const char *behind = *at == '(' || *at == '[' ? front_bracket(at, end) : NULL;

		if (*at == '"')
			for (at++; at < end && *at != '"'; at++)
				;
		at = behind ? behind : at + (at < end);
	}
	*p = at < end ? at + 1 : end;
	return bt_strndup(f->bt, from, at - from);
}

static bool text_is_empty(const char *s)
{
	return !s || !s[strspn(s, " \t")];
}

static void exprs_split(struct front *f, struct spec *s)
{
	const char *p = s->exprs, *end = p + strlen(p), *comma;

	for (; p < end; p = comma + 1) {
		comma = front_comma(p, end);
		if (s->nexprs == EXPRS_MAX)
			spec_bad(s->text, "more than 8 values");
		while (isspace((unsigned char)*p))
			p++;
		s->expr[s->nexprs++] = bt_strndup(f->bt, p, comma - p);
	}
}

static void spec_parse(struct state *st, const char *text, bool hist)
{
	struct spec *s = &st->spec[st->n];
	struct front *f = st->f;
	const char *label = strrchr(text, '#'), *p = text, *end;
	char *kind, *lib, *func, *bracket;

	if (st->n++ == SPECS_MAX)
		die(EXIT_USAGE, "more than %d SPECs", SPECS_MAX);
	if (label && strchr(label, '"'))
		label = NULL; /* within a string */
	end = label ? label : text + strlen(text);
	*s = (struct spec){.text = text, .hist = hist, .label = label ? label + 1 : text};
	kind = part_take(f, &p, end);
	lib = part_take(f, &p, end);
	func = part_take(f, &p, end);
	if (*kind == 'u' && !strchr(func, '(')) /* that was the provider */
		func = bt_printf(f->bt, "%s:%s", func, part_take(f, &p, end));
	if (strlen(kind) != 1 || !strchr("prtu", *kind) || !*func)
		spec_bad(text, "no such probe");
	bracket = strchr(func, '(');
	if (bracket) {
		s->signature = bt_strndup(f->bt, bracket + 1, strcspn(bracket + 1, ")"));
		*bracket = 0;
	}
	front_target(f, bt_printf(f->bt, "%s:%s:%s", kind, lib, func), &s->target);
	if (text_is_empty(s->signature))
		s->signature = NULL;
	s->types = p < end ? part_take(f, &p, end) : (char *)"";
	s->exprs = p < end ? part_take(f, &p, end) : (char *)"";
	s->filter = p < end ? bt_strndup(f->bt, p, end - p) : (char *)"";
	if (text_is_empty(s->exprs) && *kind == 'r')
		s->exprs = (char *)"$retval";
	if (text_is_empty(s->exprs) && hist)
		spec_bad(text, "a histogram is of a value");
	if (!text_is_empty(s->exprs))
		exprs_split(f, s);
	if (hist && s->nexprs != 1)
		spec_bad(text, "a histogram is of one value");
}

/* Behind a single kind of option there may be more SPECs, as BCC has it; with both kinds it would
 * not be clear which they are of. */
static void specs_take(struct state *st, int argc, char **argv)
{
	struct run *run = st->f->run;
	const char *const *text;
	size_t n;

	text = opt_strs(run, 'H', &n);
	for (size_t i = 0; i < n; i++)
		spec_parse(st, text[i], true);
	text = opt_strs(run, 'C', &n);
	for (size_t i = 0; i < n; i++)
		spec_parse(st, text[i], false);
	if (!st->n)
		die(EXIT_USAGE,
		    "what is to be counted? Try \"argdist -H "
		    "'t:syscalls:sys_exit_read():long:args->ret'\" or 'argdist --help'");
	if (argc && opt_on(run, 'H') && opt_on(run, 'C'))
		die(EXIT_USAGE, "'%s': put -H or -C before each SPEC", argv[0]);
	for (int i = 0; i < argc; i++)
		spec_parse(st, argv[i], opt_on(run, 'H'));
}

/* ---- the program ---- */

static struct spec *spec_of(const struct front_names *nm)
{
	return nm->arg;
}

/* What is wanted of the function's entry: kept by it in @e<SPEC>_<N>[tid, depth]. */
static void entry_put(struct front *f, const struct front_names *nm, const char *text, size_t n)
{
	struct spec *s = spec_of(nm);
	size_t i = 0;

	while (i < s->nentries && (strncmp(s->entry[i], text, n) || s->entry[i][n]))
		i++;
	if (i == ENTRIES_MAX)
		spec_bad(s->text, "more than 16 values of the entry");
	if (i == s->nentries)
		s->entry[s->nentries++] = bt_strndup(f->bt, text, n);
	front_put(f, "@e%zu_%zu[tid, $depth]", (size_t)nm->number, i);
}

/* One type of the list, "u64" where there is none. */
static void type_take(const char **types, const char **type, size_t *n)
{
	const char *end = *types + strlen(*types), *comma = front_comma(*types, end);

	while (isspace((unsigned char)**types))
		++*types;
	*type = *types;
	*n = comma - *types;
	*types = comma < end ? comma + 1 : end;
}

static void value_put(struct front *f, const struct front_names *nm, const char *expr,
		      const char **types)
{
	const char *type;
	size_t n;
	bool text;

	type_take(types, &type, &n);
	text = memmem(type, n, "char", 4) && memchr(type, '*', n);
	if (text)
		front_put(f, "str(");
	else if (n)
		front_put(f, "(%.*s)(", (int)n, type);
	else
		front_put(f, "(");
	front_expr(f, nm, expr, strlen(expr));
	front_put(f, ")");
}

static void filters_put(struct front *f)
{
	struct run *run = f->run;

	if (opt_on(run, 'p'))
		front_put(f, "\tif (pid != %d) { return; }\n", f->bt->pid);
	if (opt_on(run, 't'))
		front_put(f, "\tif (tid != %llu) { return; }\n",
			  (unsigned long long)opt_u64(run, 't', 0));
}

/* The entry of a function whose return wants something of it. Calls within calls are told apart by
 * their depth. */
static void entry_probe_put(struct state *st, size_t i)
{
	struct spec *s = &st->spec[i];
	struct front *f = st->f;
	struct front_names nm = {.target = &s->target, .signature = s->signature};

	front_point(f, &s->target, false);
	front_put(f, " {\n");
	filters_put(f);
	front_put(f, "\t$depth = @d%zu[tid] + 1;\n\t@d%zu[tid] = $depth;\n", i, i);
	for (size_t k = 0; k < s->nentries; k++) {
		front_put(f, "\t@e%zu_%zu[tid, $depth] = ", i, k);
		front_expr(f, &nm, s->entry[k], strlen(s->entry[k]));
		front_put(f, ";\n");
	}
	if (s->latency)
		front_put(f, "\t@t%zu[tid, $depth] = nsecs;\n", i);
	front_put(f, "}\n");
}

static void values_put(struct state *st, size_t i, const struct front_names *nm)
{
	struct spec *s = &st->spec[i];
	struct front *f = st->f;
	const char *types = s->types;

	if (!text_is_empty(s->filter)) {
		front_put(f, "\tif (");
		front_expr(f, nm, s->filter, strlen(s->filter));
		front_put(f, ") {\n");
	}
	front_put(f, s->hist ? "\t@h%zu = hist(" : "\t@c%zu", i);
	for (size_t k = 0; k < s->nexprs; k++) {
		front_put(f, k ? ", " : s->hist ? "" : "[");
		value_put(f, nm, s->expr[k], &types);
	}
	front_put(f, s->hist ? ");\n" : s->nexprs ? "] = count();\n" : " = count();\n");
	front_put(f, text_is_empty(s->filter) ? "" : "\t}\n");
}

static void spec_put(struct state *st, size_t i)
{
	struct spec *s = &st->spec[i];
	struct front *f = st->f;
	bool returns = s->target.kind == 'r', kept;
	char *latency = bt_printf(f->bt, "(nsecs - @t%zu[tid, $depth])", i);
	struct front_names nm = {.target = &s->target,
				 .signature = s->signature,
				 .returns = returns,
				 .entry = returns ? entry_put : NULL,
				 .latency = returns ? latency : NULL,
				 .arg = s,
				 .number = i};

	s->latency = returns && (strstr(s->exprs, "$latency") || strstr(s->filter, "$latency"));
	/* What the entry has to keep is known once the values have been translated. */
	size_t begin = f->n;

	values_put(st, i, &nm);
	f->n = begin;
	kept = s->nentries || s->latency;
	if (kept)
		entry_probe_put(st, i);
	front_point(f, &s->target, returns);
	front_put(f, " {\n");
	filters_put(f);
	if (kept)
		front_put(f, "\t$depth = @d%zu[tid];\n\tif ($depth == 0) { return; }\n", i);
	values_put(st, i, &nm);
	for (size_t k = 0; k < s->nentries; k++)
		front_put(f, "\tdelete(@e%zu_%zu[tid, $depth]);\n", i, k);
	if (s->latency)
		front_put(f, "\tdelete(@t%zu[tid, $depth]);\n", i);
	if (kept)
		front_put(f,
			  "\tif ($depth == 1) { delete(@d%zu[tid]); } else { @d%zu[tid] = "
			  "$depth - 1; }\n",
			  i, i);
	front_put(f, "}\n");
}

/* ---- reports ---- */

static const char *value_of(struct session *s, const struct bt_type *t, const void *data)
{
	bool json = s->json;

	s->text->n = 0;
	s->json = true; /* as it is */
	value_text(s, s->text, t, data);
	s->json = json;
	s->text->buf[MIN(s->text->n, sizeof(s->text->buf) - 1)] = 0;
	return s->text->buf;
}

static void count_json(struct state *st, const struct bt_map *m, const char *key, uint64_t count)
{
	const struct spec *s = &st->spec[st->number];
	struct run *run = st->f->run;
	struct out *o = &run->core->out;

	record_begin(run, run->now_ns);
	out_str(o, ",\"label\":");
	out_json(o, s->label, SIZE_MAX / 2);
	out_printf(o, ",\"count\":%llu,\"key\":{", (unsigned long long)count);
	for (size_t i = 0; i < m->nkeys; i++) {
		out_str(o, i ? "," : "");
		out_json(o, s->expr[i], SIZE_MAX / 2);
		out_str(o, ":");
		value_json(st->f->s, m->key[i], key);
		key += type_room(m->key[i]);
	}
	out_str(o, "}");
	record_end(run);
}

static void count_text(struct state *st, const struct bt_map *m, const char *key, uint64_t count)
{
	const struct spec *s = &st->spec[st->number];
	struct out *o = &st->f->run->core->out;

	out_printf(o, "\t%-10llu ", (unsigned long long)count);
	if (!m->nkeys)
		out_text(o, s->target.func, SIZE_MAX / 2);
	for (size_t i = 0; i < m->nkeys; i++) {
		out_str(o, i ? ", " : "");
		out_text(o, s->expr[i], SIZE_MAX / 2);
		out_str(o, " = ");
		out_text(o, value_of(st->f->s, m->key[i], key), SIZE_MAX / 2);
		key += type_room(m->key[i]);
	}
	out_str(o, "\n");
}

static void count_see(void *arg, const struct bt_map *m, const void *key, const void *value)
{
	struct state *st = arg;
	uint64_t count;

	memcpy(&count, value, sizeof(count));
	if (!m->nkeys && !opt_on(st->f->run, 'c')) {
		uint64_t now = count;

		count -= st->spec[st->number].before[0];
		st->spec[st->number].before[0] = now;
	}
	if (st->f->run->format == FORMAT_JSON)
		count_json(st, m, key, count);
	else
		count_text(st, m, key, count);
}

/* A table without keys is never cleared, so that nothing falls between: what was told is taken off.
 */
static void hist_see(void *arg, const struct bt_map *m, const void *key, const void *value)
{
	struct state *st = arg;
	struct spec *s = &st->spec[st->number];
	uint64_t *now = xalloc(type_room(m->type));

	(void)key;
	memcpy(now, value, type_room(m->type));
	for (uint32_t i = 0; i < m->type->n && !opt_on(st->f->run, 'c'); i++) {
		uint64_t total = now[i];

		now[i] -= s->before[i];
		s->before[i] = total;
	}
	front_hist(st->f, s->label, NULL, s->expr[0], m->type, now);
	free(now);
}

static void spec_report(struct state *st, struct session *s, bool last)
{
	struct spec *spec = &st->spec[st->number];
	struct run *run = st->f->run;
	struct bt_map *m =
		front_map(st->f, bt_printf(s->bt, "@%c%zu", spec->hist ? 'h' : 'c', st->number));
	bool take = !last && !opt_on(run, 'c');

	if (!spec->before)
		spec->before = xalloc(type_room(m->type));
	if (run->format == FORMAT_TEXT) {
		out_text(s->out, spec->label, SIZE_MAX / 2);
		out_str(s->out, "\n");
	}
	if (spec->hist) {
		map_each(s, m, false, 0, hist_see, st);
		return;
	}
	if (run->format == FORMAT_TEXT)
		out_printf(s->out, "\t%-10s %s\n", "COUNT", "EVENT");
	map_each(s, m, take, opt_u64(run, 'T', 0), count_see, st);
}

static void report(struct session *s, void *arg, bool last)
{
	struct state *st = arg;
	uint64_t most = opt_u64(st->f->run, 'n', UINT64_MAX);

	if (st->reports == most)
		return;
	front_stamp(st->f, true);
	for (st->number = 0; st->number < st->n; st->number++)
		spec_report(st, s, last);
	if (++st->reports == most)
		s->stop = true;
}

static int run_argdist(struct run *run)
{
	static const struct session_front hooks = {.report = report};
	struct state *st = xalloc(sizeof(*st));

	st->f = front_new(run, 'p', 'i', 'd');
	if (!opt_on(run, 'i'))
		st->f->s->interval_ns = NSEC;
	st->f->bt->config.max_strlen = opt_u64(run, 'z', 80);
	st->f->bt->config.key_strlen = (st->f->bt->config.max_strlen + 7) & ~7u;
	st->f->bt->config.max_map_keys = 10240;
	specs_take(st, run->argc, run->argv);
	front_include(st->f, 'I');
	for (size_t i = 0; i < st->n; i++)
		spec_put(st, i);
	if (opt_on(run, 'v')) {
		bytes_print(run, st->f->text, st->f->n);
		return EXIT_OK;
	}
	return front_run(st->f, &hooks, st);
}

APPLET(argdist) = {
	.name = "argdist",
	.brief = "Count or histogram arguments, results and latencies of functions.",
	.args = "[-H|-C SPEC]... [SPEC...]",
	.help = "SPEC: p|r:[LIBRARY]:FUNCTION([SIGNATURE])[:TYPES:VALUES[:FILTER]][#LABEL]\n"
		"      t:CATEGORY:EVENT()[:TYPES:VALUES[:FILTER]][#LABEL]\n"
		"      u:LIBRARY:[PROVIDER:]PROBE()[:TYPES:VALUES[:FILTER]][#LABEL]\n"
		"VALUES and FILTER: parameters by the names of the signature or of the kernel's\n"
		"types, arg1.., args->FIELD, $PID, $COMM, STRCMP(\"TEXT\", VALUE); at a return "
		"(r:)\n"
		"also $retval, $latency (ns) and $entry(PARAMETER).\n"
		"Examples:\n"
		"  argdist -H 't:syscalls:sys_exit_read():long:args->ret'\n"
		"  argdist -C 'p:c:malloc(size_t size):size_t:size' -T 5\n"
		"  argdist -H 'r::vfs_read():u64:$latency/1000#read us'\n"
		"  argdist -C 'r:c:open(char *path):char*,int:$entry(path),$retval:$retval<0'\n",
	.opts = opts,
	.operands = OPERANDS_OWN,
	.main = run_argdist,
};
