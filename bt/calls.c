// SPDX-License-Identifier: GPL-2.0-or-later
// The functions that stay in the kernel, a row each: how they are checked, and their code.
#include "check.h"
#include "ksyms.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static const struct bt_type type_inet = {.kind = T_INET, .size = 24};
static const struct bt_type type_mac = {.kind = T_MAC, .size = 8};
static const struct bt_type type_ksym = {.kind = T_KSYM, .size = 8};
static const struct bt_type type_usym = {.kind = T_USYM, .size = 16};
static const struct bt_type type_errno = {.kind = T_ERRNO, .size = 8};

/* ---- aggregations ---- */

static void agg_check(struct check *ck, struct bt_expr *e)
{
	(void)ck, (void)e; /* check_aggregate() does it */
}

static const struct {
	const char *name;
	enum bt_kind kind;
} agg_kinds[] = {
	{"count", T_COUNT}, {"sum", T_SUM},	{"avg", T_AVG},	  {"min", T_MIN},
	{"max", T_MAX},	    {"stats", T_STATS}, {"hist", T_HIST}, {"lhist", T_LHIST},
};

static void hist_shape(struct check *ck, struct bt_expr *e, struct bt_type *t)
{
	int64_t bits = e->nargs > 1 ? check_number(ck, e->arg[1], "hist") : 0;

	if (bits < 0 || bits > 5)
		bt_error(ck->bt, e->arg[1]->span, "hist: expected from 0 to 5 bits");
	t->step = bits;
	t->n = 1 + ((65 - bits) << bits);
}

static void lhist_shape(struct check *ck, struct bt_expr *e, struct bt_type *t)
{
	int64_t max = check_number(ck, e->arg[2], "lhist");

	t->min = check_number(ck, e->arg[1], "lhist");
	t->step = check_number(ck, e->arg[3], "lhist");
	if (t->step <= 0)
		bt_error(ck->bt, e->arg[3]->span, "lhist: the step has to be above 0");
	if (max <= t->min)
		bt_error(ck->bt, e->arg[2]->span, "lhist: the maximum has to be above the minimum");
	if ((max - t->min + t->step - 1) / t->step > 1000)
		bt_error(ck->bt, e->arg[3]->span,
			 "lhist: more than 1000 slots: a larger step is needed");
	t->n = 2 + (max - t->min + t->step - 1) / t->step;
}

void check_aggregate(struct check *ck, struct bt_expr *target, struct bt_expr *call)
{
	struct bt_type *t = (struct bt_type *)type_new(ck->bt, T_COUNT, 8);

	for (const struct bt_call *row = bt_calls; row->name; row++)
		if (!strcmp(row->name, call->name))
			call->call = row;
	if (call->nargs < call->call->min || call->nargs > call->call->max)
		bt_error(ck->bt, call->span, "expected @x = %s", call->call->usage);
	for (size_t i = 0; i < ARRAY_LEN(agg_kinds); i++)
		if (!strcmp(agg_kinds[i].name, call->name))
			t->kind = agg_kinds[i].kind;
	if (call->nargs) {
		check_int(ck, call->arg[0], call->name);
		t->sign = call->arg[0]->type->kind == T_INT && call->arg[0]->type->sign;
	}
	if (t->kind == T_HIST)
		hist_shape(ck, call, t);
	else if (t->kind == T_LHIST)
		lhist_shape(ck, call, t);
	t->size = type_room(t);
	map_value_set(ck, target->map, t, call->span);
	target->type = target->map->type;
}

/* ---- strings ---- */

static void need_address(struct check *ck, struct bt_expr *e, const char *what)
{
	check_expr(ck, e);
	if (e->type->kind == T_INT || e->type->kind == T_PTR || e->type->kind == T_ARRAY ||
	    e->type->kind == T_KSYM || (e->type->kind == T_NONE && !ck->final))
		return;
	bt_error(ck->bt, e->span, "%s: expected an address, not %s", what,
		 type_text(ck->bt, e->type));
}

static void str_check(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t;
	int64_t n;

	if (e->arg[0]->kind == E_POSITIONAL) { /* a literal from here on */
		const char *s = check_literal(ck, e->arg[0], "str");

		e->kind = E_STR;
		e->str = s;
		e->str_len = strlen(s);
		e->type = type_str(ck->bt, e->str_len + 1);
		return;
	}
	t = (struct bt_type *)type_str(ck->bt, ck->bt->config.max_strlen);
	t->is_bool = e->nargs == 1; /* what is cut gets a mark */
	e->type = t;
	check_expr(ck, e->arg[0]);
	if (e->arg[0]->type->kind == T_STR)
		e->type = e->arg[0]->type;
	else
		need_address(ck, e->arg[0], "str");
	if (e->nargs == 1 && e->arg[0]->type->kind == T_ARRAY && e->arg[0]->type->size)
		t->size = MIN(t->size, e->arg[0]->type->size + 1);
	if (e->nargs == 1)
		return;
	check_int(ck, e->arg[1], "str");
	if (expr_const(e->arg[1], &n) && n >= 0 && n < t->size)
		t->size = n + 1;
}

static enum bt_space space_of(const struct bt_expr *e)
{
	const struct bt_type *t = e->type;

	if (e->kind == E_MEMBER && e->a->type->kind == T_ARGS && t->kind == T_ARRAY)
		return AS_KERNEL;
	if (t->kind == T_STR)
		return AS_KERNEL; /* memory of BPF */
	return t->kind == T_PTR || t->kind == T_ARRAY ? t->as == AS_BPF ? AS_KERNEL : t->as
						      : AS_ANY;
}

/* The length may be known only then: it is kept within the room there is. */
static void str_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	struct mark m = gen_mark(g);
	struct place slot = gen_temp_stack(g, 8);
	int good = code_label(g->c);

	size = MIN(size, e->type->size);
	if (e->arg[0]->type->kind == T_STR) {
		struct source s = gen_str_source(g, e->arg[0]);

		gen_read_str(g, to, size, s.off, s.as);
		gen_release(g, m);
		return;
	}
	if (e->nargs == 1) {
		gen_pointer(g, e->arg[0]);
		gen_read_str(g, to, size, 0, space_of(e->arg[0]));
		gen_release(g, m);
		return;
	}
	gen_pointer(g, e->arg[0]);
	gen_save(g, slot, R0);
	gen_expr(g, e->arg[1]);
	code_mov(g->c, R2, R0);
	code_alu_imm(g->c, BPF_ADD, R2, 1);
	code_jump_imm(g->c, BPF_JLE, R2, size, good);
	code_mov_imm(g->c, R2, size);
	code_here(g->c, good);
	gen_fetch(g, R3, slot);
	gen_place_address(g, R1, to);
	gen_call_for_space(g, space_of(e->arg[0]), BPF_FUNC_probe_read_user_str,
			   BPF_FUNC_probe_read_kernel_str);
	gen_release(g, m);
}

static void buf_check(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t = (struct bt_type *)type_new(ck->bt, T_BUF, ck->bt->config.max_strlen);
	int64_t n;

	check_expr(ck, e->arg[0]);
	if (e->arg[0]->type->kind != T_STR)
		need_address(ck, e->arg[0], "buf");
	e->type = t;
	if (e->nargs > 1) {
		check_int(ck, e->arg[1], "buf");
		if (expr_const(e->arg[1], &n)) {
			if (n < 1 || n > 16384)
				bt_error(ck->bt, e->arg[1]->span,
					 "buf: expected from 1 to 16384 bytes");
			t->size = n;
		}
	} else if (e->arg[0]->type->kind == T_ARRAY) {
		t->size = e->arg[0]->type->size;
	} else if (e->arg[0]->type->kind != T_NONE) {
		bt_error(ck->bt, e->span, "buf: expected a length, as this is no array");
	}
	t->size = MIN((t->size + 7) & ~7u, 16384u);
}

static void buf_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	struct mark m = gen_mark(g);
	struct place slot = gen_temp_stack(g, 8);
	int good = code_label(g->c);
	uint32_t room = size - 8;

	gen_pointer(g, e->arg[0]);
	gen_save(g, slot, R0);
	if (e->nargs > 1)
		gen_expr(g, e->arg[1]);
	else
		code_mov_imm(g->c, R0, e->arg[0]->type->size);
	code_mov(g->c, R2, R0);
	code_jump_imm(g->c, BPF_JLE, R2, room, good);
	code_mov_imm(g->c, R2, room);
	code_here(g->c, good);
	gen_save(g, to, R2);
	gen_fetch(g, R3, slot);
	gen_place_address(g, R1, place_at(to, 8));
	gen_call_for_space(g, space_of(e->arg[0]), BPF_FUNC_probe_read_user,
			   BPF_FUNC_probe_read_kernel);
	gen_release(g, m);
}

static void strncmp_check(struct check *ck, struct bt_expr *e)
{
	for (int i = 0; i < 2; i++) {
		check_value(ck, e->arg[i]);
		if (e->arg[i]->type->kind != T_STR &&
		    (e->arg[i]->type->kind != T_NONE || ck->final))
			bt_error(ck->bt, e->arg[i]->span, "strncmp: expected a string, not %s",
				 type_text(ck->bt, e->arg[i]->type));
	}
	e->num = check_number(ck, e->arg[2], "strncmp");
	if ((int64_t)e->num < 1)
		bt_error(ck->bt, e->arg[2]->span, "strncmp: expected a length above 0");
	e->type = &type_s64;
}

/* 0 if they are equal. Which one comes first is not told. */
static void strncmp_gen(struct gen *g, struct bt_expr *e)
{
	gen_str_equal(g, e->arg[0], e->arg[1], MIN(e->num, (uint64_t)16384));
	code_alu_imm(g->c, BPF_XOR, R0, 1);
}

static void memcmp_check(struct check *ck, struct bt_expr *e)
{
	enum { MOST = 256 };
	struct bt_expr *bytes = e->arg[1];
	uint64_t n;

	check_expr(ck, e->arg[0]);
	need_address(ck, e->arg[0], "memcmp");
	check_literal(ck, bytes, "memcmp");
	if (bytes->kind != E_STR)
		bt_error(ck->bt, bytes->span, "memcmp: expected a string in quotes");
	n = e->nargs > 2 ? (uint64_t)check_number(ck, e->arg[2], "memcmp") : bytes->str_len;
	if (!n || n > MIN(bytes->str_len, (size_t)MOST))
		bt_error(ck->bt, e->nargs > 2 ? e->arg[2]->span : bytes->span,
			 "memcmp: expected from 1 to %d bytes, as many as are given", MOST);
	e->num = n;
	e->type = &type_s64;
}

/* 0 if they are equal; memory that cannot be read is not. */
static void memcmp_gen(struct gen *g, struct bt_expr *e)
{
	struct bt_code *c = g->c;
	int no = code_label(c), done = code_label(c);
	struct mark m = gen_mark(g);
	struct place have = gen_temp(g, e->num);
	uint64_t word;

	gen_pointer(g, e->arg[0]);
	gen_read(g, have, e->num, 0, space_of(e->arg[0]));
	code_jump_imm(c, BPF_JNE, R0, 0, no);
	for (uint64_t i = 0, step; i < e->num; i += step) {
		step = e->num - i >= 8 ? 8 : e->num - i >= 4 ? 4 : e->num - i >= 2 ? 2 : 1;
		word = 0;
		memcpy(&word, e->arg[1]->str + i, step);
		code_load(c, bpf_size(step), R1, have.base, have.off + i);
		code_imm64(c, R2, word);
		code_jump_reg(c, BPF_JNE, R1, R2, no);
	}
	code_mov_imm(c, R0, 0);
	code_goto(c, done);
	code_here(c, no);
	code_mov_imm(c, R0, 1);
	code_here(c, done);
	gen_release(g, m);
}

/* ---- addresses ---- */

static void ksym_check(struct check *ck, struct bt_expr *e)
{
	check_int(ck, e->arg[0], "ksym");
	e->type = &type_ksym;
}

static void first_arg_gen(struct gen *g, struct bt_expr *e)
{
	gen_expr(g, e->arg[0]);
}

static void usym_check(struct check *ck, struct bt_expr *e)
{
	check_int(ck, e->arg[0], "usym");
	e->type = &type_usym;
}

static void usym_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	(void)size;
	gen_expr(g, e->arg[0]);
	gen_save_of_process(g, to);
}

static void kaddr_check(struct check *ck, struct bt_expr *e)
{
	const char *name = check_literal(ck, e->arg[0], "kaddr");

	e->type = &type_u64;
	if (!e->is_const && !kernel_symbol(name, &e->num))
		bt_error_status(ck->bt, EXIT_CANNOT, e->arg[0]->span,
				"the kernel has no symbol '%s', or hides its address", name);
	e->is_const = true;
}

static void const_gen(struct gen *g, struct bt_expr *e)
{
	code_imm64(g->c, R0, e->num);
}

static void reg_check(struct check *ck, struct bt_expr *e)
{
	const char *name = check_literal(ck, e->arg[0], "reg");
	enum site_kind k = ck->site->kind;
	int off = regs_named(name);

	if (off < 0)
		bt_error(ck->bt, e->arg[0]->span, "this machine has no register '%s'", name);
	if (!has_regs(k))
		bt_error(ck->bt, e->span,
			 "reg() is for kprobe, kretprobe, uprobe, uretprobe and usdt");
	e->num = off;
	e->type = &type_u64;
}

static void reg_gen(struct gen *g, struct bt_expr *e)
{
	code_load(g->c, BPF_DW, R0, R9, e->num);
}

static void space_check(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t;
	enum bt_space as = e->name[0] == 'u' ? AS_USER : AS_KERNEL;

	check_int(ck, e->arg[0], e->name);
	t = e->arg[0]->type;
	if (t->kind == T_PTR)
		e->type = type_pointer(ck->bt, type_target(ck->bt, t), as);
	else
		e->type = type_pointer(ck->bt, &type_none, as);
}

/* ---- network ---- */

static void ntop_check(struct check *ck, struct bt_expr *e)
{
	struct bt_expr *addr = e->arg[e->nargs - 1];
	const struct bt_type *t;

	if (e->nargs > 1)
		check_int(ck, e->arg[0], "ntop");
	check_expr(ck, addr);
	t = addr->type;
	e->type = &type_inet;
	if (t->kind == T_INT || t->kind == T_PTR || (t->kind == T_NONE && !ck->final))
		return;
	if (t->kind != T_ARRAY || (t->size != 4 && t->size != 16))
		bt_error(ck->bt, addr->span,
			 "ntop: expected an integer, or an array of 4 or 16 bytes, not %s",
			 type_text(ck->bt, t));
}

static void ntop_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	struct bt_expr *addr = e->arg[e->nargs - 1];
	const struct bt_type *t = addr->type;
	int64_t off;

	(void)size;
	gen_zero(g, place_at(to, 8), 16);
	if (e->nargs > 1)
		gen_expr(g, e->arg[0]);
	else
		code_mov_imm(g->c, R0, t->kind == T_ARRAY && t->size == 16 ? AF_INET6 : AF_INET);
	gen_save(g, to, R0);
	if (t->kind == T_ARRAY && t->as != AS_BPF) {
		gen_address(g, addr, &off);
		gen_read(g, place_at(to, 8), t->size, off, space_of(addr));
	} else if (t->kind == T_ARRAY) {
		gen_expr(g, addr);
		gen_read(g, place_at(to, 8), t->size, 0, AS_KERNEL);
	} else {
		gen_expr(g, addr);
		gen_save(g, place_at(to, 8), R0);
	}
}

static void mac_check(struct check *ck, struct bt_expr *e)
{
	check_expr(ck, e->arg[0]);
	if (e->arg[0]->type->kind != T_ARRAY && (e->arg[0]->type->kind != T_NONE || ck->final))
		bt_error(ck->bt, e->arg[0]->span, "macaddr: expected an array of 6 bytes, not %s",
			 type_text(ck->bt, e->arg[0]->type));
	e->type = &type_mac;
}

static void mac_gen(struct gen *g, struct bt_expr *e)
{
	struct mark m = gen_mark(g);
	struct place slot = gen_temp_stack(g, 8);

	gen_pointer(g, e->arg[0]);
	code_store_imm(g->c, BPF_DW, slot.base, slot.off, 0);
	gen_read(g, slot, 6, 0, space_of(e->arg[0]));
	gen_fetch(g, R0, slot);
	gen_release(g, m);
}

static void bswap_check(struct check *ck, struct bt_expr *e)
{
	check_int(ck, e->arg[0], "bswap");
	e->type =
		type_int(ck->bt, e->arg[0]->type->kind == T_INT ? e->arg[0]->type->size : 8, false);
}

static void bswap_gen(struct gen *g, struct bt_expr *e)
{
	gen_expr(g, e->arg[0]);
	if (e->type->size > 1) /* to the byte order that this machine does not have */
		code_add(
			g->c,
			BPF_ALU | BPF_END |
				(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? BPF_TO_BE : BPF_TO_LE),
			R0, 0, 0, e->type->size * 8);
}

/* ---- the rest ---- */

static void stack_call_check(struct check *ck, struct bt_expr *e)
{
	static const char *const modes[] = {"bpftrace", "perf", "raw"};
	struct bt_type *t =
		(struct bt_type *)type_new(ck->bt, e->name[0] == 'k' ? T_KSTACK : T_USTACK, 0);
	int64_t n = 127;

	t->min = ck->bt->config.stack_mode;
	for (size_t i = 0; i < e->nargs; i++) {
		struct bt_expr *a = e->arg[i];

		if (a->kind == E_NAME && !i) {
			for (t->min = 0; t->min < 3 && strcmp(a->name, modes[t->min]); t->min++)
				;
			if (t->min == 3)
				bt_error(ck->bt, a->span, "expected bpftrace, perf or raw");
			continue;
		}
		n = check_number(ck, a, e->name);
		if (n < 1 || n > 1024)
			bt_error(ck->bt, a->span, "%s: expected from 1 to 1024 frames", e->name);
	}
	t->n = n;
	/* The kernel has its own limit, kernel.perf_event_max_stack, 127 if nobody changed it. */
	ck->bt->stack_depth = MAX(ck->bt->stack_depth, 127u);
	e->type = t;
}

static void kstack_call_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	gen_stack(g, 0);
}

static void ustack_call_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	(void)e, (void)size;
	gen_stack(g, BPF_F_USER_STACK);
	gen_save_of_process(g, to);
}

static void nsecs_check(struct check *ck, struct bt_expr *e)
{
	static const struct {
		const char *name;
		int helper;
	} clocks[] = {
		{"monotonic", BPF_FUNC_ktime_get_ns},
		{"boot", BPF_FUNC_ktime_get_boot_ns},
		{"tai", BPF_FUNC_ktime_get_tai_ns},
		{"sw_tai", BPF_FUNC_ktime_get_ns},
	};

	e->num = 0;
	for (size_t i = 0; i < ARRAY_LEN(clocks); i++)
		if (e->arg[0]->kind == E_NAME && !strcmp(e->arg[0]->name, clocks[i].name))
			e->num = clocks[i].helper;
	if (!e->num)
		bt_error(ck->bt, e->arg[0]->span, "nsecs: expected monotonic, boot, tai or sw_tai");
	e->type = &type_u64;
}

/* sw_tai, for kernels without the helper (6.1): as far as the clocks are apart when it begins. */
static void nsecs_gen(struct gen *g, struct bt_expr *e)
{
	struct timespec tai, now;

	code_call(g->c, e->num);
	if (strcmp(e->arg[0]->name, "sw_tai"))
		return;
	clock_gettime(CLOCK_TAI, &tai);
	clock_gettime(CLOCK_MONOTONIC, &now);
	code_imm64(g->c, R1, (tai.tv_sec - now.tv_sec) * 1000000000LL + tai.tv_nsec - now.tv_nsec);
	code_alu(g->c, BPF_ADD, R0, R1);
}

static void cgroupid_check(struct check *ck, struct bt_expr *e)
{
	const char *path = check_literal(ck, e->arg[0], "cgroupid");
	struct stat st;

	if (stat(path, &st))
		bt_error(ck->bt, e->arg[0]->span, "%s: %s", path, strerror(errno));
	e->num = st.st_ino; /* of cgroup v2, the inode's number is the id */
	e->is_const = true;
	e->type = &type_u64;
}

static void strerror_check(struct check *ck, struct bt_expr *e)
{
	check_int(ck, e->arg[0], "strerror");
	e->type = &type_errno;
}

static void cgroup_path_check(struct check *ck, struct bt_expr *e)
{
	static const struct bt_type type_path = {.kind = T_CGROUP_PATH, .size = 8};

	check_int(ck, e->arg[0], "cgroup_path");
	e->type = &type_path;
}

static void strcontains_check(struct check *ck, struct bt_expr *e)
{
	check_value(ck, e->arg[0]);
	if (e->arg[0]->type->kind != T_STR && (e->arg[0]->type->kind != T_NONE || ck->final))
		bt_error(ck->bt, e->arg[0]->span, "strcontains: expected a string, not %s",
			 type_text(ck->bt, e->arg[0]->type));
	e->str = check_literal(ck, e->arg[1], "strcontains");
	e->str_len = strlen(e->str);
	if (e->str_len > 32)
		bt_error(ck->bt, e->arg[1]->span, "strcontains: more than 32 bytes are not sought");
	e->type = &type_s64;
}

/* At each place of the string, as far as it goes, the bytes one after the other. */
static void strcontains_gen(struct gen *g, struct bt_expr *e)
{
	struct bt_code *c = g->c;
	int loop = code_label(c), next = code_label(c), no = code_label(c), done = code_label(c);
	uint32_t size = e->arg[0]->type->size;

	if (e->str_len >= size) {
		code_mov_imm(c, R0, 0);
		return;
	}
	gen_expr(g, e->arg[0]);
	code_mov(c, R6, R0);
	code_mov_imm(c, R3, size - e->str_len);
	code_here(c, loop);
	for (size_t i = 0; i < e->str_len; i++) {
		code_load(c, BPF_B, R1, R6, i);
		code_jump_imm(c, BPF_JNE, R1, (unsigned char)e->str[i], next);
	}
	code_mov_imm(c, R0, 1);
	code_goto(c, done);
	code_here(c, next);
	code_load(c, BPF_B, R1, R6, 0);
	code_jump_imm(c, BPF_JEQ, R1, 0, no);
	code_alu_imm(c, BPF_ADD, R6, 1);
	code_alu_imm(c, BPF_ADD, R3, -1);
	code_jump_imm(c, BPF_JNE, R3, 0, loop);
	code_here(c, no);
	code_mov_imm(c, R0, 0);
	code_here(c, done);
}

static void has_key_check(struct check *ck, struct bt_expr *e)
{
	/* has_key(@x, key): the keys are arguments */
	check_map_arg(ck, e->arg[0], true);
	if (e->nargs > 1 && !e->arg[0]->nargs) {
		e->arg[0]->arg = e->arg + 1;
		e->arg[0]->nargs = e->nargs - 1;
		if (e->nargs == 2 && e->arg[1]->kind == E_TUPLE) {
			e->arg[0]->arg = e->arg[1]->arg;
			e->arg[0]->nargs = e->arg[1]->nargs;
		}
		map_key_set(ck, e->arg[0]);
	}
	if (!e->arg[0]->nargs && ck->final)
		bt_error(ck->bt, e->span, "expected %s", e->call->usage);
	e->arg[0]->map->removed = true;
	e->type = &type_s64;
}

static void has_key_gen(struct gen *g, struct bt_expr *e)
{
	gen_map_has(g, e->arg[0]);
}

static void delete_check(struct check *ck, struct bt_expr *e)
{
	if (e->nargs == 1) {
		if (e->arg[0]->kind != E_MAP)
			bt_error(ck->bt, e->arg[0]->span,
				 "delete: expected a map, such as @x[key]");
		map_key_set(ck, e->arg[0]);
		e->arg[0]->map->removed = true;
	} else {
		has_key_check(ck, e);
	}
	if (ck->final && e->arg[0]->map->type->kind == T_NONE)
		bt_error(ck->bt, e->arg[0]->span, "nothing is ever stored in %s",
			 e->arg[0]->map->name);
	e->type = &type_none;
}

static void delete_gen(struct gen *g, struct bt_expr *e)
{
	gen_map_delete(g, e->arg[0]);
}

static void signal_check(struct check *ck, struct bt_expr *e)
{
	if (e->arg[0]->kind == E_STR)
		bt_error(ck->bt, e->arg[0]->span, "signal: expected the number of the signal");
	check_int(ck, e->arg[0], "signal");
	e->type = &type_none;
}

static void signal_gen(struct gen *g, struct bt_expr *e)
{
	gen_expr(g, e->arg[0]);
	code_mov(g->c, R1, R0);
	code_call(g->c, BPF_FUNC_send_signal);
}

static void pton_check(struct check *ck, struct bt_expr *e)
{
	const char *text = check_literal(ck, e->arg[0], "pton");
	struct bt_type *t = (struct bt_type *)type_new(ck->bt, T_ARRAY, strchr(text, ':') ? 16 : 4);
	char *to = bt_alloc(ck->bt, 16);

	if (inet_pton(t->size == 16 ? AF_INET6 : AF_INET, text, to) != 1)
		bt_error(ck->bt, e->arg[0]->span, "pton: '%s' is no IP address", text);
	t->elem = type_int(ck->bt, 1, false);
	t->n = t->size;
	t->as = AS_BPF;
	e->str = to;
	e->type = t;
}

static void pton_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	int32_t word;

	for (uint32_t i = 0; i < size; i += 4) {
		memcpy(&word, e->str + i, 4);
		code_store_imm(g->c, BPF_W, to.base, to.off + i, word);
	}
}

/* ---- lengths, paths, addresses ---- */

static bool is_stack(const struct bt_type *t)
{
	return t->kind == T_KSTACK || t->kind == T_USTACK;
}

static void len_check(struct check *ck, struct bt_expr *e)
{
	struct bt_expr *a = e->arg[0];

	e->type = &type_s64;
	if (a->kind == E_MAP && !a->nargs) {
		check_map_arg(ck, a, false);
		a->map->removed = true; /* entries that are not there do not count */
		if (ck->final && !a->map->keyed)
			bt_error(ck->bt, a->span, "len: %s has no keys", a->map->name);
		return;
	}
	check_expr(ck, a);
	if (!is_stack(a->type) && (a->type->kind != T_NONE || ck->final))
		bt_error(ck->bt, a->span, "len: expected a map or a stack, not %s",
			 type_text(ck->bt, a->type));
	if (is_stack(a->type) && a->kind != E_NAME && a->kind != E_CALL)
		bt_error(ck->bt, a->span, "len: expected kstack or ustack itself");
}

/* A stack is taken once more, as a whole: 8 bytes a frame, of the first 127. */
static void len_gen(struct gen *g, struct bt_expr *e)
{
	const struct bt_type *t = e->arg[0]->type;
	struct mark m = gen_mark(g);
	uint32_t size = MIN(t->n ? t->n : 127u, 127u) * 8;
	int good = code_label(g->c);
	struct place p;

	if (e->arg[0]->kind == E_MAP) {
		gen_map_len(g, e->arg[0]);
		return;
	}
	p = gen_temp_scratch(g, size);
	code_mov(g->c, R1, R9);
	gen_place_address(g, R2, p);
	code_mov_imm(g->c, R3, size);
	code_mov_imm(g->c, R4, t->kind == T_USTACK ? BPF_F_USER_STACK : 0);
	code_call(g->c, BPF_FUNC_get_stack);
	code_jump_imm(g->c, BPF_JSGT, R0, 0, good);
	code_mov_imm(g->c, R0, 0);
	code_here(g->c, good);
	code_alu_imm(g->c, BPF_RSH, R0, 3);
	gen_release(g, m);
}

static void path_check(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t = (struct bt_type *)type_str(ck->bt, ck->bt->config.max_strlen);
	const struct bt_type *a;
	int64_t n;

	if (ck->site->kind != P_FENTRY && ck->site->kind != P_FEXIT)
		bt_error(ck->bt, e->span, "path() is for fentry and fexit");
	check_expr(ck, e->arg[0]);
	a = e->arg[0]->type;
	if (a->kind == T_PTR)
		a = type_target(ck->bt, a);
	if ((a->kind != T_RECORD || !a->record->name || strcmp(a->record->name, "path")) &&
	    (a->kind != T_NONE || ck->final))
		bt_error(ck->bt, e->arg[0]->span, "path: expected a struct path, not %s",
			 type_text(ck->bt, e->arg[0]->type));
	if (e->nargs > 1) {
		n = check_number(ck, e->arg[1], "path");
		if (n < 2 || n > 8000)
			bt_error(ck->bt, e->arg[1]->span, "path: expected from 2 to 8000 bytes");
		t->size = n;
	}
	e->type = t;
}

/* The kernel allows it in few functions only (btf_allowlist_d_path), those that may take its locks.
 */
static void path_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	int64_t off = 0;

	gen_zero(g, to, 8);
	if (e->arg[0]->type->kind == T_PTR)
		gen_expr(g, e->arg[0]);
	else
		gen_address(g, e->arg[0], &off);
	code_mov(g->c, R1, R0);
	if (off)
		code_alu_imm(g->c, BPF_ADD, R1, off);
	gen_place_address(g, R2, to);
	code_mov_imm(g->c, R3, MIN(size, e->type->size));
	code_call(g->c, BPF_FUNC_d_path);
}

static void uaddr_check(struct check *ck, struct bt_expr *e)
{
	const char *name = check_literal(ck, e->arg[0], "uaddr");
	uint64_t size = 8;

	if (!site_kinds[ck->site->kind].user)
		bt_error(ck->bt, e->span, "uaddr() is for uprobe, uretprobe and usdt");
	ck->per_site = true;
	if (!site_symbol(ck->bt, ck->site, name, &e->num, &size))
		bt_error(ck->bt, e->arg[0]->span,
			 "%s has no variable '%s', or is position-independent: where it is loaded "
			 "is known with -p PID only",
			 ck->site->path, name);
	size = size == 1 || size == 2 || size == 4 ? size : 8;
	e->type = type_pointer(ck->bt, type_int(ck->bt, size, false), AS_USER);
	e->is_const = true;
}

const struct bt_call bt_calls[] = {
	{"count", "count()", 0, 0, CALL_MAP, agg_check},
	{"sum", "sum(NUMBER)", 1, 1, CALL_MAP, agg_check},
	{"avg", "avg(NUMBER)", 1, 1, CALL_MAP, agg_check},
	{"min", "min(NUMBER)", 1, 1, CALL_MAP, agg_check},
	{"max", "max(NUMBER)", 1, 1, CALL_MAP, agg_check},
	{"stats", "stats(NUMBER)", 1, 1, CALL_MAP, agg_check},
	{"hist", "hist(NUMBER[, BITS])", 1, 2, CALL_MAP, agg_check},
	{"lhist", "lhist(NUMBER, MIN, MAX, STEP)", 4, 4, CALL_MAP, agg_check},
	{"str", "str(ADDRESS[, LENGTH])", 1, 2, 0, str_check, .into = str_into},
	{"kstr", "kstr(ADDRESS[, LENGTH])", 1, 2, 0, str_check, .into = str_into},
	{"buf", "buf(ADDRESS[, LENGTH])", 1, 2, 0, buf_check, .into = buf_into},
	{"strncmp", "strncmp(STRING, STRING, LENGTH)", 3, 3, 0, strncmp_check, strncmp_gen},
	{"memcmp", "memcmp(ADDRESS, \"BYTES\"[, LENGTH])", 2, 3, 0, memcmp_check, memcmp_gen},
	{"ksym", "ksym(ADDRESS)", 1, 1, 0, ksym_check, first_arg_gen},
	{"usym", "usym(ADDRESS)", 1, 1, 0, usym_check, .into = usym_into},
	{"kaddr", "kaddr(\"NAME\")", 1, 1, 0, kaddr_check, const_gen},
	{"reg", "reg(\"NAME\")", 1, 1, 0, reg_check, reg_gen},
	{"kptr", "kptr(ADDRESS)", 1, 1, 0, space_check, first_arg_gen},
	{"uptr", "uptr(ADDRESS)", 1, 1, 0, space_check, first_arg_gen},
	{"ntop", "ntop([FAMILY, ]ADDRESS)", 1, 2, 0, ntop_check, .into = ntop_into},
	{"pton", "pton(\"ADDRESS\")", 1, 1, 0, pton_check, .into = pton_into},
	{"macaddr", "macaddr(ARRAY)", 1, 1, 0, mac_check, mac_gen},
	{"bswap", "bswap(NUMBER)", 1, 1, 0, bswap_check, bswap_gen},
	{"kstack", "kstack([MODE, ][FRAMES])", 0, 2, 0, stack_call_check, kstack_call_gen},
	{"ustack", "ustack([MODE, ][FRAMES])", 0, 2, 0, stack_call_check, .into = ustack_call_into},
	{"nsecs", "nsecs(CLOCK)", 1, 1, 0, nsecs_check, nsecs_gen},
	{"cgroupid", "cgroupid(\"PATH\")", 1, 1, 0, cgroupid_check, const_gen},
	{"cgroup_path", "cgroup_path(ID)", 1, 1, 0, cgroup_path_check, first_arg_gen},
	{"strcontains", "strcontains(STRING, \"PART\")", 2, 2, 0, strcontains_check,
	 strcontains_gen},
	{"strerror", "strerror(NUMBER)", 1, 1, 0, strerror_check, first_arg_gen},
	{"has_key", "has_key(@x, KEY)", 1, 8, 0, has_key_check, has_key_gen},
	{"delete", "delete(@x[KEY])", 1, 8, CALL_STATEMENT, delete_check, delete_gen},
	{"len", "len(@x), len(kstack) or len(ustack)", 1, 1, 0, len_check, len_gen},
	{"path", "path(STRUCT_PATH[, SIZE])", 1, 2, 0, path_check, .into = path_into},
	{"uaddr", "uaddr(\"VARIABLE\")", 1, 1, 0, uaddr_check, const_gen},
	{"signal", "signal(NUMBER)", 1, 1, CALL_STATEMENT | CALL_UNSAFE, signal_check, signal_gen},
	{0}};

const struct bt_call *const bt_call_tables[] = {bt_calls, bt_calls_out, NULL};
