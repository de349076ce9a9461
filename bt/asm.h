/* SPDX-License-Identifier: GPL-2.0-or-later */
/* BPF instructions in a row, with labels, what the loader has to fill in, and for each the place in
 * the source text that it comes from. */
#ifndef BT_ASM_H
#define BT_ASM_H

#include "bt.h"

#include <linux/bpf.h>

enum { R0, R1, R2, R3, R4, R5, R6, R7, R8, R9, R10 };

/* Tables that every program may use; a map of the script is TABLE_MAPS + its index. */
enum bt_table {
	TABLE_RING,
	TABLE_STACKS,
	TABLE_BUILD_IDS,
	TABLE_SCRATCH,
	TABLE_STATE,
	TABLE_ZEROS,
	TABLE_MAPS
};

/* The one entry of TABLE_STATE, counted up by programs and read by user space. */
struct bt_state {
	uint64_t start_ns; /* CLOCK_MONOTONIC, of `elapsed` */
	uint64_t lost_events, lost_stacks, lost_entries;
	uint64_t lost_runs; /* there was no free entry of the scratch table */
};

struct bt_code {
	struct bpf_insn *insn;
	uint32_t *at; /* place in the source text */
	size_t n, room;
	uint32_t now; /* place of what is added next */
	int *label;   /* index of the instruction, -1 while it is not known */
	size_t nlabels;
	struct {
		size_t insn;
		int label;
	} * fix;
	size_t nfix;
	struct code_table {
		size_t insn;
		unsigned table;
	} * table;
	size_t ntables;
	struct {
		size_t insn;
		int label;
	} * func; /* addresses of callbacks */
	size_t nfuncs;
	size_t callback[8]; /* where each begins */
	size_t ncallbacks;
	bool uses_scratch, uses_events;
};

struct bt_code *code_new(struct bt *bt);
void code_free(struct bt_code *c);

void code_add(struct bt_code *c, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm);
void code_imm64(struct bt_code *c, uint8_t dst, uint64_t v);	 /* the shortest form */
void code_table(struct bt_code *c, uint8_t dst, unsigned table); /* its descriptor */
void code_value(struct bt_code *c, uint8_t dst, unsigned table,
		uint32_t off); /* address in an array */
void code_func(struct bt_code *c, uint8_t dst, int label);
int code_label(struct bt_code *c);
void code_here(struct bt_code *c, int label);
/* op BPF_JA, BPF_JEQ, ... */
void code_jump_imm(struct bt_code *c, uint8_t op, uint8_t dst, int32_t imm, int label);
void code_jump_reg(struct bt_code *c, uint8_t op, uint8_t dst, uint8_t src, int label);
void code_goto(struct bt_code *c, int label);
/* Put `head` before it all, then resolve the labels. False: a jump is too far. */
bool code_finish(struct bt_code *c, const struct bt_code *head);

static inline void code_mov(struct bt_code *c, uint8_t dst, uint8_t src)
{
	if (dst != src)
		code_add(c, BPF_ALU64 | BPF_MOV | BPF_X, dst, src, 0, 0);
}

static inline void code_mov_imm(struct bt_code *c, uint8_t dst, int32_t imm)
{
	code_add(c, BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm);
}

static inline void code_alu_imm(struct bt_code *c, uint8_t op, uint8_t dst, int32_t imm)
{
	code_add(c, BPF_ALU64 | op | BPF_K, dst, 0, 0, imm);
}

static inline void code_alu(struct bt_code *c, uint8_t op, uint8_t dst, uint8_t src)
{
	code_add(c, BPF_ALU64 | op | BPF_X, dst, src, 0, 0);
}

/* size: BPF_B, BPF_H, BPF_W, BPF_DW */
static inline void code_load(struct bt_code *c, uint8_t size, uint8_t dst, uint8_t src, int16_t off)
{
	code_add(c, BPF_LDX | BPF_MEM | size, dst, src, off, 0);
}

static inline void code_store(struct bt_code *c, uint8_t size, uint8_t dst, int16_t off,
			      uint8_t src)
{
	code_add(c, BPF_STX | BPF_MEM | size, dst, src, off, 0);
}

static inline void code_store_imm(struct bt_code *c, uint8_t size, uint8_t dst, int16_t off,
				  int32_t imm)
{
	code_add(c, BPF_ST | BPF_MEM | size, dst, 0, off, imm);
}

static inline void code_call(struct bt_code *c, int32_t helper)
{
	code_add(c, BPF_JMP | BPF_CALL, 0, 0, 0, helper);
}

static inline void code_exit(struct bt_code *c)
{
	code_add(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* One instruction as text, for -d; returns how many instructions it took (an address is two). */
int code_text(const struct bt_code *c, size_t i, char *to, size_t size);

#endif
