// SPDX-License-Identifier: GPL-2.0-or-later
// The syntax tree to instructions: expressions, statements, whole programs.
#include "check.h"
#include "usdt.h"

#include <stdio.h>

enum {
	FRAME_MAX = 480, /* of the 512 bytes of a program's stack */
	VARS_MAX = 200,	 /* bytes of it for variables; the others go to the scratch entry */
	SCRATCH_SLOTS = 4,
	SMALL = 64, /* larger values do not go to the stack */
};

/* ---- places ---- */

struct mark gen_mark(const struct gen *g)
{
	return (struct mark){g->frame, g->scratch};
}

void gen_release(struct gen *g, struct mark m)
{
	g->frame = m.frame;
	g->scratch = m.scratch;
}

struct place place_at(struct place p, int32_t off)
{
	return (struct place){p.base, p.off + off};
}

struct place gen_temp_scratch(struct gen *g, uint32_t size)
{
	struct place p = {R8, g->scratch};

	g->scratch += (size + 7) & ~7u;
	g->scratch_most = MAX(g->scratch_most, g->scratch);
	g->c->uses_scratch = true;
	return p;
}

struct place gen_temp_stack(struct gen *g, uint32_t size)
{
	size = (size + 7) & ~7u;
	if (g->frame + size > FRAME_MAX)
		bt_error(g->bt, (struct bt_span){g->c->now, 1},
			 "this needs more than the 512 bytes of "
			 "stack that a BPF program has: make it simpler");
	g->frame += size;
	return (struct place){R10, -(int32_t)g->frame};
}

struct place gen_temp(struct gen *g, uint32_t size)
{
	/* What nests deeply needs the stack for its single words. */
	if (size > SMALL || (size > 8 && g->frame + size > FRAME_MAX / 2))
		return gen_temp_scratch(g, size);
	return gen_temp_stack(g, size);
}

void gen_save(struct gen *g, struct place to, uint8_t reg)
{
	code_store(g->c, BPF_DW, to.base, to.off, reg);
}

void gen_fetch(struct gen *g, uint8_t reg, struct place from)
{
	code_load(g->c, BPF_DW, reg, from.base, from.off);
}

void gen_place_address(struct gen *g, uint8_t reg, struct place at)
{
	code_mov(g->c, reg, at.base);
	if (at.off)
		code_alu_imm(g->c, BPF_ADD, reg, at.off);
}

struct place gen_var_place(struct gen *g, const struct bt_var *v)
{
	if (v->in_scratch)
		return (struct place){R8, v->slot};
	return (struct place){g->in_callback ? R7 : R10, v->slot};
}

static bool in_memory(const struct bt_type *t)
{
	return !type_is_scalar(t) && !(t->kind == T_RECORD && t->as != AS_BPF);
}

/* Zero before the first statement: what is not assigned yet is 0 or "". */
static void vars_place(struct gen *g)
{
	for (size_t i = 0; i < g->probe->nvars; i++) {
		struct bt_var *v = g->probe->var[i];
		uint32_t size = in_memory(v->type) ? type_room(v->type) : 8;
		struct place p;

		v->in_scratch = size > 16 || g->frame + size > VARS_MAX;
		p = v->in_scratch ? gen_temp_scratch(g, size) : gen_temp_stack(g, size);
		v->slot = p.off;
		gen_zero(g, p,
			 v->type->kind == T_STR || v->type->kind == T_BUF ? 8 : MIN(size, 256u));
	}
}

/* ---- arithmetic ---- */

static bool fits_imm(int64_t v)
{
	return v == (int32_t)v;
}

static uint8_t alu_op(enum bt_op op)
{
	static const uint8_t ops[] = {
		[OP_ADD] = BPF_ADD, [OP_SUB] = BPF_SUB, [OP_MUL] = BPF_MUL, [OP_DIV] = BPF_DIV,
		[OP_MOD] = BPF_MOD, [OP_AND] = BPF_AND, [OP_OR] = BPF_OR,   [OP_XOR] = BPF_XOR,
		[OP_SHL] = BPF_LSH, [OP_SHR] = BPF_RSH,
	};

	return ops[op];
}

/* R0 = R0 / R1 with signs, for which there is no instruction before version 4 of the set (6.6): the
 * quotient of the absolute values, its sign put back. R1 to R3 are used up. The smallest number has
 * no absolute value, but its bits are right. */
static void divide_signed(struct gen *g, bool mod)
{
	struct bt_code *c = g->c;
	int a_pos = code_label(c), b_pos = code_label(c), done = code_label(c);

	code_mov(c, R2, R0);
	if (!mod)
		code_alu(c, BPF_XOR, R2,
			 R1); /* its sign is the quotient's; the remainder has a's */
	code_jump_imm(c, BPF_JSGE, R0, 0, a_pos);
	code_alu_imm(c, BPF_NEG, R0, 0);
	code_here(c, a_pos);
	code_jump_imm(c, BPF_JSGE, R1, 0, b_pos);
	code_alu_imm(c, BPF_NEG, R1, 0);
	code_here(c, b_pos);
	code_alu(c, mod ? BPF_MOD : BPF_DIV, R0, R1);
	code_jump_imm(c, BPF_JSGE, R2, 0, done);
	code_alu_imm(c, BPF_NEG, R0, 0);
	code_here(c, done);
}

void gen_divide(struct gen *g, bool is_signed)
{
	if (is_signed)
		divide_signed(g, false);
	else
		code_alu(g->c, BPF_DIV, R0, R1);
}

static void arithmetic(struct gen *g, enum bt_op op, bool is_signed)
{
	if ((op == OP_DIV || op == OP_MOD) && is_signed)
		divide_signed(g, op == OP_MOD);
	else if (op == OP_SHR && is_signed)
		code_alu(g->c, BPF_ARSH, R0, R1);
	else
		code_alu(g->c, alu_op(op), R0, R1);
}

static void arithmetic_imm(struct gen *g, enum bt_op op, bool is_signed, int32_t v)
{
	if ((op == OP_DIV || op == OP_MOD) && (is_signed || !v)) {
		code_mov_imm(g->c, R1, v); /* a division by a constant zero is refused */
		arithmetic(g, op, is_signed);
	} else if (op == OP_SHL || op == OP_SHR) {
		code_alu_imm(g->c, op == OP_SHR && is_signed ? BPF_ARSH : alu_op(op), R0, v & 63);
	} else {
		code_alu_imm(g->c, alu_op(op), R0, v);
	}
}

/* Both operands: a in R0, b in R1. */
static void operands(struct gen *g, struct bt_expr *a, struct bt_expr *b)
{
	struct mark m = gen_mark(g);
	struct place slot;

	gen_expr(g, a);
	slot = gen_temp_stack(g, 8);
	gen_save(g, slot, R0);
	gen_expr(g, b);
	code_mov(g->c, R1, R0);
	gen_fetch(g, R0, slot);
	gen_release(g, m);
}

/* What a pointer goes on by: not bytes but what it points to. */
static void scale(struct gen *g, uint8_t reg, const struct bt_type *ptr)
{
	uint32_t size = ptr->elem ? ptr->elem->size : 1;

	if (size > 1)
		code_alu_imm(g->c, BPF_MUL, reg, size);
}

static void gen_arithmetic(struct gen *g, struct bt_expr *e)
{
	bool is_signed = e->op == OP_SHR ? e->a->type->sign : e->wide;
	bool a_ptr = e->a->type->kind == T_PTR, b_ptr = e->b->type->kind == T_PTR;
	int64_t v;

	if (expr_const(e->b, &v) && fits_imm(v) && !b_ptr) {
		gen_expr(g, e->a);
		if (a_ptr && e->type->kind == T_PTR)
			v *= MAX(type_target(g->bt, e->type)->size, 1u);
		if (fits_imm(v)) {
			arithmetic_imm(g, e->op, is_signed, v);
			return;
		}
		code_imm64(g->c, R1, v);
		arithmetic(g, e->op, is_signed);
		return;
	}
	operands(g, e->a, e->b);
	if (e->type->kind == T_PTR && a_ptr != b_ptr) {
		type_target(g->bt, e->type);
		scale(g, a_ptr ? R1 : R0, e->type);
	}
	arithmetic(g, e->op, is_signed);
}

static uint8_t compare_op(enum bt_op op, bool is_signed)
{
	switch (op) {
	case OP_EQ:
		return BPF_JEQ;
	case OP_NE:
		return BPF_JNE;
	case OP_LT:
		return is_signed ? BPF_JSLT : BPF_JLT;
	case OP_LE:
		return is_signed ? BPF_JSLE : BPF_JLE;
	case OP_GT:
		return is_signed ? BPF_JSGT : BPF_JGT;
	default:
		return is_signed ? BPF_JSGE : BPF_JGE;
	}
}

static enum bt_op negated(enum bt_op op)
{
	static const enum bt_op not [] = {
		[OP_EQ] = OP_NE, [OP_NE] = OP_EQ, [OP_LT] = OP_GE,
		[OP_LE] = OP_GT, [OP_GT] = OP_LE, [OP_GE] = OP_LT,
	};

	return not [op];
}

/* Jump if the comparison, or its contrary, holds. */
static void gen_compare(struct gen *g, struct bt_expr *e, bool holds, int label)
{
	enum bt_op op = holds ? e->op : negated(e->op);
	int64_t v;

	if (e->a->type->kind == T_STR) {
		gen_str_equal(g, e->a, e->b, 0);
		code_jump_imm(g->c, (op == OP_EQ) ? BPF_JNE : BPF_JEQ, R0, 0, label);
	} else if (expr_const(e->b, &v) && fits_imm(v)) {
		gen_expr(g, e->a);
		code_jump_imm(g->c, compare_op(op, e->wide), R0, v, label);
	} else {
		operands(g, e->a, e->b);
		code_jump_reg(g->c, compare_op(op, e->wide), R0, R1, label);
	}
}

/* R0 = is it true? of what is no comparison */
static void gen_truth(struct gen *g, struct bt_expr *e)
{
	gen_expr(g, e);
	if (e->type->kind == T_STR)
		code_load(g->c, BPF_B, R0, R0, 0);
}

void gen_jump_false(struct gen *g, struct bt_expr *e, int label)
{
	struct mark m = gen_mark(g);
	int yes;

	if (e->kind == E_BINARY && e->op >= OP_EQ && e->op <= OP_GE) {
		gen_compare(g, e, false, label);
	} else if (e->kind == E_BINARY && e->op == OP_LAND) {
		gen_jump_false(g, e->a, label);
		gen_jump_false(g, e->b, label);
	} else if (e->kind == E_BINARY && e->op == OP_LOR) {
		yes = code_label(g->c);
		int no = code_label(g->c);

		gen_jump_false(g, e->a, no);
		code_goto(g->c, yes);
		code_here(g->c, no);
		gen_jump_false(g, e->b, label);
		code_here(g->c, yes);
	} else if (e->kind == E_UNARY && e->op == OP_NOT) {
		yes = code_label(g->c);
		gen_jump_false(g, e->a, yes);
		code_goto(g->c, label);
		code_here(g->c, yes);
	} else {
		gen_truth(g, e);
		code_jump_imm(g->c, BPF_JEQ, R0, 0, label);
	}
	gen_release(g, m);
}

static void gen_bool(struct gen *g, struct bt_expr *e)
{
	int no = code_label(g->c), done = code_label(g->c);

	gen_jump_false(g, e, no);
	code_mov_imm(g->c, R0, 1);
	code_goto(g->c, done);
	code_here(g->c, no);
	code_mov_imm(g->c, R0, 0);
	code_here(g->c, done);
}

/* ---- members ---- */

static void gen_element_address(struct gen *g, struct bt_expr *e, int64_t *off)
{
	uint32_t size = MAX(e->type->size, 1u);
	struct mark m = gen_mark(g);
	struct place slot;
	int64_t i;

	if (e->a->type->kind == T_ARRAY)
		gen_address(g, e->a, off);
	else
		gen_expr(g, e->a), *off = 0;
	if (expr_const(e->b, &i)) {
		*off += i * size;
		return;
	}
	slot = gen_temp_stack(g, 8);
	gen_save(g, slot, R0);
	gen_expr(g, e->b);
	code_alu_imm(g->c, BPF_MUL, R0, size);
	gen_fetch(g, R1, slot);
	code_alu(g->c, BPF_ADD, R0, R1);
	gen_release(g, m);
}

void gen_address(struct gen *g, struct bt_expr *e, int64_t *off)
{
	*off = 0;
	if (e->kind == E_BLOCK) {
		gen_stmts(g, e->block);
		gen_address(g, e->a, off);
	} else if (e->kind == E_MEMBER && e->a->type->kind == T_ARGS) {
		code_mov(g->c, R0, R9);
		*off = e->offset;
	} else if (e->kind == E_MEMBER) {
		if (e->a->type->kind == T_RECORD)
			gen_address(g, e->a, off);
		else
			gen_expr(g, e->a);
		*off += e->offset;
	} else if (e->kind == E_INDEX) {
		gen_element_address(g, e, off);
	} else if (e->kind == E_UNARY && e->op == OP_DEREF) {
		gen_expr(g, e->a);
	} else {
		gen_expr(g, e);
	}
}

/* An argument of a tracepoint or function: in the context, which can be read as it is. */
static void gen_arg(struct gen *g, struct bt_expr *e)
{
	const struct bt_type *t = e->type;

	if (!type_is_scalar(t))
		return gen_address(g, e, &(int64_t){0});
	if (g->site->kind != P_TRACEPOINT) {
		code_load(g->c, BPF_DW, R0, R9,
			  g->site->kind == P_KPROBE ? regs_arg(e->offset / 8) : (int)e->offset);
		if (t->kind == T_INT)
			gen_extend(g, R0, t->size, t->sign);
	} else {
		code_load(g->c, bpf_size(t->size), R0, R9, e->offset);
		if (t->kind == T_INT && t->sign)
			gen_extend(g, R0, t->size, true);
	}
}

static void gen_member(struct gen *g, struct bt_expr *e)
{
	enum bt_space as = e->a->type->kind == T_TUPLE ? AS_BPF : e->a->type->as;
	int64_t off;

	if (e->a->type->kind == T_ARGS) {
		gen_arg(g, e);
		return;
	}
	if (e->a->type->kind == T_TUPLE) {
		gen_expr(g, e->a);
		if (type_is_scalar(e->type))
			code_load(g->c, BPF_DW, R0, R0, e->offset);
		else if (e->offset)
			code_alu_imm(g->c, BPF_ADD, R0, e->offset);
		return;
	}
	gen_address(g, e, &off);
	if (type_is_scalar(e->type))
		gen_read_scalar(g, e->type, e->member, off, as);
	else if (off)
		code_alu_imm(g->c, BPF_ADD, R0, off);
}

static void gen_pointed(struct gen *g, struct bt_expr *e)
{
	const struct bt_type *t = e->a->type;
	enum bt_space as = t->kind == T_PTR || t->kind == T_ARRAY ? t->as : AS_ANY;
	int64_t off;

	gen_address(g, e, &off);
	if (type_is_scalar(e->type))
		gen_read_scalar(g, e->type, NULL, off, as);
	else if (off)
		code_alu_imm(g->c, BPF_ADD, R0, off);
}

static void gen_cast(struct gen *g, struct bt_expr *e)
{
	int64_t off;

	if (e->a->type->kind == T_ARRAY) {
		gen_address(g, e->a, &off);
		gen_read_scalar(g, type_int(g->bt, e->a->type->size, false), NULL, off,
				e->a->type->as);
		return;
	}
	gen_expr(g, e->a);
	if (e->type->kind == T_INT && (e->type->size < 8))
		gen_extend(g, R0, e->type->size, e->type->sign);
}

static void gen_unary(struct gen *g, struct bt_expr *e)
{
	int64_t off;

	switch (e->op) {
	case OP_NOT:
		gen_bool(g, e);
		break;
	case OP_DEREF:
		gen_pointed(g, e);
		break;
	case OP_ADDR:
		gen_address(g, e->a, &off);
		if (off)
			code_alu_imm(g->c, BPF_ADD, R0, off);
		break;
	default:
		gen_expr(g, e->a);
		if (e->op == OP_NEG)
			code_alu_imm(g->c, BPF_NEG, R0, 0);
		else
			code_alu_imm(g->c, BPF_XOR, R0, -1);
	}
}

void gen_pid_tgid(struct gen *g)
{
	struct mark m = gen_mark(g);
	struct place pair;

	if (!g->bt->pidns) {
		code_call(g->c, BPF_FUNC_get_current_pid_tgid);
		return;
	}
	/* Zeros for a task of another namespace, also of one below ours (kernel/bpf/helpers.c). The
	 * struct has the thread first. */
	pair = gen_temp_stack(g, sizeof(struct bpf_pidns_info));
	code_imm64(g->c, R1, g->bt->pidns_dev);
	code_imm64(g->c, R2, g->bt->pidns);
	gen_place_address(g, R3, pair);
	code_mov_imm(g->c, R4, sizeof(struct bpf_pidns_info));
	code_call(g->c, BPF_FUNC_get_ns_current_pid_tgid);
	gen_fetch(g, R0, pair);
	gen_release(g, m);
}

void gen_save_of_process(struct gen *g, struct place to)
{
	gen_save(g, to, R0);
	gen_pid_tgid(g);
	code_alu_imm(g->c, BPF_RSH, R0, 32);
	gen_save(g, place_at(to, 8), R0);
}

static void gen_builtin(struct gen *g, struct bt_expr *e)
{
	const struct bt_builtin *row = e->builtin;

	if (row->gen) {
		row->gen(g, e);
		return;
	}
	if (row->helper == BPF_FUNC_get_current_pid_tgid)
		gen_pid_tgid(g);
	else
		code_call(g->c, row->helper);
	if (row->shift)
		code_alu_imm(g->c, BPF_RSH, R0, row->shift);
	if (row->mask) /* of 32 bits: the upper half of the register goes */
		code_add(g->c, BPF_ALU | BPF_MOV | BPF_X, R0, R0, 0, 0);
}

static void gen_step(struct gen *g, struct bt_expr *e)
{
	int64_t by = e->op == OP_ADD ? 1 : -1;
	struct place p;

	if (e->a->kind == E_MAP) {
		gen_map_add(g, e->a, NULL, by, false, !e->is_const, !e->post);
		return;
	}
	p = gen_var_place(g, e->a->var);
	gen_fetch(g, R0, p);
	code_mov(g->c, R1, R0);
	code_alu_imm(g->c, BPF_ADD, R1, by);
	gen_save(g, p, R1);
	if (!e->post)
		code_mov(g->c, R0, R1);
}

static void gen_cond(struct gen *g, struct bt_expr *e)
{
	int no = code_label(g->c), done = code_label(g->c);
	bool memory = in_memory(e->type) && e->type->kind != T_NONE;
	struct place p = {0};

	if (memory)
		p = gen_temp(g, type_room(e->type));
	gen_jump_false(g, e->a, no);
	for (int i = 0; i < 2; i++) {
		struct bt_expr *choice = i ? e->c : e->b;
		struct mark m = gen_mark(g);

		if (memory)
			gen_into(g, choice, e->type, p, false);
		else
			gen_expr(g, choice);
		gen_release(g, m);
		if (!i) {
			code_goto(g->c, done);
			code_here(g->c, no);
		}
	}
	code_here(g->c, done);
	if (memory)
		gen_place_address(g, R0, p);
}

/* A value that has no address yet, made in a place of its own. */
static void gen_made(struct gen *g, struct bt_expr *e)
{
	struct place p = gen_temp(g, type_room(e->type));

	gen_into(g, e, e->type, p, false);
	gen_place_address(g, R0, p);
}

void gen_expr(struct gen *g, struct bt_expr *e)
{
	uint32_t before = g->c->now;
	int64_t v;

	g->c->now = e->span.at;
	if (expr_const(e, &v) && type_is_scalar(e->type)) {
		code_imm64(g->c, R0, v);
		g->c->now = before;
		return;
	}
	switch (e->kind) {
	case E_VAR:
		if (in_memory(e->type))
			gen_place_address(g, R0, gen_var_place(g, e->var));
		else
			gen_fetch(g, R0, gen_var_place(g, e->var));
		break;
	case E_MAP:
		gen_map_get(g, e);
		break;
	case E_UNARY:
		gen_unary(g, e);
		break;
	case E_BINARY:
		if (e->op >= OP_LAND && e->op <= OP_GE)
			gen_bool(g, e);
		else
			gen_arithmetic(g, e);
		break;
	case E_COND:
		gen_cond(g, e);
		break;
	case E_CAST:
		gen_cast(g, e);
		break;
	case E_MEMBER:
		if (e->type->kind == T_STR && (e->type->as || (e->member && e->member->data_loc)))
			gen_made(g, e);
		else
			gen_member(g, e);
		break;
	case E_INDEX:
		if (e->type->kind == T_STR && e->type->as)
			gen_made(g, e);
		else
			gen_pointed(g, e);
		break;
	case E_STEP:
		gen_step(g, e);
		break;
	case E_BLOCK:
		gen_stmts(g, e->block);
		if (e->a)
			gen_expr(g, e->a);
		break;
	case E_NAME:
		if (e->builtin->into)
			gen_made(g, e);
		else
			gen_builtin(g, e);
		break;
	case E_CALL:
		if (e->call->into)
			gen_made(g, e);
		else
			e->call->gen(g, e);
		break;
	default:
		gen_made(g, e); /* strings, tuples */
	}
	g->c->now = before;
}

/* ---- values into places ---- */

static void gen_tuple_into(struct gen *g, struct bt_expr *e, const struct bt_type *as,
			   struct place to)
{
	for (size_t i = 0; i < e->nargs; i++) {
		gen_into(g, e->arg[i], as->elems[i], to, true);
		to = place_at(to, type_room(as->elems[i]));
	}
}

static void gen_str_into(struct gen *g, struct bt_expr *e, uint32_t size, struct place to,
			 bool padded)
{
	struct source s;

	if (e->kind == E_STR) {
		gen_literal(g, e->str, e->str_len, to, size, padded);
		return;
	}
	if (e->kind == E_NAME) { /* comm, and what else fills its room by itself */
		e->builtin->into(g, e, to, size);
		return;
	}
	if (e->kind == E_CALL && e->call->into) {
		if (padded)
			gen_zero(g, to, size);
		e->call->into(g, e, to, size);
		return;
	}
	if (padded)
		gen_zero(g, to, size);
	s = gen_str_source(g, e);
	gen_read_str(g, to, MIN(size, e->type->size), s.off, s.as);
}

void gen_into(struct gen *g, struct bt_expr *e, const struct bt_type *as, struct place to,
	      bool padded)
{
	struct mark m = gen_mark(g);
	uint32_t before = g->c->now;
	int64_t off;

	g->c->now = e->span.at;
	if (type_is_scalar(e->type)) {
		gen_expr(g, e);
		gen_save(g, to, R0);
	} else if (e->type->kind == T_STR) {
		gen_str_into(g, e, type_room(as), to, padded);
	} else if (e->kind == E_TUPLE) {
		gen_tuple_into(g, e, as, to);
	} else if (e->kind == E_NAME && e->builtin->into) {
		e->builtin->into(g, e, to, type_room(as));
	} else if (e->kind == E_CALL && e->call->into) {
		e->call->into(g, e, to, type_room(as));
	} else if ((e->type->kind == T_RECORD || e->type->kind == T_ARRAY) &&
		   e->type->as != AS_BPF) {
		gen_address(g, e, &off);
		if (padded && e->type->size % 8)
			gen_save(g, place_at(to, type_room(as) - 8), R0); /* the read is shorter */
		gen_read(g, to, e->type->size, off, e->type->as);
	} else {
		gen_expr(g, e);
		gen_copy(g, to, MIN(type_room(as), type_room(e->type)));
	}
	g->c->now = before;
	gen_release(g, m);
}

/* ---- statements ---- */

/* TARGET OP= VALUE as what is assigned: TARGET OP VALUE. */
static struct bt_expr compound(const struct bt_stmt *s)
{
	struct bt_expr *to = s->target;

	return (struct bt_expr){.kind = E_BINARY,
				.op = s->op,
				.a = to,
				.b = s->value,
				.type = to->type,
				.span = s->span,
				.wide = to->type->sign && s->value->type->sign};
}

static void gen_assign(struct gen *g, struct bt_stmt *s)
{
	struct bt_expr *to = s->target;
	struct place p;

	if (s->value->kind == E_CALL && s->value->call && s->value->call->flags & CALL_MAP) {
		gen_map_aggregate(g, to, s->value);
		return;
	}
	if (to->kind == E_MAP) {
		if (s->op == OP_ADD || s->op == OP_SUB) {
			gen_map_add(g, to, s->value, 0, s->op == OP_SUB, false, false);
		} else if (s->op) {
			struct bt_expr result = compound(s);

			gen_map_set(g, to, &result);
		} else {
			gen_map_set(g, to, s->value);
		}
		return;
	}
	if (s->op) {
		struct bt_expr result = compound(s);

		gen_expr(g, &result);
		gen_save(g, gen_var_place(g, to->var), R0);
		return;
	}
	p = gen_var_place(g, to->var);
	if (!in_memory(to->type)) {
		if (s->value->type->kind == T_RECORD) {
			int64_t off;

			gen_address(g, s->value, &off);
			if (off)
				code_alu_imm(g->c, BPF_ADD, R0, off);
		} else {
			gen_expr(g, s->value);
		}
		gen_save(g, p, R0);
	} else {
		gen_into(g, s->value, to->type, p, false);
	}
}

static void gen_if(struct gen *g, struct bt_stmt *s)
{
	int no = code_label(g->c), done = code_label(g->c);

	gen_jump_false(g, s->value, no);
	gen_stmts(g, s->body);
	if (s->other)
		code_goto(g->c, done);
	code_here(g->c, no);
	gen_stmts(g, s->other);
	code_here(g->c, done);
}

struct loop_labels {
	int brk, cont;
};

static struct loop_labels loop_enter(struct gen *g)
{
	struct loop_labels before = {g->loop_break, g->loop_continue};

	g->loop_break = code_label(g->c);
	g->loop_continue = code_label(g->c);
	return before;
}

static void loop_leave(struct gen *g, struct loop_labels before)
{
	code_here(g->c, g->loop_break);
	g->loop_break = before.brk;
	g->loop_continue = before.cont;
}

static void gen_while(struct gen *g, struct bt_stmt *s)
{
	struct loop_labels before = loop_enter(g);

	code_here(g->c, g->loop_continue);
	gen_jump_false(g, s->value, g->loop_break);
	gen_stmts(g, s->body);
	g->c->now = s->span.at; /* of a loop without end the jump back is told */
	code_goto(g->c, g->loop_continue);
	loop_leave(g, before);
}

/* The end is computed once, before the first turn. */
static void gen_for_range(struct gen *g, struct bt_stmt *s)
{
	struct mark m = gen_mark(g);
	struct place end = gen_temp_stack(g, 8), i = gen_temp_stack(g, 8);
	struct loop_labels before;
	int head = code_label(g->c);

	gen_expr(g, s->last);
	gen_save(g, end, R0);
	gen_expr(g, s->value);
	gen_save(g, i, R0);
	before = loop_enter(g);
	code_here(g->c, head);
	gen_fetch(g, R0, i);
	gen_fetch(g, R1, end);
	code_jump_reg(g->c, BPF_JSGE, R0, R1, g->loop_break);
	gen_save(g, gen_var_place(g, s->var), R0);
	gen_stmts(g, s->body);
	code_here(g->c, g->loop_continue);
	gen_fetch(g, R0, i);
	code_alu_imm(g->c, BPF_ADD, R0, 1);
	gen_save(g, i, R0);
	g->c->now = s->span.at;
	code_goto(g->c, head);
	loop_leave(g, before);
	gen_release(g, m);
}

/* Is the end of this range known, and near? Then it is a plain loop, every turn of which the
 * verifier goes through. Else the kernel calls the body (bpf_loop, Linux 5.17). */
static bool range_short(const struct bt_stmt *s)
{
	int64_t from, to;

	return expr_const(s->value, &from) && expr_const(s->last, &to) && to - from <= 64;
}

/* The kernel calls the body; what it gets is the frame in which the variables are. */
static void call_back(struct gen *g, struct bt_stmt *s, int helper)
{
	int label = code_label(g->c);

	if (!g->over_slot.base)
		bt_error(g->bt, s->span,
			 "this loop, which the kernel has to call, cannot be in a macro "
			 "whose value is part of an expression");
	if (g->npending == ARRAY_LEN(g->pending))
		bt_error(g->bt, s->span,
			 "more than %zu loops that the kernel has to call in one probe",
			 ARRAY_LEN(g->pending));
	g->pending[g->npending++] = (struct pending){s, label};
	code_func(g->c, R2, label);
	code_mov(g->c, R3, g->in_callback ? R7 : R10);
	code_mov_imm(g->c, R4, 0);
	code_call(g->c, helper);
	/* 'return' and exit() within it end the whole program. */
	code_load(g->c, BPF_DW, R0, g->in_callback ? R7 : R10, g->over_slot.off);
	code_jump_imm(g->c, BPF_JNE, R0, 0, g->end);
}

void gen_map_len(struct gen *g, const struct bt_expr *e)
{
	int label = code_label(g->c);

	if (g->npending == ARRAY_LEN(g->pending))
		bt_error(g->bt, e->span, "more than %zu loops and len() in one probe",
			 ARRAY_LEN(g->pending));
	g->pending[g->npending++] = (struct pending){NULL, label};
	code_table(g->c, R1, TABLE_MAPS + e->map->index);
	code_func(g->c, R2, label);
	code_mov_imm(g->c, R3, 0);
	code_mov_imm(g->c, R4, 0);
	code_call(g->c, BPF_FUNC_for_each_map_elem); /* the number of calls */
}

static void gen_for_map(struct gen *g, struct bt_stmt *s)
{
	code_table(g->c, R1, TABLE_MAPS + s->map->index);
	call_back(g, s, BPF_FUNC_for_each_map_elem);
}

/* The number of turns is that at the start. */
static void gen_for_called(struct gen *g, struct bt_stmt *s)
{
	struct mark m = gen_mark(g);
	struct place from = gen_var_place(g, s->from);
	int none = code_label(g->c);

	gen_expr(g, s->value);
	gen_save(g, from, R0);
	gen_expr(g, s->last);
	gen_fetch(g, R1, from);
	code_jump_reg(g->c, BPF_JSLE, R0, R1, none);
	code_alu(g->c, BPF_SUB, R0, R1);
	code_mov(g->c, R1, R0);
	call_back(g, s, BPF_FUNC_loop);
	code_here(g->c, none);
	gen_release(g, m);
}

static void gen_stmt(struct gen *g, struct bt_stmt *s)
{
	struct mark m = gen_mark(g);

	g->c->now = s->span.at;
	switch (s->kind) {
	case S_EXPR:
		s->value->is_const |= s->value->kind == E_STEP; /* its value is not used */
		if (s->value->kind == E_STEP)
			gen_step(g, s->value);
		else
			gen_expr(g, s->value);
		break;
	case S_ASSIGN:
		gen_assign(g, s);
		break;
	case S_IF:
		gen_if(g, s);
		break;
	case S_WHILE:
		gen_while(g, s);
		break;
	case S_FOR_RANGE:
		if (range_short(s))
			gen_for_range(g, s);
		else
			gen_for_called(g, s);
		break;
	case S_FOR_MAP:
		gen_for_map(g, s);
		break;
	case S_UNROLL:
		for (uint64_t i = 0; i < s->times; i++)
			gen_stmts(g, s->body);
		break;
	case S_BLOCK:
		gen_stmts(g, s->body);
		break;
	case S_RETURN:
		code_goto(g->c, g->end);
		break;
	case S_BREAK:
		code_goto(g->c, g->loop_break);
		break;
	case S_CONTINUE:
		code_goto(g->c, g->loop_continue);
		break;
	}
	gen_release(g, m);
}

void gen_stmts(struct gen *g, struct bt_stmt *s)
{
	for (; s; s = s->next)
		gen_stmt(g, s);
}

/* ---- programs ---- */

/* Of a map R1 to R4 are the map, the key, the value and the frame of the program; the entry becomes
 * the loop's variable. */
static void callback_entry(struct gen *g, struct bt_stmt *s)
{
	struct place key = gen_temp_stack(g, 8), value = gen_temp_stack(g, 8), kv;

	code_mov(g->c, R7, R4);
	gen_save(g, key, R2);
	gen_save(g, value, R3);
	code_load(g->c, BPF_DW, R9, R7, g->ctx_slot.off);
	code_load(g->c, BPF_DW, R8, R7, g->scratch_slot.off);
	kv = gen_var_place(g, s->var);
	gen_fetch(g, R0, key);
	gen_copy(g, kv, s->map->key_size);
	gen_fetch(g, R0, value);
	gen_copy(g, place_at(kv, s->map->key_size), type_room(s->map->type));
}

/* Of a range R1 is the turn, counted from 0, and R2 the frame. */
static void callback_turn(struct gen *g, struct bt_stmt *s)
{
	code_mov(g->c, R7, R2);
	code_load(g->c, BPF_DW, R9, R7, g->ctx_slot.off);
	code_load(g->c, BPF_DW, R8, R7, g->scratch_slot.off);
	gen_fetch(g, R0, gen_var_place(g, s->from));
	code_alu(g->c, BPF_ADD, R0, R1);
	gen_save(g, gen_var_place(g, s->var), R0);
}

static void gen_callback(struct gen *g, struct pending *p)
{
	struct bt_stmt *s = p->loop;

	if (!s) { /* of len(): just goes on */
		code_here(g->c, p->label);
		g->c->callback[g->c->ncallbacks++] = g->c->n;
		code_mov_imm(g->c, R0, 0);
		code_exit(g->c);
		return;
	}
	g->c->now = s->span.at;
	g->frame = 0;
	g->scratch = g->scratch_most; /* all that the program itself uses stays its own */
	g->in_callback = true;
	g->end = code_label(g->c);
	g->loop_break = code_label(g->c);
	g->loop_continue = code_label(g->c);
	code_here(g->c, p->label);
	g->c->callback[g->c->ncallbacks++] = g->c->n;
	if (s->kind == S_FOR_MAP)
		callback_entry(g, s);
	else
		callback_turn(g, s);
	gen_stmts(g, s->body);
	code_here(g->c, g->loop_continue);
	code_mov_imm(g->c, R0, 0);
	code_exit(g->c);
	code_here(g->c, g->end);
	code_store_imm(g->c, BPF_DW, R7, g->over_slot.off, 1);
	code_here(g->c, g->loop_break);
	code_mov_imm(g->c, R0, 1);
	code_exit(g->c);
}

static bool has_callbacks(const struct bt_stmt *s)
{
	for (; s; s = s->next)
		if ((s->kind == S_EXPR && s->value->kind == E_BLOCK &&
		     has_callbacks(s->value->block)) ||
		    s->kind == S_FOR_MAP || (s->kind == S_FOR_RANGE && !range_short(s)) ||
		    has_callbacks(s->body) || has_callbacks(s->other))
			return true;
	return false;
}

/* The context, the scratch entry; all else was generated before it is known whether it is used. */
/* The program's own entry of the scratch table to R8; without one it does not run. */
static void head_scratch(struct gen *g, struct bt_code *head)
{
	code_store_imm(head, BPF_W, R10, -4, g->prog->index);
	code_table(head, R1, TABLE_SCRATCH);
	code_mov(head, R2, R10);
	code_alu_imm(head, BPF_ADD, R2, -4);
	code_call(head, BPF_FUNC_map_lookup_elem);
	code_add(head, BPF_JMP | BPF_JNE | BPF_K, R0, 0, 2, 0);
	code_mov_imm(head, R0, 0);
	code_exit(head);
	code_mov(head, R8, R0);
}

/* One of several entries, of which the first word says whether it is taken: a task in a uprobe may
 * be preempted, and another one come by the same probe on that CPU. */
static void head_scratch_free(struct gen *g, struct bt_code *head)
{
	enum { TRY = 11, FAILED = 6 }; /* instructions */
	int end = SCRATCH_SLOTS * TRY;

	for (int i = 0; i < SCRATCH_SLOTS; i++) {
		code_store_imm(head, BPF_W, R10, -4, g->prog->index + i);
		code_table(head, R1, TABLE_SCRATCH);
		code_mov(head, R2, R10);
		code_alu_imm(head, BPF_ADD, R2, -4);
		code_call(head, BPF_FUNC_map_lookup_elem);
		code_add(head, BPF_JMP | BPF_JEQ | BPF_K, R0, 0, end - (i * TRY + 6) - 1, 0);
		code_mov(head, R8, R0);
		code_mov_imm(head, R1, 1);
		code_add(head, BPF_STX | BPF_ATOMIC | BPF_DW, R8, R1, 0, BPF_XCHG);
		code_add(head, BPF_JMP | BPF_JEQ | BPF_K, R1, 0, end - (i * TRY + 10) - 1 + FAILED,
			 0);
	}
	code_value(head, R1, TABLE_STATE, offsetof(struct bt_state, lost_runs));
	code_mov_imm(head, R2, 1);
	code_add(head, BPF_STX | BPF_ATOMIC | BPF_DW, R1, R2, 0, BPF_ADD);
	code_mov_imm(head, R0, 0);
	code_exit(head);
}

static void gen_head(struct gen *g, struct bt_code *head, bool callbacks)
{
	head->now = g->probe->span.at;
	code_mov(head, R9, R1);
	if (g->c->uses_scratch && g->prog->slots > 1)
		head_scratch_free(g, head);
	else if (g->c->uses_scratch)
		head_scratch(g, head);
	else if (callbacks)
		code_mov_imm(head, R8, 0);
	if (callbacks) {
		code_store(head, BPF_DW, R10, g->ctx_slot.off, R9);
		code_store(head, BPF_DW, R10, g->scratch_slot.off, R8);
		code_store_imm(head, BPF_DW, R10, g->over_slot.off, 0);
	}
}

static bool kind_nests(enum site_kind k)
{
	return k == P_FENTRY || k == P_FEXIT || k == P_RAWTP;
}

/* A last call, when all has been gone through, has no object; nor is it one for the program. */
static void iter_begin(struct gen *g, int last)
{
	if (g->site->kind != P_ITER)
		return;
	code_load(g->c, BPF_DW, R0, R9, g->site->offset);
	code_jump_imm(g->c, BPF_JEQ, R0, 0, last);
}

/* ctx->meta->seq gets a byte, so that a read() ends after so many objects, and what was said about
 * them can be taken out of the buffer before there is more. */
static void iter_end(struct gen *g, int last)
{
	if (g->site->kind == P_ITER) {
		code_store_imm(g->c, BPF_B, R10, -8, 0);
		code_load(g->c, BPF_DW, R1, R9, 0);
		code_load(g->c, BPF_DW, R1, R1, 0);
		code_mov(g->c, R2, R10);
		code_alu_imm(g->c, BPF_ADD, R2, -8);
		code_mov_imm(g->c, R3, 1);
		code_call(g->c, BPF_FUNC_seq_write);
	}
	code_here(g->c, last);
}

static void gen_prog(struct bt *bt, struct bt_probe *probe, struct bt_prog *prog)
{
	struct gen g = {.bt = bt, .prog = prog, .probe = probe, .site = prog->site[0]};
	struct bt_code *head = code_new(bt);
	bool callbacks = has_callbacks(probe->body);
	int last;

	g.c = prog->code = code_new(bt);
	g.c->now = probe->span.at;
	g.atomic = kind_nests(g.site->kind);
	g.end = code_label(g.c);
	last = code_label(g.c);
	g.frame = 8;
	g.scratch = g.scratch_most = prog->slots > 1 ? 8 : 0;
	g.c->uses_scratch = prog->slots > 1 && callbacks;
	if (callbacks) {
		g.ctx_slot = gen_temp_stack(&g, 8);
		g.scratch_slot = gen_temp_stack(&g, 8);
		g.over_slot = gen_temp_stack(&g, 8);
	}
	iter_begin(&g, last);
	vars_place(&g);
	if (probe->predicate)
		gen_jump_false(&g, probe->predicate, g.end);
	gen_stmts(&g, probe->body);
	code_here(g.c, g.end);
	g.c->now = probe->span.at;
	if (g.c->uses_scratch && prog->slots > 1)
		code_store_imm(g.c, BPF_DW, R8, 0, 0);
	iter_end(&g, last);
	code_mov_imm(g.c, R0, 0);
	code_exit(g.c);
	for (size_t i = 0; i < g.npending; i++)
		gen_callback(&g, &g.pending[i]);
	gen_head(&g, head, callbacks);
	bt->scratch_size = MAX(bt->scratch_size, g.scratch_most);
	if (g.scratch_most > 32000)
		bt_error(bt, probe->span,
			 "this probe needs %u bytes for strings and the like, more than the "
			 "32000 there are: a smaller max_strlen may help",
			 g.scratch_most);
	if (!code_finish(g.c, head))
		bt_error(bt, probe->span, "this probe is too long: %zu instructions", g.c->n);
	code_free(head);
}

/* Kernels without attach cookies, and so maybe without BPF_XCHG (5.12), run uprobes unpreempted. */
static unsigned uprobe_slots(struct bt *bt)
{
	return kernel_has_cookies(bt) ? SCRATCH_SLOTS : 1;
}

static struct bt_prog *prog_add(struct bt *bt, struct bt_probe *probe, enum site_kind kind)
{
	struct bt_prog *prog = bt_alloc(bt, sizeof(*prog));

	prog->probe = probe;
	prog->fd = -1;
	for (struct bt_prog *p = bt->progs; p; p = p->next)
		prog->before = p;
	prog->slots = site_kinds[kind].user ? uprobe_slots(bt) : 1;
	prog->index = bt->scratch_entries;
	bt->scratch_entries += prog->slots;
	*bt->progs_end = prog;
	bt->progs_end = &prog->next;
	return prog;
}

static void prog_site(struct bt *bt, struct bt_prog *prog, struct bt_site *site)
{
	prog->site = bt_grow(bt, prog->site, prog->nsites, sizeof(*prog->site));
	prog->site[prog->nsites++] = site;
}

/* A program of this probe for a place of a USDT probe that has its arguments where this one has
 * them, and that is told from this one where it has to be. */
static struct bt_prog *usdt_prog(struct bt *bt, struct bt_probe *probe, const struct bt_site *s)
{
	bool cookies = sites_have_cookies(bt, probe, P_USDT);

	for (struct bt_prog *p = bt->progs; p && s->kind == P_USDT; p = p->next) {
		const struct bt_site *have = p->site[0];

		if (p->probe == probe && have->kind == P_USDT &&
		    (cookies || have->number == s->number) && have->noperands == s->noperands &&
		    !memcmp(have->operand, s->operand, s->noperands * sizeof(*s->operand)))
			return p;
	}
	return NULL;
}

/* One program for all sites that the same code will do for. */
static void gen_probe(struct bt *bt, struct bt_probe *probe)
{
	struct bt_prog *shared[P_KINDS] = {0};

	for (struct bt_site *s = probe->sites; s; s = s->next) {
		struct bt_prog *prog = shared[s->kind] ? shared[s->kind] : usdt_prog(bt, probe, s);
		bool per_site;

		if (prog) {
			prog_site(bt, prog, s);
			continue;
		}
		check_probe(bt, probe, s, true, &per_site);
		prog = prog_add(bt, probe, s->kind);
		prog_site(bt, prog, s);
		gen_prog(bt, probe, prog);
		if (!per_site && s->kind != P_FENTRY && s->kind != P_FEXIT && s->kind != P_RAWTP)
			shared[s->kind] = prog;
	}
}

bool bt_generate(struct bt *bt)
{
	if (setjmp(bt->fail))
		return false;
	for (struct bt_probe *p = bt->probes; p; p = p->next)
		gen_probe(bt, p);
	return true;
}
