// SPDX-License-Identifier: GPL-2.0-or-later
// Conditions on the arguments of a kernel function, from text to a table of comparisons. The parser
// and the types are those of the language; && and || are ways through the table, so that there is no
// more to it than comparisons with what is known beforehand.
#include "predicate.h"
#include "check.h"

#include <stdio.h>

struct compile {
	struct bt *bt;
	struct predicates *all;
};

static void unsupported(struct compile *c, const struct bt_expr *e) __attribute__((noreturn));
static void unsupported(struct compile *c, const struct bt_expr *e)
{
	bt_error(c->bt, e->span,
		 "expected an argument, or what it points to, compared with a constant");
}

uint8_t predicate_test(struct predicates *all, const struct test *t, uint8_t yes, uint8_t no)
{
	if (all->n == TESTS)
		die(EXIT_USAGE, "more than %d comparisons", TESTS);
	all->test[all->n] = *t;
	all->test[all->n].yes = yes;
	all->test[all->n].no = no;
	return all->n++;
}

/* ---- values ---- */

static void value(struct compile *c, struct test *t, const struct bt_expr *e);

static void step_add(struct compile *c, struct test *t, const struct bt_expr *e, uint32_t off)
{
	if (t->steps == STEPS)
		bt_error(c->bt, e->span, "more than %d pointers to follow", STEPS);
	t->off[t->steps++] = off;
}

/* What lies in memory: how far behind the value that the steps lead to. */
static uint32_t place(struct compile *c, struct test *t, const struct bt_expr *e)
{
	bool element = e->kind == E_INDEX;
	uint32_t off = e->kind == E_MEMBER ? e->offset : 0;
	int64_t i = 0;

	if ((element && !expr_const(e->b, &i)) || (e->kind == E_MEMBER && e->member && e->member->bits))
		unsupported(c, e);
	if (element)
		off = i * e->type->size;
	if (e->kind != E_MEMBER && !element && !(e->kind == E_UNARY && e->op == OP_DEREF))
		unsupported(c, e);
	if (e->a->type->kind == T_RECORD || e->a->type->kind == T_ARRAY)
		return place(c, t, e->a) + off;
	value(c, t, e->a);
	return off;
}

static void argument(struct compile *c, struct test *t, const struct bt_expr *e, unsigned i)
{
	if (i >= ARGS)
		bt_error(c->bt, e->span, "only the first %d arguments are known here", ARGS);
	t->arg = i;
}

static void value(struct compile *c, struct test *t, const struct bt_expr *e)
{
	if (e->kind == E_CAST && type_is_scalar(e->a->type))
		value(c, t, e->a);
	else if (e->kind == E_CALL && !strcmp(e->name, "uptr")) /* reading finds out whose it is */
		value(c, t, e->arg[0]);
	else if (e->kind == E_NAME && e->builtin && !strncmp(e->name, "arg", 3) && !e->name[4])
		argument(c, t, e, e->name[3] - '0');
	else if (e->kind == E_MEMBER && e->a->type->kind == T_ARGS)
		argument(c, t, e, e->offset / 8);
	else
		step_add(c, t, e, place(c, t, e));
}

/* The least bytes that a value passes on its way count, and the sign of the last of these. */
static void value_size(struct test *t, const struct bt_expr *e)
{
	const struct bt_type *type = e->type;
	uint32_t size = type->kind == T_PTR ? sizeof(long) : type->size;

	if (e->kind == E_CAST)
		value_size(t, e->a);
	if (!t->size || size <= t->size) {
		t->size = size;
		t->sign = type->kind == T_INT && type->sign;
	}
}

/* ---- comparisons ---- */

/* A number with one that is known; its bits may be masked. */
static uint8_t number_test(struct compile *c, const struct bt_expr *e, struct test *t, uint8_t yes,
			   uint8_t no)
{
	int64_t mask = -1;

	if (e->kind == E_BINARY && e->op == OP_AND && expr_const(e->b, &mask))
		e = e->a;
	else if (e->kind == E_BINARY && e->op == OP_AND && expr_const(e->a, &mask))
		e = e->b;
	t->mask = mask;
	if (e->type->kind != T_INT && e->type->kind != T_PTR)
		unsupported(c, e);
	value_size(t, e);
	value(c, t, e);
	/* As in C, where -1 becomes unsigned beside an unsigned int; smaller ones become an int. */
	if (!t->sign && t->size == 4)
		t->value = (uint32_t)t->value;
	return predicate_test(c->all, t, yes, no);
}

static uint8_t text_test(struct compile *c, const struct bt_expr *e, const struct bt_expr *text,
			 uint8_t yes, uint8_t no)
{
	struct test t = {.op = TEST_TEXT, .size = sizeof(long)};

	if (e->kind == E_STR || text->kind != E_STR)
		unsupported(c, e);
	if (e->kind == E_CALL && (strcmp(e->name, "str") || e->nargs != 1))
		unsupported(c, e);
	if (text->str_len >= TEXT)
		bt_error(c->bt, text->span, "a text to compare with has up to %d bytes", TEXT - 1);
	memcpy(t.text, text->str, text->str_len);
	if (e->kind == E_CALL)
		e = e->arg[0];
	if (e->type->kind == T_STR || e->type->kind == T_ARRAY)
		t.text_off = place(c, &t, e);
	else
		value(c, &t, e);
	return predicate_test(c->all, &t, yes, no);
}

/* Half of the operators are the other half with the two ways exchanged. */
static uint8_t comparison(struct compile *c, const struct bt_expr *e, uint8_t yes, uint8_t no)
{
	const struct bt_expr *a = e->a, *b = e->b;
	bool known = expr_const(a, &(int64_t){0}) || a->kind == E_STR; /* the first one */
	struct test t = {.wide = e->wide};
	enum bt_op op = e->op;
	int64_t v;

	if (known) {
		a = e->b;
		b = e->a;
		op = op == OP_LT ? OP_GT : op == OP_GT ? OP_LT : op == OP_LE ? OP_GE
		     : op == OP_GE ? OP_LE : op;
	}
	if (op == OP_NE || op == OP_GT || op == OP_GE) {
		uint8_t swap = yes;

		yes = no;
		no = swap;
	}
	if (b->kind == E_STR)
		return text_test(c, a, b, yes, no);
	if (!expr_const(b, &v))
		unsupported(c, b);
	t.value = v;
	t.op = op == OP_EQ || op == OP_NE ? TEST_EQ : op == OP_LT || op == OP_GE ? TEST_LT : TEST_LE;
	return number_test(c, a, &t, yes, no);
}

/* Back to front, since a test has to know where it leads. */
static uint8_t condition(struct compile *c, const struct bt_expr *e, uint8_t yes, uint8_t no)
{
	struct test zero = {.op = TEST_EQ};
	int64_t v;

	if (expr_const(e, &v))
		return v ? yes : no;
	if (e->kind == E_UNARY && e->op == OP_NOT)
		return condition(c, e->a, no, yes);
	if (e->kind == E_BINARY && e->op == OP_LAND)
		return condition(c, e->a, condition(c, e->b, yes, no), no);
	if (e->kind == E_BINARY && e->op == OP_LOR)
		return condition(c, e->a, yes, condition(c, e->b, yes, no));
	if (e->kind == E_BINARY && e->op >= OP_EQ && e->op <= OP_GE)
		return comparison(c, e, yes, no);
	return number_test(c, e, &zero, no, yes);
}

/* The text as the filter of a probe, parsed and with its types. */
static struct bt_expr *expression_of(struct front *f, const struct front_names *nm, const char *text,
				     size_t n)
{
	struct bt *bt = f->bt;
	struct bt_site site = {.kind = P_KPROBE, .func = nm->target->func, .name = nm->target->func};

	f->text = NULL;
	f->n = f->room = 0;
	front_put(f, "BEGIN /(");
	front_expr(f, nm, text, n);
	front_put(f, ")/ { }");
	bt->text = f->text;
	bt->len = f->n;
	bt->probes = NULL;
	bt->probes_end = &bt->probes;
	if (!bt_parse(bt))
		return NULL;
	if (setjmp(bt->fail))
		return NULL;
	if (bt->probes->next || bt->probes->body)
		bt_error(bt, (struct bt_span){0}, "expected one condition: '%.*s'", (int)n, text);
	check_probe(bt, bt->probes, &site, true, NULL);
	return bt->probes->predicate;
}

uint8_t predicate_add(struct front *f, struct predicates *all, const struct front_names *nm,
		      const char *text, size_t n, uint8_t yes)
{
	struct compile c = {.bt = f->bt, .all = all};
	const struct bt_expr *e;
	const char *why;

	if (!text[strspn(text, " \t")] || strspn(text, " \t") >= n)
		return yes;
	e = expression_of(f, nm, text, n);
	if (e && !setjmp(f->bt->fail))
		return condition(&c, e, yes, TEST_NO);
	fprintf(stderr, "%s\n", f->bt->error);
	exit(ctypes_btf(f->bt, &why) ? EXIT_USAGE : EXIT_CANNOT);
}
