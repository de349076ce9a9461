// SPDX-License-Identifier: GPL-2.0-or-later
// Source text to tokens, with the little of the C preprocessor that scripts use.
#include "lex.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINT_MAX = 1023 }; /* bytes of an attach point; paths are the longest part */

static struct bt_span span_from(const struct bt_lexer *lx, const char *from)
{
	if (lx->depth)
		return (struct bt_span){lx->at, 1};
	return (struct bt_span){from - lx->bt->text, lx->p - from};
}

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* ---- preprocessor ---- */

static const struct bt_macro *macro_find(const struct bt *bt, const char *name, size_t len)
{
	for (const struct bt_macro *m = bt->macros; m; m = m->next)
		if (!strncmp(m->name, name, len) && !m->name[len])
			return m;
	return NULL;
}

static void macro_define(struct bt *bt, const char *name, size_t len, const char *body, size_t n)
{
	struct bt_macro *m = bt_alloc(bt, sizeof(*m));

	m->name = bt_strndup(bt, name, len);
	m->body = body;
	m->len = n;
	m->next = bt->macros;
	bt->macros = m;
}

void lex_begin(struct bt_lexer *lx, struct bt *bt)
{
	memset(lx, 0, sizeof(*lx));
	lx->bt = bt;
	lx->p = bt->text;
	lx->end = bt->text + bt->len;
	/* Types come from BTF; scripts leave out their own copies then. */
	macro_define(bt, "BPFTRACE_HAVE_BTF", 17, "1", 1);
	if (bt->len > 1 && bt->text[0] == '#' && bt->text[1] == '!')
		while (lx->p < lx->end && *lx->p != '\n')
			lx->p++;
}

static bool skipping(const struct bt_lexer *lx)
{
	for (size_t i = 0; i < lx->nifs; i++)
		if (lx->skipping[i])
			return true;
	return false;
}

static size_t word_len(const char *p, const char *end)
{
	size_t n = 0;

	while (p + n < end && is_name(p[n]))
		n++;
	return n;
}

static const char *blanks_skip(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

static void if_begin(struct bt_lexer *lx, struct bt_span span, bool take)
{
	if (lx->nifs == ARRAY_LEN(lx->skipping))
		bt_error(lx->bt, span, "#if nested more than %zu deep", ARRAY_LEN(lx->skipping));
	lx->skipping[lx->nifs] = !take;
	lx->taken[lx->nifs++] = take;
}

static void define(struct bt_lexer *lx, struct bt_span span, const char *p, const char *end)
{
	size_t n = word_len(p, end);
	const char *body;

	if (!n || isdigit((unsigned char)*p))
		bt_error(lx->bt, span, "#define: expected a name");
	if (p + n < end && p[n] == '(')
		bt_error(lx->bt, span, "#define of a macro with parameters is not supported");
	body = blanks_skip(p + n, end);
	macro_define(lx->bt, p, n, body, end - body);
}

static bool word_is(const char *p, size_t n, const char *word)
{
	return strlen(word) == n && !memcmp(p, word, n);
}

/* `#if X`: a number, a macro, or defined(X). */
static bool if_true(struct bt_lexer *lx, const char *p, const char *end)
{
	size_t n = word_len(p, end);
	const struct bt_macro *m;

	if (word_is(p, n, "defined")) {
		p = blanks_skip(p + n, end);
		p = blanks_skip(p + (p < end && *p == '('), end);
		return macro_find(lx->bt, p, word_len(p, end));
	}
	m = macro_find(lx->bt, p, n);
	if (m) {
		p = m->body;
		n = m->len;
	}
	return n && isdigit((unsigned char)*p) && strtoul(p, NULL, 0);
}

/* A line that begins with #, at lx->p. */
static void directive(struct bt_lexer *lx)
{
	const char *from = lx->p, *p = blanks_skip(lx->p + 1, lx->end), *end = p, *arg;
	struct bt_span span;
	size_t n;

	while (end < lx->end && *end != '\n')
		end += *end == '\\' && end + 1 < lx->end ? 2 : 1;
	lx->p = end = MIN(end, lx->end);
	span = span_from(lx, from);
	n = word_len(p, end);
	arg = blanks_skip(p + n, end);
	if (word_is(p, n, "ifdef")) {
		if_begin(lx, span, macro_find(lx->bt, arg, word_len(arg, end)));
	} else if (word_is(p, n, "ifndef")) {
		if_begin(lx, span, !macro_find(lx->bt, arg, word_len(arg, end)));
	} else if (word_is(p, n, "if")) {
		if_begin(lx, span, if_true(lx, arg, end));
	} else if (word_is(p, n, "else") || word_is(p, n, "elif")) {
		bool take = word_is(p, n, "else") || if_true(lx, arg, end);

		if (!lx->nifs)
			bt_error(lx->bt, span, "#%.*s without #if", (int)n, p);
		lx->skipping[lx->nifs - 1] = lx->taken[lx->nifs - 1] || !take;
		lx->taken[lx->nifs - 1] |= take;
	} else if (word_is(p, n, "endif")) {
		if (!lx->nifs)
			bt_error(lx->bt, span, "#endif without #if");
		lx->nifs--;
	} else if (skipping(lx)) {
		return;
	} else if (word_is(p, n, "define")) {
		define(lx, span, arg, end);
	} else if (!word_is(p, n, "include") && !word_is(p, n, "undef") && n) {
		/* Types and constants of headers come from the kernel's BTF. */
		bt_error(lx->bt, span, "unknown directive #%.*s", (int)n, p);
	}
}

/* ---- white space ---- */

static bool at_line_start(const struct bt_lexer *lx)
{
	const char *p = lx->p;

	while (p > lx->bt->text && (p[-1] == ' ' || p[-1] == '\t'))
		p--;
	return p == lx->bt->text || p[-1] == '\n';
}

static bool comment_skip(struct bt_lexer *lx)
{
	const char *from = lx->p, *end;

	if (lx->end - lx->p < 2 || *lx->p != '/')
		return false;
	if (lx->p[1] == '/') {
		while (lx->p < lx->end && *lx->p != '\n')
			lx->p++;
		return true;
	}
	if (lx->p[1] != '*')
		return false;
	for (end = lx->p + 2; end + 1 < lx->end && !(end[0] == '*' && end[1] == '/'); end++)
		;
	if (end + 1 >= lx->end) {
		lx->p += 2;
		bt_error(lx->bt, span_from(lx, from), "this comment has no end");
	}
	lx->p = end + 2;
	return true;
}

static void space_skip(struct bt_lexer *lx)
{
	for (;;) {
		if (lx->p == lx->end) {
			if (!lx->depth) {
				if (lx->nifs)
					bt_error(lx->bt, (struct bt_span){lx->bt->len, 0},
						 "#if without #endif");
				return;
			}
			lx->depth--;
			lx->p = lx->outer[lx->depth].p;
			lx->end = lx->outer[lx->depth].end;
		} else if (*lx->p == '#' && !lx->depth && at_line_start(lx)) {
			directive(lx);
		} else if (isspace((unsigned char)*lx->p) || (!lx->depth && skipping(lx))) {
			lx->p++;
		} else if (!comment_skip(lx)) {
			return;
		}
	}
}

/* ---- tokens ---- */

static unsigned hex_digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : tolower((unsigned char)c) - 'a' + 10;
}

/* One character of a string, with its escape. */
static char string_char(struct bt_lexer *lx, const char *from)
{
	char c = *lx->p++;
	unsigned v, n;

	if (c != '\\' || lx->p == lx->end)
		return c;
	c = *lx->p++;
	switch (c) {
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case 'r':
		return '\r';
	case 'a':
		return '\a';
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'v':
		return '\v';
	case 'e':
		return 27;
	case '\\':
	case '"':
	case '\'':
	case '?':
		return c;
	case 'x':
		for (v = n = 0; n < 2 && lx->p < lx->end && isxdigit((unsigned char)*lx->p); n++)
			v = v * 16 + hex_digit(*lx->p++);
		if (n)
			return v;
		break;
	default:
		if (c < '0' || c > '7')
			break;
		for (v = c - '0', n = 1; n < 3 && lx->p < lx->end && *lx->p >= '0' && *lx->p <= '7';
		     n++)
			v = v * 8 + *lx->p++ - '0';
		return v;
	}
	from = lx->p - 2;
	bt_error(lx->bt, span_from(lx, from), "unknown escape \\%c in a string", c);
}

static void string_lex(struct bt_lexer *lx, struct bt_token *t)
{
	const char *from = lx->p++, *line = memchr(from, '\n', lx->end - from);
	const char *quote = memchr(lx->p, '"', lx->end - lx->p);
	char *to;

	for (; quote && quote[-1] == '\\' && quote + 1 < lx->end; /* perhaps an escaped one */
	     quote = memchr(quote + 1, '"', lx->end - quote - 1))
		;
	if (!quote || (line && line < quote))
		quote = line ? line : lx->end;
	to = bt_alloc(lx->bt, quote - from + 1);
	t->kind = TOK_STR;
	t->text = to;
	while (lx->p < lx->end && *lx->p != '"' && *lx->p != '\n')
		to[t->len++] = string_char(lx, from);
	if (lx->p >= lx->end || *lx->p != '"') {
		lx->p = from + 1;
		bt_error(lx->bt, span_from(lx, from), "this string has no end");
	}
	lx->p++;
}

static const struct {
	const char *unit;
	uint64_t ns;
} time_units[] = {
	{"ns", 1},	    {"us", 1000},	  {"ms", 1000000},	 {"s", 1000000000},
	{"m", 60000000000}, {"h", 3600000000000}, {"d", 86400000000000},
};

/* What may stand behind the digits: the exponent of 1e6, a time unit, the suffixes of C. */
static uint64_t number_tail(struct bt_lexer *lx, const char *from, uint64_t v, bool decimal)
{
	size_t n = word_len(lx->p, lx->end);
	const char *p = lx->p;

	lx->p += n;
	if (!n)
		return v;
	if (decimal && (*p == 'e' || *p == 'E') && n > 1) {
		uint64_t e = 0;

		for (size_t i = 1; i < n; i++) {
			if (!isdigit((unsigned char)p[i]))
				goto bad;
			e = e * 10 + p[i] - '0';
			if (e > 19)
				bt_error(lx->bt, span_from(lx, from),
					 "the number is too large for 64 bits");
		}
		for (; e; e--)
			if (__builtin_mul_overflow(v, 10, &v))
				bt_error(lx->bt, span_from(lx, from),
					 "the number is too large for 64 bits");
		return v;
	}
	for (size_t i = 0; decimal && i < ARRAY_LEN(time_units); i++)
		if (word_is(p, n, time_units[i].unit))
			return v * time_units[i].ns;
	for (size_t i = 0; i < n; i++)
		if (!strchr("uUlL", p[i]))
			goto bad;
	return v;
bad:
	bt_error(lx->bt, span_from(lx, from), "'%.*s' is no number", (int)MIN(lx->p - from, 60),
		 from);
}

static void number_lex(struct bt_lexer *lx, struct bt_token *t)
{
	const char *from = lx->p;
	unsigned base = 10;
	bool fits = true;

	t->kind = TOK_INT;
	if (*lx->p == '0' && lx->end - lx->p > 2 && (lx->p[1] | 32) == 'x' &&
	    isxdigit((unsigned char)lx->p[2]))
		base = 16, lx->p += 2;
	else if (*lx->p == '0' && lx->end - lx->p > 2 && (lx->p[1] | 32) == 'b')
		base = 2, lx->p += 2;
	else if (*lx->p == '0' && lx->end - lx->p > 1 && isdigit((unsigned char)lx->p[1]))
		base = 8;
	for (; lx->p < lx->end; lx->p++) {
		bool digit = base == 16 ? isxdigit((unsigned char)*lx->p)
					: isdigit((unsigned char)*lx->p);

		if (*lx->p == '_' && lx->p + 1 < lx->end && isdigit((unsigned char)lx->p[1]))
			continue;
		if (!digit || hex_digit(*lx->p) >= base)
			break;
		fits &= !__builtin_mul_overflow(t->num, base, &t->num);
		fits &= !__builtin_add_overflow(t->num, hex_digit(*lx->p), &t->num);
	}
	if (!fits)
		bt_error(lx->bt, span_from(lx, from), "the number is too large for 64 bits");
	t->num = number_tail(lx, from, t->num, base == 10);
}

static void sigil_lex(struct bt_lexer *lx, struct bt_token *t)
{
	const char *from = lx->p++;
	size_t n = word_len(lx->p, lx->end);

	if (*from == '@') {
		t->kind = TOK_MAP;
	} else if (lx->p < lx->end && *lx->p == '#') {
		t->kind = TOK_POSITIONAL_COUNT;
		n = 1;
	} else if (n && isdigit((unsigned char)*lx->p)) {
		char *end;

		t->kind = TOK_POSITIONAL;
		t->num = strtoul(lx->p, &end, 10);
		if (end != lx->p + n || !t->num || t->num > 1000)
			bt_error(lx->bt, span_from(lx, from),
				 "positional parameters are $1, $2, ...");
	} else {
		t->kind = TOK_VAR;
	}
	lx->p += n;
	if (t->kind == TOK_VAR && !n)
		bt_error(lx->bt, span_from(lx, from), "expected a name behind '$'");
	t->text = bt_strndup(lx->bt, from, lx->p - from);
}

static void punct_lex(struct bt_lexer *lx, struct bt_token *t)
{
	static const char *const puncts[] = {
		"<<=", ">>=", "...", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "++",
		"--",  "+=",  "-=",  "*=", "/=", "%=", "&=", "|=", "^=", "->", "..", "(",
		")",   "{",   "}",   "[",  "]",	 ",",  ";",  ".",  "<",	 ">",  "=",  "!",
		"&",   "|",   "^",   "+",  "-",	 "*",  "/",  "%",  "~",	 "?",  ":",
	};
	const char *from = lx->p;

	t->kind = TOK_PUNCT;
	for (size_t i = 0; i < ARRAY_LEN(puncts); i++) {
		size_t n = strlen(puncts[i]);

		if ((size_t)(lx->end - lx->p) >= n && !memcmp(lx->p, puncts[i], n)) {
			snprintf(t->punct, sizeof(t->punct), "%s", puncts[i]);
			lx->p += n;
			return;
		}
	}
	lx->p++;
	if (isprint((unsigned char)*from))
		bt_error(lx->bt, span_from(lx, from), "unexpected character '%c'", *from);
	bt_error(lx->bt, span_from(lx, from), "unexpected byte 0x%02x", (unsigned char)*from);
}

/* A macro's body is read in place of its name; not inside itself. */
static bool macro_enter(struct bt_lexer *lx, const char *from, size_t n)
{
	const struct bt_macro *m = macro_find(lx->bt, from, n);

	if (!m)
		return false;
	for (size_t i = 0; i < lx->depth; i++)
		if (lx->outer[i].macro == m)
			return false;
	if (lx->depth == ARRAY_LEN(lx->outer))
		bt_error(lx->bt, span_from(lx, from), "macros nested more than %zu deep",
			 ARRAY_LEN(lx->outer));
	if (!lx->depth)
		lx->at = from - lx->bt->text;
	lx->outer[lx->depth].p = lx->p;
	lx->outer[lx->depth].end = lx->end;
	lx->outer[lx->depth++].macro = m;
	lx->p = m->body;
	lx->end = m->body + m->len;
	return true;
}

void lex_next(struct bt_lexer *lx, struct bt_token *t)
{
	const char *from;
	size_t n;

again:
	memset(t, 0, sizeof(*t));
	space_skip(lx);
	from = lx->p;
	if (from == lx->end) {
		t->span = (struct bt_span){lx->bt->len, 0};
		return;
	}
	if (is_name_start(*from)) {
		n = word_len(from, lx->end);
		lx->p += n;
		if (macro_enter(lx, from, n))
			goto again;
		t->kind = TOK_NAME;
		t->text = bt_strndup(lx->bt, from, n);
	} else if (isdigit((unsigned char)*from)) {
		number_lex(lx, t);
	} else if (*from == '"') {
		string_lex(lx, t);
	} else if (*from == '$' || *from == '@') {
		sigil_lex(lx, t);
	} else {
		punct_lex(lx, t);
	}
	t->span = span_from(lx, from);
}

struct bt_span lex_point(struct bt_lexer *lx, char **text)
{
	const char *from;
	char *to;
	size_t n = 0;
	unsigned colons = 0;
	bool quoted = false, user;

	space_skip(lx);
	from = lx->p;
	user = lx->end - from > 2 &&
	       (!memcmp(from, "uprobe", MIN(6, lx->end - from)) ||
		!memcmp(from, "uretprobe", MIN(9, lx->end - from)) || !memcmp(from, "u:", 2) ||
		!memcmp(from, "ur:", MIN(3, lx->end - from)) || !memcmp(from, "U:", 2) ||
		!memcmp(from, "usdt", MIN(4, lx->end - from)));
	*text = to = bt_alloc(lx->bt, POINT_MAX + 1);
	for (; lx->p < lx->end; lx->p++) {
		char c = *lx->p;

		if (n == POINT_MAX)
			bt_error(lx->bt, span_from(lx, from), "an attach point this long is none");

		if (c == '"') {
			quoted = !quoted;
			continue;
		}
		if (!quoted &&
		    (isspace((unsigned char)c) || c == ',' || c == '{' || c == '}' || c == ';'))
			break;
		/* A path has slashes; behind its colon one is a filter's. */
		if (!quoted && c == '/' && (!user || colons != 1))
			break;
		colons += c == ':';
		to[n++] = c;
	}
	return span_from(lx, from);
}

const char *token_text(const struct bt_token *t, char text[48])
{
	switch (t->kind) {
	case TOK_END:
		return "the end of the program";
	case TOK_INT:
		snprintf(text, 48, "%llu", (unsigned long long)t->num);
		break;
	case TOK_STR:
		return "a string";
	case TOK_POSITIONAL_COUNT:
		return "$#";
	case TOK_PUNCT:
		snprintf(text, 48, "'%s'", t->punct);
		break;
	default:
		snprintf(text, 48, "'%.40s'", t->text);
	}
	return text;
}
