// SPDX-License-Identifier: GPL-2.0-or-later
// The tracing language's code, run by the kernel, against an interpreter of the same syntax tree:
// on random programs and random inputs, always the same ones. Needs root; without it nothing is
// run.
#include "../../bt/ctypes.h"
#include "../../bt/session.h"
#include "../../core/caps.h"
#include "check.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { PROGRAMS = 300, INPUTS = 12, VARS = 16 };

static uint64_t seed = 1;

static uint32_t random_below(uint32_t n)
{
	seed = seed * 6364136223846793005 + 1442695040888963407;
	return (seed >> 33) % n;
}

/* ---- the interpreter ---- */

struct world {
	uint64_t arg[10];
	uint64_t var[VARS], map[VARS];
	struct bt_probe *probe;
	enum { RUNS, BREAKS, CONTINUES, RETURNS } flow;
};

static uint64_t eval(struct world *w, const struct bt_expr *e);

static uint64_t *cell_of(struct world *w, const struct bt_expr *e)
{
	if (e->kind == E_MAP)
		return &w->map[e->map->index];
	for (size_t i = 0; i < w->probe->nvars; i++)
		if (w->probe->var[i] == e->var)
			return &w->var[i];
	abort();
}

static uint64_t divide(uint64_t a, uint64_t b, bool sign, bool mod)
{
	bool na = sign && (int64_t)a < 0, nb = sign && (int64_t)b < 0;
	uint64_t x = na ? -a : a, y = nb ? -b : b, r;

	r = !y ? mod ? x : 0 : mod ? x % y : x / y; /* as BPF does it: nothing fails */
	return (mod ? na : na != nb) ? -r : r;
}

static bool compare(enum bt_op op, uint64_t a, uint64_t b, bool sign)
{
	bool less = sign ? (int64_t)a < (int64_t)b : a < b;

	switch (op) {
	case OP_EQ:
		return a == b;
	case OP_NE:
		return a != b;
	case OP_LT:
		return less;
	case OP_LE:
		return less || a == b;
	case OP_GT:
		return !less && a != b;
	default:
		return !less;
	}
}

static uint64_t apply(enum bt_op op, uint64_t a, uint64_t b, bool sign)
{
	switch (op) {
	case OP_ADD:
		return a + b;
	case OP_SUB:
		return a - b;
	case OP_MUL:
		return a * b;
	case OP_DIV:
		return divide(a, b, sign, false);
	case OP_MOD:
		return divide(a, b, sign, true);
	case OP_AND:
		return a & b;
	case OP_OR:
		return a | b;
	case OP_XOR:
		return a ^ b;
	case OP_SHL:
		return a << (b & 63);
	case OP_SHR:
		return sign ? (uint64_t)((int64_t)a >> (b & 63)) : a >> (b & 63);
	default:
		return compare(op, a, b, sign);
	}
}

static uint64_t extended(uint64_t v, const struct bt_type *t)
{
	int bits = 64 - t->size * 8;

	return t->sign ? (uint64_t)((int64_t)(v << bits) >> bits) : v << bits >> bits;
}

static uint64_t stepped(struct world *w, const struct bt_expr *e)
{
	uint64_t *c = cell_of(w, e->a), before = *c;

	*c += e->op == OP_ADD ? 1 : -1;
	return e->post ? before : *c;
}

static uint64_t eval(struct world *w, const struct bt_expr *e)
{
	uint64_t a;

	switch (e->kind) {
	case E_INT:
		return e->num;
	case E_NAME:
		return w->arg[e->name[3] - '0'];
	case E_VAR:
	case E_MAP:
		return *cell_of(w, e);
	case E_UNARY:
		a = eval(w, e->a);
		return e->op == OP_NOT ? !a : e->op == OP_NEG ? -a : ~a;
	case E_BINARY:
		if (e->op == OP_LAND)
			return eval(w, e->a) && eval(w, e->b);
		if (e->op == OP_LOR)
			return eval(w, e->a) || eval(w, e->b);
		a = eval(w, e->a);
		return apply(e->op, a, eval(w, e->b), e->op == OP_SHR ? e->a->type->sign : e->wide);
	case E_COND:
		return eval(w, eval(w, e->a) ? e->b : e->c);
	case E_CAST:
		return extended(eval(w, e->a), e->type);
	case E_STEP:
		return stepped(w, e);
	default:
		abort();
	}
}

static void run(struct world *w, const struct bt_stmt *s);

static void run_loop(struct world *w, const struct bt_stmt *s)
{
	int64_t i = 0, end = 0;

	if (s->kind == S_FOR_RANGE) {
		end = eval(w, s->last);
		i = eval(w, s->value);
	}
	for (; s->kind == S_FOR_RANGE ? i < end : eval(w, s->value) != 0; i++) {
		if (s->kind == S_FOR_RANGE)
			*cell_of(w, &(struct bt_expr){.kind = E_VAR, .var = s->var}) = i;
		run(w, s->body);
		if (w->flow == RETURNS)
			return;
		if (w->flow == BREAKS)
			break;
		w->flow = RUNS;
	}
	w->flow = RUNS;
}

static void run_one(struct world *w, const struct bt_stmt *s)
{
	uint64_t v;

	switch (s->kind) {
	case S_ASSIGN:
		v = eval(w, s->value);
		*cell_of(w, s->target) =
			!s->op ? v
			       : apply(s->op, *cell_of(w, s->target), v,
				       s->op == OP_SHR
					       ? s->target->type->sign
					       : s->target->type->sign && s->value->type->sign);
		break;
	case S_EXPR:
		eval(w, s->value);
		break;
	case S_IF:
		run(w, eval(w, s->value) ? s->body : s->other);
		break;
	case S_UNROLL:
		for (uint64_t i = 0; i < s->times && w->flow == RUNS; i++)
			run(w, s->body);
		break;
	case S_BLOCK:
		run(w, s->body);
		break;
	case S_RETURN:
		w->flow = RETURNS;
		break;
	case S_BREAK:
		w->flow = BREAKS;
		break;
	case S_CONTINUE:
		w->flow = CONTINUES;
		break;
	default:
		run_loop(w, s);
	}
}

static void run(struct world *w, const struct bt_stmt *s)
{
	for (; s && w->flow == RUNS; s = s->next)
		run_one(w, s);
}

/* ---- the kernel ---- */

/* Numbers at which something changes, and others. */
static uint64_t random_input(void)
{
	static const uint64_t edges[] = {
		0,
		1,
		2,
		3,
		7,
		63,
		64,
		127,
		128,
		255,
		256,
		32767,
		32768,
		65535,
		0x7fffffff,
		0x80000000,
		0xffffffff,
		0x100000000,
		0x7fffffffffffffff,
		0x8000000000000000,
		-1,
		-2,
		-128,
		-32768,
	};

	if (random_below(3))
		return edges[random_below(ARRAY_LEN(edges))];
	return (uint64_t)random_below(1 << 30) << random_below(34);
}

struct compiled {
	struct bt bt;
	struct session s;
};

static bool build(struct compiled *c, const char *text)
{
	memset(c, 0, sizeof(*c));
	bt_init(&c->bt, "t", text, strlen(text));
	c->s.bt = &c->bt;
	return bt_parse(&c->bt) && bt_check(&c->bt) && bt_generate(&c->bt) && session_load(&c->s);
}

static void drop(struct compiled *c)
{
	for (struct bt_prog *p = c->bt.progs; p; p = p->next) {
		close(p->fd);
		code_free(p->code);
	}
	for (size_t i = 0; i < c->bt.nmaps; i++)
		close(c->bt.map[i]->fd);
	for (unsigned t = 0; t < TABLE_MAPS; t++)
		if (c->s.table[t] >= 0)
			close(c->s.table[t]);
	bt_free(&c->bt);
}

static bool kernel_run(struct compiled *c, uint64_t *args)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = 10 * 8);

	return !bpf_prog_test_run_opts(c->bt.progs->fd, &opts);
}

static uint64_t map_value(struct compiled *c, size_t map)
{
	uint64_t value[64] = {0};

	bpf_map_lookup_elem(c->bt.map[map]->fd, &(uint32_t){0}, value);
	return value[1];
}

static void compare_runs(const char *text)
{
	struct compiled c;

	if (!build(&c, text)) {
		check(false, "%s\n%s", text, c.bt.error);
		drop(&c);
		return;
	}
	for (int i = 0; i < INPUTS; i++) {
		struct world w = {.probe = c.bt.probes};

		for (size_t k = 0; k < ARRAY_LEN(w.arg); k++)
			w.arg[k] = random_input();
		map_clear(&c.s, c.bt.map[0], false);
		for (size_t m = 0; m < c.bt.nmaps; m++)
			map_clear(&c.s, c.bt.map[m], false);
		check(kernel_run(&c, w.arg), "test run: %s", strerror(errno));
		run(&w, c.bt.probes->body);
		for (size_t m = 0; m < c.bt.nmaps; m++)
			check(map_value(&c, m) == w.map[m],
			      "%s\n  arg0=%#llx arg1=%#llx arg2=%#llx: %s should be %#llx, is "
			      "%#llx",
			      text, (unsigned long long)w.arg[0], (unsigned long long)w.arg[1],
			      (unsigned long long)w.arg[2], c.bt.map[m]->name,
			      (unsigned long long)w.map[m], (unsigned long long)map_value(&c, m));
	}
	drop(&c);
}

/* ---- random programs ---- */

struct writer {
	char text[8192];
	size_t n;
	int vars;
};

static void put(struct writer *wr, const char *s)
{
	wr->n += snprintf(wr->text + wr->n, sizeof(wr->text) - wr->n, "%s", s);
}

static void random_expr(struct writer *wr, int depth)
{
	static const char *const ops[] = {
		"+",  "-",  "*",  "/", "%",  "&", "|",	"^",  "<<",
		">>", "==", "!=", "<", "<=", ">", ">=", "&&", "||",
	};
	static const char *const casts[] = {
		"int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64",
	};
	char num[40];
	uint32_t kind = depth ? random_below(10) : random_below(3);

	if (kind == 0) {
		snprintf(num, sizeof(num), "%lld", (long long)(random_input() >> 1));
		put(wr, num);
	} else if (kind == 1 && wr->vars) {
		snprintf(num, sizeof(num), "$v%u", random_below(wr->vars));
		put(wr, num);
	} else if (kind <= 2) {
		snprintf(num, sizeof(num), "arg%u", random_below(3));
		put(wr, num);
	} else if (kind == 3) {
		static const char *const unary[] = {"-", "~", "!"};

		put(wr, unary[random_below(3)]);
		put(wr, "(");
		random_expr(wr, depth - 1);
		put(wr, ")");
	} else if (kind == 4) {
		put(wr, "(");
		put(wr, casts[random_below(ARRAY_LEN(casts))]);
		put(wr, ")(");
		random_expr(wr, depth - 1);
		put(wr, ")");
	} else if (kind == 5) {
		put(wr, "(");
		random_expr(wr, depth - 1);
		put(wr, " ? ");
		random_expr(wr, depth - 1);
		put(wr, " : ");
		random_expr(wr, depth - 1);
		put(wr, ")");
	} else {
		put(wr, "(");
		random_expr(wr, depth - 1);
		put(wr, " ");
		put(wr, ops[random_below(ARRAY_LEN(ops))]);
		put(wr, " ");
		random_expr(wr, depth - 1);
		put(wr, ")");
	}
}

static void random_stmt(struct writer *wr, int depth, bool loop)
{
	static const char *const ops[] = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^="};
	char text[64];
	uint32_t kind = random_below(depth ? 10 : 5);

	if (kind < 2 && wr->vars < 8) {
		snprintf(text, sizeof(text), "$v%d = ", wr->vars);
		put(wr, text);
		random_expr(wr, 2);
		put(wr, "; ");
		wr->vars++;
	} else if (kind < 4) {
		snprintf(text, sizeof(text), "@m%u %s ", random_below(3),
			 ops[random_below(ARRAY_LEN(ops))]);
		put(wr, text);
		random_expr(wr, 2);
		put(wr, "; ");
	} else if (kind == 4) {
		if (loop && !random_below(3)) {
			put(wr, "if (");
			random_expr(wr, 1);
			put(wr, random_below(2) ? ") { break; } " : ") { continue; } ");
		} else {
			snprintf(text, sizeof(text), "@m%u%s; ", random_below(3),
				 random_below(2) ? "++" : "--");
			put(wr, text);
		}
	} else if (kind < 7) {
		int vars = wr->vars;

		put(wr, "if (");
		random_expr(wr, 2);
		put(wr, ") { ");
		random_stmt(wr, depth - 1, loop);
		put(wr, "} else { ");
		wr->vars = vars;
		random_stmt(wr, depth - 1, loop);
		put(wr, "} ");
		wr->vars = vars;
	} else {
		int vars = wr->vars;

		snprintf(text, sizeof(text), kind == 7 ? "unroll(%u) { " : "for $i%u : 0..3 { ",
			 kind == 7 ? 2 : wr->vars);
		put(wr, text);
		random_stmt(wr, depth - 1, kind != 7 || loop);
		random_stmt(wr, 0, kind != 7 || loop);
		put(wr, "} ");
		wr->vars = vars;
	}
}

static void test_random_exprs(void)
{
	for (int i = 0; i < PROGRAMS; i++) {
		struct writer wr = {0};

		put(&wr, "rawtracepoint:any { @r = ");
		random_expr(&wr, 3);
		put(&wr, "; }");
		compare_runs(wr.text);
	}
}

static void test_random_stmts(void)
{
	for (int i = 0; i < PROGRAMS / 2; i++) {
		struct writer wr = {0};

		put(&wr, "rawtracepoint:any { @m0 = arg0; @m1 = (int64)arg1; @m2 = 0; ");
		for (int k = 0; k < 5; k++)
			random_stmt(&wr, 2, false);
		put(&wr, "}");
		compare_runs(wr.text);
	}
}

/* ---- slots of histograms ---- */

static uint32_t slot_expected(uint64_t v, bool sign, uint32_t bits)
{
	uint32_t power = 63;

	if (sign && (int64_t)v < 0)
		return 0;
	if (v < 1u << bits)
		return 1 + v;
	while (!(v >> power))
		power--;
	return 1 + ((power - bits + 1) << bits) + ((v >> (power - bits)) & ((1u << bits) - 1));
}

/* The sum over all CPUs of a slot of @h; the first word is no slot. */
static uint64_t slot_count(struct compiled *c, uint32_t slot)
{
	const struct bt_map *m = c->bt.map[0];
	char *raw = calloc(c->s.cpus, m->value_size);
	uint64_t sum = 0, v;

	bpf_map_lookup_elem(m->fd, &(uint32_t){0}, raw);
	for (int cpu = 0; cpu < c->s.cpus; cpu++) {
		memcpy(&v, raw + (size_t)cpu * m->value_size + 8 + slot * 8, 8);
		sum += v;
	}
	free(raw);
	return sum;
}

static void test_hist(void)
{
	char text[128];

	for (uint32_t bits = 0; bits <= 5; bits++) {
		struct compiled c;
		bool sign = bits % 2;

		snprintf(text, sizeof(text), "rawtracepoint:any { @h = hist(%sarg0, %u); }",
			 sign ? "(int64)" : "", bits);
		if (!build(&c, text)) {
			check(false, "%s", c.bt.error);
			continue;
		}
		for (int i = 0; i < 150; i++) {
			uint64_t args[10] = {random_input()};
			uint32_t slot = slot_expected(args[0], sign, bits);

			map_clear(&c.s, c.bt.map[0], false);
			kernel_run(&c, args);
			check(slot < c.bt.map[0]->type->n, "slot %u of %u", slot,
			      c.bt.map[0]->type->n);
			check(slot_count(&c, slot) == 1, "hist(%#llx, %u), %s: not in slot %u",
			      (unsigned long long)args[0], bits, sign ? "signed" : "unsigned",
			      slot);
		}
		drop(&c);
	}
}

static void test_lhist(void)
{
	struct compiled c;

	if (!build(&c, "rawtracepoint:any { @h = lhist((int64)arg0, -10, 95, 10); }")) {
		check(false, "%s", c.bt.error);
		return;
	}
	for (int64_t v = -30; v < 130; v++) {
		uint64_t args[10] = {v};
		uint32_t slot = v < -10 ? 0 : v >= 100 ? 12 : 1 + (v + 10) / 10;

		map_clear(&c.s, c.bt.map[0], false);
		kernel_run(&c, args);
		check(slot_count(&c, slot) == 1, "lhist(%lld): not in slot %u", (long long)v, slot);
	}
	drop(&c);
}

/* ---- strings ---- */

static void test_strings(void)
{
	static const char *const words[] = {
		"",
		"a",
		"ab",
		"abc",
		"abcd",
		"abcde",
		"abcdefg",
		"abcdefgh",
		"abcdefghi",
		"abcdefghijklmno",
		"abcdefghijklmnop",
		"abcdefghijklmnoq",
		"zz",
	};
	char text[512];

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		for (size_t k = 0; k < ARRAY_LEN(words); k++) {
			struct compiled c;
			uint64_t args[10] = {0};

			snprintf(text, sizeof(text),
				 "rawtracepoint:any { $a = \"%s\"; $b = \"%s\"; "
				 "@m[$a] = 7; @r = ($a == $b) + 2 * ($a != \"%s\") + 4 * @m[$b] + "
				 "100 * strncmp($a, \"%s\", 3) + 1000 * strncmp($a, $b, 9); }",
				 words[i], words[k], words[k], words[k]);
			if (!build(&c, text)) {
				check(false, "%s\n%s", text, c.bt.error);
				continue;
			}
			kernel_run(&c, args);
			uint64_t want = (i == k) + 2 * (i != k) + (i == k ? 28 : 0) +
					100 * !!strncmp(words[i], words[k], 3) +
					1000 * !!strncmp(words[i], words[k], 9);

			check(map_value(&c, 1) == want, "%s: %llu, expected %llu", text,
			      (unsigned long long)map_value(&c, 1), (unsigned long long)want);
			drop(&c);
		}
	}
}

int main(void)
{
	if (caps_missing()) {
		check(true, "not run");
		return checks_end("bt_gen_test (not run: needs root)");
	}
	test_hist();
	test_lhist();
	test_strings();
	test_random_exprs();
	test_random_stmts();
	return checks_end("bt_gen_test");
}
