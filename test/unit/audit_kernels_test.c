// SPDX-License-Identifier: GPL-2.0-or-later
// The relocation audit of all applets on all kernels of the matrix, from test/data/kernels.gz:
//	audit_kernels_test [-o ARCH=DIR]... DATA TESTS
//	audit_kernels_test [-o ARCH=DIR]... -m SOUGHT DATA ARCH/VERSION=RELEASE=BTF...
// The second makes the data anew. TESTS has the compiled test/unit/audit/*.bpf.c. DIR has the objects
// built for ARCH, as SUBJECT/NAME.bpf.o; those of this machine's are in the binary.
//
// The data are what the audit can see of the kernels' types, of all kernels in one text: a line for
// each type and function that is sought and there, a line for each member. A line ends in the set
// of kernels that have it, a mask, where these are not all (for a member: all that have the type).
// Offsets are left out, since no verdict depends on them; so kernels have most lines in common, and
// nine take little more room than one. In the first column:
//	K NAME RELEASE		a kernel, the next bit of masks
//	?t NAME, ?f NAME	sought, a type or a function; NAME* is all that begin so
//	s NAME, u NAME		struct, union; " MEMBER[:BITS][@OFFSET] TYPE" for each member
//	e NAME SIZE		enum; " NAME NUMBER" for each value
//	t NAME TYPE		typedef
//	f NAME			function
// What is sought and has no line is absent; what was not sought is not known, and said to be so.
// A TYPE is u8 s4 f8 for numbers of so many bytes, e4NAME, *TYPE, [N]TYPE, =NAME for a struct, |NAME
// for a union, {MEMBER/TYPE,} or <MEMBER/TYPE,> for a nameless one, (TYPE,)TYPE for a function, v for
// void. Where it does not matter which, S U F stand for a struct, a union, one that is not complete.
// A member without a name is called ".". Where a kernel has several types of a name, the others
// are NAME___2 and so on, and offsets are there, by which libbpf tells whether they agree.
#include "../../core/audit.h"
#include "../../core/btf.h"
#include "../../core/core.h"
#include "../../core/registry.h"
#include "../../core/trial.h"
#include "check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpf-internal/relo_core.h>
#include <ctype.h>
#include <errno.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <zlib.h>

#if defined(__x86_64__)
#define ARCH "amd64"
#elif defined(__aarch64__)
#define ARCH "arm64"
#elif defined(__riscv)
#define ARCH "riscv64"
#else
#define ARCH "armhf"
#endif

enum { KERNELS_MAX = 32, HEADS = 1 << 14, DEPTH_MAX = 32 };

/* ---- The facts ---- */

struct member {
	struct member *next;
	uint32_t kernels;
	char line[];
};

struct fact {
	struct fact *next;	/* of this hash */
	struct member *members;
	uint32_t kernels;
	uint32_t id;		/* in the types of the kernel that is being made; 0: not yet */
	char kind;		/* s u e t f; T F: sought */
	char line[];		/* name, and for e and t what it is: it may have several forms */
};

static struct {
	size_t nkernels, npatterns;
	struct {
		char name[32], release[96];
	} kernel[KERNELS_MAX];
	struct fact *head[HEADS];
	char pattern[256][64];	/* sought: T or F, then what names begin with */
} facts;

static uint32_t all_kernels(void)
{
	return (1ULL << facts.nkernels) - 1;
}

static struct fact *fact_find(char kind, const char *line, bool add)
{
	uint32_t h = kind;
	struct fact **head, *f;

	for (const char *p = line; *p; p++)
		h = (h ^ (unsigned char)*p) * 16777619u; /* FNV-1a */
	head = &facts.head[(h ^ h >> 16) % HEADS];
	for (f = *head; f; f = f->next) {
		if (f->kind == kind && !strcmp(f->line, line))
			return f;
	}
	if (!add)
		return NULL;
	f = xalloc(sizeof(*f) + strlen(line) + 1);
	f->kind = kind;
	strcpy(f->line, line);
	f->next = *head;
	return *head = f;
}

/* Note a member of this kernel, behind `after`: kernels have most in the same order. */
static struct member *member_note(struct fact *f, struct member *after, const char *line,
				  uint32_t kernels)
{
	struct member **to = after ? &after->next : &f->members, *m = f->members;

	while (m && strcmp(m->line, line))
		m = m->next;
	if (!m) {
		m = xalloc(sizeof(*m) + strlen(line) + 1);
		strcpy(m->line, line);
		m->next = *to;
		*to = m;
	}
	m->kernels |= kernels;
	return m;
}

static void facts_free(void)
{
	for (size_t i = 0; i < HEADS; i++) {
		for (struct fact *f = facts.head[i], *next; f; f = next) {
			next = f->next;
			for (struct member *m = f->members, *n; m; m = n) {
				n = m->next;
				free(m);
			}
			free(f);
		}
	}
	memset(&facts, 0, sizeof(facts));
}

static void sought_add(char kind, const char *name)
{
	size_t n = strlen(name);

	if (!n || name[n - 1] != '*') {
		fact_find(kind, name, true);
		return;
	}
	if (facts.npatterns == ARRAY_LEN(facts.pattern))
		die(EXIT_FAIL, "more than %zu patterns are sought", facts.npatterns);
	snprintf(facts.pattern[facts.npatterns++], sizeof(facts.pattern[0]), "%c%.*s", kind,
		 (int)n - 1, name);
}

/* Do the data tell of this name, even that it is absent? */
static bool is_sought(char kind, const char *name)
{
	for (size_t i = 0; i < facts.npatterns; i++) {
		const char *p = facts.pattern[i];

		if (*p == kind && !strncmp(name, p + 1, strlen(p + 1)))
			return true;
	}
	return fact_find(kind, name, false);
}

static char sought_kind(int btf_kind)
{
	return btf_kind == BTF_KIND_FUNC ? 'F' : 'T';
}

/* ---- Text that grows ---- */

struct text {
	char *p;
	size_t n, room;
};

static void put(struct text *t, const char *fmt, ...) PRINTF(2, 3);
static void put(struct text *t, const char *fmt, ...)
{
	for (;;) {
		size_t left = t->room - t->n;
		va_list ap;
		int n;

		va_start(ap, fmt);
		n = vsnprintf(left ? t->p + t->n : NULL, left, fmt, ap);
		va_end(ap);
		if ((size_t)n < left) {
			t->n += n;
			return;
		}
		t->room = 2 * (t->room + n) + 256;
		t->p = xrealloc(t->p, t->room);
	}
}

/* ---- Types as text ---- */

/* A kernel that the data are made of. */
struct source {
	const struct btf *btf;
	uint32_t bit;
	uint32_t *sorted, n;	/* ids of all that has a name, by kind, name and id */
	bool *taken;		/* by id */
	uint32_t *todo, todo_n;
};

static const struct btf *sort_btf; /* qsort() hands nothing on */

static const char *name_of(const struct btf *btf, uint32_t id)
{
	return btf__name_by_offset(btf, btf__type_by_id(btf, id)->name_off);
}

static char letter_of(const struct btf_type *t)
{
	return btf_is_struct(t) ? 's' : btf_is_union(t) ? 'u' : btf_is_any_enum(t) ? 'e' :
		btf_is_typedef(t) ? 't' : btf_is_func(t) ? 'f' : 0;
}

static int names_compare(const struct btf *btf, uint32_t x, uint32_t y)
{
	int d = letter_of(btf__type_by_id(btf, x)) - letter_of(btf__type_by_id(btf, y));

	return d ? d : strcmp(name_of(btf, x), name_of(btf, y));
}

static int by_name(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int d = names_compare(sort_btf, x, y);

	return d ? d : x < y ? -1 : x > y;
}

/* The name of a type in the data; true where the kernel has several of it. */
static bool label(const struct source *s, uint32_t id, struct text *t)
{
	uint32_t *at = bsearch(&id, s->sorted, s->n, sizeof(id), by_name), *first = at;

	while (first > s->sorted && !names_compare(s->btf, first[-1], id))
		first--;
	put(t, "%s", name_of(s->btf, id));
	if (at > first)
		put(t, "___%d", (int)(at - first + 1));
	return at > first || (at + 1 < s->sorted + s->n && !names_compare(s->btf, at[1], id));
}

static void take(struct source *s, uint32_t id)
{
	if (!s->taken[id])
		s->todo[s->todo_n++] = id;
	s->taken[id] = true;
}

static void put_type(struct source *s, struct text *t, uint32_t id, bool deep, int depth);

static void put_member(struct source *s, struct text *t, const struct btf_type *type, int i,
		       char between, bool offset, int depth)
{
	const struct btf_member *m = btf_members(type) + i;
	uint32_t bits = btf_member_bitfield_size(type, i);

	put(t, "%s", m->name_off ? btf__name_by_offset(s->btf, m->name_off) : ".");
	if (bits)
		put(t, ":%u", bits);
	if (offset)
		put(t, "@%u", btf_member_bit_offset(type, i));
	put(t, "%c", between);
	put_type(s, t, m->type, false, depth);
}

static void put_composite(struct source *s, struct text *t, uint32_t id, bool deep, int depth)
{
	const struct btf_type *type = btf__type_by_id(s->btf, id);
	bool is_struct = btf_is_struct(type);

	if (deep) {
		put(t, "%c", is_struct ? 'S' : 'U');
	} else if (type->name_off) {
		put(t, "%c", is_struct ? '=' : '|');
		label(s, id, t);
		take(s, id);
	} else {
		put(t, "%c", is_struct ? '{' : '<');
		for (int i = 0; i < btf_vlen(type); i++) {
			put_member(s, t, type, i, '/', false, depth);
			put(t, ",");
		}
		put(t, "%c", is_struct ? '}' : '>');
	}
}

/* `deep`: what pointers lead to counts too, as where an object asks for a typedef. */
static void put_type(struct source *s, struct text *t, uint32_t id, bool deep, int depth)
{
	const struct btf_type *type = btf__type_by_id(s->btf, id);

	for (; btf_is_mod(type) || btf_is_typedef(type); type = btf__type_by_id(s->btf, id))
		id = type->type;
	if (depth++ > DEPTH_MAX)
		die(EXIT_FAIL, "types nested deeper than %d", DEPTH_MAX);
	if (btf_is_void(type)) {
		put(t, "v");
	} else if (btf_is_int(type)) {
		put(t, "%c%u", btf_int_encoding(type) & BTF_INT_SIGNED ? 's' : 'u', type->size);
	} else if (btf_is_float(type)) {
		put(t, "f%u", type->size);
	} else if (btf_is_any_enum(type)) {
		put(t, "e%u%s", type->size, name_of(s->btf, id));
	} else if (btf_is_ptr(type)) {
		put(t, deep ? "*" : "*v");
		if (deep)
			put_type(s, t, type->type, true, depth);
	} else if (btf_is_array(type)) {
		put(t, "[%u]", btf_array(type)->nelems);
		put_type(s, t, btf_array(type)->type, deep, depth);
	} else if (btf_is_composite(type)) {
		put_composite(s, t, id, deep, depth);
	} else if (btf_is_func_proto(type)) {
		put(t, "(");
		for (int i = 0; i < btf_vlen(type); i++) {
			put_type(s, t, btf_params(type)[i].type, deep, depth);
			put(t, ",");
		}
		put(t, ")");
		put_type(s, t, type->type, deep, depth);
	} else if (btf_is_fwd(type)) {
		put(t, "F");
	} else {
		die(EXIT_FAIL, "a type of kind %d, which is not known here", btf_kind(type));
	}
}

/* ---- Making the data ---- */

static void value_note(const struct btf *btf, const struct btf_type *type, int i, struct text *t)
{
	if (btf_is_enum(type))
		put(t, "%s %d", btf__name_by_offset(btf, btf_enum(type)[i].name_off),
		    btf_enum(type)[i].val);
	else
		put(t, "%s %lld", btf__name_by_offset(btf, btf_enum64(type)[i].name_off),
		    (long long)btf_enum64_value(&btf_enum64(type)[i]));
}

static void type_note(struct source *s, uint32_t id)
{
	const struct btf_type *type = btf__type_by_id(s->btf, id);
	struct member *last = NULL;
	struct text t = {0};
	bool several = false;
	struct fact *f;
	int n = 0;

	if (btf_is_func(type))
		put(&t, "%s", name_of(s->btf, id));
	else
		several = label(s, id, &t);
	if (btf_is_any_enum(type)) {
		put(&t, " %u", type->size);
		n = btf_vlen(type);
	} else if (btf_is_typedef(type)) {
		const struct btf_type *bare = btf__type_by_id(s->btf, type->type);

		put(&t, " ");
		while (btf_is_mod(bare) || btf_is_typedef(bare))
			bare = btf__type_by_id(s->btf, bare->type);
		put_type(s, &t, id, !btf_is_composite(bare), 0);
	} else if (btf_is_composite(type)) {
		n = btf_vlen(type);
	}
	f = fact_find(letter_of(type), t.p, true);
	f->kernels |= s->bit;
	for (int i = 0; i < n; i++) {
		t.n = 0;
		if (btf_is_composite(type))
			put_member(s, &t, type, i, ' ', several, 0);
		else
			value_note(s->btf, type, i, &t);
		last = member_note(f, last, t.p, s->bit);
	}
	free(t.p);
}

static void kernel_note(const struct btf *btf, uint32_t bit)
{
	uint32_t n = btf__type_cnt(btf);
	struct source s = {.btf = btf, .bit = bit};

	s.sorted = xalloc(n * sizeof(*s.sorted));
	s.todo = xalloc(n * sizeof(*s.todo));
	s.taken = xalloc(n);
	for (uint32_t id = 1; id < n; id++) {
		const char *name = name_of(btf, id), kind = letter_of(btf__type_by_id(btf, id));
		char essential[128];

		if (!kind || !*name)
			continue;
		s.sorted[s.n++] = id;
		snprintf(essential, sizeof(essential), "%.*s",
			 (int)bpf_core_essential_name_len(name), name);
		if (is_sought(kind == 'f' ? 'F' : 'T', kind == 'f' ? name : essential))
			take(&s, id);
	}
	sort_btf = btf;
	qsort(s.sorted, s.n, sizeof(*s.sorted), by_name);
	for (uint32_t i = 0; i < s.todo_n; i++)
		type_note(&s, s.todo[i]);
	free(s.sorted);
	free(s.todo);
	free(s.taken);
}

static int by_line(const void *a, const void *b)
{
	const struct fact *f = *(struct fact *const *)a, *g = *(struct fact *const *)b;

	return f->kind != g->kind ? f->kind - g->kind : strcmp(f->line, g->line);
}

/* All facts, sorted, to be freed. */
static struct fact **facts_sorted(size_t *n)
{
	struct fact **all = NULL;

	*n = 0;
	for (size_t i = 0; i < HEADS; i++) {
		for (struct fact *f = facts.head[i]; f; f = f->next) {
			if (!(*n & (*n - 1)))
				all = xrealloc(all, (2 * *n + 1) * sizeof(struct fact *));
			all[(*n)++] = f;
		}
	}
	qsort(all, *n, sizeof(struct fact *), by_line);
	return all;
}

static void put_line(struct text *t, const char *line, uint32_t mask, uint32_t all)
{
	put(t, " %s", line);
	if (mask != all)
		put(t, " %x", mask);
	put(t, "\n");
}

static struct text facts_text(void)
{
	struct text t = {0};
	size_t n;
	struct fact **all = facts_sorted(&n);

	for (size_t i = 0; i < facts.nkernels; i++)
		put(&t, "K %s %s\n", facts.kernel[i].name, facts.kernel[i].release);
	for (size_t i = 0; i < facts.npatterns; i++)
		put(&t, "?%c %s*\n", tolower(*facts.pattern[i]), facts.pattern[i] + 1);
	for (size_t i = 0; i < n; i++) {
		if (isupper(all[i]->kind)) {
			put(&t, "?%c %s\n", tolower(all[i]->kind), all[i]->line);
			continue;
		}
		put(&t, "%c", all[i]->kind);
		put_line(&t, all[i]->line, all[i]->kernels, all_kernels());
		for (struct member *m = all[i]->members; m; m = m->next)
			put_line(&t, m->line, m->kernels, all[i]->kernels);
	}
	free(all);
	return t;
}

/* ---- Reading them ---- */

/* Cuts off the mask, where there is one behind this number of words. */
static uint32_t cut_mask(char *line, int words, uint32_t all)
{
	char *p = line - 1;

	while (p && words--)
		p = strchr(p + 1, ' ');
	if (!p)
		return all;
	*p = 0;
	return strtoul(p + 1, NULL, 16);
}

static void facts_read(char *text)
{
	struct member *tail = NULL;
	struct fact *f = NULL;
	char *save, *p;
	uint32_t mask;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == 'K' && facts.nkernels < KERNELS_MAX && (p = strchr(line + 2, ' '))) {
			*p++ = 0;
			snprintf(facts.kernel[facts.nkernels].name, 32, "%s", line + 2);
			snprintf(facts.kernel[facts.nkernels++].release, 96, "%s", p);
		} else if (*line == '?' && line[1] && line[2]) {
			sought_add(toupper(line[1]), line + 3);
		} else if (*line == ' ' && f) {
			mask = cut_mask(line + 1, 2, f->kernels);
			tail = member_note(f, tail, line + 1, mask);
		} else if (strchr("suetf", *line) && line[1] == ' ') {
			mask = cut_mask(line + 2, *line == 'e' || *line == 't' ? 2 : 1,
					all_kernels());
			f = fact_find(*line, line + 2, true);
			f->kernels = mask;
			tail = NULL;
		} else {
			die(EXIT_FAIL, "the data are broken at '%s'", line);
		}
	}
}

static void facts_load(const char *path)
{
	gzFile gz = gzopen(path, "rb");
	struct text t = {0};
	int n = 0;

	do {
		t.n += n;
		t.room = 2 * t.room + (1 << 16);
		t.p = xrealloc(t.p, t.room);
		n = gz ? gzread(gz, t.p + t.n, t.room - t.n - 1) : -1;
	} while (n > 0);
	if (n < 0 || gzclose(gz) != Z_OK)
		die(EXIT_FAIL, "%s: cannot read it", path);
	t.p[t.n] = 0;
	facts_read(t.p);
	free(t.p);
}

/* ---- Types from text ---- */

/* A kernel's types being made. */
struct making {
	struct btf *btf;
	uint32_t bit;
	const char *line;	/* for complaints */
	int number[128][17];	/* ids, by letter and size */
	int pointer, proto;	/* ids of *v and (), 0: not yet */
};

struct field {
	char *name;
	int type, bits;
	long at;		/* offset in bits, -1: any */
};

struct fields {
	struct field *f;
	int n;
};

static int fact_make(struct making *t, struct fact *f);
static int parse_type(struct making *t, const char **p);

static int bad(const struct making *t)
{
	die(EXIT_FAIL, "the data are broken in '%s'", t->line);
}

static size_t name_len(const char *p)
{
	size_t n = 0;

	while (isalnum((unsigned char)p[n]) || p[n] == '_')
		n++;
	return n;
}

/* MEMBER[:BITS][@OFFSET], the character between, TYPE */
static void parse_field(struct making *t, const char **p, struct fields *to)
{
	struct field f = {.at = -1};
	size_t n = **p == '.' ? 1 : name_len(*p);
	char *end;

	if (!n)
		bad(t);
	f.name = xalloc(n + 1);
	if (**p != '.')
		memcpy(f.name, *p, n);
	*p += n;
	if (**p == ':') {
		f.bits = strtoul(*p + 1, &end, 10);
		*p = end;
	}
	if (**p == '@') {
		f.at = strtoul(*p + 1, &end, 10);
		*p = end;
	}
	if (!**p)
		bad(t);
	++*p;
	f.type = parse_type(t, p);
	to->f = xrealloc(to->f, (to->n + 1) * sizeof(f));
	to->f[to->n++] = f;
}

/* Members get places one behind the other, so that no two are the same. A large one gets less, as
 * a load reaches 32 KB; none goes across 8 bytes, as those of bit-fields could otherwise. */
static int composite_make(struct making *t, bool is_struct, const char *name, struct fields *f)
{
	int id = is_struct ? btf__add_struct(t->btf, name, 1 << 20) :
			     btf__add_union(t->btf, name, 1 << 20);
	int64_t at = 0, size;

	for (int i = 0; i < f->n; i++) {
		if (btf__add_field(t->btf, f->f[i].name, f->f[i].type,
				   f->f[i].at >= 0 ? f->f[i].at : at, f->f[i].bits))
			bad(t);
		size = btf__resolve_size(t->btf, f->f[i].type);
		if (is_struct)
			at += 64 * MIN(MAX((size + 7) / 8, 1), 16);
		free(f->f[i].name);
	}
	free(f->f);
	return id;
}

static int parse_number(struct making *t, const char **p)
{
	static const char names[][24] = {"u", "unsigned", "signed", "float"};
	char kind = **p, *end;
	unsigned long size = strtoul(*p + 1, &end, 10);
	int *id = &t->number[(unsigned char)kind & 127][MIN(size, 16)];

	*p = end;
	if (!size || size > 16)
		bad(t);
	if (!*id)
		*id = kind == 'f' ? btf__add_float(t->btf, names[3], size) :
			btf__add_int(t->btf, names[kind == 's' ? 2 : 1], size,
				     kind == 's' ? BTF_INT_SIGNED : 0);
	return *id;
}

/* An enum as a member's type: without values, unless it is sought itself. */
static int parse_enum(struct making *t, const char **p)
{
	unsigned size = *++*p - '0';
	size_t n = name_len(++*p);
	char name[128], line[136];
	struct fact *f;

	snprintf(name, sizeof(name), "%.*s", (int)n, *p);
	*p += n;
	if (size > 8 || size & (size - 1))
		bad(t);
	snprintf(line, sizeof(line), "%s %u", name, size);
	f = fact_find('e', line, false);
	if (f && f->kernels & t->bit)
		return fact_make(t, f);
	return size > 4 ? btf__add_enum64(t->btf, name, size, false) :
		btf__add_enum(t->btf, name, size);
}

static int parse_named(struct making *t, const char **p)
{
	char kind = *(*p)++ == '=' ? 's' : 'u', name[128];
	size_t n = name_len(*p);
	struct fact *f;

	snprintf(name, sizeof(name), "%.*s", (int)n, *p);
	*p += n;
	f = fact_find(kind, name, false);
	if (!f || !(f->kernels & t->bit))
		bad(t);
	return fact_make(t, f);
}

static int parse_nameless(struct making *t, const char **p)
{
	bool is_struct = *(*p)++ == '{';
	struct fields f = {0};

	while (**p && **p != (is_struct ? '}' : '>')) {
		parse_field(t, p, &f);
		if (*(*p)++ != ',')
			bad(t);
	}
	if (!*(*p)++)
		bad(t);
	return composite_make(t, is_struct, NULL, &f);
}

static int parse_function(struct making *t, const char **p)
{
	int types[64], n = 0, id;

	++*p;
	while (**p && **p != ')') {
		if (n == ARRAY_LEN(types))
			bad(t);
		types[n++] = parse_type(t, p);
		if (*(*p)++ != ',')
			bad(t);
	}
	if (!*(*p)++)
		bad(t);
	id = parse_type(t, p);
	id = btf__add_func_proto(t->btf, id);
	for (int i = 0; i < n; i++)
		btf__add_func_param(t->btf, NULL, types[i]);
	return id;
}

static int parse_array(struct making *t, const char **p)
{
	int index = parse_number(t, &(const char *){"u4"});
	unsigned long n;
	char *end;

	n = strtoul(*p + 1, &end, 10);
	if (*end != ']')
		bad(t);
	*p = end + 1;
	return btf__add_array(t->btf, index, parse_type(t, p), n);
}

/* Returns the id. */
static int parse_type(struct making *t, const char **p)
{
	switch (**p) {
	case 'v': ++*p; return 0;
	case 'u': case 's': case 'f': return parse_number(t, p);
	case 'e': return parse_enum(t, p);
	case '=': case '|': return parse_named(t, p);
	case '{': case '<': return parse_nameless(t, p);
	case '(': return parse_function(t, p);
	case '[': return parse_array(t, p);
	case 'S': ++*p; return btf__add_struct(t->btf, NULL, 0);
	case 'U': ++*p; return btf__add_union(t->btf, NULL, 0);
	case 'F': ++*p; return btf__add_fwd(t->btf, "F", BTF_FWD_STRUCT);
	case '*':
		++*p;
		if (**p != 'v')
			return btf__add_ptr(t->btf, parse_type(t, p));
		++*p;
		if (!t->pointer)
			t->pointer = btf__add_ptr(t->btf, 0);
		return t->pointer;
	default: return bad(t);
	}
}

static void enum_make(struct making *t, struct fact *f, const char *name, unsigned long size)
{
	f->id = size > 4 ? btf__add_enum64(t->btf, name, size, false) :
		btf__add_enum(t->btf, name, size);
	for (struct member *m = f->members; m; m = m->next) {
		char *space = strchr(m->line, ' '), value[128];

		if (!(m->kernels & t->bit))
			continue;
		snprintf(value, sizeof(value), "%.*s", (int)(space - m->line), m->line);
		if (size > 4 ? btf__add_enum64_value(t->btf, value, strtoll(space, NULL, 10)) :
		    btf__add_enum_value(t->btf, value, strtoll(space, NULL, 10)))
			bad(t);
	}
}

static int fact_make(struct making *t, struct fact *f)
{
	const char *rest = strchr(f->line, ' '), *p;
	struct fields fields = {0};
	char name[160];
	int id;

	if (f->id)
		return f->id;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(f->line, " "), f->line);
	t->line = f->line;
	switch (f->kind) {
	case 's': case 'u':
		for (struct member *m = f->members; m; m = m->next) {
			p = t->line = m->line;
			if (m->kernels & t->bit)
				parse_field(t, &p, &fields);
		}
		f->id = composite_make(t, f->kind == 's', name, &fields);
		break;
	case 'e':
		enum_make(t, f, name, rest ? strtoul(rest, NULL, 10) : 0);
		break;
	case 't':
		p = rest ? rest + 1 : "";
		id = parse_type(t, &p);
		f->id = btf__add_typedef(t->btf, name, id);
		break;
	case 'f':
		if (!t->proto)
			t->proto = btf__add_func_proto(t->btf, 0);
		f->id = btf__add_func(t->btf, name, BTF_FUNC_STATIC, t->proto);
		break;
	}
	return f->id;
}

/* The types of one kernel of the data. */
static struct btf *kernel_make(size_t kernel)
{
	struct making t = {.btf = btf__new_empty(), .bit = 1U << kernel};
	size_t n;
	struct fact **all = facts_sorted(&n);

	btf__set_pointer_size(t.btf, 8);
	for (size_t i = 0; i < n; i++)
		all[i]->id = 0;
	for (size_t i = 0; i < n; i++) {
		if (all[i]->kernels & t.bit && fact_make(&t, all[i]) <= 0)
			bad(&t);
	}
	free(all);
	return t.btf;
}

/* ---- The audit ---- */

struct row {
	char prog[64], text[1024];
	enum audit_verdict verdict;
};

struct rows {
	struct row *row;
	size_t n;
};

static void row_take(const struct audit_row *row, void *arg)
{
	struct rows *rows = arg;
	struct row *r;

	rows->row = xrealloc(rows->row, (rows->n + 1) * sizeof(*r));
	r = &rows->row[rows->n++];
	snprintf(r->prog, sizeof(r->prog), "%s", row->prog);
	snprintf(r->text, sizeof(r->text), "%s", row->text);
	r->verdict = row->verdict;
}

static struct rows rows_of(const void *elf, size_t size, const struct audit_kernel *kernel,
			   const char *name)
{
	struct rows rows = {0};

	if (audit_object(elf, size, kernel, row_take, &rows) <= 0)
		die(EXIT_FAIL, "%s: no BPF object", name);
	return rows;
}

/* A kernel of the data, its complaints counted. */
struct auditing {
	const char *name;
	struct audit_kernel *kernel;
	int unknown, failed;
	char said[4096];	/* the complaints, for the test of them */
};

static void complain(struct auditing *a, const char *fmt, ...) PRINTF(2, 3);
static void complain(struct auditing *a, const char *fmt, ...)
{
	size_t n = strlen(a->said);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(a->said + n, sizeof(a->said) - n, fmt, ap);
	va_end(ap);
	n = strlen(a->said);
	snprintf(a->said + n, sizeof(a->said) - n, "\n");
	a->failed++;
}

/* Where the data do not tell, no verdict is to be trusted. An enum that is just some member's type
 * is there without its values. */
static void on_name(int kind, const char *name, bool found, void *arg)
{
	struct auditing *a = arg;
	bool is_enum = kind == BTF_KIND_ENUM || kind == BTF_KIND_ENUM64;

	if ((found && !is_enum) || is_sought(sought_kind(kind), name))
		return;
	complain(a, "%s: the data do not tell of %s %s: scripts/min-btf --test-data makes them anew",
		 a->name, kind == BTF_KIND_FUNC ? "function" : "type", name);
	a->unknown++;
}

/* Each program that has something to attach to there has to relocate, and to read right. */
static void audit_programs(struct auditing *a, const char *name, const void *elf, size_t size)
{
	struct rows rows = rows_of(elf, size, a->kernel, name);

	for (size_t i = 0; i < rows.n && !a->unknown; i++) {
		const struct row *r = &rows.row[i];

		if (r->verdict == AUDIT_BAD_RELO || r->verdict == AUDIT_SIZE_DIFFERS)
			complain(a, "%s: %s: %s: %s", a->name, name, r->prog, r->text);
	}
	free(rows.row);
}

static const char *skips; /* the file of what may be skipped */

/* Does it say that this kernel, "amd64/6.1", need not have what the tool watches? It has the kernel as
 * a shell pattern, without the machine where that is x86. */
static bool skip_foreseen(const struct applet *applet, const char *kernel)
{
	char line[512], where[64], test[128];
	FILE *f = skips ? fopen(skips, "re") : NULL;
	bool found = false;

	if (!strncmp(kernel, "amd64/", 6))
		kernel += 6;
	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "%63s %127s", where, test) == 2 && strchr(test, '/') &&
			!strcmp(strchr(test, '/') + 1, applet->name) && !fnmatch(where, kernel, 0);
	if (f)
		fclose(f);
	return found;
}

/* And of each choice there has to be a row that works. */
static void audit_applet(struct auditing *a, const struct applet *applet, const void *elf,
			 size_t size)
{
	struct trial trial;

	a->unknown = 0;
	audit_programs(a, applet->name, elf, size);
	trial_object(applet, elf, size, a->kernel, &trial);
	if (trial.state == TRIAL_CANNOT && !a->failed && !skip_foreseen(applet, a->name))
		complain(a, "%s: %s cannot run: %s", a->name, applet->name, trial.text);
}

static char *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *data;

	if (!f || fstat(fileno(f), &st))
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	*size = st.st_size;
	data = xalloc(*size + 1);
	if (fread(data, 1, *size, f) != *size)
		die(EXIT_FAIL, "%s: cannot read it", path);
	fclose(f);
	return data;
}

/* ---- Objects of all architectures ---- */

static struct {
	const char *arch, *dir;
} others[8];
static size_t nothers;

/* The applet's object built for the architecture; NULL: none is to be had. */
static void *object_for(const struct applet *applet, const char *arch, size_t *size)
{
	char path[4096];
	glob_t found;
	void *elf;

	if (!strcmp(arch, ARCH))
		return object_inflate(applet, size);
	for (size_t i = 0; i < nothers; i++) {
		if (strcmp(others[i].arch, arch))
			continue;
		snprintf(path, sizeof(path), "%s/*/%s.bpf.o", others[i].dir, applet->name);
		if (glob(path, 0, NULL, &found) || found.gl_pathc != 1)
			die(EXIT_FAIL, "%s: there has to be one", path);
		elf = slurp(found.gl_pathv[0], size);
		globfree(&found);
		return elf;
	}
	return NULL;
}

typedef void object_fn(const struct applet *applet, const void *elf, size_t size, void *arg);

/* Returns how many objects there were. */
static int each_object(const char *kernel, object_fn *fn, void *arg)
{
	char arch[16];
	size_t size;
	void *elf;
	int n = 0;

	snprintf(arch, sizeof(arch), "%.*s", (int)strcspn(kernel, "/"), kernel);
	for (size_t i = 0; i < applets_count(); i++) {
		if (!applets_get(i)->object)
			continue;
		elf = object_for(applets_get(i), arch, &size);
		if (!elf)
			continue;
		fn(applets_get(i), elf, size, arg);
		free(elf);
		n++;
	}
	return n;
}

/* ---- The test ---- */

static void applet_test(const struct applet *applet, const void *elf, size_t size, void *arg)
{
	struct auditing *a = arg;

	a->failed = 0;
	*a->said = 0;
	audit_applet(a, applet, elf, size);
	check(!a->failed, "%s", a->said);
}

/* The test of the test: what is known to be broken is called so, by kernel, object, program,
 * member. */
static void broken_test(struct auditing *a, const char *tests)
{
	static const struct {
		const char *object, *said;
	} broken[] = {
		{"missing", "missing: direct: struct task_struct.no_such_member: no such member\n"},
		{"missing", "missing: value: enum pid_type PIDTYPE_NO_SUCH: no such value\n"},
		{"sizes", "sizes: copied: struct task_struct.flags: 8 bytes here, 4 in the kernel\n"},
		{"untold", "the data do not tell of type not_in_the_data: "},
		{"untold", "the data do not tell of function not_in_the_data: "},
	};
	char path[4096], want[256];
	size_t size;
	void *elf;

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		snprintf(path, sizeof(path), "%s/%s.bpf.o", tests, broken[i].object);
		elf = slurp(path, &size);
		*a->said = 0;
		a->unknown = 0;
		audit_programs(a, broken[i].object, elf, size);
		snprintf(want, sizeof(want), "%s: %s", a->name, broken[i].said);
		check(strstr(a->said, want), "of what is broken it is said:\n%snot:\n%s", a->said,
		      want);
		free(elf);
	}
}

static int test(const char *data, const char *tests)
{
	struct timespec from, to;
	int objects = 0;

	clock_gettime(CLOCK_MONOTONIC, &from);
	facts_load(data);
	check(facts.nkernels, "there are no kernels in %s", data);
	for (size_t i = 0; i < facts.nkernels; i++) {
		struct btf *btf = kernel_make(i);
		struct auditing a = {facts.kernel[i].name, audit_kernel_new(btf)};
		int n;

		audit_kernel_watch(a.kernel, on_name, &a);
		n = each_object(facts.kernel[i].name, applet_test, &a);
		if (!n)
			printf("# %s: not audited, there are no objects for it\n", a.name);
		if (!strncmp(a.name, ARCH "/", sizeof(ARCH)))
			broken_test(&a, tests);
		objects += n;
		audit_kernel_free(a.kernel);
		btf__free(btf);
	}
	check(objects, "nothing was audited");
	clock_gettime(CLOCK_MONOTONIC, &to);
	printf("# %d objects by %zu kernels' types in %.1f s\n", objects, facts.nkernels,
	       to.tv_sec - from.tv_sec + (to.tv_nsec - from.tv_nsec) / 1e9);
	facts_free();
	return checks_end("audit of all applets on all kernels");
}

/* ---- Making the data ---- */

static void seek(int kind, const char *name, bool found, void *arg)
{
	(void)found;
	(void)arg;
	sought_add(sought_kind(kind), name);
}

static void seek_object(const struct applet *applet, const void *elf, size_t size, void *arg)
{
	struct rows rows = rows_of(elf, size, arg, applet->name);

	free(rows.row);
}

/* Lines "type NAME" and "func NAME", and such that begin with #. */
static void sought_read(const char *path)
{
	size_t size;
	char *text = slurp(path, &size), *save, *name;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (*line == '#')
			continue;
		name = strchr(line, ' ');
		if (!name || (strncmp(line, "type ", 5) && strncmp(line, "func ", 5)))
			die(EXIT_FAIL, "%s: not 'type NAME' or 'func NAME': %s", path, line);
		sought_add(*line == 'f' ? 'F' : 'T', name + 1);
	}
	free(text);
}

static void facts_write(const char *path)
{
	struct text t = facts_text();
	gzFile gz = gzopen(path, "wb9");

	if (!gz || gzwrite(gz, t.p, t.n) != (int)t.n || gzclose(gz) != Z_OK)
		die(EXIT_FAIL, "%s: cannot write it", path);
	free(t.p);
}

static void compare_object(const struct applet *applet, const void *elf, size_t size, void *arg)
{
	struct audit_kernel **kernels = arg;
	struct rows a = rows_of(elf, size, kernels[0], applet->name);
	struct rows b = rows_of(elf, size, kernels[1], applet->name);

	check(a.n == b.n, "%s: %zu programs, not %zu", applet->name, b.n, a.n);
	for (size_t i = 0; i < MIN(a.n, b.n); i++) {
		check(a.row[i].verdict == b.row[i].verdict, "%s: %s: verdict %d, not %d",
		      applet->name, a.row[i].prog, b.row[i].verdict, a.row[i].verdict);
		check_str(b.row[i].text, a.row[i].text, a.row[i].prog);
	}
	free(a.row);
	free(b.row);
}

/* What the data say is what the kernels' own types say, of every program. */
static void compare(const char *data, struct btf **whole)
{
	facts_free();
	facts_load(data);
	for (size_t i = 0; i < facts.nkernels; i++) {
		struct btf *btf = kernel_make(i);
		struct audit_kernel *kernels[] = {audit_kernel_new(whole[i]),
						  audit_kernel_new(btf)};

		each_object(facts.kernel[i].name, compare_object, kernels);
		audit_kernel_free(kernels[0]);
		audit_kernel_free(kernels[1]);
		btf__free(btf);
	}
}

static int make(const char *sought, const char *data, int n, char **kernel)
{
	struct btf *whole[KERNELS_MAX];
	char why[256], *release, *path;

	if (n > KERNELS_MAX)
		die(EXIT_USAGE, "more than %d kernels", KERNELS_MAX);
	sought_read(sought);
	for (int i = 0; i < n; i++) {
		struct audit_kernel *k;

		release = strchr(kernel[i], '=');
		path = release ? strchr(release + 1, '=') : NULL;
		if (!path)
			die(EXIT_USAGE, "%s: not ARCH/VERSION=RELEASE=BTF", kernel[i]);
		*release = *path = 0;
		snprintf(facts.kernel[i].name, sizeof(facts.kernel[0].name), "%s", kernel[i]);
		snprintf(facts.kernel[i].release, sizeof(facts.kernel[0].release), "%s",
			 release + 1);
		whole[i] = btf_load_file(path + 1, why, sizeof(why));
		if (!whole[i])
			die(EXIT_FAIL, "%s: %s", path + 1, why);
		k = audit_kernel_new(whole[i]);
		audit_kernel_watch(k, seek, NULL);
		if (!each_object(kernel[i], seek_object, k))
			die(EXIT_FAIL, "%s: there are no objects of this architecture", kernel[i]);
		audit_kernel_free(k);
	}
	facts.nkernels = n;
	for (int i = 0; i < n; i++)
		kernel_note(whole[i], 1U << i);
	facts_write(data);
	compare(data, whole);
	for (int i = 0; i < n; i++)
		btf__free(whole[i]);
	facts_free();
	return checks_end("the data say what the kernels' types do");
}

static const char usage[] =
	"usage: audit_kernels_test [-o ARCH=DIR]... [-s SKIPS] DATA TESTS";

int main(int argc, char **argv)
{
	const char *sought = NULL;
	char *dir;
	int opt;

	prog_name = "audit_kernels_test";
	libbpf_set_print(NULL);
	while ((opt = getopt(argc, argv, "o:m:s:")) > 0) {
		dir = opt == 'o' ? strchr(optarg, '=') : NULL;
		if (opt == 'm') {
			sought = optarg;
		} else if (opt == 's') {
			skips = optarg;
		} else if (dir && nothers < ARRAY_LEN(others)) {
			*dir++ = 0;
			others[nothers].arch = optarg;
			others[nothers++].dir = dir;
		} else {
			die(EXIT_USAGE, "%s", usage);
		}
	}
	if (sought && argc - optind > 1)
		return make(sought, argv[optind], argc - optind - 1, argv + optind + 1);
	if (argc - optind != 2)
		die(EXIT_USAGE, "%s", usage);
	return test(argv[optind], argv[optind + 1]);
}
