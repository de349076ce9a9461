// SPDX-License-Identifier: GPL-2.0-or-later
// The functions that end in user space, a row each: they send an event with the number of an
// action.
#include "check.h"
#include "format.h"

#include <stdio.h>

/* As include/uapi/linux/bpf.h has it; an event begins with 8 bytes, the action's number. */
enum { EVENT_HEAD = 8, STACK_EVENT = 128, JOIN_ARGS = 16, JOIN_BYTES = 4096 };

/* ---- actions ---- */

static struct bt_action *action_get(struct check *ck, struct bt_expr *e, enum action_kind kind)
{
	struct bt_action *a = e->action;

	if (!a) {
		a = e->action = bt_alloc(ck->bt, sizeof(*a));
		a->number = ck->bt->nactions;
		a->kind = kind;
		a->span = e->span;
		a->fixed = EVENT_HEAD;
		ck->bt->action = bt_grow(ck->bt, ck->bt->action, ck->bt->nactions, sizeof(a));
		ck->bt->action[ck->bt->nactions++] = a;
	}
	return a;
}

/* At another site an argument may have another type: then that is another action. */
static struct bt_action *action_args(struct check *ck, struct bt_expr *e, enum action_kind kind,
				     struct bt_expr **arg, size_t n)
{
	struct bt_action *a = action_get(ck, e, kind);

	for (size_t i = 0; i < n && a->nargs; i++) {
		if (type_same(a->type[i], arg[i]->type) && a->type[i]->size == arg[i]->type->size &&
		    a->type[i]->sign == arg[i]->type->sign)
			continue;
		if (a->type[i]->kind == T_NONE) {
			a->nargs = 0;
			break;
		}
		e->action = NULL;
		a = action_get(ck, e, kind);
		break;
	}
	if (a->nargs == n)
		return a;
	a->nargs = n;
	a->fixed = EVENT_HEAD;
	a->type = bt_alloc(ck->bt, (n + 1) * sizeof(*a->type));
	a->at = bt_alloc(ck->bt, (n + 1) * sizeof(*a->at));
	for (size_t i = 0; i < n; i++) {
		a->type[i] = arg[i]->type;
		a->at[i] = a->fixed;
		/* Of a string the length is here; its bytes are behind all else. */
		a->fixed += arg[i]->type->kind == T_STR ? 8 : type_room(arg[i]->type);
	}
	return a;
}

/* R0, the length of a string that was read, 0 if it could not be, and never more than `size`. */
static void length_bound(struct gen *g, uint32_t size)
{
	int low = code_label(g->c), good = code_label(g->c);

	code_jump_imm(g->c, BPF_JSGT, R0, 0, low);
	code_mov_imm(g->c, R0, 0);
	code_here(g->c, low);
	code_jump_imm(g->c, BPF_JLE, R0, size, good);
	code_mov_imm(g->c, R0, size);
	code_here(g->c, good);
}

/* Where the next string goes, to R1; it is still inside the event whatever came before. */
static void tail_address(struct gen *g, struct place event, struct place tail, uint32_t most)
{
	int good = code_label(g->c);

	gen_fetch(g, R1, tail);
	code_jump_imm(g->c, BPF_JLE, R1, most, good);
	code_mov_imm(g->c, R1, most);
	code_here(g->c, good);
	code_mov(g->c, R2, event.base);
	code_alu(g->c, BPF_ADD, R1, R2);
	if (event.off)
		code_alu_imm(g->c, BPF_ADD, R1, event.off);
}

static void tail_grow(struct gen *g, struct place tail, struct place length)
{
	gen_save(g, length, R0);
	gen_fetch(g, R1, tail);
	code_alu(g->c, BPF_ADD, R1, R0);
	gen_save(g, tail, R1);
}

struct event {
	struct place at, tail;
	uint32_t total; /* bytes at most */
};

static void string_append(struct gen *g, struct bt_expr *e, uint32_t size, struct event *ev,
			  uint32_t at)
{
	struct mark m = gen_mark(g);
	struct place ptr = gen_temp_stack(g, 8);
	struct source s;
	uint32_t room = MIN(size, e->type->size);

	if (e->kind == E_CALL && !strcmp(e->name, "str") && e->nargs > 1) {
		gen_expr(g, e); /* its length counts */
		s = (struct source){0, AS_KERNEL};
	} else {
		s = gen_str_source(g, e);
	}
	if (s.off)
		code_alu_imm(g->c, BPF_ADD, R0, s.off);
	gen_save(g, ptr, R0);
	tail_address(g, ev->at, ev->tail, ev->total - size);
	code_mov_imm(g->c, R2, room);
	gen_fetch(g, R3, ptr);
	gen_call_for_space(g, s.as, BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_kernel_str);
	length_bound(g, room);
	tail_grow(g, ev->tail, place_at(ev->at, at));
	gen_release(g, m);
}

/* Wake the reader when half of the buffer is filled; else it looks by itself, ten times a second.
 */
static void event_send(struct gen *g, struct event *ev, const struct bt_action *a, bool strings)
{
	struct bt_code *c = g->c;
	int sent = code_label(c), low = code_label(c), good = code_label(c);

	if (a->kind == A_EXIT) {
		code_mov_imm(c, R6, BPF_RB_FORCE_WAKEUP);
	} else {
		code_table(c, R1, TABLE_RING);
		code_mov_imm(c, R2, BPF_RB_AVAIL_DATA);
		code_call(c, BPF_FUNC_ringbuf_query);
		code_mov_imm(c, R6, BPF_RB_NO_WAKEUP);
		code_jump_imm(c, BPF_JLT, R0, g->bt->config.buffer_kb * 512, low);
		code_mov_imm(c, R6, BPF_RB_FORCE_WAKEUP);
		code_here(c, low);
	}
	code_table(c, R1, TABLE_RING);
	gen_place_address(g, R2, ev->at);
	if (strings) {
		gen_fetch(g, R3, ev->tail);
		code_jump_imm(c, BPF_JLE, R3, ev->total, good);
		code_mov_imm(c, R3, ev->total);
		code_here(c, good);
	} else {
		code_mov_imm(c, R3, a->fixed);
	}
	code_mov(c, R4, R6);
	code_call(c, BPF_FUNC_ringbuf_output);
	code_jump_imm(c, BPF_JEQ, R0, 0, sent);
	gen_count_lost(g, offsetof(struct bt_state, lost_events));
	code_here(c, sent);
}

static void event_begin(struct gen *g, struct event *ev, const struct bt_action *a,
			uint32_t strings)
{
	ev->total = a->fixed + strings;
	/* Longer arguments are written by helpers, which do not mind where. */
	ev->at = strings || a->fixed > STACK_EVENT || g->frame + a->fixed > 320
			 ? gen_temp_scratch(g, ev->total)
			 : gen_temp_stack(g, a->fixed);
	ev->tail = gen_temp_stack(g, 8);
	code_store_imm(g->c, BPF_DW, ev->at.base, ev->at.off, a->number);
	if (strings)
		code_store_imm(g->c, BPF_DW, ev->tail.base, ev->tail.off, a->fixed);
}

void gen_action(struct gen *g, struct bt_action *a, struct bt_expr **arg, size_t nargs)
{
	struct mark m = gen_mark(g);
	struct event ev;
	uint32_t strings = 0;

	for (size_t i = 0; i < nargs; i++)
		strings += a->type[i]->kind == T_STR ? (a->type[i]->size + 7) & ~7u : 0;
	event_begin(g, &ev, a, strings);
	for (size_t i = 0; i < nargs; i++) {
		if (a->type[i]->kind == T_STR)
			string_append(g, arg[i], (a->type[i]->size + 7) & ~7u, &ev, a->at[i]);
		else
			gen_into(g, arg[i], a->type[i], place_at(ev.at, a->at[i]),
				 ev.at.base == R10);
	}
	event_send(g, &ev, a, strings);
	gen_release(g, m);
}

static void args_gen(struct gen *g, struct bt_expr *e)
{
	gen_action(g, e->action, e->arg + 1, e->action->nargs);
}

static void bare_gen(struct gen *g, struct bt_expr *e)
{
	gen_action(g, e->action, NULL, 0);
}

/* ---- printf ---- */

static bool fits_text(const struct bt_type *t)
{
	return t->kind == T_STR || t->kind == T_KSTACK || t->kind == T_USTACK ||
	       t->kind == T_KSYM || t->kind == T_USYM || t->kind == T_INET || t->kind == T_MAC ||
	       t->kind == T_PROBE || t->kind == T_TIME || t->kind == T_CGROUP_PATH ||
	       t->kind == T_ERRNO || t->kind == T_BUF || t->kind == T_USER ||
	       (t->kind == T_INT && (t->enum_name || t->is_bool));
}

static bool fits_number(const struct bt_type *t)
{
	return t->kind == T_INT || t->kind == T_PTR || t->kind == T_KSYM ||
	       t->kind == T_CGROUP_PATH || t->kind == T_ERRNO;
}

static void conversion_check(struct check *ck, const struct format_spec *s, struct bt_expr *e)
{
	const struct bt_type *t = e->type;
	const char *want = NULL;

	if ((t->kind == T_NONE && !ck->final) || (s->conv == 's' && ck->bt->config.any_as_text))
		return;
	if (s->conv == 's' && !fits_text(t))
		want = t->kind == T_INT || t->kind == T_PTR
			       ? "a string: str() makes one of an address"
			       : "a string";
	else if (s->conv == 'r' && t->kind != T_BUF)
		want = "a buffer: buf() makes one";
	else if (s->conv != 's' && s->conv != 'r' && !fits_number(t))
		want = "an integer";
	if (want)
		bt_error(ck->bt, e->span, "%%%c is for %s, and this is %s", s->conv, want,
			 type_text(ck->bt, t));
}

/* The arguments from `first` on against the format. */
static void format_check(struct check *ck, struct bt_expr *e, const char *fmt, size_t first)
{
	struct format_spec s;
	const char *p = fmt, *why;
	size_t i = first;

	do {
		p = format_next(p, &s, &why);
		if (!p)
			bt_error(ck->bt, e->arg[first - 1]->span, "%s: %s", e->name, why);
		if (!s.conv || s.conv == '%')
			continue;
		if (i == e->nargs)
			bt_error(ck->bt, e->span,
				 "%s: there are more conversions in the format than "
				 "arguments",
				 e->name);
		check_value(ck, e->arg[i]);
		conversion_check(ck, &s, e->arg[i++]);
	} while (s.conv);
	if (i != e->nargs)
		bt_error(ck->bt, e->arg[i]->span,
			 "%s: there is no conversion in the format for this "
			 "argument",
			 e->name);
}

static void printf_check(struct check *ck, struct bt_expr *e)
{
	const char *fmt = check_literal(ck, e->arg[0], e->name);
	enum action_kind kind = e->name[0] == 's'			 ? A_SYSTEM
				: e->name[0] == 'c'			 ? A_CAT
				: e->name[0] == 'e' || e->name[0] == 'w' ? A_ERRORF
									 : A_PRINTF;

	format_check(ck, e, fmt, 1);
	action_args(ck, e, kind, e->arg + 1, e->nargs - 1)->fmt = fmt;
	e->type = &type_none;
}

/* ---- packets ---- */

static struct bt_expr *made(struct check *ck, const struct bt_expr *like, enum expr_kind kind)
{
	struct bt_expr *e = bt_alloc(ck->bt, sizeof(*e));

	e->kind = kind;
	e->span = like->span;
	e->type = &type_none;
	return e;
}

static struct bt_expr *made_member(struct check *ck, struct bt_expr *of, const char *name)
{
	struct bt_expr *e = made(ck, of, E_MEMBER);

	e->a = of;
	e->name = name;
	e->arrow = true;
	return e;
}

static struct bt_expr *made_binary(struct check *ck, enum bt_op op, struct bt_expr *a,
				   struct bt_expr *b)
{
	struct bt_expr *e = made(ck, a, E_BINARY);

	e->op = op;
	e->a = a;
	e->b = b;
	return e;
}

/* a < b ? yes : no */
static struct bt_expr *made_less(struct check *ck, struct bt_expr *a, struct bt_expr *b,
				 struct bt_expr *yes, struct bt_expr *no)
{
	struct bt_expr *e = made(ck, a, E_COND);

	e->a = made_binary(ck, OP_LT, a, b);
	e->b = yes;
	e->c = no;
	return e;
}

/* What is sent: nsecs, skb->len - OFFSET, and of the bytes at skb->data + OFFSET as many as are
 * there in one piece, which is without fragments, and no more than LENGTH. */
static struct bt_expr *skb_parts(struct check *ck, struct bt_expr *e)
{
	struct bt_expr *skb = e->arg[1], *most = e->arg[2], *off = e->arg[3], *there, *buf, *all;
	struct bt_expr *parts = made(ck, e, E_TUPLE), *none = made(ck, e, E_INT);

	there = made_binary(ck, OP_SUB, made_member(ck, skb, "len"),
			    made_member(ck, skb, "data_len"));
	there = made_less(ck, off, there, made_binary(ck, OP_SUB, there, off), none);
	buf = made(ck, e, E_CALL);
	buf->name = "buf";
	buf->nargs = 2;
	buf->arg = bt_alloc(ck->bt, 2 * sizeof(*buf->arg));
	buf->arg[0] = made_binary(ck, OP_ADD, made_member(ck, skb, "data"), off);
	buf->arg[1] = made_less(ck, most, there, most, there);
	all = made_member(ck, skb, "len");
	parts->nargs = 3;
	parts->arg = bt_alloc(ck->bt, 3 * sizeof(*parts->arg));
	parts->arg[0] = made(ck, e, E_NAME);
	parts->arg[0]->name = "nsecs";
	parts->arg[1] = made_less(ck, off, all, made_binary(ck, OP_SUB, all, off), none);
	parts->arg[2] = buf;
	return parts;
}

static void skboutput_check(struct check *ck, struct bt_expr *e)
{
	const char *path = check_literal(ck, e->arg[0], "skboutput");
	const struct bt_type *t;
	struct bt_type *buf;
	int64_t most;

	check_value(ck, e->arg[1]);
	check_int(ck, e->arg[2], "skboutput");
	check_int(ck, e->arg[3], "skboutput");
	e->type = &type_s64;
	t = e->arg[1]->type->kind == T_PTR ? type_target(ck->bt, e->arg[1]->type) : &type_none;
	if (e->arg[1]->type->kind == T_NONE && !ck->final)
		return;
	if (t->kind != T_RECORD || !t->record->name || strcmp(t->record->name, "sk_buff"))
		bt_error(ck->bt, e->arg[1]->span, "skboutput: expected a struct sk_buff *, not %s",
			 type_text(ck->bt, e->arg[1]->type));
	if (!e->a)
		e->a = skb_parts(ck, e);
	for (size_t i = 0; i < e->a->nargs; i++)
		check_expr(ck, e->a->arg[i]);
	most = expr_const(e->arg[2], &most) && most > 0 ? MIN(most, PCAP_MOST) : PCAP_MOST;
	buf = (struct bt_type *)e->a->arg[2]->type;
	buf->size = (most + 7) & ~7u;
	action_args(ck, e, A_SKB, e->a->arg, e->a->nargs)->fmt = path;
}

static void skboutput_gen(struct gen *g, struct bt_expr *e)
{
	gen_action(g, e->action, e->a->arg, e->a->nargs);
	code_mov_imm(g->c, R0, 0);
}

/* ---- maps ---- */

static void print_check(struct check *ck, struct bt_expr *e)
{
	struct bt_action *a;
	int64_t v[2] = {0, 0};

	e->type = &type_none;
	if (e->arg[0]->kind != E_MAP || e->arg[0]->nargs) {
		check_expr(ck, e->arg[0]);
		if (e->nargs > 1)
			bt_error(ck->bt, e->arg[1]->span, "print: this is for whole maps");
		/* An entry of an aggregation is summed up by user space: the key is sent. */
		if (type_is_aggregate(e->arg[0]->type)) {
			a = action_get(ck, e, A_PRINT_ENTRY);
			a->map = e->arg[0]->map;
			return;
		}
		check_value(ck, e->arg[0]);
		if (e->arg[0]->type->kind == T_ARGS)
			bt_error(ck->bt, e->arg[0]->span, "print: expected a value");
		action_args(ck, e, A_PRINT_VALUE, e->arg, 1);
		return;
	}
	check_map_arg(ck, e->arg[0], false);
	if (!e->arg[0]->map->keyed && e->arg[0]->map->key_known && e->nargs > 1)
		bt_error(ck->bt, e->arg[1]->span, "print: %s has no keys", e->arg[0]->map->name);
	for (size_t i = 1; i < e->nargs; i++) {
		v[i - 1] = check_number(ck, e->arg[i], "print");
		if (v[i - 1] < 0)
			bt_error(ck->bt, e->arg[i]->span, "print: expected a number above 0");
	}
	a = action_get(ck, e, A_PRINT_MAP);
	a->map = e->arg[0]->map;
	a->at = bt_alloc(ck->bt, 2 * sizeof(*a->at)); /* top, divisor */
	a->at[0] = MIN(v[0], UINT32_MAX);
	a->at[1] = MIN(v[1], UINT32_MAX);
}

static void print_entry_gen(struct gen *g, struct bt_expr *e)
{
	const struct bt_map *m = e->action->map;
	struct mark mark = gen_mark(g);
	struct place at;
	struct event ev;

	e->action->fixed = EVENT_HEAD + m->key_size;
	event_begin(g, &ev, e->action, 0);
	at = place_at(ev.at, EVENT_HEAD);
	for (size_t i = 0; i < m->nkeys; i++) {
		gen_into(g, e->arg[0]->arg[i], m->key[i], at, true);
		at = place_at(at, type_room(m->key[i]));
	}
	event_send(g, &ev, e->action, false);
	gen_release(g, mark);
}

static void print_gen(struct gen *g, struct bt_expr *e)
{
	if (e->action->kind == A_PRINT_ENTRY) {
		print_entry_gen(g, e);
		return;
	}
	gen_action(g, e->action, e->arg, e->action->kind == A_PRINT_VALUE ? 1 : 0);
}

static void map_check(struct check *ck, struct bt_expr *e)
{
	check_map_arg(ck, e->arg[0], false);
	action_get(ck, e, e->name[0] == 'c' ? A_CLEAR : A_ZERO)->map = e->arg[0]->map;
	e->arg[0]->map->removed |= e->name[0] == 'z';
	e->type = &type_none;
}

/* ---- time ---- */

static void time_check(struct check *ck, struct bt_expr *e)
{
	const char *fmt = e->nargs ? check_literal(ck, e->arg[0], "time") : "%H:%M:%S\n";

	action_get(ck, e, A_TIME)->fmt = fmt;
	e->type = &type_none;
}

static void strftime_check(struct check *ck, struct bt_expr *e)
{
	static const struct bt_type type_time = {.kind = T_TIME, .size = 16};

	action_get(ck, e, A_STRFTIME)->fmt = check_literal(ck, e->arg[0], "strftime");
	check_int(ck, e->arg[1], "strftime");
	e->type = &type_time;
}

static void strftime_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	(void)size;
	gen_expr(g, e->arg[1]);
	gen_save(g, to, R0);
	code_mov_imm(g->c, R0, e->action->number);
	gen_save(g, place_at(to, 8), R0);
}

/* ---- join ---- */

static void join_check(struct check *ck, struct bt_expr *e)
{
	const char *between = e->nargs > 1 ? check_literal(ck, e->arg[1], "join") : " ";
	struct bt_action *a = action_get(ck, e, A_JOIN);

	check_int(ck, e->arg[0], "join");
	a->fmt = between;
	a->fixed = EVENT_HEAD + 8; /* the number of strings; they follow one after the other */
	e->type = &type_none;
}

/* One string of the array whose address is in `array`: read its address, then what is there. */
static void join_one(struct gen *g, struct event *ev, struct place array, unsigned i,
		     enum bt_space as, int done)
{
	struct mark m = gen_mark(g);
	struct place ptr = gen_temp_stack(g, 8), length = gen_temp_stack(g, 8);

	gen_fetch(g, R0, array);
	gen_read(g, ptr, 8, i * 8, as);
	gen_fetch(g, R3, ptr);
	code_jump_imm(g->c, BPF_JEQ, R3, 0, done);
	tail_address(g, ev->at, ev->tail, ev->total - g->bt->config.key_strlen);
	code_mov_imm(g->c, R2, g->bt->config.key_strlen);
	gen_fetch(g, R3, ptr);
	gen_call_for_space(g, as, BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_kernel_str);
	length_bound(g, g->bt->config.key_strlen);
	tail_grow(g, ev->tail, length);
	code_store_imm(g->c, BPF_DW, ev->at.base, ev->at.off + EVENT_HEAD, i + 1);
	gen_release(g, m);
}

static void join_gen(struct gen *g, struct bt_expr *e)
{
	struct mark m = gen_mark(g);
	struct place array = gen_temp_stack(g, 8);
	const struct bt_type *t = e->arg[0]->type;
	int done = code_label(g->c);
	struct event ev;

	gen_expr(g, e->arg[0]);
	gen_save(g, array, R0);
	event_begin(g, &ev, e->action, JOIN_BYTES);
	code_store_imm(g->c, BPF_DW, ev.at.base, ev.at.off + EVENT_HEAD, 0);
	for (unsigned i = 0; i < JOIN_ARGS; i++)
		join_one(g, &ev, array, i, t->kind == T_PTR ? t->as : AS_ANY, done);
	code_here(g->c, done);
	event_send(g, &ev, e->action, true);
	gen_release(g, m);
}

/* ---- the end ---- */

static void exit_check(struct check *ck, struct bt_expr *e)
{
	if (e->nargs) {
		check_int(ck, e->arg[0], "exit");
		action_args(ck, e, A_EXIT, e->arg, 1);
	} else {
		action_get(ck, e, A_EXIT);
	}
	e->type = &type_none;
}

static void exit_gen(struct gen *g, struct bt_expr *e)
{
	gen_action(g, e->action, e->arg, e->nargs);
	code_goto(g->c, g->end);
}

const struct bt_call bt_calls_out[] = {
	{"printf", "printf(\"FORMAT\"[, VALUE...])", 1, 32, CALL_STATEMENT, printf_check, args_gen},
	{"skboutput", "skboutput(\"FILE\", SKB, LENGTH, OFFSET)", 4, 4, CALL_STATEMENT,
	 skboutput_check, skboutput_gen},
	{"warnf", "warnf(\"FORMAT\"[, VALUE...])", 1, 32, CALL_STATEMENT, printf_check, args_gen},
	{"errorf", "errorf(\"FORMAT\"[, VALUE...])", 1, 32, CALL_STATEMENT, printf_check, args_gen},
	{"cat", "cat(\"FILE\"[, VALUE...])", 1, 32, CALL_STATEMENT, printf_check, args_gen},
	{"system", "system(\"COMMAND\"[, VALUE...])", 1, 32, CALL_STATEMENT | CALL_UNSAFE,
	 printf_check, args_gen},
	{"print", "print(@x[, TOP[, DIVISOR]]) or print(VALUE)", 1, 3, CALL_STATEMENT, print_check,
	 print_gen},
	{"clear", "clear(@x)", 1, 1, CALL_STATEMENT, map_check, bare_gen},
	{"zero", "zero(@x)", 1, 1, CALL_STATEMENT, map_check, bare_gen},
	{"time", "time([\"FORMAT\"])", 0, 1, CALL_STATEMENT, time_check, bare_gen},
	{"strftime", "strftime(\"FORMAT\", NSECS)", 2, 2, 0, strftime_check, .into = strftime_into},
	{"join", "join(ARRAY[, \"BETWEEN\"])", 1, 2, CALL_STATEMENT, join_check, join_gen},
	{"exit", "exit([STATUS])", 0, 1, CALL_STATEMENT, exit_check, exit_gen},
	{0}};
