// SPDX-License-Identifier: GPL-2.0-or-later
// Tokens to the syntax tree.
#include "ctypes.h"
#include "lex.h"

#include <stdio.h>
#include <unistd.h>

enum { DEPTH_MAX = 100 };

/* macro NAME($variable, @map, expression) { ... }: its text is parsed again at each use, with what
 * was given in place of the parameters; other variables in it are its own. */
struct bt_template {
	const char *name;
	struct bt_token *param;
	size_t n;
	const char *body, *end;
	struct bt_template *next;
};

struct use {
	const struct bt_template *of;
	struct bt_expr **arg;
	unsigned number; /* among all uses: tells their variables apart */
	const struct use *outer;
};

enum { USES_DEEP = 8 };

struct parser {
	const struct use *use; /* that is being parsed */
	unsigned uses, uses_deep;
	struct bt *bt;
	struct bt_lexer lx;
	struct bt_token tok; /* the next one, not yet taken */
	struct bt_probe *probe;
	int depth, loops;
	uint32_t last_end; /* of the token taken last */
};

static struct bt_expr *expression(struct parser *p);
static struct bt_expr *unary(struct parser *p);
static struct bt_stmt *block(struct parser *p);
static struct bt_stmt *statement(struct parser *p, bool *ended);

static int use_param(const struct use *use, const char *name)
{
	for (size_t i = 0; i < use->of->n; i++)
		if (!strcmp(use->of->param[i].text, name))
			return i;
	return -1;
}

/* $x and @m of a macro are what its user gave; another $x is the macro's own. */
static void token_substitute(struct parser *p)
{
	int i = use_param(p->use, p->tok.text);

	if (i >= 0 && p->tok.kind == TOK_VAR)
		p->tok.text = p->use->arg[i]->var->name;
	else if (i >= 0)
		p->tok.text = p->use->arg[i]->map->name;
	else if (p->tok.kind == TOK_VAR)
		p->tok.text = bt_printf(p->bt, "%s of %s #%u", p->tok.text, p->use->of->name,
					p->use->number);
}

static void next(struct parser *p)
{
	p->last_end = p->tok.span.at + p->tok.span.len;
	lex_next(&p->lx, &p->tok);
	if (p->use && (p->tok.kind == TOK_VAR || p->tok.kind == TOK_MAP))
		token_substitute(p);
}

static void expected(struct parser *p, const char *what) __attribute__((noreturn));
static void expected(struct parser *p, const char *what)
{
	char text[48];

	bt_error(p->bt, p->tok.span, "expected %s, not %s", what, token_text(&p->tok, text));
}

static bool is(const struct parser *p, const char *punct)
{
	return p->tok.kind == TOK_PUNCT && !strcmp(p->tok.punct, punct);
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->tok.kind == TOK_NAME && !strcmp(p->tok.text, word);
}

static bool take(struct parser *p, const char *punct)
{
	if (!is(p, punct))
		return false;
	next(p);
	return true;
}

static bool take_word(struct parser *p, const char *word)
{
	if (!is_word(p, word))
		return false;
	next(p);
	return true;
}

static void want(struct parser *p, const char *punct, const char *where)
{
	char what[96];

	if (take(p, punct))
		return;
	snprintf(what, sizeof(what), "'%s' %s", punct, where);
	expected(p, what);
}

static void deeper(struct parser *p)
{
	if (++p->depth > DEPTH_MAX)
		bt_error(p->bt, p->tok.span, "nested more than %d deep", DEPTH_MAX);
}

static struct bt_expr *node(struct parser *p, enum expr_kind kind, struct bt_span span)
{
	struct bt_expr *e = bt_alloc(p->bt, sizeof(*e));

	e->kind = kind;
	e->span = span;
	e->type = &type_none;
	return e;
}

/* From the start of `from` to the end of what was taken last. */
static struct bt_span span_to_here(const struct parser *p, uint32_t at)
{
	return (struct bt_span){at, p->last_end > at ? p->last_end - at : 1};
}

/* ---- maps and variables ---- */

static struct bt_map *map_get(struct bt *bt, const struct bt_token *t)
{
	struct bt_map *m;

	for (size_t i = 0; i < bt->nmaps; i++)
		if (!strcmp(bt->map[i]->name, t->text))
			return bt->map[i];
	m = bt_alloc(bt, sizeof(*m));
	m->name = t->text;
	m->first = t->span;
	m->type = &type_none;
	m->index = bt->nmaps;
	m->fd = -1;
	bt->map = bt_grow(bt, bt->map, bt->nmaps, sizeof(*bt->map));
	return bt->map[bt->nmaps++] = m;
}

static struct bt_var *var_get(struct parser *p, const struct bt_token *t)
{
	struct bt_probe *pr = p->probe;
	struct bt_var *v;

	for (size_t i = 0; i < pr->nvars; i++)
		if (!strcmp(pr->var[i]->name, t->text))
			return pr->var[i];
	v = bt_alloc(p->bt, sizeof(*v));
	v->name = t->text;
	v->first = t->span;
	v->type = &type_none;
	pr->var = bt_grow(p->bt, pr->var, pr->nvars, sizeof(*pr->var));
	return pr->var[pr->nvars++] = v;
}

static void arg_add(struct parser *p, struct bt_expr *e, struct bt_expr *arg)
{
	e->arg = bt_grow(p->bt, e->arg, e->nargs, sizeof(*e->arg));
	e->arg[e->nargs++] = arg;
}

static void list_until(struct parser *p, struct bt_expr *e, const char *end, const char *where)
{
	if (take(p, end))
		return;
	do
		arg_add(p, e, expression(p));
	while (take(p, ","));
	want(p, end, where);
}

static struct bt_expr *map_expr(struct parser *p)
{
	struct bt_expr *e = node(p, E_MAP, p->tok.span);
	uint32_t at = p->tok.span.at;

	e->map = map_get(p->bt, &p->tok);
	e->name = p->tok.text;
	next(p);
	if (take(p, "[")) {
		if (is(p, "]"))
			expected(p, "a key");
		list_until(p, e, "]", "behind the keys");
		e->span = span_to_here(p, at);
	}
	return e;
}

/* ---- types in expressions ---- */

/* The text of a type up to the closing parenthesis or a comma, which is not taken. */
static const char *type_words(struct parser *p)
{
	char text[256] = "";
	size_t n = 0;

	while (!is(p, ")") && !is(p, ",") && p->tok.kind != TOK_END) {
		const char *word = p->tok.kind == TOK_PUNCT ? p->tok.punct : p->tok.text;
		char num[24];

		if (p->tok.kind == TOK_INT)
			snprintf(num, sizeof(num), "%llu", (unsigned long long)p->tok.num),
				word = num;
		else if (p->tok.kind != TOK_NAME && !(is(p, "*") || is(p, "[") || is(p, "]")))
			expected(p, "')' behind the type");
		n += snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", word);
		if (n >= sizeof(text))
			expected(p, "a type");
		next(p);
	}
	return bt_strndup(p->bt, text, n);
}

/* Behind "(": is this a type? Names of variables of ours come before typedefs of the kernel. */
static bool type_ahead(struct parser *p)
{
	static const char *const certain[] = {"struct", "union", "enum", "unsigned", "const"};
	struct bt_lexer lx = p->lx;
	struct bt_token after;

	if (p->tok.kind != TOK_NAME)
		return false;
	for (size_t i = 0; i < ARRAY_LEN(certain); i++)
		if (is_word(p, certain[i]))
			return true;
	lex_next(&lx, &after);
	if (after.kind == TOK_NAME)
		return true;
	if (after.kind != TOK_PUNCT ||
	    (strcmp(after.punct, ")") && strcmp(after.punct, "*") && strcmp(after.punct, "[")))
		return false;
	return ctype_is_name(p->bt, p->tok.text);
}

static struct bt_expr *sizeof_expr(struct parser *p, bool offset)
{
	struct bt_expr *e = node(p, offset ? E_OFFSETOF : E_SIZEOF, p->tok.span);
	uint32_t at = p->tok.span.at;

	next(p);
	want(p, "(", offset ? "behind offsetof" : "behind sizeof");
	if (type_ahead(p))
		e->name = type_words(p);
	else
		e->a = expression(p);
	if (offset) {
		want(p, ",", "between the type and the member");
		if (p->tok.kind != TOK_NAME)
			expected(p, "a member");
		e->str = p->tok.text;
		next(p);
		while (take(p, ".")) {
			if (p->tok.kind != TOK_NAME)
				expected(p, "a member");
			e->str = bt_printf(p->bt, "%s.%s", e->str, p->tok.text);
			next(p);
		}
	}
	want(p, ")", "at the end");
	e->span = span_to_here(p, at);
	return e;
}

/* "(" is the next token: a cast, a tuple or just parentheses. */
static struct bt_expr *parenthesis(struct parser *p)
{
	uint32_t at = p->tok.span.at;
	struct bt_expr *e, *tuple;

	next(p);
	if (type_ahead(p)) {
		e = node(p, E_CAST, p->tok.span);
		e->name = type_words(p);
		want(p, ")", "behind the type");
		e->span = span_to_here(p, at);
		e->a = unary(p);
		return e;
	}
	e = expression(p);
	if (is(p, ",")) {
		tuple = node(p, E_TUPLE, e->span);
		arg_add(p, tuple, e);
		next(p);
		list_until(p, tuple, ")", "behind the tuple");
		tuple->span = span_to_here(p, at);
		return tuple;
	}
	want(p, ")", "to match the '('");
	return e;
}

/* ---- expressions ---- */

static struct bt_expr *call_expr(struct parser *p, const struct bt_token *name)
{
	struct bt_expr *e = node(p, E_CALL, name->span);

	e->name = name->text;
	next(p);
	list_until(p, e, ")", "behind the arguments");
	return e;
}

static void use_check(struct parser *p, const struct bt_template *t, const struct bt_expr *call)
{
	if (call->nargs != t->n)
		bt_error(p->bt, call->span, "the macro %s has %zu parameter%s", t->name, t->n,
			 t->n == 1 ? "" : "s");
	for (size_t i = 0; i < t->n; i++) {
		const struct bt_expr *arg = call->arg[i];

		if (t->param[i].kind == TOK_VAR && arg->kind != E_VAR)
			bt_error(p->bt, arg->span, "%s: expected a variable for %s", t->name,
				 t->param[i].text);
		if (t->param[i].kind == TOK_MAP && (arg->kind != E_MAP || arg->nargs))
			bt_error(p->bt, arg->span, "%s: expected a map for %s", t->name,
				 t->param[i].text);
	}
	if (p->uses_deep == USES_DEEP || p->uses > 10000)
		bt_error(p->bt, call->span, "macros use each other without end");
}

/* The statements of the macro, the value of the last one if no ';' follows. */
static struct bt_expr *use_body(struct parser *p, struct bt_expr *e)
{
	struct bt_stmt **end = &e->block, *s, **last = NULL;
	bool ended = true;

	while (p->tok.kind != TOK_END) {
		if (take(p, ";")) {
			last = NULL;
			continue;
		}
		s = statement(p, &ended);
		last = s->kind == S_EXPR && !ended ? end : NULL;
		*end = s;
		end = &s->next;
		if (!ended && p->tok.kind != TOK_END && !is(p, ";"))
			want(p, ";", "behind the statement");
	}
	if (!last)
		return e;
	e->a = (*last)->value;
	*last = NULL;
	return e->block ? e : e->a;
}

static struct bt_expr *template_use(struct parser *p, const struct bt_template *t,
				    struct bt_expr *call)
{
	struct use use = {.of = t, .arg = call->arg, .number = ++p->uses, .outer = p->use};
	struct bt_expr *e = node(p, E_BLOCK, call->span);
	struct bt_lexer lexer = p->lx;
	struct bt_token tok = p->tok;
	uint32_t last_end = p->last_end;

	use_check(p, t, call);
	p->uses_deep++;
	p->use = &use;
	p->lx.p = t->body;
	p->lx.end = t->end;
	p->lx.depth = 0;
	next(p);
	e = use_body(p, e);
	p->use = use.outer;
	p->uses_deep--;
	p->lx = lexer;
	p->tok = tok;
	p->last_end = last_end;
	return e;
}

static struct bt_expr *name_expr(struct parser *p)
{
	struct bt_token name = p->tok;
	struct bt_expr *e;
	int param = p->use ? use_param(p->use, name.text) : -1;

	if (param >= 0) {
		next(p);
		return p->use->arg[param];
	}
	if (is_word(p, "sizeof") || is_word(p, "offsetof"))
		return sizeof_expr(p, is_word(p, "offsetof"));
	next(p);
	if (is(p, "(")) {
		e = call_expr(p, &name);
		for (struct bt_template *t = p->bt->templates; t; t = t->next)
			if (!strcmp(t->name, name.text))
				return template_use(p, t, e);
		return e;
	}
	e = node(p, E_NAME, name.span);
	e->name = name.text;
	return e;
}

static struct bt_expr *primary(struct parser *p)
{
	struct bt_expr *e;

	switch (p->tok.kind) {
	case TOK_INT:
		e = node(p, E_INT, p->tok.span);
		e->num = p->tok.num;
		break;
	case TOK_STR:
		e = node(p, E_STR, p->tok.span);
		e->str = p->tok.text;
		e->str_len = p->tok.len;
		break;
	case TOK_VAR:
		e = node(p, E_VAR, p->tok.span);
		e->name = p->tok.text;
		e->var = var_get(p, &p->tok);
		break;
	case TOK_POSITIONAL:
	case TOK_POSITIONAL_COUNT:
		e = node(p, p->tok.kind == TOK_POSITIONAL ? E_POSITIONAL : E_POSITIONAL_COUNT,
			 p->tok.span);
		e->num = p->tok.num;
		break;
	case TOK_NAME:
		return name_expr(p);
	case TOK_MAP:
		return map_expr(p);
	default:
		if (is(p, "("))
			return parenthesis(p);
		expected(p, "an expression");
	}
	next(p);
	return e;
}

static struct bt_expr *step(struct parser *p, struct bt_expr *a, bool post)
{
	struct bt_expr *e = node(p, E_STEP, p->tok.span);

	if (a && a->kind != E_VAR && a->kind != E_MAP)
		bt_error(p->bt, e->span, "only maps and variables can be counted up and down");
	e->op = is(p, "++") ? OP_ADD : OP_SUB;
	e->post = post;
	next(p);
	if (!a)
		a = unary(p);
	if (a->kind != E_VAR && a->kind != E_MAP)
		bt_error(p->bt, a->span, "only maps and variables can be counted up and down");
	e->a = a;
	return e;
}

static struct bt_expr *member(struct parser *p, struct bt_expr *a)
{
	struct bt_expr *e = node(p, E_MEMBER, a->span);

	e->arrow = is(p, "->");
	e->a = a;
	next(p);
	e->span = p->tok.span;
	if (p->tok.kind == TOK_INT)
		e->name = bt_printf(p->bt, "%llu", (unsigned long long)p->tok.num);
	else if (p->tok.kind == TOK_NAME)
		e->name = p->tok.text;
	else
		expected(p, "a member");
	next(p);
	return e;
}

static struct bt_expr *postfix(struct parser *p)
{
	struct bt_expr *e = primary(p), *index;
	int before = p->depth;

	for (;;) {
		if (is(p, ".") || is(p, "->")) {
			deeper(p);
			e = member(p, e);
		} else if (is(p, "[")) {
			deeper(p);
			index = node(p, E_INDEX, p->tok.span);
			next(p);
			index->a = e;
			index->b = expression(p);
			want(p, "]", "behind the index");
			e = index;
		} else if (is(p, "++") || is(p, "--")) {
			e = step(p, e, true);
		} else {
			p->depth = before;
			return e;
		}
	}
}

static struct bt_expr *unary(struct parser *p)
{
	static const struct {
		const char *punct;
		enum bt_op op;
	} ops[] = {
		{"!", OP_NOT}, {"~", OP_INV}, {"-", OP_NEG}, {"*", OP_DEREF}, {"&", OP_ADDR},
	};
	struct bt_expr *e;

	deeper(p);
	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (!is(p, ops[i].punct))
			continue;
		e = node(p, E_UNARY, p->tok.span);
		e->op = ops[i].op;
		next(p);
		e->a = unary(p);
		p->depth--;
		return e;
	}
	if (take(p, "+"))
		e = unary(p);
	else if (is(p, "++") || is(p, "--"))
		e = step(p, NULL, false);
	else
		e = postfix(p);
	p->depth--;
	return e;
}

static const struct {
	const char *punct;
	enum bt_op op;
	int level;
} binary_ops[] = {
	{"||", OP_LOR, 1}, {"&&", OP_LAND, 2}, {"|", OP_OR, 3},	 {"^", OP_XOR, 4},
	{"&", OP_AND, 5},  {"==", OP_EQ, 6},   {"!=", OP_NE, 6}, {"<", OP_LT, 7},
	{"<=", OP_LE, 7},  {">", OP_GT, 7},    {">=", OP_GE, 7}, {"<<", OP_SHL, 8},
	{">>", OP_SHR, 8}, {"+", OP_ADD, 9},   {"-", OP_SUB, 9}, {"*", OP_MUL, 10},
	{"/", OP_DIV, 10}, {"%", OP_MOD, 10},
};

/* A slash before a brace ends a filter; it divides nothing. */
static bool filter_ends(const struct parser *p)
{
	const char *c = p->lx.p;

	if (!is(p, "/"))
		return false;
	for (;;) {
		while (c < p->lx.end && strchr(" \t\r\n", *c))
			c++;
		if (p->lx.end - c < 2 || c[0] != '/' || (c[1] != '/' && c[1] != '*'))
			break;
		if (c[1] == '/')
			c = memchr(c, '\n', p->lx.end - c);
		else
			c = memmem(c + 2, p->lx.end - c - 2, "*/", 2);
		if (!c)
			return false;
		c += *c == '*' ? 2 : 1;
	}
	return c < p->lx.end && *c == '{';
}

static struct bt_expr *binary(struct parser *p, int level)
{
	struct bt_expr *a = unary(p), *e;
	size_t i;

	for (;;) {
		for (i = 0; i < ARRAY_LEN(binary_ops); i++)
			if (binary_ops[i].level >= level && is(p, binary_ops[i].punct))
				break;
		if (i == ARRAY_LEN(binary_ops) || filter_ends(p))
			return a;
		e = node(p, E_BINARY, p->tok.span);
		e->op = binary_ops[i].op;
		e->a = a;
		next(p);
		deeper(p);
		e->b = binary(p, binary_ops[i].level + 1);
		p->depth--;
		a = e;
	}
}

static struct bt_expr *expression(struct parser *p)
{
	struct bt_expr *a, *e;

	deeper(p);
	a = binary(p, 1);
	if (is(p, "?")) {
		e = node(p, E_COND, p->tok.span);
		next(p);
		e->a = a;
		e->b = expression(p);
		want(p, ":", "between the two choices");
		e->c = expression(p);
		a = e;
	}
	p->depth--;
	return a;
}

/* ---- statements ---- */

static struct bt_stmt *stmt_node(struct parser *p, enum stmt_kind kind, struct bt_span span)
{
	struct bt_stmt *s = bt_alloc(p->bt, sizeof(*s));

	s->kind = kind;
	s->span = span;
	return s;
}

static struct bt_stmt *if_stmt(struct parser *p)
{
	struct bt_stmt *s = stmt_node(p, S_IF, p->tok.span);

	next(p);
	s->value = expression(p);
	s->body = block(p);
	if (!take_word(p, "else"))
		return s;
	deeper(p);
	if (is_word(p, "if"))
		s->other = if_stmt(p);
	else
		s->other = block(p);
	p->depth--;
	return s;
}

static struct bt_stmt *for_stmt(struct parser *p)
{
	struct bt_stmt *s = stmt_node(p, S_FOR_RANGE, p->tok.span);
	bool paren;

	next(p);
	paren = take(p, "(");
	if (p->tok.kind != TOK_VAR)
		expected(p, "a variable");
	s->var = var_get(p, &p->tok);
	next(p);
	want(p, ":", "behind the variable");
	if (p->tok.kind == TOK_MAP) {
		s->target = map_expr(p);
		s->map = s->target->map;
		if (!is(p, "..")) {
			s->kind = S_FOR_MAP;
		} else {
			s->value = s->target;
		}
	} else {
		s->value = binary(p, 1);
	}
	if (s->kind == S_FOR_RANGE) {
		struct bt_token none = {
			.text = bt_printf(p->bt, "%s at %u", s->var->name, s->span.at)};

		s->from = var_get(p, &none); /* no name that a program could have */
		want(p, "..", "between the ends of the range");
		s->last = binary(p, 1);
	}
	if (paren)
		want(p, ")", "to match the '('");
	p->loops++;
	s->body = block(p);
	p->loops--;
	return s;
}

static struct bt_stmt *loop_stmt(struct parser *p, enum stmt_kind kind)
{
	struct bt_stmt *s = stmt_node(p, kind, p->tok.span);

	next(p);
	s->value = expression(p);
	p->loops += kind == S_WHILE;
	s->body = block(p);
	p->loops -= kind == S_WHILE;
	return s;
}

static struct bt_stmt *jump_stmt(struct parser *p, enum stmt_kind kind)
{
	struct bt_stmt *s = stmt_node(p, kind, p->tok.span);

	if (kind != S_RETURN && !p->loops)
		bt_error(p->bt, s->span, "'%s' outside of a loop", p->tok.text);
	next(p);
	return s;
}

static bool assign_op(const struct parser *p, enum bt_op *op)
{
	static const struct {
		const char *punct;
		enum bt_op op;
	} ops[] = {
		{"=", OP_NONE}, {"+=", OP_ADD},	 {"-=", OP_SUB},  {"*=", OP_MUL},
		{"/=", OP_DIV}, {"%=", OP_MOD},	 {"&=", OP_AND},  {"|=", OP_OR},
		{"^=", OP_XOR}, {"<<=", OP_SHL}, {">>=", OP_SHR},
	};

	for (size_t i = 0; i < ARRAY_LEN(ops); i++) {
		if (is(p, ops[i].punct)) {
			*op = ops[i].op;
			return true;
		}
	}
	return false;
}

/* let $x; and let $x: TYPE; which is 0 then. */
static struct bt_stmt *declaration(struct parser *p, struct bt_stmt *s)
{
	if (!s->last) {
		s->kind = S_BLOCK; /* an empty one */
		return s;
	}
	s->kind = S_ASSIGN;
	s->target = s->value;
	s->value = s->last;
	s->value->a = node(p, E_INT, s->span);
	s->last = NULL;
	return s;
}

static struct bt_stmt *simple_stmt(struct parser *p)
{
	struct bt_stmt *s = stmt_node(p, S_EXPR, p->tok.span);
	uint32_t at = p->tok.span.at;
	bool let = take_word(p, "let");

	if (let && p->tok.kind != TOK_VAR)
		expected(p, "a variable");
	s->value = expression(p);
	s->span = span_to_here(p, at);
	if (let && take(p, ":")) { /* the declared type is what is assigned is cast to */
		struct bt_expr *type = node(p, E_CAST, p->tok.span);
		char words[128] = "";

		while (p->tok.kind == TOK_NAME || is(p, "*")) {
			size_t n = strlen(words);

			snprintf(words + n, sizeof(words) - n, " %s",
				 is(p, "*") ? "*" : p->tok.text);
			next(p);
		}
		type->name = bt_strndup(p->bt, words, strlen(words));
		s->last = type;
	}
	if (!assign_op(p, &s->op)) {
		if (let)
			return declaration(p, s);
		/* The last one of a macro is its value. */
		if (s->value->kind != E_CALL && s->value->kind != E_STEP &&
		    s->value->kind != E_BLOCK && !(p->use && p->tok.kind == TOK_END))
			bt_error(p->bt, s->value->span,
				 "this expression does nothing: expected an "
				 "assignment or a call");
		return s;
	}
	if (s->value->kind != E_VAR && s->value->kind != E_MAP)
		bt_error(p->bt, s->value->span,
			 "only maps (@x) and variables ($x) can be assigned to");
	next(p);
	s->kind = S_ASSIGN;
	s->target = s->value;
	s->value = expression(p);
	if (s->last) {
		s->last->a = s->value;
		s->value = s->last;
		s->last = NULL;
	}
	s->span = span_to_here(p, at);
	return s;
}

/* *ended: a brace ended it, so that no ';' needs to follow. */
static struct bt_stmt *statement(struct parser *p, bool *ended)
{
	static const struct {
		const char *word;
		enum stmt_kind kind;
	} words[] = {
		{"while", S_WHILE}, {"unroll", S_UNROLL},     {"return", S_RETURN},
		{"break", S_BREAK}, {"continue", S_CONTINUE},
	};
	struct bt_stmt *s;

	*ended = true;
	if (is_word(p, "if"))
		return if_stmt(p);
	if (is_word(p, "for"))
		return for_stmt(p);
	if (is(p, "{")) {
		s = stmt_node(p, S_BLOCK, p->tok.span);
		s->body = block(p);
		return s;
	}
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!is_word(p, words[i].word))
			continue;
		if (words[i].kind == S_WHILE || words[i].kind == S_UNROLL)
			return loop_stmt(p, words[i].kind);
		*ended = false;
		return jump_stmt(p, words[i].kind);
	}
	*ended = false;
	return simple_stmt(p);
}

/* What stands between braces, without taking the closing one: at the end of a probe there is no
 * token behind it. */
static struct bt_stmt *statements(struct parser *p)
{
	struct bt_stmt *first = NULL, **end = &first;
	bool ended;

	deeper(p);
	while (!is(p, "}")) {
		if (take(p, ";"))
			continue;
		if (p->tok.kind == TOK_END)
			expected(p, "'}'");
		*end = statement(p, &ended);
		end = &(*end)->next;
		if (!ended && !is(p, "}"))
			want(p, ";", "or '}' behind the statement");
	}
	p->depth--;
	return first;
}

static struct bt_stmt *block(struct parser *p)
{
	struct bt_stmt *first;

	want(p, "{", "before the statements");
	first = statements(p);
	next(p);
	return first;
}

/* ---- the outermost level ---- */

static void probe_parse(struct parser *p, struct bt_span span, char *text)
{
	struct bt_probe *pr = bt_alloc(p->bt, sizeof(*pr));
	struct bt_point **end = &pr->points;

	p->probe = pr;
	pr->span = span;
	for (;;) {
		struct bt_point *pt = bt_alloc(p->bt, sizeof(*pt));

		if (!span.len) {
			next(p);
			expected(p, "a probe");
		}
		pt->span = span;
		pt->text = text;
		*end = pt;
		end = &pt->next;
		next(p);
		if (!is(p, ","))
			break;
		span = lex_point(&p->lx, &text);
		if (!span.len && p->lx.p < p->lx.end && *p->lx.p == '{') { /* "a, b, {" */
			next(p);
			break;
		}
	}
	if (take(p, "/")) {
		pr->predicate = expression(p);
		want(p, "/", "at the end of the filter");
	}
	want(p, "{", "before the probe's statements");
	pr->body = statements(p);
	*p->bt->probes_end = pr;
	p->bt->probes_end = &pr->next;
}

/* struct NAME { ... }; the text is read again by ctypes.c. */
static void struct_parse(struct parser *p, struct bt_span span)
{
	unsigned depth = 0;

	do {
		next(p);
		if (p->tok.kind == TOK_END)
			expected(p, "'}'");
		depth += is(p, "{");
		depth -= is(p, "}") && depth;
		if (!depth && is(p, ";"))
			bt_error(p->bt, span, "expected struct NAME { MEMBERS }");
	} while (depth || !is(p, "}"));
	span.len = p->tok.span.at + 1 - span.at;
	ctype_define(p->bt, span);
	while (p->lx.p < p->lx.end && strchr(" \t\r\n;", *p->lx.p))
		p->lx.p++;
}

enum config_kind { CONFIG_NUMBER, CONFIG_BOOL, CONFIG_TEXT, CONFIG_WORD };

/* Of a word the value is its place among `words`. */
static const struct config_row {
	const char *name;
	enum config_kind kind;
	size_t off;
	uint32_t max;
	const char *words[4];
} config_rows[] = {
	{"max_strlen", CONFIG_NUMBER, offsetof(struct bt_config, max_strlen), 8000, {NULL}},
	{"max_map_keys", CONFIG_NUMBER, offsetof(struct bt_config, max_map_keys), 1 << 24, {NULL}},
	{"max_cat_bytes", CONFIG_NUMBER, offsetof(struct bt_config, max_cat), 1 << 24, {NULL}},
	{"max_probes", CONFIG_NUMBER, offsetof(struct bt_config, max_probes), 1 << 16, {NULL}},
	{"perf_rb_pages", CONFIG_NUMBER, offsetof(struct bt_config, buffer_pages), 1 << 18, {NULL}},
	{"print_maps_on_exit", CONFIG_BOOL, offsetof(struct bt_config, print_maps), 1, {NULL}},
	{"str_trunc_trailer", CONFIG_TEXT, offsetof(struct bt_config, trailer), 0, {NULL}},
	{"stack_mode",
	 CONFIG_WORD,
	 offsetof(struct bt_config, stack_mode),
	 0,
	 {"bpftrace", "perf", "raw"}},
	{"missing_probes",
	 CONFIG_WORD,
	 offsetof(struct bt_config, missing),
	 0,
	 {"warn", "error", "ignore"}},
};

/* They tune what is not there to be tuned. */
static const char *const config_others[] = {
	"unstable_map_decl", "cache_user_symbols", "log_size",		 "max_ast_nodes",
	"max_bpf_progs",     "on_stack_limit",	   "lazy_symbolication", "license",
	"symbol_source",     "show_debug_info",	   "use_blazesym",	 "max_type_res_iterations",
	"unstable_import",   "unstable_macro",	   "unstable_tseries",	 "unstable_addr",
	"cpp_demangle",
};

static void config_word(struct parser *p, const struct config_row *row, uint32_t *to)
{
	const char *text = p->tok.kind == TOK_NAME || p->tok.kind == TOK_STR ? p->tok.text : "";

	for (uint32_t i = 0; i < ARRAY_LEN(row->words) && row->words[i]; i++) {
		if (strcmp(text, row->words[i]))
			continue;
		*to = i;
		return;
	}
	bt_error(p->bt, p->tok.span, "%s: expected %s, %s or %s", row->name, row->words[0],
		 row->words[1], row->words[2]);
}

static void config_value(struct parser *p, const struct config_row *row)
{
	void *to = (char *)&p->bt->config + row->off;

	switch (row->kind) {
	case CONFIG_NUMBER:
		if (p->tok.kind != TOK_INT || !p->tok.num || p->tok.num > row->max)
			bt_error(p->bt, p->tok.span, "%s: expected a number from 1 to %u",
				 row->name, row->max);
		*(uint32_t *)to = p->tok.num;
		break;
	case CONFIG_BOOL:
		if (!is_word(p, "true") && !is_word(p, "false") &&
		    (p->tok.kind != TOK_INT || p->tok.num > 1))
			expected(p, "true or false");
		*(bool *)to = is_word(p, "true") || (p->tok.kind == TOK_INT && p->tok.num);
		break;
	case CONFIG_TEXT:
		if (p->tok.kind != TOK_STR)
			expected(p, "a string in quotes");
		*(const char **)to = p->tok.text;
		break;
	case CONFIG_WORD:
		config_word(p, row, to);
	}
}

static void config_row(struct parser *p)
{
	struct bt_guess g;
	char text[96];
	const char *name = p->tok.text;
	struct bt_span span = p->tok.span;

	if (p->tok.kind != TOK_NAME)
		expected(p, "the name of a setting");
	next(p);
	want(p, "=", "behind the setting");
	guess_begin(&g, name);
	for (size_t i = 0; i < ARRAY_LEN(config_rows); i++) {
		guess_see(&g, config_rows[i].name);
		if (strcmp(name, config_rows[i].name))
			continue;
		config_value(p, &config_rows[i]);
		if (!strcmp(name, "max_strlen"))
			p->bt->config.key_strlen = p->bt->config.max_strlen;
		if (p->bt->config.buffer_pages)
			p->bt->config.buffer_kb =
				p->bt->config.buffer_pages * (sysconf(_SC_PAGESIZE) / 1024);
		next(p);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(config_others); i++)
		if (!strcmp(name, config_others[i]))
			bt_error(p->bt, span,
				 "the setting %s has no counterpart here: leave it out", name);
	bt_error(p->bt, span, "unknown setting '%s'%s", name, guess_text(&g, text));
}

static void config_parse(struct parser *p)
{
	next(p);
	if (is(p, "="))
		next(p);
	want(p, "{", "before the settings");
	while (!is(p, "}")) {
		config_row(p);
		if (!is(p, "}"))
			want(p, ";", "or '}' behind the setting");
	}
}

static void template_param(struct parser *p, struct bt_template *t)
{
	if (p->tok.kind != TOK_NAME && p->tok.kind != TOK_VAR && p->tok.kind != TOK_MAP)
		expected(p, "a parameter: $variable, @map or name");
	t->param = bt_grow(p->bt, t->param, t->n, sizeof(*t->param));
	t->param[t->n++] = p->tok;
	next(p);
	if (!is(p, ")"))
		want(p, ",", "between parameters");
}

static void template_parse(struct parser *p)
{
	struct bt_template *t = bt_alloc(p->bt, sizeof(*t));
	int depth = 1;

	next(p);
	if (p->tok.kind != TOK_NAME)
		expected(p, "the macro's name");
	t->name = p->tok.text;
	next(p);
	want(p, "(", "behind the macro's name");
	while (!is(p, ")"))
		template_param(p, t);
	next(p);
	if (!is(p, "{"))
		expected(p, "'{' before the macro's statements");
	t->body = p->lx.p;
	while (depth) {
		next(p);
		if (p->tok.kind == TOK_END)
			expected(p, "'}'");
		depth += is(p, "{");
		depth -= is(p, "}");
	}
	t->end = p->bt->text + p->tok.span.at;
	t->next = p->bt->templates;
	p->bt->templates = t;
}

/* let @x = hash(N); behind "let". Whether it is per CPU is told by what is stored in it. */
static void map_parse(struct parser *p)
{
	static const struct {
		const char *name;
		bool lru;
	} kinds[] = {
		{"hash", false},
		{"lruhash", true},
		{"percpuhash", false},
		{"percpulruhash", true},
	};
	struct bt_map *m;
	size_t i = 0;

	next(p);
	if (p->tok.kind != TOK_MAP)
		expected(p, "a map, such as @x");
	m = map_get(p->bt, &p->tok);
	next(p);
	want(p, "=", "behind the map");
	while (i < ARRAY_LEN(kinds) && !is_word(p, kinds[i].name))
		i++;
	if (i == ARRAY_LEN(kinds))
		expected(p, "hash, lruhash, percpuhash or percpulruhash");
	m->lru = kinds[i].lru;
	next(p);
	want(p, "(", "before the number of entries");
	if (p->tok.kind != TOK_INT || !p->tok.num || p->tok.num > 1 << 28)
		expected(p, "the number of entries");
	m->most = p->tok.num;
	next(p);
	want(p, ")", "behind the number of entries");
	if (!is(p, ";"))
		expected(p, "';' behind the map's declaration");
}

static void program(struct parser *p)
{
	char *text;
	struct bt_span span;

	for (;;) {
		span = lex_point(&p->lx, &text);
		if (!span.len && p->lx.p == p->lx.end)
			break;
		if (!strcmp(text, "struct") || !strcmp(text, "union"))
			struct_parse(p, span);
		else if (!strcmp(text, "config") || !strcmp(text, "config="))
			config_parse(p);
		else if (!strcmp(text, "macro"))
			template_parse(p);
		else if (!strcmp(text, "let"))
			map_parse(p);
		else if (!strcmp(text, "fn") || !strcmp(text, "import"))
			bt_error(p->bt, span, "'%s' is not supported", text);
		else
			probe_parse(p, span, text);
	}
	if (!p->bt->probes)
		bt_error(p->bt, (struct bt_span){p->bt->len, 0},
			 "expected a probe, such as "
			 "BEGIN { ... } or tracepoint:sched:sched_switch { ... }");
}

bool bt_parse(struct bt *bt)
{
	struct parser p = {.bt = bt};

	if (setjmp(bt->fail))
		return false;
	lex_begin(&p.lx, bt);
	program(&p);
	return true;
}
