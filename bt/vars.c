// SPDX-License-Identifier: GPL-2.0-or-later
// The builtin variables: a row each, with its type and its code.
#include "check.h"
#include "usdt.h"

#include <bpf/libbpf.h>
#include <stdio.h>

static const struct bt_type type_comm = {.kind = T_STR, .size = 16};
static const struct bt_type type_probe = {.kind = T_PROBE, .size = 8};
static const struct bt_type type_func = {.kind = T_PROBE, .size = 8, .min = 1};
static const struct bt_type type_ksym = {.kind = T_KSYM, .size = 8};
static const struct bt_type type_user = {.kind = T_USER, .size = 8};
static const struct bt_type type_u32 = {.kind = T_INT, .size = 4};

/* ---- context ---- */

static unsigned arg_number(const struct bt_expr *e)
{
	return e->name[strlen(e->name) - 1] - '0';
}

static const struct usdt_arg *operand_of(const struct bt_site *site, unsigned i)
{
	return i < site->noperands && site->operand[i].kind != USDT_NONE ? &site->operand[i] : NULL;
}

/* Where it is is the place's own matter; it may be out of reach at some places of a probe, where it
 * is 0 then, but not at all of them. */
static void operand_check(struct check *ck, struct bt_expr *e, unsigned i)
{
	const struct usdt_arg *arg = operand_of(ck->site, i);

	ck->per_site = true;
	if (i >= ck->site->noperands)
		bt_error(ck->bt, e->span, "%s has %u argument%s", ck->site->name,
			 ck->site->noperands, ck->site->noperands == 1 ? "" : "s");
	for (const struct bt_site *s = ck->probe->sites; s && !arg; s = s->next)
		if (s->number == ck->site->number)
			arg = operand_of(s, i);
	if (!arg)
		bt_error(ck->bt, e->span,
			 "%s: %s cannot be had: the program keeps it where the kernel does not "
			 "show it",
			 ck->site->name, e->name);
	e->type = arg->is_signed ? &type_s64 : &type_u64;
}

static void arg_check(struct check *ck, struct bt_expr *e)
{
	enum site_kind k = ck->site->kind;
	unsigned i = arg_number(e);
	struct bt_record *r;
	const char *why;

	e->type = &type_u64;
	if (k == P_KPROBE || k == P_UPROBE) {
		if (regs_arg(i) < 0)
			bt_error(ck->bt, e->span,
				 "on this machine only the first %s arguments are in "
				 "registers",
				 regs_arg(6) < 0 ? "6" : "8");
	} else if (k == P_FENTRY || k == P_FEXIT || k == P_RAWTP) {
		r = site_args(ck->bt, ck->site, &why);
		ck->per_site |= k != P_RAWTP;
		if (r && i >= r->n)
			bt_error(ck->bt, e->span, "%s has %zu argument%s", ck->site->name, r->n,
				 r->n == 1 ? "" : "s");
	} else if (k == P_USDT) {
		operand_check(ck, e, i);
		return;
	} else {
		bt_error(ck->bt, e->span,
			 "%s are for kprobe, uprobe, usdt, fentry and rawtracepoint%s",
			 "arg0 to arg9", k == P_TRACEPOINT ? "; a tracepoint has args.NAME" : "");
	}
}

/* A register at that place in the context, which may be the second byte of one; only whole ones can
 * be loaded. */
static void operand_reg(struct gen *g, uint8_t to, int at)
{
	int word = sizeof(long);

	code_load(g->c, bpf_size(word), to, R9, at / word * word);
	if (at % word)
		code_alu_imm(g->c, BPF_RSH, to, at % word * 8);
}

static void operand_gen(struct gen *g, unsigned i)
{
	const struct usdt_arg *arg = operand_of(g->site, i);

	if (!arg || arg->reg == USDT_NO_REG)
		code_mov_imm(g->c, R0, 0);
	if (!arg) {
		warn("%s: arg%u cannot be had at one of its places and is 0 there", g->site->name,
		     i);
		return;
	}
	if (arg->reg != USDT_NO_REG)
		operand_reg(g, R0, arg->reg);
	if (arg->index != USDT_NO_REG) {
		operand_reg(g, R1, arg->index);
		code_alu_imm(g->c, BPF_LSH, R1, arg->scale);
		code_alu(g->c, BPF_ADD, R0, R1);
	}
	if (arg->kind == USDT_MEMORY) {
		gen_read_scalar(g, type_int(g->bt, arg->size, arg->is_signed), NULL, arg->value,
				AS_USER);
		return;
	}
	if (arg->value) {
		code_imm64(g->c, R1, arg->value);
		code_alu(g->c, BPF_ADD, R0, R1);
	}
	gen_extend(g, R0, arg->size, arg->is_signed);
}

static void arg_gen(struct gen *g, struct bt_expr *e)
{
	unsigned i = arg_number(e);

	if (g->site->kind == P_USDT) {
		operand_gen(g, i);
		return;
	}
	code_load(g->c, BPF_DW, R0, R9, has_regs(g->site->kind) ? regs_arg(i) : (int)i * 8);
}

/* The arguments beyond the registers: on the stack, above the return address where there is one. */
static void sarg_check(struct check *ck, struct bt_expr *e)
{
	if (ck->site->kind != P_KPROBE && ck->site->kind != P_UPROBE)
		bt_error(ck->bt, e->span, "sarg0 to sarg9 are for kprobe and uprobe");
	if (regs_sp < 0)
		bt_error(ck->bt, e->span, "the stack of this machine is not known");
}

static void sarg_gen(struct gen *g, struct bt_expr *e)
{
#ifdef __x86_64__
	int above = 8;
#else
	int above = 0;
#endif

	code_load(g->c, BPF_DW, R0, R9, regs_sp);
	gen_read_scalar(g, &type_u64, NULL, arg_number(e) * 8 + above,
			g->site->kind == P_UPROBE ? AS_USER : AS_KERNEL);
}

static void retval_check(struct check *ck, struct bt_expr *e)
{
	enum site_kind k = ck->site->kind;
	struct bt_record *r;
	const char *why;

	e->type = &type_u64;
	if (k == P_KRETPROBE || k == P_URETPROBE)
		return;
	if (k != P_FEXIT)
		bt_error(ck->bt, e->span, "retval is for kretprobe, uretprobe and fexit%s",
			 k == P_TRACEPOINT ? "; the tracepoint of a system call's end has args.ret"
					   : "");
	r = site_args(ck->bt, ck->site, &why);
	ck->per_site = true;
	if (!r || !r->n || strcmp(r->member[r->n - 1].name, "$ret"))
		bt_error(ck->bt, e->span, "%s returns nothing", ck->site->name);
	e->type = r->member[r->n - 1].type;
	e->offset = r->member[r->n - 1].offset;
}

static void retval_gen(struct gen *g, struct bt_expr *e)
{
	if (has_regs(g->site->kind)) {
		code_load(g->c, BPF_DW, R0, R9, regs_ret);
		return;
	}
	code_load(g->c, BPF_DW, R0, R9, e->offset);
	if (e->type->kind == T_INT)
		gen_extend(g, R0, e->type->size, e->type->sign);
}

static void args_check(struct check *ck, struct bt_expr *e)
{
	if (!site_kinds[ck->site->kind].args &&
	    !(ck->site->kind == P_KPROBE && ck->bt->config.kprobe_args))
		bt_error(ck->bt, e->span,
			 "args is for tracepoint, fentry, fexit and rawtracepoint%s",
			 has_regs(ck->site->kind) ? "; here it is arg0, arg1, ..." : "");
	e->type = &type_args;
}

static void ctx_check(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t =
		ck->site->kind == P_ITER ? iter_context(ck->bt, ck->site->func) : NULL;

	ck->per_site |= ck->site->kind == P_ITER;
	e->type = t ? type_pointer(ck->bt, t, AS_KERNEL) : &type_u64;
}

static void ctx_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	code_mov(g->c, R0, R9);
}

static void probe_check(struct check *ck, struct bt_expr *e)
{
	ck->per_site |= !sites_have_cookies(ck->bt, ck->probe, ck->site->kind);
	e->type = &type_probe;
}

static void probe_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	if (!sites_have_cookies(g->bt, g->probe, g->site->kind)) {
		code_mov_imm(g->c, R0, g->site->number);
		return;
	}
	g->prog->cookies = true;
	code_mov(g->c, R1, R9);
	code_call(g->c, BPF_FUNC_get_attach_cookie);
}

/* The kernel's functions by their address, those of processes by the probe that is there. */
static void func_check(struct check *ck, struct bt_expr *e)
{
	enum site_kind k = ck->site->kind;

	if (!has_regs(k) && k != P_FENTRY && k != P_FEXIT)
		bt_error(ck->bt, e->span, "func is for probes of functions");
	ck->per_site |= k != P_KPROBE && !sites_have_cookies(ck->bt, ck->probe, k);
	e->type = k == P_KPROBE ? &type_ksym : &type_func;
}

static void func_gen(struct gen *g, struct bt_expr *e)
{
	if (e->type == &type_ksym)
		code_load(g->c, BPF_DW, R0, R9, regs_ip);
	else
		probe_gen(g, e);
}

/* ---- task ---- */

static void comm_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	(void)e;
	/* Some 6.1 kernels leave what is behind the name's end as it was (kernel/bpf/helpers.c). */
	gen_zero(g, to, size);
	gen_place_address(g, R1, to);
	code_mov_imm(g->c, R2, MIN(size, 16u));
	code_call(g->c, BPF_FUNC_get_current_comm);
}

static void ncpus_check(struct check *ck, struct bt_expr *e)
{
	(void)ck;
	e->num = libbpf_num_possible_cpus();
	e->is_const = true;
	e->type = &type_u64;
}

static void curtask_check(struct check *ck, struct bt_expr *e)
{
	const struct bt_type *t = ctype_parse(ck->bt, "struct task_struct", NULL);

	e->type = t ? type_pointer(ck->bt, t, AS_KERNEL) : &type_u64;
}

static void elapsed_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	code_call(g->c, BPF_FUNC_ktime_get_ns);
	code_value(g->c, R1, TABLE_STATE, offsetof(struct bt_state, start_ns));
	code_load(g->c, BPF_DW, R1, R1, 0);
	code_alu(g->c, BPF_SUB, R0, R1);
}

static void cpid_check(struct check *ck, struct bt_expr *e)
{
	if (!ck->bt->child)
		bt_error(ck->bt, e->span, "cpid is the process of -c COMMAND, and there is none");
	e->type = &type_u64;
}

static void cpid_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	code_mov_imm(g->c, R0, g->bt->child);
}

static void stack_check(struct check *ck, struct bt_expr *e)
{
	struct bt_type *t =
		(struct bt_type *)type_new(ck->bt, e->name[0] == 'k' ? T_KSTACK : T_USTACK, 0);

	t->min = ck->bt->config.stack_mode;
	t->n = 127;
	ck->bt->stack_depth = 127;
	e->type = t;
}

static void kstack_gen(struct gen *g, struct bt_expr *e)
{
	(void)e;
	gen_stack(g, 0);
}

static void ustack_into(struct gen *g, struct bt_expr *e, struct place to, uint32_t size)
{
	(void)size, (void)e;
	gen_stack(g, BPF_F_USER_STACK);
	gen_save_of_process(g, to);
}

#define ARGS(n)                                                                                    \
	{                                                                                          \
		"arg" #n, NULL, arg_check, arg_gen, NULL, NULL, 0, 0, 0                            \
	}
#define SARGS(n)                                                                                   \
	{                                                                                          \
		"sarg" #n, NULL, sarg_check, sarg_gen, NULL, &type_u64, 0, 0, 0                    \
	}

const struct bt_builtin bt_builtins[] = {
	{"pid", NULL, .type = &type_u64, .helper = BPF_FUNC_get_current_pid_tgid, .shift = 32},
	{"tid", NULL, .type = &type_u64, .helper = BPF_FUNC_get_current_pid_tgid,
	 .mask = 0xffffffff},
	{"uid", NULL, .type = &type_u64, .helper = BPF_FUNC_get_current_uid_gid,
	 .mask = 0xffffffff},
	{"gid", NULL, .type = &type_u64, .helper = BPF_FUNC_get_current_uid_gid, .shift = 32},
	{"username", NULL, .type = &type_user, .helper = BPF_FUNC_get_current_uid_gid,
	 .mask = 0xffffffff},
	{"cpu", NULL, .type = &type_u64, .helper = BPF_FUNC_get_smp_processor_id},
	{"numaid", NULL, .type = &type_u64, .helper = BPF_FUNC_get_numa_node_id},
	{"nsecs", NULL, .type = &type_u64, .helper = BPF_FUNC_ktime_get_ns},
	{"jiffies", NULL, .type = &type_u64, .helper = BPF_FUNC_jiffies64},
	{"rand", NULL, .type = &type_u32, .helper = BPF_FUNC_get_prandom_u32, .mask = 0xffffffff},
	{"cgroup", NULL, .type = &type_u64, .helper = BPF_FUNC_get_current_cgroup_id},
	{"curtask", NULL, curtask_check, .helper = BPF_FUNC_get_current_task},
	{"elapsed", NULL, .gen = elapsed_gen, .type = &type_u64},
	{"comm", NULL, .into = comm_into, .type = &type_comm},
	{"kstack", NULL, stack_check, kstack_gen},
	{"ustack", NULL, stack_check, .into = ustack_into},
	{"retval", NULL, retval_check, retval_gen},
	{"func", NULL, func_check, func_gen},
	{"probe", NULL, probe_check, probe_gen},
	{"args", NULL, args_check},
	{"ctx", NULL, ctx_check, ctx_gen},
	{"cpid", NULL, cpid_check, cpid_gen},
	{"ncpus", NULL, ncpus_check, .type = &type_u64},
	ARGS(0),
	ARGS(1),
	ARGS(2),
	ARGS(3),
	ARGS(4),
	ARGS(5),
	ARGS(6),
	ARGS(7),
	ARGS(8),
	ARGS(9),
	SARGS(0),
	SARGS(1),
	SARGS(2),
	SARGS(3),
	SARGS(4),
	SARGS(5),
	SARGS(6),
	SARGS(7),
	SARGS(8),
	SARGS(9),
	{0}};
