// SPDX-License-Identifier: GPL-2.0-or-later
// Front ends of the tracing language: probes and expressions as BCC writes them, to a program; and
// its counts, stacks and histograms to rows.
#include "front.h"
#include "ctypes.h"
#include "sites.h"
#include "usyms.h"

#include <bpf/bpf.h>
#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { INCLUDE_MAX = 1 << 20 };

struct front *front_new(struct run *run, int pid_key, int interval_key, int duration_key)
{
	struct front *f = xalloc(sizeof(*f));

	f->run = run;
	f->bt = xalloc(sizeof(*f->bt));
	f->s = xalloc(sizeof(*f->s));
	bt_init(f->bt, run->applet->name, "", 0);
	f->bt->pid = pid_key ? opt_u64(run, pid_key, 0) : 0;
	f->bt->btf_path = run_btf(run);
	f->bt->config.plain = f->bt->config.kprobe_args = true;
	f->s->bt = f->bt;
	f->s->out = &run->core->out;
	f->s->text = xalloc(sizeof(*f->s->text));
	f->s->text->closed = true; /* never written anywhere */
	f->s->json = run->format == FORMAT_JSON;
	f->s->verbose = run->core->common.verbose;
	f->s->child_go = -1;
	f->s->interval_ns = interval_key ? opt_u64(run, interval_key, 0) * NSEC : 0;
	f->s->duration_ns = duration_key ? opt_u64(run, duration_key, 0) * NSEC : 0;
	return f;
}

void front_put(struct front *f, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (f->n + n >= f->room) {
		f->room = (f->n + n + 1) * 2;
		f->text = xrealloc(f->text, f->room);
	}
	va_start(ap, fmt);
	vsnprintf(f->text + f->n, f->room - f->n, fmt, ap);
	va_end(ap);
	f->n += n;
}

void front_include(struct front *f, int key)
{
	size_t n;
	const char *const *file = opt_strs(f->run, key, &n);

	for (size_t i = 0; i < n; i++) {
		char *text = xalloc(INCLUDE_MAX + 1);
		int got = file_read(file[i], text, INCLUDE_MAX);

		if (got < 0)
			die(EXIT_FAIL, "%s: %s; the kernel's own types need no header", file[i],
			    strerror(-got));
		front_put(f, "%.*s\n", got, text);
		free(text);
	}
}

int front_run(struct front *f, const struct session_front *hooks, void *arg)
{
	f->bt->text = f->text;
	f->bt->len = f->n;
	f->s->front = hooks;
	f->s->front_arg = arg;
	if (!bt_parse(f->bt) || !bt_check(f->bt) || !bt_generate(f->bt)) {
		fprintf(stderr, "%s\n", f->bt->error);
		return f->bt->status;
	}
	return session_main(f->s);
}

/* ---- probes ---- */

void front_target(struct front *f, const char *spec, struct front_target *t)
{
	const char *p = spec, *colon;

	*t = (struct front_target){.kind = 'p', .spec = spec};
	if (*p && strchr("prtu", *p) && p[1] == ':') {
		t->kind = *p;
		p += 2;
	}
	colon = strchr(p, ':');
	if (colon && colon > p)
		t->lib = bt_strndup(f->bt, p, colon - p);
	t->func = colon ? colon + 1 : p;
	if (t->kind == 'u' && !t->lib && f->bt->pid)
		t->lib = "*"; /* all files of that process */
	if (!*t->func || (strchr("tu", t->kind) && !t->lib) || strpbrk(p, "\""))
		die(EXIT_USAGE,
		    "'%s': expected FUNCTION, LIBRARY:FUNCTION, p:[LIBRARY]:FUNCTION, "
		    "r:[LIBRARY]:FUNCTION, t:CATEGORY:EVENT or u:LIBRARY:[PROVIDER:]PROBE",
		    spec);
}

void front_point(struct front *f, const struct front_target *t, bool ret)
{
	if (t->kind == 't')
		front_put(f, "\"tracepoint:%s:%s\"", t->lib, t->func);
	else if (t->kind == 'u')
		front_put(f, "\"usdt:%s:%s\"", t->lib, t->func);
	else if (t->lib)
		front_put(f, "\"%s:%s:%s\"", ret ? "uretprobe" : "uprobe", t->lib, t->func);
	else
		front_put(f, "\"%s:%s\"", ret ? "kretprobe" : "kprobe", t->func);
}

/* ---- expressions ---- */

/* Behind a string or character that begins at p. */
static const char *quote_end(const char *p, const char *end)
{
	char q = *p++;

	while (p < end && *p != q)
		p += *p == '\\' && p + 1 < end ? 2 : 1;
	return p < end ? p + 1 : end;
}

const char *front_bracket(const char *p, const char *end)
{
	int depth = 0;

	while (p < end) {
		if (*p == '"' || *p == '\'') {
			p = quote_end(p, end);
			continue;
		}
		depth += *p == '(' || *p == '[';
		depth -= *p == ')' || *p == ']';
		p++;
		if (!depth)
			return p;
	}
	return NULL;
}

const char *front_comma(const char *p, const char *end)
{
	while (p < end && *p != ',') {
		const char *behind = NULL;

		if (*p == '"' || *p == '\'')
			behind = quote_end(p, end);
		else if (*p == '(' || *p == '[')
			behind = front_bracket(p, end);
		p = behind ? behind : p + 1;
	}
	return p;
}

const char *front_syscall(const char *func)
{
	static const char *const starts[] = {"__x64_sys_", "__arm64_sys_", "__riscv_sys_"};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (!strncmp(func, starts[i], strlen(starts[i])))
			return func + strlen(starts[i]);
	return NULL;
}

/* From 4.17 on the entries of system calls have one argument: the registers. */
static bool is_syscall_wrapper(const struct front_target *t)
{
	return t->kind != 't' && !t->lib && front_syscall(t->func);
}

/* The argument `i`, from 0 on. */
static void arg_put(struct front *f, const struct front_target *t, unsigned i)
{
#if defined(__x86_64__)
	static const char *const regs[] = {"di", "si", "dx", "r10", "r8", "r9"};
#elif defined(__aarch64__)
	static const char *const regs[] = {"regs[0]", "regs[1]", "regs[2]",
					   "regs[3]", "regs[4]", "regs[5]"};
#else
	static const char *const regs[] = {"orig_a0", "a1", "a2", "a3", "a4", "a5"};
#endif

	if (!is_syscall_wrapper(t))
		front_put(f, "arg%u", i);
	else if (i < ARRAY_LEN(regs))
		front_put(f, "((struct pt_regs *)arg0)->%s", regs[i]);
	else
		die(EXIT_USAGE, "'%s': a system call has 6 arguments", t->spec);
}

/* The parameter `name` of the signature: its number and the text of its type. */
static int param_find(const char *signature, const char *name, size_t n, const char **type,
		      size_t *type_n)
{
	const char *end = signature + strlen(signature), *p = signature;

	for (int i = 0; p < end; i++) {
		const char *comma = front_comma(p, end), *from = comma, *word_end;

		while (from > p && isspace((unsigned char)from[-1]))
			from--;
		word_end = from;
		while (from > p && (isalnum((unsigned char)from[-1]) || from[-1] == '_'))
			from--;
		if ((size_t)(word_end - from) == n && !strncmp(from, name, n)) {
			while (isspace((unsigned char)*p))
				p++;
			*type = p;
			*type_n = from - p;
			return i;
		}
		p = comma + 1;
	}
	return -1;
}

static bool btf_param(struct front *f, const struct front_target *t, const char *name, size_t n)
{
	struct bt_record *r;

	if (t->kind == 't' || t->lib || is_syscall_wrapper(t) || strpbrk(t->func, "*?"))
		return false;
	r = ctype_function(f->bt, t->func, NULL);
	for (size_t i = 0; r && i < r->n; i++)
		if (!strncmp(r->member[i].name, name, n) && !r->member[i].name[n])
			return true;
	return false;
}

static bool param_is(struct front *f, const struct front_names *nm, const char *name, size_t n)
{
	const char *type;
	size_t type_n;

	return nm->signature ? param_find(nm->signature, name, n, &type, &type_n) >= 0
			     : btf_param(f, nm->target, name, n);
}

/* A parameter of the function, by the name that it has in the signature or in the kernel's types.
 */
static bool param_put(struct front *f, const struct front_names *nm, const char *name, size_t n)
{
	const char *type, *user;
	size_t type_n;
	int i;

	if (nm->returns && nm->entry && param_is(f, nm, name, n)) {
		nm->entry(f, nm, name, n);
		return true;
	}
	if (!nm->signature) {
		if (!btf_param(f, nm->target, name, n))
			return false;
		front_put(f, "args.%.*s", (int)n, name);
		return true;
	}
	i = param_find(nm->signature, name, n, &type, &type_n);
	if (i < 0)
		return false;
	user = memmem(type, type_n, "__user", 6);
	front_put(f, user ? "uptr((%.*s %.*s)" : "((%.*s%.*s)",
		  (int)(user ? (size_t)(user - type) : type_n), type,
		  user ? (int)(type + type_n - user - 6) : 0, user ? user + 6 : "");
	arg_put(f, nm->target, i);
	front_put(f, ")");
	return true;
}

/* STRCMP("text", x) and the reverse, p at the bracket: whether they are equal. */
static const char *strcmp_put(struct front *f, const struct front_names *nm, const char *p,
			      const char *end)
{
	const char *behind = p < end && *p == '(' ? front_bracket(p, end) : NULL, *comma, *text,
		   *value;

	if (!behind)
		die(EXIT_USAGE, "'%s': expected STRCMP(\"TEXT\", VALUE)", nm->target->spec);
	comma = front_comma(p + 1, behind - 1);
	if (comma == behind - 1)
		die(EXIT_USAGE, "'%s': expected STRCMP(\"TEXT\", VALUE)", nm->target->spec);
	text = memchr(p, '"', comma - p) ? p + 1 : comma + 1;
	value = text == p + 1 ? comma + 1 : p + 1;
	front_put(f, f->binary ? "(memcmp(" : "(str(");
	front_expr(f, nm, value, (value > text ? behind - 1 : comma) - value);
	front_put(f, f->binary ? ", %.*s) == 0)" : ") == %.*s)",
		  (int)((text > value ? behind - 1 : comma) - text), text);
	return behind;
}

/* $pid and the like; p is behind it. */
static const char *dollar_put(struct front *f, const struct front_names *nm, const char *name,
			      size_t n, const char *p, const char *end)
{
	static const struct {
		const char *name, *text;
	} known[] = {
		{"uid", "uid"},	  {"gid", "gid"},
		{"pid", "tid"},	  {"tgid", "pid"},
		{"cpu", "cpu"},	  {"task", "curtask"},
		{"PID", "pid"},	  {"TID", "tid"},
		{"COMM", "comm"}, {"retval", "(int64)retval"},
	};
	const char *behind;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		if (strlen(known[i].name) != n || strncmp(name, known[i].name, n))
			continue;
		front_put(f, "%s", known[i].text);
		return p;
	}
	if (n == 7 && !strncmp(name, "latency", n) && nm->latency) {
		front_put(f, "%s", nm->latency);
		return p;
	}
	behind = n == 5 && !strncmp(name, "entry", n) && nm->entry && p < end && *p == '('
			 ? front_bracket(p, end)
			 : NULL;
	if (!behind)
		die(EXIT_USAGE, "'%s': what is $%.*s here?", nm->target->spec, (int)n, name);
	nm->entry(f, nm, p + 1, behind - p - 2);
	return behind;
}

/* A word that stands for itself unless it is one of ours. */
static const char *word_put(struct front *f, const struct front_names *nm, const char *from,
			    const char *p, const char *end)
{
	bool user = end - p >= 5 && !strncmp(p, "@user", 5);
	size_t n = p - from;

	if (n == 6 && !strncmp(from, "STRCMP", n))
		return strcmp_put(f, nm, p, end);
	front_put(f, user ? "uptr(" : "");
	if (n == 6 && !strncmp(from, "retval", n))
		front_put(f, "(int64)retval");
	else if (n == 4 && !strncmp(from, "arg", 3) && from[3] >= '1' && from[3] <= '9')
		arg_put(f, nm->target, from[3] - '1');
	else if (n == 5 && !strncmp(from, "arg10", 5))
		arg_put(f, nm->target, 9);
	else if (!param_put(f, nm, from, n))
		front_put(f, "%.*s", (int)n, from);
	front_put(f, user ? ")" : "");
	return user ? p + 5 : p;
}

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Is the word a member's name, or a type's? */
static bool stands_alone(const char *start, const char *from, bool type)
{
	while (from > start && isspace((unsigned char)from[-1]))
		from--;
	return !type && !(from > start && from[-1] == '.') &&
	       !(from > start + 1 && from[-1] == '>' && from[-2] == '-');
}

void front_expr(struct front *f, const struct front_names *nm, const char *text, size_t n)
{
	const char *end = text + n, *from;
	bool type = false; /* the last word was "struct" */

	for (const char *p = text; p < end;) {
		from = p;
		if (*p == '"') {
			p = quote_end(p, end);
			front_put(f, "%.*s", (int)(p - from), from);
		} else if (*p == '\'' && end - p > 2 && p[1] != '\\' && p[2] == '\'') {
			front_put(f, "%d", p[1]);
			p += 3;
		} else if (*p == '$') {
			for (p++; p < end && is_word(*p); p++)
				;
			p = dollar_put(f, nm, from + 1, p - from - 1, p, end);
		} else if (isdigit((unsigned char)*p)) {
			strtoull(p, (char **)&p, 0);
			front_put(f, "%.*s", (int)(MIN(p, end) - from), from);
			while (p < end && strchr("uUlL", *p)) /* the type is the engine's own */
				p++;
		} else if (is_word(*p)) {
			while (p < end && is_word(*p))
				p++;
			if (stands_alone(text, from, type))
				p = word_put(f, nm, from, p, end);
			else
				front_put(f, "%.*s", (int)(p - from), from);
			type = (p - from == 6 && !strncmp(from, "struct", 6)) ||
			       (p - from == 5 && !strncmp(from, "union", 5)) ||
			       (p - from == 4 && !strncmp(from, "enum", 4));
		} else {
			type &= isspace((unsigned char)*p) != 0;
			front_put(f, "%c", *p++);
		}
	}
}

/* ---- what comes back ---- */

void front_values(const struct bt_action *a, const void *event, size_t size, size_t n, size_t skip,
		  struct front_value *v, struct bt_action *rest)
{
	const char *data = event;
	size_t tail = a->fixed;

	for (size_t i = 0; i < n; i++) {
		memcpy(&v[i].num, data + a->at[i], sizeof(v[i].num));
		v[i].data = data + a->at[i];
		v[i].len = type_room(a->type[i]);
		if (a->type[i]->kind != T_STR)
			continue;
		v[i].data = data + MIN(tail, size);
		v[i].len = MIN(v[i].num, size - MIN(tail, size));
		tail += v[i].len;
		v[i].len = strnlen(v[i].data, v[i].len);
	}
	if (!rest)
		return;
	*rest = *a;
	rest->fmt += skip;
	rest->type += n;
	rest->at += n;
	rest->nargs -= n;
	rest->fixed = tail;
}

const char *front_site(const struct front *f, uint64_t number)
{
	const struct bt_site *site = number < f->bt->nsites ? f->bt->site[number] : NULL;

	if (!site)
		return "?";
	if (site->kind == P_TRACEPOINT)
		return site->name + strlen("tracepoint:");
	return site->func ? site->func : site->name;
}

static const char *frame(struct front *f, const struct bt_type *t, const struct stack_ips *ips,
			 uint32_t i)
{
	struct session *s = f->s;
	bool json = s->json;

	s->text->n = 0;
	s->json = true; /* as it is: what prints it makes it safe */
	if (f->addresses)
		out_printf(s->text, "%016llx ", (unsigned long long)build_ids_offset(ips->ip[i]));
	symbol_text(s, s->text, t, ips->ip[i], ips->pid, false);
	s->json = json;
	s->text->buf[MIN(s->text->n, sizeof(s->text->buf) - 1)] = 0;
	return s->text->buf;
}

static void stack_csv(struct front *f, const struct bt_type *t, const struct stack_ips *ips)
{
	static char line[32768];
	size_t n = 0;

	line[0] = 0;
	for (uint32_t i = 0; i < ips->n; i++) {
		n += snprintf(line + n, sizeof(line) - n, "%s%s", i ? ";" : "",
			      frame(f, t, ips, i));
		n = MIN(n, sizeof(line) - 1);
	}
	out_csv(&f->run->core->out, line, sizeof(line));
}

static void stack_json(struct front *f, const struct bt_type *t, const struct stack_ips *ips,
		       bool there)
{
	struct out *o = &f->run->core->out;

	out_printf(o, "\"%s\":", t->kind == T_KSTACK ? "kernel" : "user");
	out_str(o, there ? "[" : "null");
	for (uint32_t i = 0; i < ips->n; i++) {
		out_str(o, i ? "," : "");
		out_json(o, frame(f, t, ips, i), SIZE_MAX / 2);
	}
	out_str(o, there ? "]" : "");
}

void front_stack(struct front *f, const struct bt_type *t, const void *data)
{
	static struct stack_ips ips;
	bool there = stack_read(f->s, t, data, &ips);
	struct out *o = &f->run->core->out;

	if (f->run->format == FORMAT_JSON) {
		stack_json(f, t, &ips, there);
		return;
	}
	if (f->run->format == FORMAT_CSV) {
		stack_csv(f, t, &ips);
		return;
	}
	for (uint32_t i = 0; i < ips.n; i++) {
		out_str(o, "        ");
		out_text(o, frame(f, t, &ips, i), SIZE_MAX / 2);
		out_str(o, "\n");
	}
	out_str(o, there ? "" : "        [lost stack]\n");
}

static void hist_head(struct front *f, const char *name, const char *key, const char *unit)
{
	struct out *o = &f->run->core->out;

	if (f->run->format == FORMAT_JSON) {
		record_begin(f->run, f->run->now_ns);
		out_str(o, ",\"name\":");
		out_json(o, name, SIZE_MAX / 2);
		out_str(o, ",\"key\":");
		out_json(o, key ? key : "", SIZE_MAX / 2);
		out_printf(o, ",\"unit\":\"%s\",\"buckets\":[", unit);
		return;
	}
	out_str(o, "\n");
	if (key) {
		out_text(o, key, SIZE_MAX / 2);
		out_str(o, "\n");
	}
	out_printf(o, "%5s%-18s : count     distribution\n", "", unit);
}

static void hist_slot_text(struct out *o, int64_t lo, int64_t hi, uint64_t n, uint64_t most)
{
	static const char stars[] = "****************************************";

	if (lo == INT64_MIN)
		out_printf(o, "%10s -> %-10lld", "", (long long)hi);
	else
		out_printf(o, "%10lld -> %-10lld", (long long)lo, (long long)hi);
	out_printf(o, " : %-8llu |%-40.*s|\n", (unsigned long long)n, (int)((double)n / most * 40),
		   stars);
}

void front_hist(struct front *f, const char *name, const char *key, const char *unit,
		const struct bt_type *t, const void *value)
{
	struct out *o = &f->run->core->out;
	uint64_t most = 1, total = 0, n;
	uint32_t first = t->n, last = 0;
	bool json = f->run->format == FORMAT_JSON, comma = false;
	int64_t lo, hi;

	for (uint32_t i = 0; i < t->n; i++) {
		n = hist_slot(t, value, i, &lo, &hi);
		first = n ? MIN(first, i) : first;
		last = n ? i : last;
		most = MAX(most, n);
		total += n;
	}
	hist_head(f, name, key, unit);
	for (uint32_t i = first; i <= last && i < t->n; i++) {
		n = hist_slot(t, value, i, &lo, &hi);
		if (!json) {
			hist_slot_text(o, lo, hi, n, most);
		} else if (n) {
			out_printf(o, "%s{", comma ? "," : "");
			if (lo != INT64_MIN)
				out_printf(o, "\"lo\":%lld,", (long long)lo);
			out_printf(o, "\"hi\":%lld,\"count\":%llu}", (long long)hi,
				   (unsigned long long)n);
			comma = true;
		}
	}
	if (json) {
		out_printf(o, "],\"total\":%llu", (unsigned long long)total);
		record_end(f->run);
	}
}

void front_stamp(struct front *f, bool on)
{
	char text[CLOCK_TEXT];

	f->run->now_ns = clock_now();
	if (on && f->run->format == FORMAT_TEXT)
		out_printf(&f->run->core->out, "\n[%s]\n", clock_local(f->run->now_ns, 0, text));
}

struct bt_map *front_map(const struct front *f, const char *name)
{
	for (size_t i = 0; i < f->bt->nmaps; i++)
		if (!strcmp(f->bt->map[i]->name, name))
			return f->bt->map[i];
	abort(); /* the tool's own mistake */
}

static void process_see(struct front *f, uint32_t pid)
{
	uint32_t *seen = &f->seen[pid % ARRAY_LEN(f->seen)];

	if (pid && *seen != pid && !usyms_snapshot(f->s->usyms, pid))
		*seen = pid;
}

void front_processes(struct front *f, struct bt_map *m)
{
	char *key = xalloc(m->key_size + 8), *next = xalloc(m->key_size + 8);
	uint32_t limit = m->entries;
	bool first = true;

	if (!f->s->usyms)
		f->s->usyms = usyms_new();
	while (limit-- && !bpf_map_get_next_key(m->fd, first ? NULL : key, next)) {
		const char *at = next;

		memcpy(key, next, m->key_size);
		first = false;
		for (size_t i = 0; i < m->nkeys; i++) {
			uint64_t pid;

			memcpy(&pid, at + 8, sizeof(pid));
			if (m->key[i]->kind == T_USTACK)
				process_see(f, pid);
			at += type_room(m->key[i]);
		}
	}
	free(key);
	free(next);
}
