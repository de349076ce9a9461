/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the code generator share. */
#ifndef BT_GEN_H
#define BT_GEN_H

#include "asm.h"

/* A place in memory that a program may write to: stack (R10), the caller's stack (R7), or the
 * scratch entry (R8). */
struct place {
	uint8_t base;
	int32_t off;
};

struct gen {
	struct bt *bt;
	struct bt_prog *prog;
	struct bt_probe *probe;
	struct bt_site *site; /* the first; the others need the same code */
	struct bt_code *c;
	uint32_t frame, scratch; /* bytes in use */
	uint32_t scratch_most;
	int end; /* label: return 0 */
	int loop_break, loop_continue;
	bool in_callback;
	bool atomic; /* programs of this kind can interrupt themselves on their CPU */
	struct place ctx_slot, scratch_slot,
		over_slot; /* for callbacks; over: the program is to end */
	struct pending {
		struct bt_stmt *loop;
		int label;
	} pending[8];
	size_t npending;
};

/* gen.c */
/* Its value to R0: the scalar itself, or the address of the memory that holds it. */
void gen_expr(struct gen *g, struct bt_expr *e);
/* The value into the place, that has type_room() of `as`; a string is cut to that size, and what is
 * behind it is zero if `padded`. */
void gen_into(struct gen *g, struct bt_expr *e, const struct bt_type *as, struct place to,
	      bool padded);
void gen_stmts(struct gen *g, struct bt_stmt *s);
void gen_jump_false(struct gen *g, struct bt_expr *e, int label);
/* The address of a record or an array, and of what lies at the constant *off from there. */
void gen_address(struct gen *g, struct bt_expr *e, int64_t *off);
/* The address of what a string, buffer or call's argument is at, as a plain number in R0. */
void gen_pointer(struct gen *g, struct bt_expr *e);

/* Temporary values: taken and given back in the order of a stack. */
struct mark {
	uint32_t frame, scratch;
};
struct mark gen_mark(const struct gen *g);
void gen_release(struct gen *g, struct mark m);
struct place gen_temp(struct gen *g, uint32_t size);
struct place gen_temp_stack(struct gen *g, uint32_t size);
struct place gen_temp_scratch(struct gen *g, uint32_t size);
void gen_save(struct gen *g, struct place to, uint8_t reg); /* 8 bytes */
void gen_fetch(struct gen *g, uint8_t reg, struct place from);
void gen_place_address(struct gen *g, uint8_t reg, struct place at);
struct place gen_var_place(struct gen *g, const struct bt_var *v);
struct place place_at(struct place p, int32_t off);

/* gen_mem.c */
/* `size` bytes at the address R0 + off in the space `as` to the place; faults leave zeros. */
void gen_read(struct gen *g, struct place to, uint32_t size, int64_t off, enum bt_space as);
/* The same for a string with its NUL; R0 is its length with that, or below 0. */
void gen_read_str(struct gen *g, struct place to, uint32_t size, int64_t off, enum bt_space as);
/* The scalar of type `t` at the address R0 + off to R0; `m` for bit-fields, may be NULL. */
void gen_read_scalar(struct gen *g, const struct bt_type *t, const struct bt_member *m, int64_t off,
		     enum bt_space as);
/* Extend what an integer's type is narrower than 64 bits. */
void gen_extend(struct gen *g, uint8_t reg, uint32_t size, bool sign);
void gen_zero(struct gen *g, struct place to, uint32_t size);
void gen_literal(struct gen *g, const char *s, size_t len, struct place to, uint32_t size,
		 bool padded);
/* Memory at R0 to the place. */
void gen_copy(struct gen *g, struct place to, uint32_t size);
/* R0 = are they equal? Up to `most` bytes, 0: all of them. */
void gen_str_equal(struct gen *g, struct bt_expr *a, struct bt_expr *b, uint32_t most);
/* Call the helper for the space: user, kernel, or after a look at the address in R3. */
void gen_call_for_space(struct gen *g, enum bt_space as, int user, int kernel);

/* R0 = process << 32 | thread that runs, as the pid namespace of the tool has them. */
void gen_pid_tgid(struct gen *g);
/* R0 = the number of the stack, below 0 if it found no room; `user`: BPF_F_USER_STACK or 0. */
void gen_stack(struct gen *g, uint32_t user);
/* The number in R0 and the process that it belongs to, 16 bytes. */
void gen_save_of_process(struct gen *g, struct place to);
/* Where a string is read from: code that leaves an address in R0, of which it lies `off` further.
 */
struct source {
	int64_t off;
	enum bt_space as;
};
struct source gen_str_source(struct gen *g, struct bt_expr *e);
/* R0 /= R1 */
void gen_divide(struct gen *g, bool is_signed);
/* state->counter++ */
void gen_count_lost(struct gen *g, uint32_t counter);

/* gen_map.c */
void gen_map_get(struct gen *g, struct bt_expr *e);
void gen_map_set(struct gen *g, struct bt_expr *target, struct bt_expr *value);
void gen_map_aggregate(struct gen *g, struct bt_expr *target, struct bt_expr *call);
/* R0 = before or after; the map's entry += the value, atomically. */
void gen_map_add(struct gen *g, struct bt_expr *target, struct bt_expr *value, int64_t step,
		 bool sub, bool used, bool after);
void gen_map_delete(struct gen *g, struct bt_expr *e);
void gen_map_has(struct gen *g, struct bt_expr *e);
struct place gen_key(struct gen *g, struct bt_expr *e);

/* R0 = the number of its entries. */
void gen_map_len(struct gen *g, const struct bt_expr *e);

/* calls_out.c: an event for the action, with the arguments. */
void gen_action(struct gen *g, struct bt_action *a, struct bt_expr **arg, size_t nargs);

/* Offsets in pt_regs of this machine. */
int regs_arg(unsigned i); /* -1: it is on the stack */
int regs_named(const char *name);
extern const int regs_ret, regs_ip, regs_sp;

static inline uint8_t bpf_size(uint32_t bytes)
{
	return bytes == 1 ? BPF_B : bytes == 2 ? BPF_H : bytes == 4 ? BPF_W : BPF_DW;
}

#endif
