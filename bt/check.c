// SPDX-License-Identifier: GPL-2.0-or-later
// Names and types: of every expression, of maps and variables. Types of maps come from all probes,
// so all is gone through until nothing new is learned.
#include "check.h"
#include "names.h"

#include <stdio.h>

enum { PASSES = 12, STR_KEY_LEAST = 16 };

/* ---- types ---- */

uint32_t type_room(const struct bt_type *t)
{
	uint32_t sum = 0;

	switch (t->kind) {
	case T_STR:
	case T_RECORD:
	case T_ARRAY:
		return (t->size + 7) & ~7u;
	case T_BUF:
		return 8 + ((t->size + 7) & ~7u);
	case T_USTACK:
	case T_USYM:
	case T_TIME:
		return 16;
	case T_INET:
		return 24;
	case T_TUPLE:
		for (uint32_t i = 0; i < t->n; i++)
			sum += type_room(t->elems[i]);
		return sum;
	case T_AVG: /* number, sum */
	case T_STATS:
	case T_MIN: /* value, is there one? */
	case T_MAX:
		return 16;
	case T_HIST:
	case T_LHIST:
		return t->n * 8;
	default:
		return 8;
	}
}

bool type_same(const struct bt_type *a, const struct bt_type *b)
{
	if (a->kind != b->kind) {
		/* Addresses are numbers: a map of the ones may get the others. */
		return (a->kind == T_INT || a->kind == T_PTR) &&
		       (b->kind == T_INT || b->kind == T_PTR);
	}
	if (a->kind == T_RECORD)
		return a->record == b->record || (a->record->btf_id && b->record->btf_id &&
						  !strcmp(a->record->name, b->record->name));
	if (a->kind == T_ARRAY)
		return a->size == b->size;
	if (a->kind == T_HIST || a->kind == T_LHIST)
		return a->n == b->n && a->min == b->min && a->step == b->step;
	if (a->kind == T_TUPLE) {
		for (uint32_t i = 0; i < a->n && a->n == b->n; i++)
			if (!type_same(a->elems[i], b->elems[i]))
				return false;
		return a->n == b->n;
	}
	return true;
}

const char *type_text(struct bt *bt, const struct bt_type *t)
{
	static const char *const names[] = {
		[T_NONE] = "nothing",
		[T_STR] = "a string",
		[T_BUF] = "a buffer",
		[T_TUPLE] = "a tuple",
		[T_KSTACK] = "a kernel stack",
		[T_USTACK] = "a user stack",
		[T_KSYM] = "a kernel symbol",
		[T_USYM] = "a user symbol",
		[T_INET] = "an IP address",
		[T_MAC] = "a MAC address",
		[T_PROBE] = "a probe's name",
		[T_TIME] = "a time",
		[T_CGROUP_PATH] = "a cgroup's path",
		[T_ERRNO] = "an error's name",
		[T_USER] = "a user's name",
		[T_ARGS] = "args",
		[T_COUNT] = "a count",
		[T_SUM] = "a sum",
		[T_AVG] = "an average",
		[T_MIN] = "a minimum",
		[T_MAX] = "a maximum",
		[T_STATS] = "stats",
		[T_HIST] = "a histogram",
		[T_LHIST] = "a linear histogram",
	};

	if (t->kind == T_INT)
		return bt_printf(bt, "an integer");
	if (t->kind == T_RECORD)
		return bt_printf(bt, "%s %s", t->record->is_union ? "union" : "struct",
				 t->record->name && *t->record->name ? t->record->name : "{...}");
	if (t->kind == T_PTR && type_target(bt, t)->kind == T_RECORD)
		return bt_printf(bt, "%s *", type_text(bt, t->elem));
	if (t->kind == T_PTR)
		return "a pointer";
	if (t->kind == T_ARRAY)
		return bt_printf(bt, "an array of %u", t->n);
	return names[t->kind];
}

const struct bt_type *type_str(struct bt *bt, uint32_t size)
{
	return type_new(bt, T_STR, size);
}

/* The wider of two, where they only differ in that. */
static const struct bt_type *type_join(struct bt *bt, const struct bt_type *a,
				       const struct bt_type *b)
{
	struct bt_type *t;
	bool same = true;

	if (a->kind == T_STR || a->kind == T_BUF)
		return b->size > a->size ? b : a;
	if (a->kind != T_TUPLE)
		return a;
	t = bt_alloc(bt, sizeof(*t));
	*t = *a;
	t->elems = bt_alloc(bt, a->n * sizeof(*t->elems));
	for (uint32_t i = 0; i < a->n; i++) {
		t->elems[i] = type_join(bt, a->elems[i], b->elems[i]);
		same &= t->elems[i] == a->elems[i];
	}
	return same ? a : t;
}

/* As it lies in a map or a tuple: integers have 64 bits there. */
static const struct bt_type *type_stored(struct check *ck, const struct bt_type *t, bool key)
{
	struct bt_type *copy;

	if (t->kind == T_INT && (t->size < 8 || t->is_char) && !t->enum_name)
		return t->sign ? &type_s64 : &type_u64;
	if (t->kind == T_RECORD || t->kind == T_ARRAY)
		return type_in(ck->bt, t, AS_BPF);
	if (t->kind == T_STR && key && t->size > ck->bt->config.key_strlen)
		return type_str(ck->bt, ck->bt->config.key_strlen);
	/* Words, so that what compares and copies them takes whole ones */
	if (t->kind == T_STR && (t->size % 8 || t->as))
		return type_str(ck->bt, MAX((t->size + 7) & ~7u, (uint32_t)STR_KEY_LEAST));
	if (t->kind != T_TUPLE)
		return t;
	copy = bt_alloc(ck->bt, sizeof(*copy));
	*copy = *t;
	copy->elems = bt_alloc(ck->bt, t->n * sizeof(*t->elems));
	for (uint32_t i = 0; i < t->n; i++)
		copy->elems[i] = type_stored(ck, t->elems[i], key);
	return copy;
}

/* ---- maps ---- */

void map_value_set(struct check *ck, struct bt_map *m, const struct bt_type *t, struct bt_span span)
{
	const struct bt_type *wider;

	if (t->kind == T_NONE)
		return;
	t = type_stored(ck, t, false);
	if (m->type->kind == T_NONE) {
		m->type = t;
		ck->changed = true;
		return;
	}
	if (!type_same(m->type, t)) {
		if ((t->kind == T_HIST || t->kind == T_LHIST) && m->type->kind == t->kind)
			bt_error(ck->bt, span,
				 "the slots of this histogram differ from those of %s "
				 "elsewhere",
				 m->name);
		bt_error(ck->bt, span, "%s holds %s, this is %s", m->name,
			 type_text(ck->bt, m->type), type_text(ck->bt, t));
	}
	wider = type_join(ck->bt, m->type, t);
	if (wider != m->type) {
		m->type = wider;
		ck->changed = true;
	}
}

static void key_first(struct check *ck, struct bt_expr *e)
{
	struct bt_map *m = e->map;

	m->key_known = true;
	m->keyed = e->nargs;
	m->nkeys = e->nargs;
	m->key = bt_alloc(ck->bt, (e->nargs + 1) * sizeof(*m->key));
	for (size_t i = 0; i < e->nargs; i++)
		m->key[i] = &type_none;
	ck->changed = true;
}

static void key_check(struct check *ck, struct bt_map *m, size_t i, struct bt_expr *arg)
{
	const struct bt_type *t = type_stored(ck, arg->type, true), *wider;

	if (t->kind == T_NONE) {
		if (ck->final)
			bt_error(ck->bt, arg->span, "this key has no value");
		return;
	}
	if (t->kind == T_ARGS || type_is_aggregate(t))
		bt_error(ck->bt, arg->span, "%s cannot be a key", type_text(ck->bt, t));
	if (m->key[i]->kind == T_NONE) {
		m->key[i] = t;
		ck->changed = true;
	}
	if (!type_same(m->key[i], t))
		bt_error(ck->bt, arg->span, "key %zu of %s is %s, this is %s", i + 1, m->name,
			 type_text(ck->bt, m->key[i]), type_text(ck->bt, t));
	wider = type_join(ck->bt, m->key[i], t);
	if (wider != m->key[i]) {
		m->key[i] = wider;
		ck->changed = true;
	}
}

void map_key_set(struct check *ck, struct bt_expr *e)
{
	struct bt_map *m = e->map;

	for (size_t i = 0; i < e->nargs; i++)
		check_value(ck, e->arg[i]);
	/* @x[(a, b)] is @x[a, b] */
	if (e->nargs == 1 && e->arg[0]->kind == E_TUPLE) {
		const struct bt_expr *tuple = e->arg[0];

		e->arg = tuple->arg;
		e->nargs = tuple->nargs;
	}
	if (!m->key_known)
		key_first(ck, e);
	if (m->nkeys != e->nargs) {
		if (!e->nargs)
			bt_error(ck->bt, e->span, "%s has keys: expected %s[...]", m->name,
				 m->name);
		bt_error(ck->bt, e->span, "%s has %zu key%s elsewhere, not %zu", m->name, m->nkeys,
			 m->nkeys == 1 ? "" : "s", e->nargs);
	}
	for (size_t i = 0; i < e->nargs; i++)
		key_check(ck, m, i, e->arg[i]);
}

void check_map_arg(struct check *ck, struct bt_expr *e, bool keys)
{
	if (e->kind != E_MAP)
		bt_error(ck->bt, e->span, "expected a map, such as @x");
	if (e->nargs && !keys)
		bt_error(ck->bt, e->span, "expected the map as a whole: %s", e->map->name);
	if (e->nargs)
		map_key_set(ck, e);
	e->type = e->map->type;
	if (ck->final && e->map->type->kind == T_NONE)
		bt_error(ck->bt, e->span, "nothing is ever stored in %s", e->map->name);
}

/* ---- constants ---- */

static bool const_binary(enum bt_op op, int64_t a, int64_t b, int64_t *v)
{
	switch (op) {
	case OP_ADD:
		*v = (uint64_t)a + (uint64_t)b;
		return true;
	case OP_SUB:
		*v = (uint64_t)a - (uint64_t)b;
		return true;
	case OP_MUL:
		*v = (uint64_t)a * (uint64_t)b;
		return true;
	case OP_AND:
		*v = a & b;
		return true;
	case OP_OR:
		*v = a | b;
		return true;
	case OP_XOR:
		*v = a ^ b;
		return true;
	case OP_SHL:
		*v = (uint64_t)a << (b & 63);
		return true;
	default:
		return false;
	}
}

bool expr_const(const struct bt_expr *e, int64_t *v)
{
	int64_t a, b;

	if (e->kind == E_INT || (e->is_const && e->kind != E_STR)) {
		*v = e->num;
		return true;
	}
	if (e->kind == E_UNARY && e->op == OP_NEG && expr_const(e->a, &a)) {
		*v = -(uint64_t)a;
		return true;
	}
	if (e->kind == E_UNARY && e->op == OP_INV && expr_const(e->a, &a)) {
		*v = ~a;
		return true;
	}
	return e->kind == E_BINARY && e->type->kind == T_INT && expr_const(e->a, &a) &&
	       expr_const(e->b, &b) && const_binary(e->op, a, b, v);
}

int64_t check_number(struct check *ck, struct bt_expr *e, const char *what)
{
	int64_t v;

	check_int(ck, e, what);
	if (!expr_const(e, &v))
		bt_error(ck->bt, e->span, "%s: expected a number that is known beforehand", what);
	return v;
}

const char *check_literal(struct check *ck, struct bt_expr *e, const char *what)
{
	if (e->kind == E_CALL && !strcmp(e->name, "str") && e->nargs &&
	    e->arg[0]->kind == E_POSITIONAL)
		e = e->arg[0];
	if (e->kind == E_POSITIONAL) {
		e->str = e->num <= (unsigned)ck->bt->nparams ? ck->bt->params[e->num - 1] : "";
		return e->str;
	}
	if (e->kind != E_STR)
		bt_error(ck->bt, e->span, "%s: expected a string in quotes", what);
	e->type = type_str(ck->bt, e->str_len + 1);
	return e->str;
}

/* Of the C library's headers what BTF does not have: macros. */
static const struct {
	const char *name;
	int64_t v;
} constants[] = {
	{"AF_UNSPEC", 0},
	{"AF_UNIX", 1},
	{"AF_LOCAL", 1},
	{"AF_INET", 2},
	{"AF_INET6", 10},
	{"AF_NETLINK", 16},
	{"AF_PACKET", 17},
	{"AF_VSOCK", 40},
	{"TASK_RUNNING", 0},
	{"TASK_INTERRUPTIBLE", 1},
	{"TASK_UNINTERRUPTIBLE", 2},
	{"S_IFMT", 0170000},
	{"S_IFSOCK", 0140000},
	{"S_IFLNK", 0120000},
	{"S_IFREG", 0100000},
	{"S_IFBLK", 0060000},
	{"S_IFDIR", 0040000},
	{"S_IFCHR", 0020000},
	{"S_IFIFO", 0010000},
	{"O_RDONLY", 0},
	{"O_WRONLY", 1},
	{"O_RDWR", 2},
	{"O_CREAT", 0100},
	{"O_EXCL", 0200},
	{"O_TRUNC", 01000},
	{"O_APPEND", 02000},
	{"NULL", 0},
	{"true", 1},
	{"false", 0},
	{"TCP_ESTABLISHED", 1},
	{"TCP_SYN_SENT", 2},
	{"TCP_SYN_RECV", 3},
	{"TCP_FIN_WAIT1", 4},
	{"TCP_FIN_WAIT2", 5},
	{"TCP_TIME_WAIT", 6},
	{"TCP_CLOSE", 7},
	{"TCP_CLOSE_WAIT", 8},
	{"TCP_LAST_ACK", 9},
	{"TCP_LISTEN", 10},
	{"TCP_CLOSING", 11},
	{"TCP_NEW_SYN_RECV", 12},
	{"PF_KTHREAD", 0x200000},
	{"PAGE_SHIFT", 12},
};

static bool constant_find(struct check *ck, struct bt_expr *e)
{
	const char *enum_name = NULL;
	int64_t v;

	for (size_t i = 0; i < ARRAY_LEN(constants); i++) {
		if (strcmp(e->name, constants[i].name))
			continue;
		e->num = constants[i].v;
		return true;
	}
	if (errno_number(e->name)) {
		e->num = errno_number(e->name);
		return true;
	}
	if (!ctype_enumerator(ck->bt, e->name, &v, &enum_name))
		return false;
	e->num = v;
	return true;
}

static void check_name(struct check *ck, struct bt_expr *e)
{
	const struct bt_builtin *row;
	struct bt_guess g;
	char guess[96];

	if (e->is_const)
		return;
	guess_begin(&g, e->name);
	for (row = bt_builtins; row->name; row++) {
		guess_see(&g, row->name);
		if (strcmp(e->name, row->name) && (!row->alias || strcmp(e->name, row->alias)))
			continue;
		e->builtin = row;
		e->type = row->type;
		if (row->check)
			row->check(ck, e);
		return;
	}
	if (constant_find(ck, e)) {
		e->is_const = true;
		e->type = &type_s64;
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(constants); i++)
		guess_see(&g, constants[i].name);
	bt_error(ck->bt, e->span, "unknown name '%s'%s", e->name, guess_text(&g, guess));
}

/* ---- expressions ---- */

void check_value(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t;

	check_expr(ck, e);
	/* Over all CPUs, as it is now; of the others only user space makes something. */
	if (e->kind == E_MAP && e->type->kind >= T_COUNT && e->type->kind <= T_MAX)
		e->type = e->type->sign ? &type_s64 : &type_u64;
	if (e->type->kind == T_ARRAY && e->type->elem->is_char && e->type->as != AS_BPF) {
		t = (struct bt_type *)type_str(ck->bt, MAX(e->type->size, 1u));
		t->as = e->type->as;
		e->type = t;
	}
}

static bool type_is_number(const struct bt_type *t)
{
	return t->kind == T_INT || t->kind == T_PTR || t->kind == T_KSYM ||
	       t->kind == T_CGROUP_PATH || t->kind == T_ERRNO;
}

void check_int(struct check *ck, struct bt_expr *e, const char *what)
{
	check_value(ck, e);
	if (type_is_number(e->type) || (e->type->kind == T_NONE && !ck->final))
		return;
	bt_error(ck->bt, e->span, "%s: expected an integer, not %s", what,
		 type_text(ck->bt, e->type));
}

static const char *op_text(enum bt_op op)
{
	static const char *const text[] = {
		[OP_ADD] = "+",	 [OP_SUB] = "-",   [OP_MUL] = "*",   [OP_DIV] = "/",
		[OP_MOD] = "%",	 [OP_AND] = "&",   [OP_OR] = "|",    [OP_XOR] = "^",
		[OP_SHL] = "<<", [OP_SHR] = ">>",  [OP_LAND] = "&&", [OP_LOR] = "||",
		[OP_EQ] = "==",	 [OP_NE] = "!=",   [OP_LT] = "<",    [OP_LE] = "<=",
		[OP_GT] = ">",	 [OP_GE] = ">=",   [OP_NOT] = "!",   [OP_INV] = "~",
		[OP_NEG] = "-",	 [OP_DEREF] = "*", [OP_ADDR] = "&",
	};

	return text[op];
}

/* A literal takes the sign of what it is computed with, as long as it is not negative. */
static bool signed_result(const struct bt_expr *a, const struct bt_expr *b)
{
	bool sa = a->type->kind == T_INT && a->type->sign,
	     sb = b->type->kind == T_INT && b->type->sign;
	int64_t v;

	if (sa != sb && expr_const(sa ? a : b, &v) && v >= 0)
		return false;
	return sa && sb;
}

static void check_truth(struct check *ck, struct bt_expr *e)
{
	check_value(ck, e);
	if (type_is_scalar(e->type) || e->type->kind == T_STR ||
	    (e->type->kind == T_NONE && !ck->final))
		return;
	bt_error(ck->bt, e->span, "%s is neither true nor false", type_text(ck->bt, e->type));
}

static void binary_pointer(struct bt_expr *e)
{
	const struct bt_type *a = e->a->type, *b = e->b->type;
	bool sum = e->op == OP_ADD || e->op == OP_SUB;

	if (sum && a->kind == T_PTR && b->kind == T_INT)
		e->type = a;
	else if (e->op == OP_ADD && a->kind == T_INT && b->kind == T_PTR)
		e->type = b;
	else
		e->type = e->op == OP_SUB ? &type_s64 : &type_u64;
}

static bool is_comparison(enum bt_op op)
{
	return op >= OP_EQ && op <= OP_GE;
}

static void check_binary(struct check *ck, struct bt_expr *e)
{
	bool logic = e->op == OP_LAND || e->op == OP_LOR;

	if (logic) {
		check_truth(ck, e->a);
		check_truth(ck, e->b);
		e->type = &type_s64;
		return;
	}
	check_value(ck, e->a);
	check_value(ck, e->b);
	if ((e->op == OP_EQ || e->op == OP_NE) && e->a->type->kind == e->b->type->kind &&
	    !type_is_number(e->a->type) && type_is_scalar(e->a->type)) {
		e->type = &type_s64;
		return;
	}
	if (e->a->type->kind == T_STR || e->b->type->kind == T_STR) {
		struct bt_expr *other = e->a->type->kind == T_STR ? e->b : e->a;

		if (other->type->kind == T_NONE && !ck->final)
			return;
		if (other->type->kind != T_STR)
			bt_error(ck->bt, e->span, "%s and %s cannot be operands of '%s'",
				 type_text(ck->bt, e->a->type), type_text(ck->bt, e->b->type),
				 op_text(e->op));
		if (e->op != OP_EQ && e->op != OP_NE)
			bt_error(ck->bt, e->span, "strings can only be compared with == and !=");
		e->type = &type_s64;
		return;
	}
	check_int(ck, e->a, "operand");
	check_int(ck, e->b, "operand");
	e->wide = signed_result(e->a, e->b); /* compares and divides as signed */
	if (is_comparison(e->op))
		e->type = &type_s64;
	else if (e->a->type->kind == T_PTR || e->b->type->kind == T_PTR)
		binary_pointer(e);
	else if (e->op == OP_SHL || e->op == OP_SHR)
		e->type = e->a->type->sign ? &type_s64 : &type_u64;
	else
		e->type = e->wide ? &type_s64 : &type_u64;
}

static void check_unary(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t;

	if (e->op == OP_NOT) {
		check_truth(ck, e->a);
		e->type = &type_s64;
		return;
	}
	if (e->op == OP_ADDR) {
		check_expr(ck, e->a);
		t = e->a->type;
		if ((e->a->kind != E_MEMBER && e->a->kind != E_INDEX &&
		     !(e->a->kind == E_UNARY && e->a->op == OP_DEREF)) ||
		    (e->a->member && e->a->member->bits))
			bt_error(ck->bt, e->span, "only members and elements have an address");
		e->type = type_pointer(ck->bt, t, t->as);
		return;
	}
	if (e->op == OP_DEREF) {
		check_expr(ck, e->a);
		t = e->a->type;
		if (t->kind == T_NONE && !ck->final)
			return;
		if (t->kind == T_INT || t->kind == T_KSYM) { /* an address: of 8 bytes */
			e->type = &type_u64;
			return;
		}
		if (t->kind != T_PTR)
			bt_error(ck->bt, e->span, "only pointers can be followed, this is %s",
				 type_text(ck->bt, t));
		e->type = type_target(ck->bt, t);
		if (e->type->kind == T_NONE)
			bt_error(ck->bt, e->span, "a pointer to void: say to what, by a cast");
		if (e->type->kind == T_RECORD || e->type->kind == T_ARRAY)
			e->type = type_in(ck->bt, e->type, t->as);
		return;
	}
	check_int(ck, e->a, "operand");
	e->type = e->op == OP_NEG || e->a->type->sign ? &type_s64 : &type_u64;
}

static void check_cond(struct check *ck, struct bt_expr *e)
{
	check_truth(ck, e->a);
	check_value(ck, e->b);
	check_value(ck, e->c);
	if (e->b->type->kind == T_NONE && e->c->type->kind == T_NONE) {
		e->type = &type_none; /* calls that are no values */
		return;
	}
	if (e->b->type->kind == T_NONE || e->c->type->kind == T_NONE) {
		if (ck->final)
			bt_error(ck->bt, e->span, "one of the two choices has no value");
		return;
	}
	if (!type_same(e->b->type, e->c->type))
		bt_error(ck->bt, e->span, "the two choices are %s and %s",
			 type_text(ck->bt, e->b->type), type_text(ck->bt, e->c->type));
	if (e->b->type->kind == T_INT)
		e->type = signed_result(e->b, e->c) ? &type_s64 : &type_u64;
	else
		e->type = type_stored(ck, type_join(ck->bt, e->b->type, e->c->type), false);
}

static const struct bt_type *type_named(struct check *ck, struct bt_expr *e, const char *text)
{
	struct bt_guess g;
	char guess[96];
	const char *why;
	const struct bt_type *t = ctype_parse(ck->bt, text, &g);

	if (t)
		return t;
	if (!ctypes_btf(ck->bt, &why))
		bt_error(ck->bt, e->span, "the type '%s' is not known: %s", text, why);
	bt_error(ck->bt, e->span, "the kernel has no type '%s'%s", text, guess_text(&g, guess));
}

static void check_cast(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *from;

	check_expr(ck, e->a);
	if (e->a->kind == E_MAP)
		check_value(ck, e->a);
	from = e->a->type;
	if (!e->cast)
		e->cast = type_named(ck, e, e->name);
	e->type = e->cast;
	if (from->kind == T_NONE && !ck->final)
		return;
	if (e->cast->kind == T_RECORD)
		bt_error(ck->bt, e->span, "expected a pointer: (%s *)", e->name);
	if (e->cast->kind != T_INT && e->cast->kind != T_PTR)
		bt_error(ck->bt, e->span, "a value cannot be cast to this type");
	if (type_is_aggregate(from))
		bt_error(ck->bt, e->span, "the value of %s is only known in user space",
			 type_text(ck->bt, from));
	if (!type_is_number(from) && from->kind != T_ARRAY && from->kind != T_KSTACK)
		bt_error(ck->bt, e->span, "%s cannot be cast to %s", type_text(ck->bt, from),
			 type_text(ck->bt, e->cast));
	if (from->kind == T_ARRAY && (e->cast->kind != T_INT || from->size > 8))
		bt_error(ck->bt, e->span, "an array cannot be cast: take its address");
	if (e->cast->kind == T_PTR && from->kind == T_PTR && from->as != e->cast->as)
		e->type = type_pointer(ck->bt, type_target(ck->bt, e->cast), from->as);
}

/* ---- members ---- */

static const struct bt_type *member_type(struct check *ck, const struct bt_member *m,
					 enum bt_space as)
{
	const struct bt_type *t = m->type;

	if (t->kind == T_RECORD || t->kind == T_ARRAY)
		return type_in(ck->bt, t, as);
	/* What a process points to is its own, too. */
	if (t->kind == T_PTR && as == AS_USER && t->as != AS_USER)
		return type_pointer(ck->bt, type_target(ck->bt, t), AS_USER);
	return t;
}

static void member_find(struct check *ck, struct bt_expr *e, struct bt_record *r, enum bt_space as)
{
	struct bt_guess g;
	char guess[96];

	if (r->btf_id || r->filled)
		e->member = record_member(ck->bt, r, e->name, &e->offset);
	else
		bt_error(ck->bt, e->span, "the members of struct %s are not known", r->name);
	if (e->member) {
		e->type = member_type(ck, e->member, as);
		return;
	}
	guess_begin(&g, e->name);
	record_guess(ck->bt, r, &g);
	bt_error(ck->bt, e->span, "%s %s has no member '%s'%s", r->is_union ? "union" : "struct",
		 r->name ? r->name : "{...}", e->name, guess_text(&g, guess));
}

static void check_arg(struct check *ck, struct bt_expr *e)
{
	struct bt_guess g;
	char guess[96];
	const char *why = "";
	struct bt_record *r = site_args(ck->bt, ck->site, &why);

	ck->per_site = true;
	if (!r)
		bt_error(ck->bt, e->a->span, "%s: %s", ck->site->name, why);
	e->member = record_member(ck->bt, r, e->name, &e->offset);
	if (e->member) {
		e->type = member_type(ck, e->member, AS_KERNEL);
		if (ck->site->kind == P_KPROBE && regs_arg(e->offset / 8) < 0)
			bt_error(ck->bt, e->span, "'%s' is in no register", e->name);
		if (e->member->data_loc)
			e->type = type_str(ck->bt, ck->bt->config.max_strlen);
		return;
	}
	guess_begin(&g, e->name);
	record_guess(ck->bt, r, &g);
	bt_error(ck->bt, e->span, "%s has no argument '%s'%s", ck->site->name, e->name,
		 guess_text(&g, guess));
}

static void check_tuple_member(struct check *ck, struct bt_expr *e)
{
	uint64_t i;

	if (!parse_u64(e->name, &i) || i >= e->a->type->n)
		bt_error(ck->bt, e->span, "the tuple has the members .0 to .%u", e->a->type->n - 1);
	e->type = e->a->type->elems[i];
	e->offset = 0;
	for (uint64_t k = 0; k < i; k++)
		e->offset += type_room(e->a->type->elems[k]);
}

static void check_member(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t;

	check_expr(ck, e->a);
	t = e->a->type;
	if (t->kind == T_ARGS) {
		check_arg(ck, e);
	} else if (t->kind == T_TUPLE) {
		check_tuple_member(ck, e);
	} else if (t->kind == T_RECORD) {
		if (e->arrow && t->as == AS_BPF)
			bt_error(ck->bt, e->span, "this is no pointer: expected '.'");
		member_find(ck, e, t->record, t->as);
	} else if (t->kind == T_PTR && type_target(ck->bt, t)->kind == T_RECORD) {
		member_find(ck, e, type_target(ck->bt, t)->record, t->as);
	} else if (t->kind != T_NONE || ck->final) {
		bt_error(ck->bt, e->span, "%s has no members%s", type_text(ck->bt, t),
			 t->kind == T_INT || t->kind == T_PTR
				 ? ": say what it points to, as in ((struct sock *)arg0)->sk_state"
				 : "");
	}
}

static void check_index(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t;
	int64_t i;

	check_expr(ck, e->a);
	check_int(ck, e->b, "index");
	t = e->a->type;
	if (t->kind == T_NONE && !ck->final)
		return;
	if (t->kind == T_ARRAY) {
		if (expr_const(e->b, &i) && (i < 0 || (t->n && i >= t->n)))
			bt_error(ck->bt, e->b->span, "the array has %u elements", t->n);
		if (t->as == AS_BPF && !expr_const(e->b, &i))
			bt_error(ck->bt, e->b->span, "expected a constant: this array is a copy");
		e->type = t->elem;
	} else if (t->kind == T_PTR && type_target(ck->bt, t)->size) {
		e->type = type_target(ck->bt, t);
	} else {
		bt_error(ck->bt, e->span, "%s has no elements", type_text(ck->bt, t));
	}
	if (e->type->kind == T_RECORD || e->type->kind == T_ARRAY)
		e->type = type_in(ck->bt, e->type, t->as);
}

/* ---- the rest ---- */

static void check_call(struct check *ck, struct bt_expr *e)
{
	struct bt_guess g;
	char guess[96];

	guess_begin(&g, e->name);
	e->call = NULL;
	for (size_t t = 0; !e->call && bt_call_tables[t]; t++) {
		for (const struct bt_call *row = bt_call_tables[t]; row->name; row++) {
			guess_see(&g, row->name);
			if (!strcmp(row->name, e->name))
				e->call = row;
		}
	}
	if (!e->call)
		bt_error(ck->bt, e->span, "unknown function '%s'%s", e->name,
			 guess_text(&g, guess));
	if (e->nargs < e->call->min || e->nargs > e->call->max)
		bt_error(ck->bt, e->span, "expected %s", e->call->usage);
	if (e->call->flags & CALL_UNSAFE && !ck->bt->config.unsafe)
		bt_error(ck->bt, e->span, "%s() changes the system: it needs the option --unsafe",
			 e->name);
	if (e->call->flags & CALL_MAP)
		bt_error(ck->bt, e->span, "%s() can only be assigned to a map: @x = %s", e->name,
			 e->call->usage);
	e->call->check(ck, e);
}

static void check_tuple(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t = (struct bt_type *)type_new(ck->bt, T_TUPLE, 0);

	t->n = e->nargs;
	t->elems = bt_alloc(ck->bt, e->nargs * sizeof(*t->elems));
	for (size_t i = 0; i < e->nargs; i++) {
		check_value(ck, e->arg[i]);
		t->elems[i] = type_stored(ck, e->arg[i]->type, true);
		if (type_is_aggregate(t->elems[i]) || t->elems[i]->kind == T_ARGS)
			bt_error(ck->bt, e->arg[i]->span, "%s cannot be part of a tuple",
				 type_text(ck->bt, t->elems[i]));
		if (t->elems[i]->kind == T_NONE) {
			if (ck->final)
				bt_error(ck->bt, e->arg[i]->span, "this has no value");
			return;
		}
	}
	e->type = t;
}

static void check_positional(struct check *ck, struct bt_expr *e)
{
	const char *s;
	int64_t v = 0;

	e->is_const = true;
	e->type = &type_s64;
	if (e->kind == E_POSITIONAL_COUNT) {
		e->num = ck->bt->nparams;
		return;
	}
	s = e->num <= (unsigned)ck->bt->nparams && !e->str ? ck->bt->params[e->num - 1] : NULL;
	if (e->str) /* seen before */
		return;
	if (s && !parse_s64(s, &v))
		bt_error(ck->bt, e->span,
			 "the parameter '%s' is no number: str($%llu) takes it as text", s,
			 (unsigned long long)e->num);
	e->str = s ? s : "";
	e->num = v;
}

static void check_sizeof(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t;

	if (e->name) {
		t = type_named(ck, e, e->name);
	} else {
		check_expr(ck, e->a);
		t = e->a->type;
	}
	e->is_const = true;
	e->type = &type_u64;
	e->num = t->kind == T_TUPLE ? type_room(t) : t->size;
	if (e->kind == E_SIZEOF)
		return;
	if (t->kind == T_PTR)
		t = type_target(ck->bt, t);
	e->num = 0;
	for (const char *p = e->str; p; p = strchr(p, '.') ? strchr(p, '.') + 1 : NULL) {
		const char *name = bt_strndup(ck->bt, p, strcspn(p, "."));
		const struct bt_member *m =
			t->kind == T_RECORD ? record_member(ck->bt, t->record, name, &e->offset)
					    : NULL;

		if (!m)
			bt_error(ck->bt, e->span, "there is no member '%s'", name);
		e->num += e->offset;
		t = m->type;
	}
}

static void check_step(struct check *ck, struct bt_expr *e)
{
	check_expr(ck, e->a);
	if (e->a->kind == E_MAP) {
		map_value_set(ck, e->a->map, &type_s64, e->a->span);
		if (e->a->map->type->kind != T_INT)
			bt_error(ck->bt, e->span, "%s holds %s, which cannot be counted up or down",
				 e->a->map->name, type_text(ck->bt, e->a->map->type));
	} else if (e->a->type->kind == T_NONE) {
		bt_error(ck->bt, e->a->span, "%s has no value yet", e->a->var->name);
	} else if (e->a->type->kind != T_INT) {
		bt_error(ck->bt, e->span, "%s is %s, which cannot be counted up or down",
			 e->a->var->name, type_text(ck->bt, e->a->type));
	}
	e->type = &type_s64;
}

static void check_var(struct check *ck, struct bt_expr *e)
{
	struct bt_guess g;
	char guess[96];

	e->type = e->var->type;
	if (e->type->kind != T_NONE || !ck->final)
		return;
	guess_begin(&g, e->name);
	for (size_t i = 0; i < ck->probe->nvars; i++)
		if (ck->probe->var[i]->type->kind != T_NONE)
			guess_see(&g, ck->probe->var[i]->name);
	bt_error(ck->bt, e->span, "%s has no value here%s", e->name, guess_text(&g, guess));
}

static void check_stmts(struct check *ck, struct bt_stmt *s);

void check_expr(struct check *ck, struct bt_expr *e)
{
	switch (e->kind) {
	case E_INT:
		e->type = e->num > INT64_MAX ? &type_u64 : &type_s64;
		break;
	case E_STR:
		e->type = type_str(ck->bt, e->str_len + 1);
		break;
	case E_NAME:
		check_name(ck, e);
		break;
	case E_VAR:
		check_var(ck, e);
		break;
	case E_MAP:
		map_key_set(ck, e);
		e->type = e->map->type;
		if (e->type->kind == T_NONE && ck->final)
			bt_error(ck->bt, e->span, "nothing is ever stored in %s", e->map->name);
		break;
	case E_POSITIONAL:
	case E_POSITIONAL_COUNT:
		check_positional(ck, e);
		break;
	case E_CALL:
		check_call(ck, e);
		break;
	case E_UNARY:
		check_unary(ck, e);
		break;
	case E_BINARY:
		check_binary(ck, e);
		break;
	case E_COND:
		check_cond(ck, e);
		break;
	case E_CAST:
		check_cast(ck, e);
		break;
	case E_MEMBER:
		check_member(ck, e);
		break;
	case E_INDEX:
		check_index(ck, e);
		break;
	case E_TUPLE:
		check_tuple(ck, e);
		break;
	case E_SIZEOF:
	case E_OFFSETOF:
		check_sizeof(ck, e);
		break;
	case E_STEP:
		check_step(ck, e);
		break;
	case E_BLOCK:
		check_stmts(ck, e->block);
		if (e->a)
			check_expr(ck, e->a);
		e->type = e->a ? e->a->type : &type_none;
		break;
	}
}

/* ---- statements ---- */

static void assign_var(struct check *ck, struct bt_stmt *s)
{
	struct bt_var *v = s->target->var;
	const struct bt_type *t = s->value->type, *wider;

	if (t->kind == T_NONE) {
		if (ck->final)
			bt_error(ck->bt, s->value->span, "this has no value");
		return;
	}
	if (type_is_aggregate(t) || t->kind == T_ARGS)
		bt_error(ck->bt, s->value->span, "%s cannot be held by a variable",
			 type_text(ck->bt, t));
	/* A record stays where it is, and the variable holds its address. */
	if (t->kind == T_RECORD && t->as != AS_BPF)
		t = s->value->type;
	else
		t = type_stored(ck, t, false);
	if (v->type->kind == T_NONE) {
		v->type = t;
		ck->changed = true;
	}
	if (!type_same(v->type, t))
		bt_error(ck->bt, s->value->span, "%s is %s, this is %s", v->name,
			 type_text(ck->bt, v->type), type_text(ck->bt, t));
	wider = type_join(ck->bt, v->type, t);
	/* The pointer's type counts, not that of the number it began with. */
	if (v->type->kind == T_INT && t->kind == T_PTR)
		wider = t;
	if (wider != v->type) {
		v->type = wider;
		ck->changed = true;
	}
	s->target->type = v->type;
}

static bool is_map_call(const struct bt_expr *e)
{
	if (e->kind != E_CALL)
		return false;
	for (size_t t = 0; bt_call_tables[t]; t++)
		for (const struct bt_call *row = bt_call_tables[t]; row->name; row++)
			if (row->flags & CALL_MAP && !strcmp(row->name, e->name))
				return true;
	return false;
}

static void check_assign(struct check *ck, struct bt_stmt *s)
{
	if (is_map_call(s->value)) {
		if (s->target->kind != E_MAP || s->op)
			bt_error(ck->bt, s->value->span,
				 "%s() can only be assigned to a map: @x = %s()", s->value->name,
				 s->value->name);
		map_key_set(ck, s->target);
		check_aggregate(ck, s->target, s->value);
		return;
	}
	check_value(ck, s->value);
	if (s->target->kind == E_MAP) {
		map_key_set(ck, s->target);
		if (s->value->type->kind == T_NONE && ck->final)
			bt_error(ck->bt, s->value->span, "this has no value");
		if (s->value->type->kind == T_ARGS || type_is_aggregate(s->value->type))
			bt_error(ck->bt, s->value->span, "%s cannot be stored in a map",
				 type_text(ck->bt, s->value->type));
		map_value_set(ck, s->target->map, s->value->type, s->value->span);
		s->target->type = s->target->map->type;
	} else if (s->op && s->target->var->type->kind == T_NONE) {
		bt_error(ck->bt, s->target->span, "%s has no value yet", s->target->name);
	} else {
		assign_var(ck, s);
	}
	if (s->op && s->target->type->kind != T_NONE) {
		if (!type_is_number(s->target->type))
			bt_error(ck->bt, s->span, "%s is %s: it can only be assigned to with '='",
				 s->target->name, type_text(ck->bt, s->target->type));
		check_int(ck, s->value, "operand");
	}
}

static void check_for_map(struct check *ck, struct bt_stmt *s)
{
	struct bt_type *t, *key;
	struct bt_map *m = s->map;

	if (s->target->nargs)
		bt_error(ck->bt, s->target->span, "expected the map as a whole: %s", m->name);
	if (ck->final && (m->type->kind == T_NONE || !m->keyed))
		bt_error(ck->bt, s->target->span,
			 m->type->kind == T_NONE ? "nothing is ever stored in %s"
						 : "%s has no keys to go through",
			 m->name);
	if (type_is_aggregate(m->type))
		bt_error(ck->bt, s->target->span, "%s holds %s: only user space knows its entries",
			 m->name, type_text(ck->bt, m->type));
	if (m->type->kind != T_NONE && m->nkeys && m->key[0]->kind != T_NONE) {
		t = (struct bt_type *)type_new(ck->bt, T_TUPLE, 0);
		t->elems = bt_alloc(ck->bt, 2 * sizeof(*t->elems));
		t->n = 2;
		t->elems[0] = m->key[0];
		if (m->nkeys > 1) {
			key = (struct bt_type *)type_new(ck->bt, T_TUPLE, 0);
			key->n = m->nkeys;
			key->elems = m->key;
			t->elems[0] = key;
		}
		t->elems[1] = m->type;
		s->var->type = t;
	}
	check_stmts(ck, s->body);
}

static void check_stmt(struct check *ck, struct bt_stmt *s)
{
	int64_t n;

	switch (s->kind) {
	case S_EXPR:
		check_expr(ck, s->value);
		if (s->value->kind == E_CALL && !(s->value->call->flags & CALL_STATEMENT) &&
		    ck->final)
			bt_error(ck->bt, s->value->span, "nothing is done with the value of %s()",
				 s->value->name);
		break;
	case S_ASSIGN:
		check_assign(ck, s);
		break;
	case S_IF:
		check_truth(ck, s->value);
		check_stmts(ck, s->body);
		check_stmts(ck, s->other);
		break;
	case S_WHILE:
		check_truth(ck, s->value);
		check_stmts(ck, s->body);
		break;
	case S_FOR_RANGE:
		check_int(ck, s->value, "start of the range");
		check_int(ck, s->last, "end of the range");
		s->var->type = s->from->type = &type_s64;
		check_stmts(ck, s->body);
		break;
	case S_FOR_MAP:
		check_for_map(ck, s);
		break;
	case S_UNROLL:
		n = check_number(ck, s->value, "unroll");
		if (n < 1 || n > 100)
			bt_error(ck->bt, s->value->span, "unroll: expected a number from 1 to 100");
		s->times = n;
		check_stmts(ck, s->body);
		break;
	case S_BLOCK:
		check_stmts(ck, s->body);
		break;
	default:
		break;
	}
}

static void check_stmts(struct check *ck, struct bt_stmt *s)
{
	for (; s; s = s->next)
		check_stmt(ck, s);
}

bool check_probe(struct bt *bt, struct bt_probe *probe, struct bt_site *site, bool final,
		 bool *per_site)
{
	struct check ck = {.bt = bt, .probe = probe, .site = site, .final = final};

	if (probe->predicate)
		check_truth(&ck, probe->predicate);
	check_stmts(&ck, probe->body);
	if (per_site)
		*per_site = ck.per_site;
	return ck.changed;
}

static void maps_settle(struct bt *bt)
{
	for (size_t i = 0; i < bt->nmaps; i++) {
		struct bt_map *m = bt->map[i];

		m->key_size = 0;
		for (size_t k = 0; k < m->nkeys; k++)
			m->key_size += type_room(m->key[k]);
		m->per_cpu = type_is_aggregate(m->type);
		/* Without keys there is one entry, with a word before it: is there a value? */
		m->value_size = type_room(m->type) + (m->keyed ? 0 : 8);
		m->entries = m->keyed ? m->most ? m->most : bt->config.max_map_keys : 1;
		m->indexed = !m->most && m->type->kind == T_COUNT && m->nkeys == 1 &&
			     m->key[0]->kind == T_PROBE && !m->removed;
		if (m->indexed)
			m->entries = bt->nsites;
		bt->zeros_size = MAX(bt->zeros_size, MAX(m->value_size, m->key_size));
		if (m->key_size > 480)
			bt->zeros_size = MAX(bt->zeros_size, m->key_size);
	}
	bt->zeros_size = MAX((bt->zeros_size + 7) & ~7u, 1024u);
}

static void check_all(struct bt *bt)
{
	bool changed = true, final = false;

	for (struct bt_probe *p = bt->probes; p; p = p->next) {
		points_parse(bt, p);
		sites_find(bt, p);
	}
	sites_end(bt);
	for (int pass = 0; changed || !final; pass++) {
		if (pass > PASSES)
			bt_error(bt, bt->probes->span,
				 "the types of the maps depend on each other in a "
				 "way that does not end");
		final = !changed;
		changed = false;
		for (struct bt_probe *p = bt->probes; p; p = p->next)
			for (struct bt_site *s = p->sites; s; s = s->next) {
				bool per_site;

				changed |= check_probe(bt, p, s, final, &per_site);
				if (!per_site && s->kind == p->sites->kind)
					break;
			}
	}
	maps_settle(bt);
}

bool bt_check(struct bt *bt)
{
	if (setjmp(bt->fail))
		return false;
	check_all(bt);
	return true;
}
