// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * jsonq: a strict checker of JSON Lines, and questions to them for the tests.
 *
 *   jsonq check FILE                 each line is one valid JSON object
 *   jsonq count FILE COND...         the number of lines for which every COND holds
 *   jsonq get FILE PATH COND...      the value at PATH of each of those lines, strings unescaped
 *   jsonq sum FILE PATH COND...      the sum of the numbers at PATH, exact for integers
 *
 * FILE may be "-". With -l in front (live) a last line without its newline is left out, for a file
 * that is still being written. Every command reads the whole file and fails when a line of it is
 * not valid: an answer from half-valid output would be worth nothing.
 *
 * PATH is keys and array indices joined by dots, "*" stands for every element: buckets.*.count
 *
 * COND is one word:
 *   PATH=V PATH!=V    as numbers when both are, else as the bytes of the string, true, false, null
 *   PATH<V <= > >=    numbers only
 *   PATH~V PATH^V     a string that contains V, that begins with V
 *   PATH !PATH        the path exists, does not exist
 * Where "*" finds several values one that fits is enough, except for "!=", where all must differ.
 * A path that a line lacks fits nothing but !PATH; in particular it does not fit "!=".
 *
 * Exit: 0 done, 1 invalid input (line and reason on stderr), 2 usage.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sums of 64-bit numbers of either sign; on 32-bit machines numbers of more than 18 digits are not
 * exact. */
#ifdef __SIZEOF_INT128__
typedef __int128 wide;
enum { EXACT_DIGITS = 20 };
#else
typedef long long wide;
enum { EXACT_DIGITS = 18 };
#endif

#define DEPTH_MAX 64

enum kind { JSON_NULL, JSON_FALSE, JSON_TRUE, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct node {
	enum kind kind;
	const char *raw; /* the text as it stands in the line; a number is read from here */
	size_t raw_len;
	char *str; /* JSON_STRING: the unescaped bytes, which may hold NUL */
	size_t len;
	char *key; /* within an object */
	size_t key_len;
	struct node *child, *next;
};

struct parser {
	const char *at, *end;
	const char *why; /* the first thing found wrong */
};

struct cond {
	char *path;
	const char *op; /* one of ops[], or "" (exists), "!" (absent) */
	const char *value;
};

static const char *const ops[] = { "!=", ">=", "<=", "=", ">", "<", "~", "^" };

/* Nodes and strings live as long as one line: they are cut from one block. */
static char *arena;
static size_t arena_size, arena_used;

static void usage(void)
{
	fputs("usage: jsonq [-l] check FILE | count FILE COND... | get FILE PATH COND... |"
	      " sum FILE PATH COND...\n",
	      stderr);
	exit(2);
}

static void die(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fputs("jsonq: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(1);
}

/* No text of n bytes needs more than this: each node stands for at least one byte, and each byte
 * of a string for one byte of its copy plus the NUL that its two quotes pay for. */
static void arena_reset(size_t line_len)
{
	size_t need = (line_len + 1) * (sizeof(struct node) + 16);

	if (need > arena_size) {
		free(arena);
		arena = malloc(need);
		if (!arena)
			die("out of memory");
		arena_size = need;
	}
	arena_used = 0;
}

static void *arena_take(size_t n)
{
	void *p = arena + arena_used;

	n = (n + 15) & ~(size_t)15;
	if (n > arena_size - arena_used)
		die("internal error: a line needs more memory than foreseen");
	arena_used += n;
	return p;
}

static bool bad(struct parser *p, const char *why)
{
	if (!p->why)
		p->why = why;
	return false;
}

static void skip_space(struct parser *p)
{
	while (p->at < p->end && strchr(" \t\r\n", *p->at) && *p->at)
		p->at++;
}

static bool next_is(struct parser *p, char c)
{
	if (p->at == p->end || *p->at != c)
		return false;
	p->at++;
	return true;
}

static bool digit_next(const struct parser *p)
{
	return p->at < p->end && *p->at >= '0' && *p->at <= '9';
}

static bool parse_number(struct parser *p)
{
	next_is(p, '-');
	if (!digit_next(p))
		return bad(p, "a number without digits");
	if (next_is(p, '0')) {
		if (digit_next(p))
			return bad(p, "a number with a leading zero");
	} else {
		while (digit_next(p))
			p->at++;
	}
	if (next_is(p, '.')) {
		if (!digit_next(p))
			return bad(p, "no digit after the decimal point");
		while (digit_next(p))
			p->at++;
	}
	if (next_is(p, 'e') || next_is(p, 'E')) {
		if (!next_is(p, '+'))
			next_is(p, '-');
		if (!digit_next(p))
			return bad(p, "an exponent without digits");
		while (digit_next(p))
			p->at++;
	}
	return true;
}

/* The length of the valid UTF-8 sequence at s, 0 when there is none: no overlong form, no
 * surrogate, nothing above U+10FFFF. */
static size_t utf8_len(const char *str, size_t left)
{
	const unsigned char *s = (const unsigned char *)str;
	unsigned char lo = 0x80, hi = 0xbf;
	size_t n, i;

	if (s[0] < 0x80)
		return 1;
	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		n = 2;
	else if (s[0] >= 0xe0 && s[0] <= 0xef)
		n = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		n = 4;
	else
		return 0;
	if (s[0] == 0xe0)
		lo = 0xa0;
	else if (s[0] == 0xed)
		hi = 0x9f;
	else if (s[0] == 0xf0)
		lo = 0x90;
	else if (s[0] == 0xf4)
		hi = 0x8f;
	if (left < n || s[1] < lo || s[1] > hi)
		return 0;
	for (i = 2; i < n; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return n;
}

static size_t utf8_put(char *to, unsigned int c)
{
	if (c < 0x80) {
		to[0] = c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = 0xc0 | c >> 6;
		to[1] = 0x80 | (c & 0x3f);
		return 2;
	}
	if (c < 0x10000) {
		to[0] = 0xe0 | c >> 12;
		to[1] = 0x80 | (c >> 6 & 0x3f);
		to[2] = 0x80 | (c & 0x3f);
		return 3;
	}
	to[0] = 0xf0 | c >> 18;
	to[1] = 0x80 | (c >> 12 & 0x3f);
	to[2] = 0x80 | (c >> 6 & 0x3f);
	to[3] = 0x80 | (c & 0x3f);
	return 4;
}

static bool parse_hex4(struct parser *p, unsigned int *v)
{
	int i;

	*v = 0;
	for (i = 0; i < 4; i++) {
		char c = p->at < p->end ? *p->at : 0;

		if (c >= '0' && c <= '9')
			*v = *v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			*v = *v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return bad(p, "\\u without four hexadecimal digits");
		p->at++;
	}
	return true;
}

static bool parse_escape(struct parser *p, char *to, size_t *len)
{
	static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
	unsigned int c, low;
	const char *hit;

	if (next_is(p, 'u')) {
		if (!parse_hex4(p, &c))
			return false;
		if (c >= 0xdc00 && c <= 0xdfff)
			return bad(p, "a low surrogate without its high one");
		if (c >= 0xd800 && c <= 0xdbff) {
			if (!next_is(p, '\\') || !next_is(p, 'u'))
				return bad(p, "a high surrogate without its low one");
			if (!parse_hex4(p, &low))
				return false;
			if (low < 0xdc00 || low > 0xdfff)
				return bad(p, "a high surrogate without its low one");
			c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		}
		*len += utf8_put(to + *len, c);
		return true;
	}
	if (p->at == p->end || !*p->at)
		return bad(p, "a string without its end");
	hit = strchr(from, *p->at);
	if (!hit)
		return bad(p, "an unknown escape");
	p->at++;
	to[(*len)++] = into[hit - from];
	return true;
}

/* After the opening quote. */
static bool parse_string(struct parser *p, char **str, size_t *len)
{
	const char *close = p->at;
	char *to;
	size_t n = 0, k;

	/* The first quote that no backslash precedes bounds the length of the copy. */
	while (close < p->end && *close != '"')
		close += *close == '\\' && close + 1 < p->end ? 2 : 1;
	if (close >= p->end)
		return bad(p, "a string without its end");
	to = arena_take(close - p->at + 1);
	while (p->at < close) {
		if ((unsigned char)*p->at < 0x20)
			return bad(p, "a raw control byte within a string");
		if (next_is(p, '\\')) {
			if (!parse_escape(p, to, &n))
				return false;
			continue;
		}
		k = utf8_len(p->at, close - p->at);
		if (!k)
			return bad(p, "invalid UTF-8");
		memcpy(to + n, p->at, k);
		n += k;
		p->at += k;
	}
	p->at = close + 1;
	to[n] = '\0';
	*str = to;
	*len = n;
	return true;
}

static bool parse_word(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(p->end - p->at) < n || memcmp(p->at, word, n))
		return bad(p, "a word that is none of JSON's");
	p->at += n;
	return true;
}

static bool key_seen(const struct node *parent, const struct node *n)
{
	const struct node *c;

	for (c = parent->child; c; c = c->next)
		if (c->key_len == n->key_len && !memcmp(c->key, n->key, n->key_len))
			return true;
	return false;
}

static bool parse_value(struct parser *p, struct node *n, int depth);

/* After the opening bracket of an array or object. */
static bool parse_members(struct parser *p, struct node *parent, int depth)
{
	char closing = parent->kind == JSON_OBJECT ? '}' : ']';
	struct node **tail = &parent->child;

	if (depth >= DEPTH_MAX)
		return bad(p, "nested too deeply");
	skip_space(p);
	if (next_is(p, closing))
		return true;
	for (;;) {
		struct node *n = arena_take(sizeof(*n));

		memset(n, 0, sizeof(*n));
		skip_space(p);
		if (parent->kind == JSON_OBJECT) {
			if (!next_is(p, '"'))
				return bad(p, "a key was expected");
			if (!parse_string(p, &n->key, &n->key_len))
				return false;
			if (key_seen(parent, n))
				return bad(p, "a key twice in one object");
			skip_space(p);
			if (!next_is(p, ':'))
				return bad(p, "':' was expected after a key");
		}
		if (!parse_value(p, n, depth + 1))
			return false;
		*tail = n;
		tail = &n->next;
		skip_space(p);
		if (next_is(p, closing))
			return true;
		if (!next_is(p, ','))
			return bad(p, "',' or a closing bracket was expected");
	}
}

static bool parse_value(struct parser *p, struct node *n, int depth)
{
	bool ok;

	skip_space(p);
	n->raw = p->at;
	if (p->at == p->end)
		return bad(p, "a value was expected");
	switch (*p->at) {
	case '{':
	case '[':
		n->kind = *p->at++ == '{' ? JSON_OBJECT : JSON_ARRAY;
		ok = parse_members(p, n, depth);
		break;
	case '"':
		p->at++;
		n->kind = JSON_STRING;
		ok = parse_string(p, &n->str, &n->len);
		break;
	case 't':
		n->kind = JSON_TRUE;
		ok = parse_word(p, "true");
		break;
	case 'f':
		n->kind = JSON_FALSE;
		ok = parse_word(p, "false");
		break;
	case 'n':
		n->kind = JSON_NULL;
		ok = parse_word(p, "null");
		break;
	case '-':
	case '0' ... '9':
		n->kind = JSON_NUMBER;
		ok = parse_number(p);
		break;
	default:
		return bad(p, "a value was expected");
	}
	n->raw_len = p->at - n->raw;
	return ok;
}

/* One line; NULL in *why when it is a valid object. */
static struct node *parse_line(const char *line, size_t len, const char **why, size_t *column)
{
	struct parser p = { .at = line, .end = line + len };
	struct node *n;

	arena_reset(len);
	n = arena_take(sizeof(*n));
	memset(n, 0, sizeof(*n));
	if (parse_value(&p, n, 0)) {
		skip_space(&p);
		if (n->kind != JSON_OBJECT)
			bad(&p, "not an object");
		else if (p.at != p.end)
			bad(&p, "something follows the object");
	}
	*why = p.why;
	*column = p.at - line + 1;
	return n;
}

/* Calls fn for each node that the path leads to. */
static void walk(const struct node *n, const char *path, void (*fn)(const struct node *, void *),
		 void *arg)
{
	const char *dot = strchr(path, '.');
	size_t len = dot ? (size_t)(dot - path) : strlen(path), index = 0;
	const struct node *c;
	char number[24];

	if (n->kind != JSON_OBJECT && n->kind != JSON_ARRAY)
		return;
	for (c = n->child; c; c = c->next, index++) {
		const char *name = c->key;
		size_t name_len = c->key_len;

		if (n->kind == JSON_ARRAY) {
			name_len = snprintf(number, sizeof(number), "%zu", index);
			name = number;
		}
		if (!(len == 1 && *path == '*') && (name_len != len || memcmp(name, path, len)))
			continue;
		if (dot)
			walk(c, dot + 1, fn, arg);
		else
			fn(c, arg);
	}
}

/* An integer without fraction or exponent that fits 64 bits (either sign) is exact. */
static bool integer_of(const char *s, size_t len, wide *v)
{
	bool minus = len && *s == '-';
	size_t i = minus;

	*v = 0;
	if (i == len || len - i > EXACT_DIGITS)
		return false;
	for (; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*v = *v * 10 + (s[i] - '0');
	}
	if (minus)
		*v = -*v;
	return true;
}

static long double real_of(const char *s, size_t len)
{
	char buf[512];

	/* strtold() needs an end; digits beyond this many change nothing that a test could see */
	if (len >= sizeof(buf))
		die("a number of more than %zu digits", sizeof(buf) - 1);
	memcpy(buf, s, len);
	buf[len] = '\0';
	return strtold(buf, NULL);
}

static bool is_number(const char *s)
{
	struct parser p = { .at = s, .end = s + strlen(s) };

	return *s && parse_number(&p) && p.at == p.end;
}

/* -1, 0, 1, as node is less than, equal to, greater than the word */
static int number_cmp(const struct node *n, const char *value)
{
	wide a, b;
	long double x, y;

	if (integer_of(n->raw, n->raw_len, &a) && integer_of(value, strlen(value), &b))
		return a < b ? -1 : a > b;
	x = real_of(n->raw, n->raw_len);
	y = real_of(value, strlen(value));
	return x < y ? -1 : x > y;
}

static bool node_equals(const struct node *n, const char *value)
{
	switch (n->kind) {
	case JSON_NUMBER:
		return is_number(value) && !number_cmp(n, value);
	case JSON_STRING:
		return n->len == strlen(value) && !memcmp(n->str, value, n->len);
	case JSON_TRUE:
		return !strcmp(value, "true");
	case JSON_FALSE:
		return !strcmp(value, "false");
	case JSON_NULL:
		return !strcmp(value, "null");
	default:
		return false;
	}
}

static bool node_fits(const struct node *n, const struct cond *c)
{
	size_t len = strlen(c->value);
	int cmp;

	switch (*c->op) {
	case '\0':
		return true;
	case '=':
		return node_equals(n, c->value);
	case '!':
		return !node_equals(n, c->value);
	case '~':
		return n->kind == JSON_STRING && (!len || memmem(n->str, n->len, c->value, len));
	case '^':
		return n->kind == JSON_STRING && n->len >= len && !memcmp(n->str, c->value, len);
	}
	if (n->kind != JSON_NUMBER)
		return false;
	cmp = number_cmp(n, c->value);
	if (*c->op == '<')
		return c->op[1] ? cmp <= 0 : cmp < 0;
	return c->op[1] ? cmp >= 0 : cmp > 0;
}

struct tally {
	const struct cond *cond;
	size_t seen, fit;
};

static void tally_node(const struct node *n, void *arg)
{
	struct tally *t = arg;

	t->seen++;
	t->fit += node_fits(n, t->cond);
}

static bool cond_holds(const struct node *line, const struct cond *c)
{
	struct tally t = { .cond = c };

	walk(line, c->path, tally_node, &t);
	if (!strcmp(c->op, "!"))
		return !t.seen;
	if (!strcmp(c->op, "!="))
		return t.seen && t.fit == t.seen;
	return t.fit;
}

static struct cond cond_parse(char *word)
{
	struct cond c = { .path = word, .op = "", .value = "" };
	size_t n, i;

	if (*word == '!') {
		c.op = "!";
		c.path++;
	}
	n = strcspn(c.path, "!=<>~^");
	for (i = 0; c.path[n] && i < sizeof(ops) / sizeof(*ops); i++) {
		if (strncmp(c.path + n, ops[i], strlen(ops[i])))
			continue;
		if (*c.op)
			usage(); /* "!path=value" says two things */
		c.op = ops[i];
		c.value = c.path + n + strlen(ops[i]);
		break;
	}
	if (!n || (c.path[n] && !*c.value && !strchr("=!~^", *c.op)))
		usage();
	if (strchr("<>", *c.op) && *c.op && !is_number(c.value)) {
		fprintf(stderr, "jsonq: %s: not a number to compare with\n", word);
		exit(2);
	}
	if (c.path[n] && !*c.op)
		usage();
	c.path[n] = '\0';
	return c;
}

static void print_node(const struct node *n, void *arg)
{
	(void)arg;
	if (n->kind == JSON_STRING)
		fwrite(n->str, 1, n->len, stdout);
	else
		fwrite(n->raw, 1, n->raw_len, stdout);
	putchar('\n');
}

struct sum {
	wide exact;
	long double real;
	bool is_real;
	size_t seen;
	const char *path;
	size_t line;
};

static void sum_node(const struct node *n, void *arg)
{
	struct sum *s = arg;
	wide v;

	if (n->kind != JSON_NUMBER)
		die("line %zu: %s is no number", s->line, s->path);
	s->seen++;
	if (integer_of(n->raw, n->raw_len, &v)) {
		s->exact += v;
		s->real += v;
	} else {
		s->is_real = true;
		s->real += real_of(n->raw, n->raw_len);
	}
}

static void sum_print(const struct sum *s)
{
	char digits[48], *at = digits + sizeof(digits) - 1;
	wide v = s->exact < 0 ? -s->exact : s->exact;

	/* a sum of nothing is most often a mistyped path: 0 would make a test pass by mistake */
	if (!s->seen)
		die("no line has a number at %s", s->path);
	if (s->is_real) {
		printf("%.12Lg\n", s->real);
		return;
	}
	*at = '\0';
	do {
		*--at = '0' + (int)(v % 10);
		v /= 10;
	} while (v);
	printf("%s%s\n", s->exact < 0 ? "-" : "", at);
}

static char *slurp(const char *name, size_t *len)
{
	FILE *f = strcmp(name, "-") ? fopen(name, "re") : stdin;
	size_t size = 1 << 16, n;
	char *buf = malloc(size);

	if (!f)
		die("%s: %s", name, strerror(errno));
	*len = 0;
	while (buf && (n = fread(buf + *len, 1, size - *len, f)) > 0) {
		*len += n;
		if (*len == size)
			buf = realloc(buf, size *= 2);
	}
	if (!buf)
		die("out of memory");
	if (ferror(f))
		die("%s: %s", name, strerror(errno));
	return buf;
}

int main(int argc, char **argv)
{
	bool live = argc > 1 && !strcmp(argv[1], "-l"), get, sum;
	char **arg = argv + 1 + live, *buf, *at, *end;
	const char *verb, *why, *path = NULL;
	struct sum total = { 0 };
	struct cond *conds;
	size_t i, n_conds = 0, len, line_no = 0, matching = 0;

	if (!arg[0] || !arg[1])
		usage();
	verb = *arg++;
	get = !strcmp(verb, "get");
	sum = !strcmp(verb, "sum");
	if (!get && !sum && strcmp(verb, "check") && strcmp(verb, "count"))
		usage();
	buf = slurp(*arg++, &len);
	if (get || sum) {
		path = *arg++;
		if (!path || !*path)
			usage();
	}
	conds = calloc(argc, sizeof(*conds));
	if (!conds)
		die("out of memory");
	while (*arg)
		conds[n_conds++] = cond_parse(*arg++);
	if (!strcmp(verb, "check") && n_conds)
		usage();

	total.path = path;
	for (at = buf, end = buf + len; at < end; at += len + 1) {
		struct node *line;
		size_t column;
		char *nl = memchr(at, '\n', end - at);

		line_no++;
		if (!nl && live)
			break;
		if (!nl)
			die("line %zu: cut, it has no newline", line_no);
		len = nl - at;
		line = parse_line(at, len, &why, &column);
		if (why)
			die("line %zu, byte %zu: %s", line_no, column, why);
		for (i = 0; i < n_conds && cond_holds(line, &conds[i]); i++)
			;
		if (i < n_conds)
			continue;
		matching++;
		total.line = line_no;
		if (get)
			walk(line, path, print_node, NULL);
		else if (sum)
			walk(line, path, sum_node, &total);
	}
	if (sum)
		sum_print(&total);
	else if (!strcmp(verb, "count"))
		printf("%zu\n", matching);
	free(conds);
	free(arena);
	free(buf);
	return fflush(stdout) ? 1 : 0;
}
