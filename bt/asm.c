// SPDX-License-Identifier: GPL-2.0-or-later
// BPF instructions in a row: labels, addresses of tables, places in the source; and as text.
#include "asm.h"

#include <stdio.h>
#include <stdlib.h>

struct bt_code *code_new(struct bt *bt)
{
	(void)bt;
	return xalloc(sizeof(struct bt_code));
}

void code_free(struct bt_code *c)
{
	if (!c)
		return;
	free(c->insn);
	free(c->at);
	free(c->label);
	free(c->fix);
	free(c->table);
	free(c->func);
	free(c);
}

void code_add(struct bt_code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
	if (c->n == c->room) {
		c->room = c->room ? c->room * 2 : 256;
		c->insn = xrealloc(c->insn, c->room * sizeof(*c->insn));
		c->at = xrealloc(c->at, c->room * sizeof(*c->at));
	}
	c->at[c->n] = c->now;
	c->insn[c->n++] = (struct bpf_insn){
		.code = code,
		.dst_reg = dst,
		.src_reg = src,
		.off = off,
		.imm = imm,
	};
}

static void wide_add(struct bt_code *c, uint8_t dst, uint8_t src, uint64_t v)
{
	code_add(c, BPF_LD | BPF_IMM | BPF_DW, dst, src, 0, (int32_t)v);
	code_add(c, 0, 0, 0, 0, v >> 32);
}

void code_imm64(struct bt_code *c, uint8_t dst, uint64_t v)
{
	if ((int64_t)v == (int32_t)v)
		code_mov_imm(c, dst, (int32_t)v);
	else
		wide_add(c, dst, 0, v);
}

static void table_note(struct bt_code *c, unsigned table)
{
	c->table = xrealloc(c->table, (c->ntables + 1) * sizeof(*c->table));
	c->table[c->ntables].insn = c->n;
	c->table[c->ntables++].table = table;
	c->uses_events |= table == TABLE_RING;
}

void code_table(struct bt_code *c, uint8_t dst, unsigned table)
{
	table_note(c, table);
	wide_add(c, dst, BPF_PSEUDO_MAP_FD, 0);
}

void code_value(struct bt_code *c, uint8_t dst, unsigned table, uint32_t off)
{
	table_note(c, table);
	wide_add(c, dst, BPF_PSEUDO_MAP_VALUE, (uint64_t)off << 32);
}

void code_func(struct bt_code *c, uint8_t dst, int label)
{
	c->func = xrealloc(c->func, (c->nfuncs + 1) * sizeof(*c->func));
	c->func[c->nfuncs].insn = c->n;
	c->func[c->nfuncs++].label = label;
	wide_add(c, dst, BPF_PSEUDO_FUNC, 0);
}

int code_label(struct bt_code *c)
{
	c->label = xrealloc(c->label, (c->nlabels + 1) * sizeof(*c->label));
	c->label[c->nlabels] = -1;
	return c->nlabels++;
}

void code_here(struct bt_code *c, int label)
{
	c->label[label] = c->n;
}

static void fix_note(struct bt_code *c, int label)
{
	c->fix = xrealloc(c->fix, (c->nfix + 1) * sizeof(*c->fix));
	c->fix[c->nfix].insn = c->n;
	c->fix[c->nfix++].label = label;
}

void code_jump_imm(struct bt_code *c, uint8_t op, uint8_t dst, int32_t imm, int label)
{
	fix_note(c, label);
	code_add(c, BPF_JMP | op | BPF_K, dst, 0, 0, imm);
}

void code_jump_reg(struct bt_code *c, uint8_t op, uint8_t dst, uint8_t src, int label)
{
	fix_note(c, label);
	code_add(c, BPF_JMP | op | BPF_X, dst, src, 0, 0);
}

void code_goto(struct bt_code *c, int label)
{
	code_jump_imm(c, BPF_JA, 0, 0, label);
}

/* The head has no labels of its own; jumps are relative, so moving all of the rest changes none. */
static void head_put(struct bt_code *c, const struct bt_code *head)
{
	size_t n = head->n;

	while (c->room < c->n + n) {
		c->room = c->room ? c->room * 2 : 256;
		c->insn = xrealloc(c->insn, c->room * sizeof(*c->insn));
		c->at = xrealloc(c->at, c->room * sizeof(*c->at));
	}
	memmove(c->insn + n, c->insn, c->n * sizeof(*c->insn));
	memmove(c->at + n, c->at, c->n * sizeof(*c->at));
	memcpy(c->insn, head->insn, n * sizeof(*c->insn));
	memcpy(c->at, head->at, n * sizeof(*c->at));
	c->n += n;
	for (size_t i = 0; i < c->nlabels; i++)
		c->label[i] += c->label[i] >= 0 ? n : 0;
	for (size_t i = 0; i < c->nfix; i++)
		c->fix[i].insn += n;
	for (size_t i = 0; i < c->ntables; i++)
		c->table[i].insn += n;
	for (size_t i = 0; i < c->nfuncs; i++)
		c->func[i].insn += n;
	for (size_t i = 0; i < c->ncallbacks; i++)
		c->callback[i] += n;
	for (size_t i = 0; i < head->ntables; i++) {
		c->table = xrealloc(c->table, (c->ntables + 1) * sizeof(*c->table));
		c->table[c->ntables++] = head->table[i];
	}
}

/* Mark all that can be reached from `i` on. */
static void reach(const struct bt_code *c, const int *to, bool *seen, size_t *todo, size_t from)
{
	size_t n = 0;

	todo[n++] = from;
	while (n) {
		size_t i = todo[--n];

		while (i < c->n && !seen[i]) {
			uint8_t class = BPF_CLASS(c->insn[i].code), op = BPF_OP(c->insn[i].code);
			bool jump = class == BPF_JMP || class == BPF_JMP32;

			seen[i] = true;
			if (c->insn[i].code == (BPF_LD | BPF_IMM | BPF_DW))
				seen[++i] = true;
			if (jump && op == BPF_EXIT)
				break;
			if (to[i] >= 0 && !seen[to[i]])
				todo[n++] = to[i];
			if (jump && op == BPF_JA)
				break;
			/* That of the head has its distance already: over two instructions. */
			if (jump && op != BPF_CALL && to[i] < 0)
				todo[n++] = i + 1 + c->insn[i].off;
			i++;
		}
	}
}

/* The verifier refuses a program with instructions that nothing leads to: what stands behind a
 * return, or what a return makes of an else. */
static void dead_drop(struct bt_code *c)
{
	bool *seen = xalloc(c->n * sizeof(*seen));
	size_t *todo = xalloc((c->n + 1) * sizeof(*todo)), n = 0, kept = 0;
	int *to = xalloc(c->n * sizeof(*to)), *moved = xalloc((c->n + 1) * sizeof(*moved));

	for (size_t i = 0; i < c->n; i++)
		to[i] = -1;
	for (size_t i = 0; i < c->nfix; i++)
		to[c->fix[i].insn] = c->label[c->fix[i].label];
	reach(c, to, seen, todo, 0);
	for (size_t i = 0; i < c->ncallbacks; i++)
		reach(c, to, seen, todo, c->callback[i]);
	for (size_t i = 0; i < c->n; i++) {
		moved[i] = n;
		if (!seen[i])
			continue;
		c->insn[n] = c->insn[i];
		c->at[n++] = c->at[i];
	}
	moved[c->n] = n;
	for (size_t i = 0; i < c->nlabels; i++)
		c->label[i] = c->label[i] < 0 ? -1 : moved[c->label[i]];
	for (size_t i = 0; i < c->nfix; i++)
		if (seen[c->fix[i].insn]) {
			c->fix[kept] = c->fix[i];
			c->fix[kept++].insn = moved[c->fix[i].insn];
		}
	c->nfix = kept;
	kept = 0;
	for (size_t i = 0; i < c->ntables; i++)
		if (seen[c->table[i].insn]) {
			c->table[kept] = c->table[i];
			c->table[kept++].insn = moved[c->table[i].insn];
		}
	c->ntables = kept;
	for (size_t i = 0; i < c->nfuncs; i++)
		c->func[i].insn = moved[c->func[i].insn];
	for (size_t i = 0; i < c->ncallbacks; i++)
		c->callback[i] = moved[c->callback[i]];
	c->n = n;
	free(seen);
	free(todo);
	free(to);
	free(moved);
}

bool code_finish(struct bt_code *c, const struct bt_code *head)
{
	head_put(c, head);
	dead_drop(c);
	for (size_t i = 0; i < c->nfix; i++) {
		long off = c->label[c->fix[i].label] - (long)c->fix[i].insn - 1;

		if (off != (int16_t)off)
			return false;
		c->insn[c->fix[i].insn].off = off;
	}
	for (size_t i = 0; i < c->nfuncs; i++)
		c->insn[c->func[i].insn].imm =
			c->label[c->func[i].label] - (long)c->func[i].insn - 1;
	return true;
}

/* ---- as text ---- */

static const char *const alu_ops[16] = {
	"+=", "-=", "*=", "/=", "|=", "&=", "<<=", ">>=", "= -", "%=", "^=", "=", "s>>=", "bswap",
};
static const char *const jump_ops[16] = {
	"goto", "==", ">", ">=", "&", "!=", "s>", "s>=", "call", "exit", "<", "<=", "s<", "s<=",
};
static const char *const size_names[4] = {"u32", "u16", "u8", "u64"};

static void alu_text(const struct bpf_insn *in, char *to, size_t size)
{
	const char *wide = BPF_CLASS(in->code) == BPF_ALU64 ? "r" : "w";
	const char *op = alu_ops[BPF_OP(in->code) >> 4];

	if (BPF_OP(in->code) == BPF_END)
		snprintf(to, size, "r%d = %s%d r%d", in->dst_reg,
			 BPF_SRC(in->code) == BPF_X ? "be" : "le", in->imm, in->dst_reg);
	else if (BPF_OP(in->code) == BPF_NEG)
		snprintf(to, size, "%s%d = -%s%d", wide, in->dst_reg, wide, in->dst_reg);
	else if (BPF_SRC(in->code) == BPF_X)
		snprintf(to, size, "%s%d %s %s%d", wide, in->dst_reg, op, wide, in->src_reg);
	else
		snprintf(to, size, "%s%d %s %d", wide, in->dst_reg, op, in->imm);
}

static void jump_text(const struct bpf_insn *in, size_t i, char *to, size_t size)
{
	const char *op = jump_ops[BPF_OP(in->code) >> 4];

	if (BPF_OP(in->code) == BPF_EXIT)
		snprintf(to, size, "exit");
	else if (BPF_OP(in->code) == BPF_CALL)
		snprintf(to, size, "call %d", in->imm);
	else if (BPF_OP(in->code) == BPF_JA)
		snprintf(to, size, "goto %zu", i + 1 + in->off);
	else if (BPF_SRC(in->code) == BPF_X)
		snprintf(to, size, "if r%d %s r%d goto %zu", in->dst_reg, op, in->src_reg,
			 i + 1 + in->off);
	else
		snprintf(to, size, "if r%d %s %d goto %zu", in->dst_reg, op, in->imm,
			 i + 1 + in->off);
}

int code_text(const struct bt_code *c, size_t i, char *to, size_t size)
{
	const struct bpf_insn *in = &c->insn[i];
	const char *mem = size_names[(in->code >> 3) & 3];

	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		alu_text(in, to, size);
		return 1;
	case BPF_JMP:
		jump_text(in, i, to, size);
		return 1;
	case BPF_LDX:
		snprintf(to, size, "r%d = *(%s *)(r%d %+d)", in->dst_reg, mem, in->src_reg,
			 in->off);
		return 1;
	case BPF_ST:
		snprintf(to, size, "*(%s *)(r%d %+d) = %d", mem, in->dst_reg, in->off, in->imm);
		return 1;
	case BPF_STX:
		snprintf(to, size, "%s*(%s *)(r%d %+d) %s r%d",
			 BPF_MODE(in->code) == BPF_ATOMIC ? "lock " : "", mem, in->dst_reg, in->off,
			 BPF_MODE(in->code) == BPF_ATOMIC ? "+=" : "=", in->src_reg);
		return 1;
	default:
		break;
	}
	for (size_t t = 0; t < c->ntables; t++) {
		if (c->table[t].insn != i)
			continue;
		snprintf(to, size, "r%d = table %u%s%d", in->dst_reg, c->table[t].table,
			 in->src_reg == BPF_PSEUDO_MAP_VALUE ? " value +" : " + ",
			 c->insn[i + 1].imm);
		return 2;
	}
	snprintf(to, size, "r%d = 0x%llx", in->dst_reg,
		 (unsigned long long)(uint32_t)in->imm | (unsigned long long)c->insn[i + 1].imm
								 << 32);
	return 2;
}
