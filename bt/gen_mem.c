// SPDX-License-Identifier: GPL-2.0-or-later
// Code for memory: reads of the kernel's and of processes', strings, copies, comparisons.
#include "check.h"

#include <stdio.h>

void gen_extend(struct gen *g, uint8_t reg, uint32_t size, bool sign)
{
	int bits = 64 - size * 8;

	if (bits <= 0)
		return;
	code_alu_imm(g->c, BPF_LSH, reg, bits);
	code_alu_imm(g->c, sign ? BPF_ARSH : BPF_RSH, reg, bits);
}

/* Where addresses have their upper half in the kernel, the sign tells whose one is. */
void gen_call_for_space(struct gen *g, enum bt_space as, int user, int kernel)
{
	int is_kernel, done;

	if (as != AS_ANY) {
		code_call(g->c, as == AS_USER ? user : kernel);
		return;
	}
	is_kernel = code_label(g->c);
	done = code_label(g->c);
	code_jump_imm(g->c, BPF_JSLT, R3, 0, is_kernel);
	code_call(g->c, user);
	code_goto(g->c, done);
	code_here(g->c, is_kernel);
	code_call(g->c, kernel);
	code_here(g->c, done);
}

static void source_address(struct gen *g, int64_t off)
{
	code_mov(g->c, R3, R0);
	if (off == (int32_t)off) {
		if (off)
			code_alu_imm(g->c, BPF_ADD, R3, off);
	} else {
		code_imm64(g->c, R1, off);
		code_alu(g->c, BPF_ADD, R3, R1);
	}
}

void gen_read(struct gen *g, struct place to, uint32_t size, int64_t off, enum bt_space as)
{
	source_address(g, off);
	gen_place_address(g, R1, to);
	code_mov_imm(g->c, R2, size);
	gen_call_for_space(g, as, BPF_FUNC_probe_read_user, BPF_FUNC_probe_read_kernel);
}

void gen_read_str(struct gen *g, struct place to, uint32_t size, int64_t off, enum bt_space as)
{
	source_address(g, off);
	gen_place_address(g, R1, to);
	code_mov_imm(g->c, R2, size);
	gen_call_for_space(g, as, BPF_FUNC_probe_read_user_str, BPF_FUNC_probe_read_kernel_str);
}

/* The bytes of a bit-field, as few as hold it. */
static uint32_t bits_size(const struct bt_member *m)
{
	uint32_t n = (m->bit_off + m->bits + 7) / 8;

	return n > 4 ? 8 : n > 2 ? 4 : n;
}

static void bits_take(struct gen *g, const struct bt_member *m, bool sign)
{
	int left = 64 - m->bit_off - m->bits;

	if (left)
		code_alu_imm(g->c, BPF_LSH, R0, left);
	code_alu_imm(g->c, sign ? BPF_ARSH : BPF_RSH, R0, 64 - m->bits);
}

void gen_read_scalar(struct gen *g, const struct bt_type *t, const struct bt_member *m, int64_t off,
		     enum bt_space as)
{
	bool bits = m && m->bits;
	uint32_t size = bits ? bits_size(m) : t->kind == T_INT ? t->size : 8;
	struct mark mark = gen_mark(g);
	struct place slot;

	if (as == AS_BPF) {
		code_load(g->c, bpf_size(size), R0, R0, off);
	} else {
		slot = gen_temp_stack(g, 8);
		gen_read(g, slot, size, off, as);
		code_load(g->c, bpf_size(size), R0, slot.base, slot.off);
	}
	if (bits)
		bits_take(g, m, t->sign);
	else if (t->kind == T_INT && t->sign)
		gen_extend(g, R0, size, true);
	gen_release(g, mark);
}

void gen_zero(struct gen *g, struct place to, uint32_t size)
{
	if (size <= 128) {
		for (uint32_t i = 0; i < size; i += 8)
			code_store_imm(g->c, BPF_DW, to.base, to.off + i, 0);
		return;
	}
	code_value(g->c, R3, TABLE_ZEROS, 0);
	gen_place_address(g, R1, to);
	code_mov_imm(g->c, R2, size);
	code_call(g->c, BPF_FUNC_probe_read_kernel);
	g->bt->zeros_size = MAX(g->bt->zeros_size, size);
}

void gen_literal(struct gen *g, const char *s, size_t len, struct place to, uint32_t size,
		 bool padded)
{
	uint32_t n = MIN(len, size - 1), i;
	int32_t word;

	for (i = 0; i <= n; i += 4) {
		word = 0;
		memcpy(&word, s + i, MIN(4u, n - i));
		code_store_imm(g->c, BPF_W, to.base, to.off + i, word);
	}
	if (i % 8)
		code_store_imm(g->c, BPF_W, to.base, to.off + i, 0), i += 4;
	if (padded && i < size)
		gen_zero(g, place_at(to, i), size - i);
}

/* From memory of BPF, in whole words: what is small in registers. */
void gen_copy(struct gen *g, struct place to, uint32_t size)
{
	if (size > 64) {
		gen_read(g, to, size, 0, AS_KERNEL);
		return;
	}
	for (uint32_t i = 0; i < size; i += 8) {
		code_load(g->c, BPF_DW, R1, R0, i);
		gen_save(g, place_at(to, i), R1);
	}
}

/* ---- strings ---- */

/* The address that a string's characters are at: of the argument of str(), buf() and their like. */
void gen_pointer(struct gen *g, struct bt_expr *e)
{
	int64_t off = 0;

	if (e->type->kind == T_ARRAY || e->type->kind == T_RECORD)
		gen_address(g, e, &off);
	else
		gen_expr(g, e);
	if (off)
		code_alu_imm(g->c, BPF_ADD, R0, off);
}

static enum bt_space pointer_space(const struct bt_type *t)
{
	return t->kind == T_PTR || t->kind == T_ARRAY || t->kind == T_RECORD
		       ? t->as == AS_BPF ? AS_KERNEL : t->as
		       : AS_ANY;
}

struct source gen_str_source(struct gen *g, struct bt_expr *e)
{
	struct source s = {0, AS_KERNEL};

	if (e->kind == E_MEMBER && e->member && e->member->data_loc) {
		code_load(g->c, BPF_W, R0, R9, e->offset); /* length << 16 | offset */
		code_alu_imm(g->c, BPF_AND, R0, 0xffff);
		code_mov(g->c, R1, R9);
		code_alu(g->c, BPF_ADD, R1, R0);
		code_mov(g->c, R0, R1);
	} else if (e->type->as) {
		gen_address(g, e, &s.off);
		s.as = e->type->as;
	} else if (e->kind == E_CALL && !strcmp(e->name, "str") && e->nargs == 1 && !e->str) {
		gen_pointer(g, e->arg[0]);
		s.as = pointer_space(e->arg[0]->type);
	} else {
		gen_expr(g, e);
	}
	return s;
}

/* With a literal: its bytes and its NUL one after the other. R6 is the string. */
static void equal_literal(struct gen *g, struct bt_expr *a, const struct bt_expr *lit,
			  uint32_t most)
{
	int no = code_label(g->c), done = code_label(g->c);
	uint32_t n = lit->str_len + 1;
	uint64_t word;

	gen_expr(g, a);
	if (most)
		n = MIN(n, most);
	if (n > a->type->size && !(most && n == most)) { /* it has no room for that */
		code_mov_imm(g->c, R0, 0);
		return;
	}
	code_mov(g->c, R6, R0);
	n = MIN(n, a->type->size);
	for (uint32_t i = 0, step; i < n; i += step) {
		step = n - i >= 4 ? 4 : n - i >= 2 ? 2 : 1;
		word = 0;
		memcpy(&word, lit->str + i, step);
		code_load(g->c, bpf_size(step), R1, R6, i);
		code_imm64(g->c, R2, word);
		code_jump_reg(g->c, BPF_JNE, R1, R2, no);
	}
	code_mov_imm(g->c, R0, 1);
	code_goto(g->c, done);
	code_here(g->c, no);
	code_mov_imm(g->c, R0, 0);
	code_here(g->c, done);
}

/* Byte by byte up to the first NUL, in a loop that the verifier can see the end of. */
static void equal_loop(struct gen *g, struct bt_expr *a, struct bt_expr *b, uint32_t most)
{
	struct bt_code *c = g->c;
	int loop = code_label(c), yes = code_label(c), no = code_label(c), done = code_label(c);
	struct place slot = gen_temp_stack(g, 8);

	gen_expr(g, a);
	gen_save(g, slot, R0);
	gen_expr(g, b);
	code_mov(c, R6, R0);
	gen_fetch(g, R5, slot);
	code_mov_imm(c, R4, most);
	code_here(c, loop);
	code_load(c, BPF_B, R1, R5, 0);
	code_load(c, BPF_B, R2, R6, 0);
	code_jump_reg(c, BPF_JNE, R1, R2, no);
	code_jump_imm(c, BPF_JEQ, R1, 0, yes);
	code_alu_imm(c, BPF_ADD, R5, 1);
	code_alu_imm(c, BPF_ADD, R6, 1);
	code_alu_imm(c, BPF_ADD, R4, -1);
	code_jump_imm(c, BPF_JNE, R4, 0, loop);
	code_here(c, yes);
	code_mov_imm(c, R0, 1);
	code_goto(c, done);
	code_here(c, no);
	code_mov_imm(c, R0, 0);
	code_here(c, done);
}

void gen_str_equal(struct gen *g, struct bt_expr *a, struct bt_expr *b, uint32_t most)
{
	struct mark m = gen_mark(g);
	uint32_t n;

	if (a->kind == E_STR) {
		struct bt_expr *swap = a;

		a = b;
		b = swap;
	}
	if (b->kind == E_STR) {
		equal_literal(g, a, b, most);
	} else {
		n = MIN(a->type->size, b->type->size);
		equal_loop(g, a, b, most ? MIN(most, n) : n);
	}
	gen_release(g, m);
}

/* ---- stacks, losses ---- */

void gen_count_lost(struct gen *g, uint32_t counter)
{
	code_value(g->c, R1, TABLE_STATE, counter);
	code_mov_imm(g->c, R2, 1);
	code_add(g->c, BPF_STX | BPF_ATOMIC | BPF_DW, R1, R2, 0, BPF_ADD);
}

void gen_stack(struct gen *g, uint32_t user)
{
	int good = code_label(g->c);
	struct mark m = gen_mark(g);
	struct place slot = gen_temp_stack(g, 8);

	code_mov(g->c, R1, R9);
	code_table(g->c, R2, user && g->bt->config.build_ids ? TABLE_BUILD_IDS : TABLE_STACKS);
	code_mov_imm(g->c, R3, user);
	code_call(g->c, BPF_FUNC_get_stackid);
	gen_save(g, slot, R0);
	code_jump_imm(g->c, BPF_JSGE, R0, 0, good);
	/* -EFAULT: there is none, as of user space in a kernel thread */
	code_jump_imm(g->c, BPF_JEQ, R0, -14, good);
	gen_count_lost(g, offsetof(struct bt_state, lost_stacks));
	code_here(g->c, good);
	gen_fetch(g, R0, slot);
	gen_release(g, m);
}
