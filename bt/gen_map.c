// SPDX-License-Identifier: GPL-2.0-or-later
// Code for maps: keys, values, aggregations.
//
// A map without keys is an array of one entry, of which the first word says whether there is a
// value.
#include "check.h"

#include <bpf/libbpf.h>
#include <stdio.h>

enum { SET_WORD = 8 };

static unsigned table_of(const struct bt_map *m)
{
	return TABLE_MAPS + m->index;
}

/* The key, in the layout of the map. For an array that is its index, 0. */
struct place gen_key(struct gen *g, struct bt_expr *e)
{
	struct bt_map *m = e->map;
	struct place key, at;

	if (!m->keyed) {
		key = gen_temp_stack(g, 8);
		code_store_imm(g->c, BPF_DW, key.base, key.off, 0);
		return key;
	}
	key = at = gen_temp(g, m->key_size);
	for (size_t i = 0; i < e->nargs; i++) {
		gen_into(g, e->arg[i], m->key[i], at, true);
		at = place_at(at, type_room(m->key[i]));
	}
	return key;
}

static void lookup(struct gen *g, const struct bt_map *m, struct place key)
{
	code_table(g->c, R1, table_of(m));
	gen_place_address(g, R2, key);
	code_call(g->c, BPF_FUNC_map_lookup_elem);
}

static void update(struct gen *g, const struct bt_map *m, struct place key, int flags)
{
	code_table(g->c, R1, table_of(m));
	gen_place_address(g, R2, key);
	code_mov_imm(g->c, R4, flags);
	code_call(g->c, BPF_FUNC_map_update_elem);
}

/* R0 = address of the value, made with zeros if it is not there; at `lost` if it cannot be. */
static void entry(struct gen *g, const struct bt_map *m, struct place key, int lost)
{
	int found = code_label(g->c);

	if (!m->keyed && !m->per_cpu) {
		code_value(g->c, R0, table_of(m), 0);
	} else {
		lookup(g, m, key);
		if (!m->keyed || m->indexed) {
			code_jump_imm(g->c, BPF_JEQ, R0, 0, lost); /* never: the array has it */
		} else {
			code_jump_imm(g->c, BPF_JNE, R0, 0, found);
			code_value(g->c, R3, TABLE_ZEROS, 0);
			update(g, m, key, BPF_NOEXIST); /* another CPU may have been quicker */
			lookup(g, m, key);
			code_here(g->c, found);
			int good = code_label(g->c);

			code_jump_imm(g->c, BPF_JNE, R0, 0, good);
			gen_count_lost(g, offsetof(struct bt_state, lost_entries));
			code_goto(g->c, lost);
			code_here(g->c, good);
		}
	}
	if (!m->keyed) {
		code_store_imm(g->c, BPF_DW, R0, 0, 1);
		code_alu_imm(g->c, BPF_ADD, R0, SET_WORD);
	}
}

/* ---- values ---- */

/* Jumps where the first is no new minimum (maximum). */
static uint8_t extreme_op(const struct bt_type *t)
{
	return t->kind == T_MIN ? t->sign ? BPF_JSGE : BPF_JGE : t->sign ? BPF_JSLE : BPF_JLE;
}

/* R0 is one CPU's part of an aggregation, `all` what is known of those before: one number and, of
 * minimum and maximum whether there is one, of an average the sum behind how many there are. */
static void add_part(struct gen *g, const struct bt_type *t, struct place all, int next)
{
	struct place behind = place_at(all, 8);
	int take = code_label(g->c);

	if (t->kind == T_MIN || t->kind == T_MAX) {
		code_load(g->c, BPF_DW, R2, R0, 8);
		code_load(g->c, BPF_DW, R1, R0, 0);
		code_jump_imm(g->c, BPF_JEQ, R2, 0, next);
		gen_fetch(g, R2, behind);
		gen_fetch(g, R0, all);
		code_jump_imm(g->c, BPF_JEQ, R2, 0, take);
		code_jump_reg(g->c, extreme_op(t), R1, R0, next);
		code_here(g->c, take);
		gen_save(g, all, R1);
		code_store_imm(g->c, BPF_DW, behind.base, behind.off, 1);
		return;
	}
	for (int word = 0; word < (t->kind == T_AVG ? 2 : 1); word++) {
		code_load(g->c, BPF_DW, R1, R0, word * 8);
		gen_fetch(g, R2, place_at(all, word * 8));
		code_alu(g->c, BPF_ADD, R2, R1);
		gen_save(g, place_at(all, word * 8), R2);
	}
}

/* R0 = the value of an aggregation over all CPUs (bpf_map_lookup_percpu_elem, Linux 5.19). R7 is
 * the frame of callbacks, so the turn is on the stack. */
static void get_summed(struct gen *g, struct bt_expr *e)
{
	const struct bt_type *t = e->map->type;
	struct mark m = gen_mark(g);
	struct place key = gen_key(g, e), all = gen_temp_stack(g, 16), cpu = gen_temp_stack(g, 8);
	int loop = code_label(g->c), next = code_label(g->c), end = code_label(g->c);

	gen_zero(g, all, 16);
	code_store_imm(g->c, BPF_DW, cpu.base, cpu.off, 0);
	code_here(g->c, loop);
	code_table(g->c, R1, table_of(e->map));
	gen_place_address(g, R2, key);
	gen_fetch(g, R3, cpu);
	code_call(g->c, BPF_FUNC_map_lookup_percpu_elem);
	code_jump_imm(g->c, BPF_JEQ, R0, 0, end); /* no such entry, or no such CPU */
	if (!e->map->keyed)
		code_alu_imm(g->c, BPF_ADD, R0, SET_WORD);
	add_part(g, t, all, next);
	code_here(g->c, next);
	gen_fetch(g, R1, cpu);
	code_alu_imm(g->c, BPF_ADD, R1, 1);
	gen_save(g, cpu, R1);
	code_jump_imm(g->c, BPF_JLT, R1, MAX(libbpf_num_possible_cpus(), 1), loop);
	code_here(g->c, end);
	gen_fetch(g, R0, all);
	if (t->kind == T_AVG) { /* of none it is 0, as BPF divides */
		code_mov(g->c, R1, R0);
		gen_fetch(g, R0, place_at(all, 8));
		gen_divide(g, t->sign);
	}
	gen_release(g, m);
}

/* A value that is not there is 0, "" and the like. */
void gen_map_get(struct gen *g, struct bt_expr *e)
{
	struct mark m = gen_mark(g);
	bool scalar = type_is_scalar(e->type);
	struct place key;
	int none = code_label(g->c), done = code_label(g->c);

	if (type_is_aggregate(e->map->type)) {
		get_summed(g, e);
		return;
	}
	if (!e->map->keyed && !e->map->per_cpu) {
		code_value(g->c, R0, table_of(e->map), SET_WORD);
		if (scalar)
			code_load(g->c, BPF_DW, R0, R0, 0);
		return;
	}
	key = gen_key(g, e);
	lookup(g, e->map, key);
	code_jump_imm(g->c, BPF_JEQ, R0, 0, none);
	if (scalar) {
		code_load(g->c, BPF_DW, R0, R0, 0);
	} else {
		code_goto(g->c, done);
	}
	code_here(g->c, none);
	if (!scalar)
		code_value(g->c, R0, TABLE_ZEROS, 0);
	code_here(g->c, done);
	gen_release(g, m);
}

void gen_map_set(struct gen *g, struct bt_expr *target, struct bt_expr *value)
{
	struct bt_map *m = target->map;
	struct mark mark = gen_mark(g);
	struct place key, at;
	int good = code_label(g->c);

	if (!m->keyed && type_is_scalar(m->type)) {
		gen_expr(g, value);
		code_value(g->c, R1, table_of(m), 0);
		code_store(g->c, BPF_DW, R1, SET_WORD, R0);
		code_store_imm(g->c, BPF_DW, R1, 0, 1);
		gen_release(g, mark);
		return;
	}
	/* The key of @x[...] may be a part of the value: it is read first. */
	at = gen_temp(g, m->value_size);
	if (!m->keyed)
		code_store_imm(g->c, BPF_DW, at.base, at.off, 1);
	gen_into(g, value, m->type, m->keyed ? at : place_at(at, SET_WORD), at.base == R10);
	key = gen_key(g, target);
	gen_place_address(g, R3, at);
	update(g, m, key, BPF_ANY);
	code_jump_imm(g->c, BPF_JEQ, R0, 0, good);
	gen_count_lost(g, offsetof(struct bt_state, lost_entries));
	code_here(g->c, good);
	gen_release(g, mark);
}

static void add_atomic(struct gen *g, uint8_t to, int16_t off, uint8_t reg)
{
	code_add(g->c, BPF_STX | BPF_ATOMIC | BPF_DW, to, reg, off, BPF_ADD);
}

void gen_map_add(struct gen *g, struct bt_expr *target, struct bt_expr *value, int64_t step,
		 bool sub, bool used, bool after)
{
	struct mark m = gen_mark(g);
	struct place by = gen_temp_stack(g, 8), key = {0};
	int lost = code_label(g->c);

	if (value)
		gen_expr(g, value);
	else
		code_mov_imm(g->c, R0, step);
	if (sub)
		code_alu_imm(g->c, BPF_NEG, R0, 0);
	gen_save(g, by, R0);
	if (target->map->keyed)
		key = gen_key(g, target);
	entry(g, target->map, key, lost);
	gen_fetch(g, R1, by);
	if (used)
		code_load(g->c, BPF_DW, R6, R0, 0);
	add_atomic(g, R0, 0, R1);
	if (used) {
		code_mov(g->c, R0, R6);
		if (after)
			code_alu(g->c, BPF_ADD, R0, R1);
		int done = code_label(g->c);

		code_goto(g->c, done);
		code_here(g->c, lost);
		code_mov_imm(g->c, R0, 0);
		code_here(g->c, done);
	} else {
		code_here(g->c, lost);
	}
	gen_release(g, m);
}

void gen_map_delete(struct gen *g, struct bt_expr *e)
{
	struct mark m = gen_mark(g);
	struct place key;

	if (!e->map->keyed) {
		if (e->map->per_cpu) {
			int none = code_label(g->c);

			/* Only this CPU's: the others' are cleared by user space, as for clear().
			 */
			key = gen_key(g, e);
			lookup(g, e->map, key);
			code_jump_imm(g->c, BPF_JEQ, R0, 0, none);
			code_store_imm(g->c, BPF_DW, R0, 0, 0);
			code_here(g->c, none);
		} else {
			code_value(g->c, R0, table_of(e->map), 0);
			code_store_imm(g->c, BPF_DW, R0, 0, 0);
			for (uint32_t i = SET_WORD; i < MIN(e->map->value_size, 128u); i += 8)
				code_store_imm(g->c, BPF_DW, R0, i, 0);
		}
		gen_release(g, m);
		return;
	}
	key = gen_key(g, e);
	code_table(g->c, R1, table_of(e->map));
	gen_place_address(g, R2, key);
	code_call(g->c, BPF_FUNC_map_delete_elem);
	gen_release(g, m);
}

void gen_map_has(struct gen *g, struct bt_expr *e)
{
	struct mark m = gen_mark(g);
	struct place key = gen_key(g, e);
	int none = code_label(g->c);

	lookup(g, e->map, key);
	code_jump_imm(g->c, BPF_JEQ, R0, 0, none);
	code_mov_imm(g->c, R0, 1);
	code_here(g->c, none);
	gen_release(g, m);
}

/* ---- aggregations ---- */

/* *(R0 + off) += R1; plain where nothing can come in between on this CPU. */
static void cell_add(struct gen *g, int16_t off)
{
	if (g->atomic) {
		add_atomic(g, R0, off, R1);
		return;
	}
	code_load(g->c, BPF_DW, R2, R0, off);
	code_alu(g->c, BPF_ADD, R2, R1);
	code_store(g->c, BPF_DW, R0, off, R2);
}

/* R0 = the place of its highest bit, 0 to 63, of R1 which is not 0. Without branches, as the
 * verifier would follow each of their combinations. */
static void log2_code(struct gen *g)
{
	struct bt_code *c = g->c;

	code_mov_imm(c, R0, 0);
	for (int s = 5; s >= 0; s--) {
		code_mov(c, R2, R1);
		code_alu_imm(c, BPF_RSH, R2, 1 << s);
		code_alu_imm(c, BPF_NEG, R2, 0);  /* below 0 if any bit was left: */
		code_alu_imm(c, BPF_RSH, R2, 63); /* 1 */
		code_alu_imm(c, BPF_LSH, R2, s);
		code_alu(c, BPF_OR, R0, R2);
		code_alu(c, BPF_RSH, R1, R2);
	}
}

/* R0, a value, to the number of its slot: 0 for those below 0, then 2^bits slots for each power
 * of 2. */
static void hist_slot(struct gen *g, const struct bt_type *t)
{
	struct bt_code *c = g->c;
	uint32_t bits = t->step;
	int big = code_label(c), done = code_label(c), positive = code_label(c);

	if (t->sign) {
		code_jump_imm(c, BPF_JSGE, R0, 0, positive);
		code_mov_imm(c, R0, 0);
		code_goto(c, done);
		code_here(c, positive);
	}
	code_jump_imm(c, BPF_JGE, R0, 1 << bits, big);
	code_alu_imm(c, BPF_ADD, R0, 1);
	code_goto(c, done);
	code_here(c, big);
	code_mov(c, R1, R0);
	code_mov(c, R3, R0);
	log2_code(g);
	if (bits) {
		code_alu_imm(c, BPF_SUB, R0, bits);
		code_alu(c, BPF_RSH, R3, R0);
		code_alu_imm(c, BPF_AND, R3, (1 << bits) - 1);
		code_alu_imm(c, BPF_ADD, R0, 1);
		code_alu_imm(c, BPF_LSH, R0, bits);
		code_alu(c, BPF_ADD, R0, R3);
		code_alu_imm(c, BPF_ADD, R0, 1);
	} else {
		code_alu_imm(c, BPF_ADD, R0, 2);
	}
	code_here(c, done);
}

/* lhist(v, min, max, step): slot 0 is below, the last one above. */
static void lhist_slot(struct gen *g, const struct bt_type *t)
{
	struct bt_code *c = g->c;
	int64_t max = t->min + (int64_t)(t->n - 2) * t->step;
	int not_below = code_label(c), not_above = code_label(c), done = code_label(c);

	code_imm64(c, R1, t->min);
	code_jump_reg(c, BPF_JSGE, R0, R1, not_below);
	code_mov_imm(c, R0, 0);
	code_goto(c, done);
	code_here(c, not_below);
	code_imm64(c, R2, max);
	code_jump_reg(c, BPF_JSLT, R0, R2, not_above);
	code_mov_imm(c, R0, t->n - 1);
	code_goto(c, done);
	code_here(c, not_above);
	code_alu(c, BPF_SUB, R0, R1);
	code_imm64(c, R1, t->step);
	code_alu(c, BPF_DIV, R0, R1);
	code_alu_imm(c, BPF_ADD, R0, 1);
	code_here(c, done);
}

/* R0 the value's address, R1 the slot: bounded once more, as the verifier before 5.15 forgets the
 * bounds of what was on the stack. */
static void slot_count(struct gen *g, const struct bt_type *t)
{
	int good = code_label(g->c);

	code_jump_imm(g->c, BPF_JLT, R1, t->n, good);
	code_mov_imm(g->c, R1, t->n - 1);
	code_here(g->c, good);
	code_alu_imm(g->c, BPF_LSH, R1, 3);
	code_alu(g->c, BPF_ADD, R0, R1);
	code_mov_imm(g->c, R1, 1);
	cell_add(g, 0);
}

/* Keep R1 if it is more (less) than what is there, or nothing is. */
static void extreme(struct gen *g, const struct bt_type *t)
{
	struct bt_code *c = g->c;
	int keep = code_label(c), done = code_label(c);

	code_load(c, BPF_DW, R2, R0, 8);
	code_jump_imm(c, BPF_JEQ, R2, 0, keep);
	code_load(c, BPF_DW, R2, R0, 0);
	code_jump_reg(c, extreme_op(t), R1, R2, done);
	code_here(c, keep);
	code_store(c, BPF_DW, R0, 0, R1);
	code_store_imm(c, BPF_DW, R0, 8, 1);
	code_here(c, done);
}

void gen_map_aggregate(struct gen *g, struct bt_expr *target, struct bt_expr *call)
{
	const struct bt_type *t = target->map->type;
	struct mark m = gen_mark(g);
	struct place value = {0}, key = {0};
	int lost = code_label(g->c);

	if (t->kind != T_COUNT) {
		value = gen_temp_stack(g, 8);
		gen_expr(g, call->arg[0]);
		if (t->kind == T_HIST)
			hist_slot(g, t);
		else if (t->kind == T_LHIST)
			lhist_slot(g, t);
		gen_save(g, value, R0);
	}
	key = gen_key(g, target);
	entry(g, target->map, key, lost);
	if (t->kind == T_COUNT)
		code_mov_imm(g->c, R1, 1);
	else
		gen_fetch(g, R1, value);
	switch (t->kind) {
	case T_HIST:
	case T_LHIST:
		slot_count(g, t);
		break;
	case T_MIN:
	case T_MAX:
		extreme(g, t);
		break;
	case T_AVG:
	case T_STATS:
		cell_add(g, 8);
		code_mov_imm(g->c, R1, 1);
		cell_add(g, 0);
		break;
	default:
		cell_add(g, 0);
	}
	code_here(g->c, lost);
	gen_release(g, m);
}
