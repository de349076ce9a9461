// SPDX-License-Identifier: GPL-2.0-or-later
// The tracing language without a kernel: lexer, parser, types, errors and where they point.
#include "../../bt/check.h"
#include "../../bt/format.h"
#include "../../bt/lex.h"
#include "check.h"

#include <stdlib.h>

static char *no_params[] = {NULL};

/* false: bt.error says why */
static bool compile(struct bt *bt, const char *text)
{
	bt_init(bt, "t", text, strlen(text));
	bt->params = no_params;
	return bt_parse(bt) && bt_check(bt) && bt_generate(bt);
}

static void done(struct bt *bt)
{
	for (struct bt_prog *p = bt->progs; p; p = p->next)
		code_free(p->code);
	bt_free(bt);
}

/* ---- lexer ---- */

static void test_tokens(void)
{
	static const char text[] =
		"a $b @c 0x1F 1e6 017 0b101 5ms 1_000 \"q\\n\\x41\\\"\" <<= -> $3 $# // x\n+";
	static const enum token_kind kinds[] = {
		TOK_NAME,	TOK_VAR,
		TOK_MAP,	TOK_INT,
		TOK_INT,	TOK_INT,
		TOK_INT,	TOK_INT,
		TOK_INT,	TOK_STR,
		TOK_PUNCT,	TOK_PUNCT,
		TOK_POSITIONAL, TOK_POSITIONAL_COUNT,
		TOK_PUNCT,	TOK_END,
	};
	static const uint64_t numbers[] = {0, 0, 0, 31, 1000000, 15, 5, 5000000, 1000};
	struct bt bt;
	struct bt_lexer lx;
	struct bt_token t;

	bt_init(&bt, "t", text, strlen(text));
	if (setjmp(bt.fail)) {
		check(false, "tokens: %s", bt.error);
		return;
	}
	lex_begin(&lx, &bt);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		lex_next(&lx, &t);
		check(t.kind == kinds[i], "token %zu: expected kind %d, got %d", i, kinds[i],
		      t.kind);
		if (kinds[i] == TOK_INT)
			check(t.num == numbers[i], "token %zu: expected %llu, got %llu", i,
			      (unsigned long long)numbers[i], (unsigned long long)t.num);
		if (kinds[i] == TOK_STR)
			check_str(t.text, "q\nA\"", "string");
	}
	bt_free(&bt);
}

/* ---- the tree ---- */

static void expr_write(const struct bt_expr *e, char *to, size_t size)
{
	static const char *const ops[] = {
		[OP_ADD] = "+",	 [OP_SUB] = "-",   [OP_MUL] = "*",   [OP_DIV] = "/",
		[OP_MOD] = "%",	 [OP_AND] = "&",   [OP_OR] = "|",    [OP_XOR] = "^",
		[OP_SHL] = "<<", [OP_SHR] = ">>",  [OP_LAND] = "&&", [OP_LOR] = "||",
		[OP_EQ] = "==",	 [OP_NE] = "!=",   [OP_LT] = "<",    [OP_LE] = "<=",
		[OP_GT] = ">",	 [OP_GE] = ">=",   [OP_NOT] = "!",   [OP_INV] = "~",
		[OP_NEG] = "-",	 [OP_DEREF] = "*", [OP_ADDR] = "&",
	};
	char a[100] = "", b[100] = "", c[100] = "";

	if (e->a)
		expr_write(e->a, a, sizeof(a));
	if (e->b)
		expr_write(e->b, b, sizeof(b));
	if (e->c)
		expr_write(e->c, c, sizeof(c));
	switch (e->kind) {
	case E_INT:
		snprintf(to, size, "%llu", (unsigned long long)e->num);
		break;
	case E_UNARY:
		snprintf(to, size, "(%s%s)", ops[e->op], a);
		break;
	case E_BINARY:
		snprintf(to, size, "(%s %s %s)", a, ops[e->op], b);
		break;
	case E_COND:
		snprintf(to, size, "(%s ? %s : %s)", a, b, c);
		break;
	case E_CAST:
		snprintf(to, size, "((%s)%s)", e->name, a);
		break;
	case E_MEMBER:
		snprintf(to, size, "%s%s%s", a, e->arrow ? "->" : ".", e->name);
		break;
	case E_INDEX:
		snprintf(to, size, "%s[%s]", a, b);
		break;
	default:
		snprintf(to, size, "%s", e->name ? e->name : "?");
	}
}

static void test_precedence(void)
{
	static const struct {
		const char *in, *tree;
	} cases[] = {
		{"1 + 2 * 3", "(1 + (2 * 3))"},
		{"1 - 2 - 3", "((1 - 2) - 3)"},
		{"1 << 2 + 3 < 4", "((1 << (2 + 3)) < 4)"},
		{"1 & 2 == 3", "(1 & (2 == 3))"},
		{"1 | 2 ^ 3 & 4", "(1 | (2 ^ (3 & 4)))"},
		{"1 || 2 && 3", "(1 || (2 && 3))"},
		{"1 ? 2 : 3 ? 4 : 5", "(1 ? 2 : (3 ? 4 : 5))"},
		{"-pid + !tid", "((-pid) + (!tid))"},
		{"*curtask->a.b[1]", "(*curtask->a.b[1])"},
		{"(int8)pid + 1", "(((int8)pid) + 1)"},
		{"(struct sock *)pid", "((struct sock *)pid)"},
		{"(pid) - 1", "(pid - 1)"},
		{"- - 1", "(-(-1))"},
		{"8 / 2 / 2", "((8 / 2) / 2)"},
	};
	char text[256], got[512];
	struct bt bt;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		snprintf(text, sizeof(text), "BEGIN { @ = %s; }", cases[i].in);
		bt_init(&bt, "t", text, strlen(text));
		check(bt_parse(&bt), "%s: %s", cases[i].in, bt.error);
		expr_write(bt.probes->body->value, got, sizeof(got));
		check_str(got, cases[i].tree, cases[i].in);
		bt_free(&bt);
	}
}

static void test_points(void)
{
	static const struct {
		const char *in, *points;
		bool filter;
	} cases[] = {
		{"BEGIN{}", "BEGIN ", false},
		{"kprobe:a,kprobe:b*/pid == 1 / 1/{}", "kprobe:a kprobe:b* ", true},
		{"uprobe:/bin/bash:readline /pid/ {}", "uprobe:/bin/bash:readline ", true},
		{"uprobe:/bin/a/b:\"f(int, char)\"{}", "uprobe:/bin/a/b:f(int, char) ", false},
		{"// c\n/* d */ tracepoint:a:b, // e\n t:c:d\n/1/ // f\n{}",
		 "tracepoint:a:b t:c:d ", true},
		{"#!/usr/bin/bpftrace\n#include <a.h>\nEND{}", "END ", false},
	};
	struct bt bt;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char got[256] = "";

		bt_init(&bt, "t", cases[i].in, strlen(cases[i].in));
		check(bt_parse(&bt), "%s: %s", cases[i].in, bt.error);
		if (!bt.probes)
			continue;
		for (struct bt_point *p = bt.probes->points; p; p = p->next)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s ", p->text);
		check_str(got, cases[i].points, cases[i].in);
		check(!!bt.probes->predicate == cases[i].filter, "filter of %s", cases[i].in);
		bt_free(&bt);
	}
}

/* ---- malformed programs ---- */

/* Each gives one error, at that column of the first line, with those words. */
static const struct {
	const char *in;
	unsigned col;
	const char *says;
} malformed[] = {
	{"", 1, "expected a probe"},
	{"   // nothing\n", 0, "expected a probe"},
	{"BEGIN", 6, "expected '{' before the probe's statements, not the end"},
	{"BEGIN {", 8, "expected '}', not the end"},
	{"BEGIN { @ = ; }", 13, "expected an expression, not ';'"},
	{"BEGIN { @ = 1 2; }", 15, "expected ';' or '}' behind the statement, not 2"},
	{"BEGIN { @x[ = 1; }", 13, "expected an expression"},
	{"BEGIN { @x[] = 1; }", 12, "expected a key"},
	{"BEGIN { @x[1 = 1; }", 14, "expected ']' behind the keys"},
	{"BEGIN { printf(\"a); }", 16, "this string has no end"},
	{"BEGIN { printf(\"\\q\"); }", 17, "unknown escape \\q"},
	{"BEGIN { /* }", 9, "this comment has no end"},
	{"BEGIN { @ = 99999999999999999999; }", 13, "too large for 64 bits"},
	{"BEGIN { @ = 12ab; }", 13, "'12ab' is no number"},
	{"BEGIN { @ = 1e30; }", 13, "too large for 64 bits"},
	{"BEGIN { $ = 1; }", 9, "expected a name behind '$'"},
	{"BEGIN { @ = 1 # 2; }", 15, "unexpected character '#'"},
	{"BEGIN { 5; }", 9, "this expression does nothing"},
	{"BEGIN { pid = 5; }", 9, "only maps (@x) and variables ($x) can be assigned to"},
	{"BEGIN { 5++; }", 10, "can be counted up and down"},
	{"BEGIN { if (1 { } }", 15, "expected ')' to match the '('"},
	{"BEGIN { if (1) @ = 1; }", 16, "expected '{' before the statements"},
	{"BEGIN { break; }", 9, "'break' outside of a loop"},
	{"BEGIN { for (@x : 1..2) { } }", 14, "expected a variable"},
	{"BEGIN { unroll(0) { } }", 16, "unroll: expected a number from 1 to 100"},
	{"BEGIN { @ = (struct sock *; }", 27, "expected ')' behind the type, not ';'"},
	{"BEGIN { @ = 1 ? 2; }", 18, "expected ':' between the two choices"},
	{"BEGIN { @ = pid.; }", 17, "expected a member"},
	{"BEGIN { f(; }", 11, "expected an expression"},
	{"BEGIN /1 { }", 10, "expected '/' at the end of the filter"},
	{"BEGIN , { } {", 13, "expected a probe"},
	{"#if\nBEGIN { }", 0, "#if without #endif"},
	{"#endif\nBEGIN { }", 1, "#endif without #if"},
	{"#frob\nBEGIN { }", 1, "unknown directive #frob"},
	{"config = { max_strlen = 0 } BEGIN { }", 25, "max_strlen: expected a number from 1"},
	{"config = { max_strln = 5 } BEGIN { }", 12, "did you mean 'max_strlen'?"},
	{"struct s { int a } BEGIN { }", 18, "expected ';' behind the member"},
	{"struct s { frob_no_type_t a; } BEGIN { }", 12, "this type is not known"},
	{"kprob:f { }", 1, "unknown kind of probe 'kprob'; did you mean 'kprobe'?"},
	{"tracepoint:a { }", 1, "expected tracepoint:CATEGORY:EVENT"},
	{"interval:s:0 { }", 1, "expected interval:hz|s|ms|us:NUMBER"},
	{"interval:x:1 { }", 1, "expected interval:"},
	{"software:fault:1 { }", 1, "did you mean 'faults'"},
	{"kprobe: { }", 1, "expected kprobe:[MODULE:]FUNCTION"},
	{"uprobe:/no/such:main { }", 1, "there is no library or program '/no/such'"},
	{"kprobe:$1 { }", 1, "the program was given no parameter $1"},
	{"BEGIN { @ = piid; }", 13, "unknown name 'piid'; did you mean 'pid'?"},
	{"BEGIN { prinft(\"x\"); }", 9, "unknown function 'prinft'; did you mean 'printf'?"},
	{"BEGIN { @ = @never; }", 13, "nothing is ever stored in @never"},
	{"BEGIN { print(@never); }", 15, "nothing is ever stored in @never"},
	{"BEGIN { @ = $never; }", 13, "$never has no value here"},
	{"BEGIN { $name = 1; @ = $nam; }", 24, "did you mean '$name'?"},
	{"BEGIN { @x = 1; @x = \"a\"; }", 22, "@x holds an integer, this is a string"},
	{"BEGIN { @x = 1; @x[1] = 2; }", 17, "@x has 0 keys elsewhere, not 1"},
	{"BEGIN { @x[1] = 1; @x = 2; }", 20, "@x has keys: expected @x[...]"},
	{"BEGIN { @x[1] = 1; @x[\"a\"] = 2; }", 23, "key 1 of @x is an integer, this is a string"},
	{"BEGIN { @x = count(); @x = 5; }", 28, "@x holds a count, this is an integer"},
	{"BEGIN { $x = count(); }", 14, "count() can only be assigned to a map"},
	{"BEGIN { count(); }", 9, "count() can only be assigned to a map"},
	{"BEGIN { @ = hist(); }", 13, "expected @x = hist(NUMBER[, BITS])"},
	{"BEGIN { @ = lhist(1, 10, 0, 1); }", 26, "the maximum has to be above the minimum"},
	{"BEGIN { @ = lhist(1, 0, 10, 0); }", 29, "the step has to be above 0"},
	{"BEGIN { @ = lhist(1, 0, 10000, 1); }", 32, "more than 1000 slots"},
	{"BEGIN { @ = hist(\"a\"); }", 18, "hist: expected an integer, not a string"},
	{"BEGIN { @ = \"a\" + 1; }", 17, "a string and an integer cannot be operands of '+'"},
	{"BEGIN { @ = \"a\" < \"b\"; }", 17, "can only be compared with == and !="},
	{"BEGIN { @ = -comm; }", 14, "operand: expected an integer, not a string"},
	{"BEGIN { @ = comm.x; }", 18, "a string has no members"},
	{"BEGIN { @ = pid->x; }", 18, "an integer has no members: say what it points to"},
	{"BEGIN { @ = *comm; }", 13, "only pointers can be followed, this is a string"},
	{"BEGIN { @ = &pid; }", 13, "only members and elements have an address"},
	{"BEGIN { @ = (1, 2).5; }", 20, "the tuple has the members .0 to .1"},
	{"BEGIN { printf(\"%d\"); }", 9, "more conversions in the format than arguments"},
	{"BEGIN { printf(\"x\", 1); }", 21, "no conversion in the format for this argument"},
	{"BEGIN { printf(\"%y\", 1); }", 16, "unknown conversion"},
	{"BEGIN { printf(\"%s\", 1); }", 22, "str() makes one of an address"},
	{"BEGIN { printf(\"%d\", comm); }", 22, "%d is for an integer, and this is a string"},
	{"BEGIN { printf(comm); }", 16, "printf: expected a string in quotes"},
	{"BEGIN { printf(); }", 9, "expected printf(\"FORMAT\"[, VALUE...])"},
	{"BEGIN { @ = printf(\"\"); }", 13, "this has no value"},
	{"BEGIN { @ = args.x; }", 13, "args is for tracepoint, fentry, fexit and rawtracepoint"},
	{"BEGIN { @ = arg0; }", 13, "arg0 to arg9 are for kprobe"},
	{"BEGIN { @ = retval; }", 13, "retval is for kretprobe"},
	{"BEGIN { @ = cpid; }", 13, "cpid is the process of -c COMMAND"},
	{"BEGIN { system(\"x\"); }", 9, "it needs the option --unsafe"},
	{"BEGIN { str(comm, \"a\"); }", 19, "str: expected an integer, not a string"},
	{"BEGIN { pid; }", 9, "this expression does nothing"},
	{"BEGIN { nsecs(moon); }", 15, "expected monotonic, boot, tai or sw_tai"},
	{"BEGIN { strncmp(comm, \"a\", pid); }", 28, "a number that is known beforehand"},
	{"BEGIN { @ = pton(\"1.2.3\"); }", 18, "'1.2.3' is no IP address"},
	{"BEGIN { delete(1); }", 16, "delete: expected a map"},
	{"BEGIN { clear(@x[1]); @x[1] = 1; }", 15, "expected the map as a whole: @x"},
	{"BEGIN { $x = 1; $x = \"a\"; }", 22, "$x is an integer, this is a string"},
	{"BEGIN { $x++; }", 9, "$x has no value yet"},
	{"BEGIN { @ = 1 ? \"a\" : 2; }", 15, "the two choices are a string and an integer"},
	{"BEGIN { @ = (struct no_such_struct_ *)1; }", 13, "no_such_struct_"},
	{"BEGIN { @m[1] = count(); for ($kv : @m) { } }", 37, "only user space knows its entries"},
};

static void test_malformed(void)
{
	for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
		char start[32];
		struct bt bt;
		bool good = compile(&bt, malformed[i].in);

		check(!good, "compiles, but should not: %s", malformed[i].in);
		snprintf(start, sizeof(start), "t:1:%u: ", malformed[i].col);
		if (!good) {
			check(strstr(bt.error, malformed[i].says), "%s: expected '%s', got:\n%s",
			      malformed[i].in, malformed[i].says, bt.error);
			check(!malformed[i].col || !strncmp(bt.error, start, strlen(start)),
			      "%s: expected '%s', got:\n%s", malformed[i].in, start, bt.error);
			check(bt.status == EXIT_FAIL || bt.status == EXIT_CANNOT,
			      "status of %s: %d", malformed[i].in, bt.status);
		}
		done(&bt);
	}
}

/* Every beginning of a program, and that with any one byte changed, ends in a result. */
static void test_mangled(void)
{
	static const char whole[] =
		"#define N 3\nconfig = { max_strlen = 64 }\nstruct s { int a:3, b; "
		"char c[4]; };\nBEGIN /pid > N/ { $x = (1, \"a\"); @y[$x.1, -2] = hist(1 << 3); if "
		"(@z) { "
		"@z++; } else { @z = ((struct s *)5)->b; } for $i : 1..3 { printf(\"%s %d\", comm, "
		"$i); } "
		"unroll(2) { @c = count(); } while (0) { break; } print(@y, 3); exit(); }";
	static const char bytes[] = "\0\n\"/(){}[]@$#*1.,;:x\xff";
	size_t n = strlen(whole), tried = 0;
	struct bt bt;
	char *text;

	for (size_t i = 0; i <= n; i++) {
		text = strndup(whole, i);
		compile(&bt, text);
		done(&bt);
		free(text);
		for (size_t k = 0; k < sizeof(bytes) - 1 && i < n; k++, tried++) {
			text = strdup(whole);
			text[i] = bytes[k];
			bt_init(&bt, "t", text, n);
			bt.params = no_params;
			if (!(bt_parse(&bt) && bt_check(&bt) && bt_generate(&bt)))
				check(bt.error[0], "no message for a change at %zu", i);
			done(&bt);
			free(text);
		}
	}
	check(tried > 5000, "only %zu were tried", tried);
}

static void test_deep(void)
{
	static const char *const opens[] = {"(", "-", "@x[", "1 ? 1 : ", "!"};
	size_t n = 50000;
	struct bt bt;

	for (size_t i = 0; i < ARRAY_LEN(opens); i++) {
		char *text = malloc(n * 10 + 64);
		size_t len = sprintf(text, "BEGIN { @ = ");

		for (size_t k = 0; k < n; k++)
			len += sprintf(text + len, "%s", opens[i]);
		sprintf(text + len, "1; }");
		check(!compile(&bt, text) && strstr(bt.error, "nested more than"), "%s: %s",
		      opens[i], bt.error);
		done(&bt);
		free(text);
	}
}

/* ---- types ---- */

static void test_records(void)
{
	static const char text[] =
		"struct s { char c; short h; int bits : 3, more : 7; long l; struct { int x; "
		"union { int u; char v[8]; }; }; struct s *next; int tail[3]; };\nBEGIN { @ = "
		"sizeof(struct s); "
		"@b = offsetof(struct s, l); @c = offsetof(struct s, v); @d = offsetof(struct s, "
		"tail); }";
	struct bt bt;
	static const uint64_t values[] = {56, 8, 20, 40};
	size_t i = 0;

	check(compile(&bt, text), "%s", bt.error);
	for (struct bt_stmt *s = bt.probes->body; s && i < ARRAY_LEN(values); s = s->next, i++)
		check(s->value->num == values[i], "layout %zu: expected %llu, got %llu", i,
		      (unsigned long long)values[i], (unsigned long long)s->value->num);
	done(&bt);
}

static void test_map_types(void)
{
	struct bt bt;

	check(compile(&bt, "BEGIN { @s = @t; @t = \"longer than sixteen bytes\"; @s = \"x\"; "
			   "@k[\"ab\", 1] = 1; "
			   "@k[\"a string of thirty-one bytes..\", 2] = 2; }"),
	      "%s", bt.error);
	check(bt.map[0]->type->kind == T_STR && bt.map[0]->type->size == 32,
	      "@s: kind %d, %u bytes", bt.map[0]->type->kind, bt.map[0]->type->size);
	check(bt.map[2]->key_size == 40, "keys of @k: %u bytes", bt.map[2]->key_size);
	done(&bt);
}

static void test_format(void)
{
	struct format_spec s;
	const char *why = NULL, *p = format_next("ab%-12.3lldx%%%rx", &s, &why);

	check(p && s.text_len == 2 && s.conv == 'd' && s.width == 12 && s.precision == 3 &&
		      !strcmp(s.flags, "-"),
	      "%%-12.3lld");
	p = format_next(p, &s, &why);
	check(p && s.text_len == 1 && s.conv == '%', "%%%%");
	p = format_next(p, &s, &why);
	check(p && s.conv == 'r' && s.hex == 'x' && !*p, "%%rx");
	check(!format_next("%", &s, &why) && why, "a lone %%");
}

int main(void)
{
	test_tokens();
	test_precedence();
	test_points();
	test_malformed();
	test_mangled();
	test_deep();
	test_records();
	test_map_types();
	test_format();
	return checks_end("bt_test");
}
