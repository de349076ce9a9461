// SPDX-License-Identifier: GPL-2.0-or-later
// Trace functions of the kernel with arguments and results as its types have them.
#include "applet.h"
#include "../../bt/front.h"
#include "../../bt/ctypes.h"

#include <bpf/btf.h>
#include <ctype.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only; end with it", 1, 4194304),
	OPT_USER('s', "stack", NULL,
		 "the last function only, where the others called it in this order"),
	OPT_USER_NUM('P', "pages", "N", "pages of the event buffer [256]", 1, 262144),
	OPT_USER('d', "debug", NULL, "show the program that traces, and end"),
	{0}};

enum { FUNCS_MAX = 64, VALUES_MAX = 16, STRUCT_MAX = 8000 };

struct value {
	const char *shown; /* as it was asked for */
	const char *expr;  /* in the language */
	bool pointed;	   /* the record that a pointer leads to, behind the pointer itself */
	const char *type;  /* of it: "struct file" */
};

struct func {
	const char *name;
	struct bt_record *params;
	struct value in[VALUES_MAX], out[VALUES_MAX];
	size_t nin, nout;
	char *in_filter, *out_filter; /* "" : none */
	bool shown;		      /* -s: not those that only lead there */
};

struct state {
	struct front *f;
	struct func func[FUNCS_MAX];
	size_t n;
};

/* ---- prototypes ---- */

/* "struct file *", "const char *": as BTF has it, back to front. */
static const char *type_c(struct bt *bt, const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const char *name = id ? btf__name_by_offset(btf, t->name_off) : "void", *inner;

	if (!id)
		return name;
	switch (btf_kind(t)) {
	case BTF_KIND_PTR:
		inner = type_c(bt, btf, t->type);
		return bt_printf(bt, inner[strlen(inner) - 1] == '*' ? "%s*" : "%s *", inner);
	case BTF_KIND_CONST:
		inner = type_c(bt, btf, t->type);
		return bt_printf(bt, inner[strlen(inner) - 1] == '*' ? "%s const" : "const %s",
				 inner);
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		return type_c(bt, btf, t->type);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return bt_printf(bt, "%s %s", btf_is_union(t) ? "union" : "struct",
				 *name ? name : "{...}");
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return bt_printf(bt, "enum %s", *name ? name : "{...}");
	case BTF_KIND_FUNC_PROTO:
		return "void (*)(...)";
	default:
		return name;
	}
}

/* No blank between '*' and a name. */
static const char *before_name(const char *type, char text[128])
{
	snprintf(text, 128, type[strlen(type) - 1] == '*' ? "%s" : "%s ", type);
	return text;
}

static int info(struct state *st)
{
	const struct btf *btf = ctypes_btf(st->f->bt, &(const char *){NULL});

	for (size_t i = 0; i < st->n; i++) {
		const struct btf_type *t, *proto;
		const struct btf_param *p;
		uint32_t id = 0;
		char text[128];

		ctype_function(st->f->bt, st->func[i].name, &id);
		t = btf__type_by_id(btf, id);
		proto = btf__type_by_id(btf, t->type);
		p = btf_params(proto);
		line_print(st->f->run, "%s%s(%s",
			   before_name(type_c(st->f->bt, btf, proto->type), text), st->func[i].name,
			   btf_vlen(proto) ? "" : "void);");
		for (int k = 0; k < btf_vlen(proto); k++)
			line_print(st->f->run, "        %s%s%s",
				   before_name(type_c(st->f->bt, btf, p[k].type), text),
				   btf__name_by_offset(btf, p[k].name_off),
				   k + 1 < btf_vlen(proto) ? "," : ");");
	}
	return EXIT_OK;
}

/* ---- what is asked for ---- */

static const struct bt_member *param_of(const struct func *fn, const char *name, size_t n)
{
	for (size_t i = 0; i < fn->params->n; i++)
		if (!strncmp(fn->params->member[i].name, name, n) && !fn->params->member[i].name[n])
			return &fn->params->member[i];
	return NULL;
}

/* The result is a number to a kretprobe; its type is known here. */
static const char *return_expr(struct bt *bt, const struct bt_type *t)
{
	if (t->kind == T_PTR && type_target(bt, t)->kind == T_RECORD && t->elem->record->name)
		return bt_printf(bt, "((%s %s *)retval)",
				 t->elem->record->is_union ? "union" : "struct",
				 t->elem->record->name);
	if (t->kind == T_INT && t->size)
		return bt_printf(bt, "(%sint%u)retval", t->sign ? "" : "u", t->size * 8);
	return "retval";
}

static void value_add(struct state *st, struct func *fn, const char *text, const char *expr,
		      const struct bt_type *t, bool out)
{
	struct value *v = out ? &fn->out[fn->nout++] : &fn->in[fn->nin++];
	struct bt *bt = st->f->bt;

	if ((out ? fn->nout : fn->nin) > VALUES_MAX)
		die(EXIT_USAGE, "%s: more than %d values", fn->name, VALUES_MAX);
	*v = (struct value){.shown = text, .expr = expr};
	if (!t || t->kind != T_PTR)
		return;
	type_target(bt, t);
	if (t->elem->is_char) {
		v->expr = bt_printf(bt, "str(%s)", expr);
	} else if (t->elem->kind == T_RECORD && t->elem->size && t->elem->size <= STRUCT_MAX) {
		v->pointed = true;
		v->type = type_text(bt, t->elem);
	}
}

/* NAME[->MEMBER...] [OP NUMBER], or return */
static void arg_parse(struct state *st, struct func *fn, const char *text, size_t n)
{
	struct bt *bt = st->f->bt;
	size_t op = 0, name = 0, len;
	const struct bt_member *m;
	const char *expr;
	char *shown, **filter;
	bool out;

	while (n && isspace((unsigned char)text[n - 1]))
		n--;
	while (op < n && !(strchr("=!<", text[op]) || (text[op] == '>' && text[op - 1] != '-')))
		op++;
	for (len = op; len && isspace((unsigned char)text[len - 1]); len--)
		;
	while (name < len && (isalnum((unsigned char)text[name]) || text[name] == '_'))
		name++;
	shown = bt_strndup(bt, text, len);
	out = name == 6 && !strncmp(text, "return", 6);
	m = param_of(fn, out ? "$ret" : text, out ? 4 : name);
	if (!m)
		die(EXIT_USAGE,
		    out ? "%s returns nothing%.0s"
			: "%s has no argument '%s'; "
			  "'ksnoop info %s' tells them",
		    fn->name, shown, fn->name);
	expr = out ? bt_printf(bt, "%s%s", return_expr(bt, m->type), shown + name)
		   : bt_printf(bt, "args.%s", shown);
	value_add(st, fn, shown, expr, name < len ? NULL : m->type, out);
	if (op == n)
		return;
	filter = out ? &fn->out_filter : &fn->in_filter;
	*filter = bt_printf(bt, "%s%s(%s %.*s)", *filter, **filter ? " && " : "", expr,
			    (int)(n - op), text + op);
}

static void func_add(struct state *st, const char *text)
{
	struct bt *bt = st->f->bt;
	struct func *fn = &st->func[st->n];
	const char *bracket = strchr(text, '('), *end = text + strlen(text), *why = "";

	if (st->n++ == FUNCS_MAX)
		die(EXIT_USAGE, "more than %d functions", FUNCS_MAX);
	fn->name = bracket ? bt_strndup(bt, text, bracket - text) : text;
	fn->in_filter = fn->out_filter = (char *)"";
	if (!ctypes_btf(bt, &why))
		die(EXIT_CANNOT, "%s", why);
	fn->params = ctype_function(bt, fn->name, NULL);
	if (!fn->params)
		die(EXIT_CANNOT, "the kernel's types have no function '%s'", fn->name);
	if (!bracket) {
		for (size_t i = 0; i < fn->params->n; i++) {
			const char *name = fn->params->member[i].name;

			arg_parse(st, fn, *name == '$' ? "return" : name,
				  *name == '$' ? 6 : strlen(name));
		}
		return;
	}
	if (end[-1] != ')')
		die(EXIT_USAGE, "'%s': the bracket is not closed", text);
	for (const char *p = bracket + 1, *comma; p < end - 1; p = comma + 1) {
		while (isspace((unsigned char)*p))
			p++;
		comma = front_comma(p, end - 1);
		arg_parse(st, fn, p, comma - p);
	}
}

/* ---- the program ---- */

static void values_put(struct state *st, const struct value *v, size_t n, size_t func, bool out)
{
	struct front *f = st->f;

	front_put(f, "\tprintf(\"%%d%%d%%d%%d%%s%%d");
	for (size_t i = 0; i < n; i++)
		front_put(f, v[i].pointed ? "%%d%%s" : "%%s");
	front_put(f, "\", nsecs, cpu, pid, tid, comm, %zu", func * 2 + out);
	for (size_t i = 0; i < n; i++)
		front_put(f, v[i].pointed ? ", (uint64)%s, *%s" : ", %s", v[i].expr, v[i].expr);
	front_put(f, ");\n");
}

/* The entry of a call that is traced only under a condition: puts on the thread's stack whether it
 * is, so that its return knows. With -s the functions before this one have to be under way. */
static void marks_put(struct front *f, const struct func *fn, size_t i, bool chain)
{
	front_put(f, "\t$depth = @d%zu[tid] + 1;\n\t@d%zu[tid] = $depth;\n", i, i);
	if (chain && i)
		front_put(f, "\tif (!@on%zu[tid]) { return; }\n", i - 1);
	if (*fn->in_filter)
		front_put(f, "\tif (!(%s)) { return; }\n", fn->in_filter);
	front_put(f, "\t@t%zu[tid, $depth] = 1;\n", i);
	if (chain)
		front_put(f, "\t@on%zu[tid]++;\n", i);
}

static void marks_end_put(struct front *f, size_t i, bool chain)
{
	front_put(f,
		  "\t$depth = @d%zu[tid];\n\tif ($depth == 0) { return; }\n"
		  "\tif ($depth == 1) { delete(@d%zu[tid]); } else { @d%zu[tid] = $depth - 1; }\n"
		  "\tif (!@t%zu[tid, $depth]) { return; }\n\tdelete(@t%zu[tid, $depth]);\n",
		  i, i, i, i, i);
	if (chain)
		front_put(f,
			  "\tif (@on%zu[tid] <= 1) { delete(@on%zu[tid]); } else "
			  "{ @on%zu[tid]--; }\n",
			  i, i, i);
}

static void func_put(struct state *st, size_t i)
{
	struct func *fn = &st->func[i];
	struct front *f = st->f;
	bool chain = opt_on(f->run, 's'), marks = chain || *fn->in_filter;
	char own[64];

	snprintf(own, sizeof(own), "\tif (pid %s %d) { return; }\n",
		 opt_on(f->run, 'p') ? "!=" : "==", opt_on(f->run, 'p') ? f->bt->pid : getpid());
	front_put(f, "\"kprobe:%s\" {\n%s", fn->name, own);
	if (marks)
		marks_put(f, fn, i, chain);
	if (fn->nin && fn->shown)
		values_put(st, fn->in, fn->nin, i, false);
	front_put(f, "}\n");
	if (!marks && !fn->nout)
		return;
	front_put(f, "\"kretprobe:%s\" {\n%s", fn->name, own);
	if (marks)
		marks_end_put(f, i, chain);
	if (*fn->out_filter)
		front_put(f, "\tif (!(%s)) { return; }\n", fn->out_filter);
	if (fn->nout && fn->shown)
		values_put(st, fn->out, fn->nout, i, true);
	front_put(f, "}\n");
}

/* ---- events ---- */

enum { H_TIME, H_CPU, H_PID, H_TID, H_COMM, H_FUNC, H_BASE };

static void value_put_text(struct session *s, const struct value *v, const struct bt_type *t,
			   const struct front_value *at, const struct bt_type *target)
{
	struct bt_type str = {.kind = T_STR, .size = at->len};

	out_printf(s->out, "%35s%s = ", "", v->shown);
	if (t->kind == T_STR) {
		out_str(s->out, "\"");
		value_text(s, s->out, &str, at->data);
		out_str(s->out, "\"");
	} else if (v->pointed) {
		out_printf(s->out, "(%s *)0x%llx ", v->type, (unsigned long long)at->num);
		value_text(s, s->out, target, at[1].data);
	} else {
		value_text(s, s->out, t, at->data);
	}
}

static void value_put_json(struct session *s, const struct value *v, const struct bt_type *t,
			   const struct front_value *at, const struct bt_type *target)
{
	struct bt_type str = {.kind = T_STR, .size = at->len};

	out_json(s->out, v->shown, SIZE_MAX / 2);
	out_str(s->out, ":");
	if (t->kind == T_STR)
		value_json(s, &str, at->data);
	else if (v->pointed)
		value_json(s, target, at[1].data);
	else
		value_json(s, t, at->data);
}

static void head_put(struct front *f, const struct front_value *v, const struct func *fn, bool out)
{
	struct out *o = f->s->out;

	if (f->run->format == FORMAT_TEXT) {
		out_printf(o, "%-18llu %-3llu %-7llu %s%s(\n", (unsigned long long)v[H_TIME].num,
			   (unsigned long long)v[H_CPU].num, (unsigned long long)v[H_PID].num,
			   out ? "<- " : "", fn->name);
		return;
	}
	record_begin(f->run, v[H_TIME].num);
	out_printf(o, ",\"cpu\":%llu,\"pid\":%llu,\"tid\":%llu,\"comm\":",
		   (unsigned long long)v[H_CPU].num, (unsigned long long)v[H_PID].num,
		   (unsigned long long)v[H_TID].num);
	out_json(o, v[H_COMM].data, v[H_COMM].len);
	out_printf(o, ",\"function\":\"%s\",\"event\":\"%s\",\"values\":{", fn->name,
		   out ? "return" : "entry");
}

static void event(struct session *s, void *arg, const struct bt_action *a, const void *data,
		  size_t size)
{
	struct front_value v[H_BASE + 2 * VALUES_MAX];
	struct state *st = arg;
	bool json = st->f->run->format == FORMAT_JSON, out;
	const struct func *fn;
	const struct value *shown;
	size_t n, k = H_BASE;

	front_values(a, data, size, a->nargs, 0, v, NULL);
	fn = &st->func[v[H_FUNC].num / 2];
	out = v[H_FUNC].num & 1;
	shown = out ? fn->out : fn->in;
	n = out ? fn->nout : fn->nin;
	head_put(st->f, v, fn, out);
	for (size_t i = 0; i < n; i++) {
		const struct bt_type *target = shown[i].pointed ? a->type[k + 1] : NULL;

		if (json) {
			out_str(s->out, i ? "," : "");
			value_put_json(s, &shown[i], a->type[k], &v[k], target);
		} else {
			value_put_text(s, &shown[i], a->type[k], &v[k], target);
			out_str(s->out, i + 1 < n ? ",\n" : "\n");
		}
		k += shown[i].pointed ? 2 : 1;
	}
	if (!json) {
		out_printf(s->out, "%31s);\n", "");
		return;
	}
	out_str(s->out, "}");
	record_end(st->f->run);
}

static void begun(struct session *s, void *arg)
{
	const struct state *st = arg;

	if (st->f->run->format == FORMAT_TEXT)
		out_printf(s->out, "%-18s %-3s %-7s %s\n", "TIME", "CPU", "PID", "FUNCTION/ARGS");
}

static int run_ksnoop(struct run *run)
{
	static const struct session_front hooks = {.begun = begun, .event = event};
	struct state *st = xalloc(sizeof(*st));
	char **arg = run->argv;
	int n = run->argc;
	bool tell = n && !strcmp(arg[0], "info");

	st->f = front_new(run, 'p', 0, 0);
	if (tell || (n && !strcmp(arg[0], "trace")))
		arg++, n--;
	if (!n || !strcmp(arg[0], "help"))
		die(EXIT_USAGE,
		    "which function? Try 'ksnoop vfs_read', 'ksnoop \"vfs_read(file, count "
		    "> 100, return)\"', 'ksnoop info vfs_read' or 'ksnoop --help'");
	if (opt_on(run, 's') && n < 2)
		die(EXIT_USAGE, "-s: expected several functions, of which each calls the next");
	for (int i = 0; i < n; i++)
		func_add(st, arg[i]);
	if (tell)
		return info(st);
	st->f->bt->config.any_as_text = true;
	st->f->bt->config.max_strlen = 256;
	st->f->bt->config.max_map_keys = 10240;
	st->f->bt->config.buffer_kb = opt_u64(run, 'P', 256) * sysconf(_SC_PAGESIZE) / 1024;
	for (size_t i = 0; i < st->n; i++) {
		st->func[i].shown = !opt_on(run, 's') || i + 1 == st->n;
		func_put(st, i);
	}
	if (opt_on(run, 'd')) {
		bytes_print(run, st->f->text, st->f->n);
		return EXIT_OK;
	}
	return front_run(st->f, &hooks, st);
}

APPLET(ksnoop) = {
	.name = "ksnoop",
	.brief = "Trace functions of the kernel with arguments and results as its types have them.",
	.args = "[trace|info] FUNCTION...",
	.help = "FUNCTION is a name, for all arguments and the result, or NAME(VALUE, ...) with\n"
		"VALUE: ARGUMENT, ARGUMENT->MEMBER or return, each with == != < <= > >= NUMBER\n"
		"behind it if only such calls are of interest. info shows prototypes.\n"
		"Examples:\n"
		"  ksnoop vfs_read\n"
		"  ksnoop 'vfs_write(file->f_flags, count > 4096, return)'\n"
		"  ksnoop -s tcp_sendmsg 'ip_queue_xmit(sk)'\n"
		"  ksnoop info tcp_connect\n",
	.opts = opts,
	.operands = OPERANDS_OWN,
	.kprobes = true,
	.main = run_ksnoop,
};
