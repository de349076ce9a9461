// SPDX-License-Identifier: GPL-2.0-or-later
// The kernel's types cut down to those that relocation looks at.
#include "btf_min.h"
#include "core.h"
#include "registry.h"

#include <bpf/btf.h>
#include <bpf-internal/relo_core.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIR_BTF "/sys/kernel/btf"
#define BIT(k) (1U << BTF_KIND_##k)
/* Those that relocation can get to; the others are functions, variables, and what is behind
 * type_bare(). */
#define KINDS (BIT(INT) | BIT(PTR) | BIT(ARRAY) | BIT(STRUCT) | BIT(UNION) | BIT(ENUM) | \
	       BIT(FWD) | BIT(TYPEDEF) | BIT(FUNC_PROTO) | BIT(FLOAT) | BIT(ENUM64))

enum {
	HEADS = 1 << 10,
	STEP = 8,		/* the place of each so many types is remembered */
	CHAIN_MAX = 32,		/* typedefs and modifiers in a row, as in the kernel */
	ROUNDS_MAX = 64,	/* those of a kernel take two or three */
	RAW_MAX = 256 << 20,
	CHUNK = 1 << 15, OVERLAP = 512,
};

/* What is needed of a type; flags. */
enum {
	FIELDS = 1,	/* members of the names that are asked for; that a pointer is one */
	NAMES = 2,	/* what is behind pointers, arrays, functions, but no members. Values */
	DEEP = 4,	/* all members; behind pointers NAMES */
};

/* ---- Bytes that grow ---- */

struct bytes {
	char *p;
	size_t n, room;
};

static void bytes_add(struct bytes *b, const void *data, size_t len)
{
	if (b->n + len > b->room) {
		b->room = 2 * (b->n + len) + 1024;
		b->p = xrealloc(b->p, b->room);
	}
	memcpy(b->p + b->n, data, len);
	b->n += len;
}

/* ---- Names ---- */

struct word {
	struct word *next;
	uint32_t hash, len;
	uint32_t kinds;		/* a type of these kinds is asked for; its name up to ___ */
	uint32_t found;		/* kinds in which the kernel has it */
	uint32_t out;		/* where in the strings that are made; 0: not there yet */
	uint8_t how;		/* FIELDS ... of such a type */
	bool member;		/* a member of that name is asked for */
	char s[];
};

/* A quick test by the first two characters, to spare most names the rest: bits. */
struct sieve {
	uint64_t bits[64];
};

struct btf_min {
	struct word *head[HEADS];
	struct sieve types, members;
	uint32_t kinds;		/* of all types that are asked for */
};

static struct word *word_find(struct btf_min *min, const char *s, size_t len, bool add)
{
	uint32_t h = 2166136261u; /* FNV-1a */
	struct word *n, **head;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	head = &min->head[(h ^ h >> 16) % HEADS];
	for (n = *head; n; n = n->next) {
		if (n->hash == h && n->len == len && !memcmp(n->s, s, len))
			return n;
	}
	if (!add)
		return NULL;
	n = xalloc(sizeof(*n) + len + 1);
	n->hash = h;
	n->len = len;
	memcpy(n->s, s, len);
	n->next = *head;
	return *head = n;
}

static void sieve_add(struct sieve *f, const char *s)
{
	f->bits[s[0] & 63] |= 1ULL << (s[1] & 63);
	if (!s[1]) /* "a" is there as "a___flavour" too */
		f->bits[s[0] & 63] |= 1ULL << ('_' & 63);
}

static bool sieve_has(const struct sieve *f, const char *s)
{
	return f->bits[s[0] & 63] >> (s[1] & 63) & 1;
}

/* ---- Raw BTF: records one after the other (Documentation/bpf/btf.rst) ---- */

struct types {
	const char *raw, *strings;
	uint32_t len, strings_len;
	uint32_t *mark;		/* where types 1, 1 + STEP, 1 + 2 * STEP ... are */
	uint32_t count;		/* one more than the last type's number */
};

/* Find the parts. False: broken. */
static bool types_open(struct types *v, const void *raw, size_t size)
{
	const struct btf_header *h = raw;

	if (size < sizeof(*h) || size > RAW_MAX || (uintptr_t)raw % 4 || h->magic != BTF_MAGIC ||
	    h->version != BTF_VERSION || h->hdr_len < sizeof(*h) || h->hdr_len > size)
		return false;
	size -= h->hdr_len;
	if (h->type_off > size || h->type_len > size - h->type_off || h->str_off > size ||
	    h->str_len > size - h->str_off || (h->hdr_len | h->type_off) % 4 || !h->str_len)
		return false;
	v->raw = (const char *)raw + h->hdr_len + h->type_off;
	v->len = h->type_len;
	v->strings = (const char *)raw + h->hdr_len + h->str_off;
	v->strings_len = h->str_len;
	return !*v->strings && !v->strings[v->strings_len - 1];
}

static const char *name_at(const struct types *v, uint32_t off)
{
	return off < v->strings_len ? v->strings + off : "";
}

typedef void candidate_fn(uint32_t id, const struct btf_type *t, void *arg);

/* Go through all types: mark places, call `fn` for those whose kind is one of `kinds`. False:
 * broken. This is where the time goes, so it does nothing else. */
static bool types_walk(struct types *v, uint32_t kinds, candidate_fn *fn, void *arg)
{
	uint32_t off = 0, len, id = 1;

	v->mark = xalloc((v->len / sizeof(struct btf_type) / STEP + 1) * sizeof(*v->mark));
	for (; v->len - off >= sizeof(struct btf_type); off += len, id++) {
		const struct btf_type *t = (const void *)(v->raw + off);

		len = btf_record_len(t);
		if (!len || len > v->len - off)
			return false;
		if (id % STEP == 1)
			v->mark[id / STEP] = off;
		if (kinds >> btf_kind(t) & 1)
			fn(id, t, arg);
	}
	v->count = id;
	return off == v->len;
}

/* NULL for void, and where there is none. */
static const struct btf_type *type_at(const struct types *v, uint32_t id)
{
	uint32_t off;

	if (!id || id >= v->count)
		return NULL;
	off = v->mark[(id - 1) / STEP];
	for (id = (id - 1) % STEP; id; id--)
		off += btf_record_len((const void *)(v->raw + off));
	return (const void *)(v->raw + off);
}

/* The type behind modifiers and typedefs, which relocation never sees but where an object names a
 * typedef itself. */
static const struct btf_type *type_bare(const struct types *v, uint32_t *id)
{
	const struct btf_type *t = type_at(v, *id);

	for (int i = 0; t && (btf_is_mod(t) || btf_is_typedef(t)); i++) {
		*id = i < CHAIN_MAX ? t->type : 0;
		t = type_at(v, *id);
	}
	return t;
}

/* ---- What objects ask for ---- */

/* Names of members on the way of a relocation, like "0:3:1": the element of an array that the type
 * may be, then numbers of members or elements. */
static void members_want(struct btf_min *min, const struct types *v, uint32_t id, const char *way)
{
	const struct btf_type *t;
	unsigned long step;
	const char *name;
	char *end;

	for (way = strchr(way, ':'); way; way = *end == ':' ? end : NULL) {
		step = strtoul(way + 1, &end, 10);
		t = type_bare(v, &id);
		if (t && btf_is_array(t)) {
			id = btf_array(t)->type;
		} else if (t && btf_is_composite(t) && step < btf_vlen(t)) {
			name = name_at(v, btf_members(t)[step].name_off);
			id = btf_members(t)[step].type;
			if (*name) {
				word_find(min, name, strlen(name), true)->member = true;
				sieve_add(&min->members, name);
			}
		} else {
			return;
		}
	}
}

/* False: only all types of the kernel will do. */
static bool relo_want(struct btf_min *min, const struct types *v, const struct bpf_core_relo *r)
{
	const struct btf_type *t = type_at(v, r->type_id);
	const char *s = t ? name_at(v, t->name_off) : "";
	struct word *name;

	if (!*s || r->kind == BPF_CORE_TYPE_ID_LOCAL)
		return true; /* fails, or is settled, whatever the kernel has */
	name = word_find(min, s, bpf_core_essential_name_len(s), true);
	name->kinds |= btf_is_any_enum(t) ? BIT(ENUM) | BIT(ENUM64) : KINDS & 1U << btf_kind(t);
	min->kinds |= name->kinds;
	sieve_add(&min->types, name->s);
	switch (r->kind) {
	case BPF_CORE_TYPE_EXISTS:
	case BPF_CORE_TYPE_SIZE:
	case BPF_CORE_ENUMVAL_EXISTS:
	case BPF_CORE_ENUMVAL_VALUE:
		name->how |= NAMES;
		return true;
	case BPF_CORE_TYPE_MATCHES:
		name->how |= DEEP;
		return true;
	default:
		name->how |= FIELDS;
		members_want(min, v, r->type_id, name_at(v, r->access_str_off));
		return r->kind <= BPF_CORE_FIELD_RSHIFT_U64;
	}
}

/* The third part of .BTF.ext: the size of a record, then for each section of code its name, the
 * number of its records and these. */
static bool relos_want(struct btf_min *min, const struct types *v, const char *ext, size_t size)
{
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t len, func_off, func_len, line_off, line_len, off, relos_len;
	} h = {0};
	uint32_t each, sec[2];
	struct bpf_core_relo r;
	bool all = true;
	size_t left;

	memcpy(&h, ext, MIN(size, sizeof(h)));
	if (h.magic != BTF_MAGIC || h.len < sizeof(h) || h.len > size)
		return h.magic == BTF_MAGIC; /* an old one, without */
	size -= h.len;
	if (h.off > size || h.relos_len > size - h.off || h.relos_len < sizeof(each))
		return !h.relos_len;
	ext += h.len + h.off;
	memcpy(&each, ext, sizeof(each));
	ext += sizeof(each);
	left = h.relos_len - sizeof(each);
	for (; left >= sizeof(sec); left -= sec[1] * each, ext += sec[1] * each) {
		memcpy(sec, ext, sizeof(sec));
		left -= sizeof(sec);
		ext += sizeof(sec);
		if (each < sizeof(r) || sec[1] > left / each)
			return false;
		for (uint32_t i = 0; i < sec[1]; i++) {
			memcpy(&r, ext + i * each, sizeof(r));
			all &= relo_want(min, v, &r);
		}
	}
	return all;
}

/* The contents of a section by name. NULL: none, or not within the file. */
static const char *section_find(const char *elf, size_t size, const char *name, size_t *len)
{
	const Elf64_Ehdr *eh = (const void *)elf;
	const Elf64_Shdr *table, *s, *names;

	if (size < sizeof(*eh) || memcmp(elf, ELFMAG, SELFMAG) || elf[EI_CLASS] != ELFCLASS64 ||
	    eh->e_shoff > size || eh->e_shoff % 8 || (uintptr_t)elf % 8 ||
	    (size - eh->e_shoff) / sizeof(*s) < eh->e_shnum || eh->e_shstrndx >= eh->e_shnum)
		return NULL;
	table = (const void *)(elf + eh->e_shoff);
	names = &table[eh->e_shstrndx];
	if (names->sh_offset > size || names->sh_size > size - names->sh_offset)
		return NULL;
	for (s = table; s < table + eh->e_shnum; s++) {
		*len = strlen(name) + 1;
		if (s->sh_name < names->sh_size && names->sh_size - s->sh_name >= *len &&
		    !memcmp(elf + names->sh_offset + s->sh_name, name, *len) &&
		    s->sh_type == SHT_PROGBITS && s->sh_offset <= size &&
		    s->sh_size <= size - s->sh_offset) {
			*len = s->sh_size;
			return elf + s->sh_offset;
		}
	}
	return NULL;
}

bool btf_min_add(struct btf_min *min, const void *elf, size_t size)
{
	struct types v = {0};
	size_t btf_len, ext_len;
	const char *btf = section_find(elf, size, ".BTF", &btf_len);
	const char *ext = section_find(elf, size, ".BTF.ext", &ext_len);
	bool all = btf && types_open(&v, btf, btf_len) && types_walk(&v, 0, NULL, NULL);

	if (all && ext)
		all = relos_want(min, &v, ext, ext_len);
	free(v.mark);
	return all;
}

struct btf_min *btf_min_new(void)
{
	return xalloc(sizeof(struct btf_min));
}

void btf_min_free(struct btf_min *min)
{
	struct word *next;

	for (int i = 0; min && i < HEADS; i++) {
		for (struct word *n = min->head[i]; n; n = next) {
			next = n->next;
			free(n);
		}
	}
	free(min);
}

/* ---- What is made of the kernel's ---- */

/* Types are numbered in the order in which they are found to be needed, and written in that order.
 * One that turns out to need more when it is written already has all written again. */
struct make {
	struct btf_min *min;
	struct types kernel;
	uint32_t *number;	/* by the kernel's type number: the new one, 0: not needed so far */
	struct item {
		uint32_t id;	/* the kernel's number; of the first 0: a pointer to void for all */
		uint8_t how;
	} *item;
	uint32_t n, room, done;
	bool again;
	struct bytes types, strings;
};

/* The new number of a type. */
static uint32_t want(struct make *m, uint32_t id, int how)
{
	struct item *item;
	uint32_t *number = &m->number[id];

	if (!*number) {
		if (m->n == m->room) {
			m->room = 2 * m->room + 64;
			m->item = xrealloc(m->item, m->room * sizeof(*m->item));
		}
		m->item[m->n] = (struct item){id};
		*number = ++m->n;
	}
	item = &m->item[*number - 1];
	if (how & ~item->how && *number <= m->done)
		m->again = true;
	item->how |= how;
	return *number;
}

/* The same for a type that another one refers to. */
static uint32_t refer(struct make *m, uint32_t id, int how)
{
	const struct btf_type *t = type_bare(&m->kernel, &id);

	if (!t || !(KINDS >> btf_kind(t) & 1))
		return 0;
	return btf_is_ptr(t) && how == FIELDS ? 1 : want(m, id, how);
}

/* Of the kinds that are asked for. All `long` are taken since libbpf tells from them how large the
 * kernel's pointers are. */
static void candidate(uint32_t id, const struct btf_type *t, void *arg)
{
	struct make *m = arg;
	const char *s = m->kernel.strings + t->name_off;
	uint32_t kind = 1U << btf_kind(t);
	struct word *n;

	if (t->name_off >= m->kernel.strings_len - 1)
		return;
	if (kind == BIT(INT) && strstr(s, "long"))
		want(m, id, FIELDS);
	if (!sieve_has(&m->min->types, s))
		return;
	n = word_find(m->min, s, bpf_core_essential_name_len(s), false);
	if (!n || !(n->kinds & kind))
		return;
	n->found |= kind & (BIT(ENUM) | BIT(ENUM64)) ? BIT(ENUM) | BIT(ENUM64) : kind;
	want(m, id, n->how);
}

static uint32_t put_name(struct make *m, uint32_t off)
{
	const char *s = name_at(&m->kernel, off);
	struct word *n;

	if (!*s)
		return 0;
	n = word_find(m->min, s, strlen(s), true);
	if (!n->out) {
		n->out = m->strings.n;
		bytes_add(&m->strings, n->s, n->len + 1);
	}
	return n->out;
}

/* Is a member one that some object asks for, or can it be inside this one? */
static bool is_wanted(struct make *m, const struct btf_member *member)
{
	const char *s = m->kernel.strings + member->name_off;
	uint32_t id = member->type;
	const struct btf_type *t;
	struct word *n;

	if (!member->name_off || member->name_off >= m->kernel.strings_len - 1) {
		t = type_bare(&m->kernel, &id);
		return t && btf_is_composite(t);
	}
	if (!sieve_has(&m->min->members, s))
		return false;
	n = word_find(m->min, s, strlen(s), false);
	return n && n->member;
}

/* Members that are needed; returns how many. If the last one is not, a nameless void stands for it:
 * libbpf lets an array without length have elements only where it is the last. */
static uint32_t put_members(struct make *m, const struct btf_type *t, int how)
{
	const struct btf_member *from = btf_members(t);
	uint32_t n = 0, vlen = how & (FIELDS | DEEP) ? btf_vlen(t) : 0;
	bool last = true;

	for (uint32_t i = 0; i < vlen; i++, from++) {
		struct btf_member to = *from;

		last = how & DEEP || is_wanted(m, from);
		if (!last)
			continue;
		to.name_off = put_name(m, from->name_off);
		to.type = refer(m, from->type, how & DEEP ? DEEP : FIELDS);
		bytes_add(&m->types, &to, sizeof(to));
		n++;
	}
	if (n && !last) {
		bytes_add(&m->types, &(struct btf_member){0}, sizeof(struct btf_member));
		n++;
	}
	return n;
}

/* Values of an enum; only their names and numbers count where there are any. */
static uint32_t put_values(struct make *m, const struct btf_type *t, int how)
{
	uint32_t vlen = how & (NAMES | DEEP) ? btf_vlen(t) : 0;
	size_t each = btf_is_enum(t) ? sizeof(struct btf_enum) : sizeof(struct btf_enum64);
	const char *from = (const char *)(t + 1);
	struct btf_enum64 to;

	for (uint32_t i = 0; i < vlen; i++, from += each) {
		memcpy(&to, from, each);
		to.name_off = put_name(m, to.name_off);
		bytes_add(&m->types, &to, each);
	}
	return vlen;
}

static void put_function(struct make *m, const struct btf_type *t, int how)
{
	const struct btf_param *p = btf_params(t);

	for (int i = btf_vlen(t); i > 0; i--, p++)
		bytes_add(&m->types, &(struct btf_param){.type = refer(m, p->type, how)},
			  sizeof(*p));
}

static void put_type(struct make *m, const struct item item)
{
	const struct btf_type *from = type_at(&m->kernel, item.id);
	struct btf_type to = {.info = BTF_KIND_PTR << 24};
	size_t at = m->types.n;
	struct btf_array array = {0};

	if (from) {
		to = *from;
		to.name_off = put_name(m, from->name_off);
	}
	if (btf_is_ptr(&to))
		to.type = from ? refer(m, from->type, NAMES) : 0;
	else if (btf_is_typedef(&to) || btf_is_func_proto(&to))
		to.type = refer(m, from->type, item.how);
	bytes_add(&m->types, &to, sizeof(to));
	if (btf_is_composite(&to)) {
		to.info -= btf_vlen(&to) - put_members(m, from, item.how);
	} else if (btf_is_any_enum(&to)) {
		to.info -= btf_vlen(&to) - put_values(m, from, item.how);
	} else if (btf_is_func_proto(&to)) {
		put_function(m, from, item.how);
	} else if (btf_is_int(&to)) {
		bytes_add(&m->types, from + 1, sizeof(uint32_t));
	} else if (btf_is_array(&to)) {
		array.nelems = btf_array(from)->nelems;
		array.type = refer(m, btf_array(from)->type, item.how);
		bytes_add(&m->types, &array, sizeof(array));
	}
	memcpy(m->types.p + at, &to, sizeof(to));
}

static void *make_bytes(struct make *m, size_t *size)
{
	struct btf_header h = {
		.magic = BTF_MAGIC, .version = BTF_VERSION, .hdr_len = sizeof(h),
		.type_len = m->types.n, .str_off = m->types.n, .str_len = m->strings.n,
	};
	struct bytes b = {0};

	bytes_add(&b, &h, sizeof(h));
	bytes_add(&b, m->types.p, m->types.n);
	bytes_add(&b, m->strings.p, m->strings.n);
	*size = b.n;
	return b.p;
}

void *btf_min_make(struct btf_min *min, const void *raw, size_t raw_size, size_t *size)
{
	struct make m = {.min = min, .again = true};
	void *result = NULL;

	for (int i = 0; i < HEADS; i++) {
		for (struct word *n = min->head[i]; n; n = n->next)
			n->out = n->found = 0;
	}
	if (!types_open(&m.kernel, raw, raw_size))
		return NULL;
	m.number = xalloc((m.kernel.len / sizeof(struct btf_type) + 2) * sizeof(*m.number));
	want(&m, 0, 0);
	if (types_walk(&m.kernel, min->kinds | BIT(INT), candidate, &m)) {
		bytes_add(&m.strings, "", 1);
		for (int round = 0; m.again && round < ROUNDS_MAX; round++) {
			m.again = false;
			m.types.n = 0;
			for (m.done = 0; m.done < m.n;)
				put_type(&m, m.item[m.done++]);
		}
		if (!m.again)
			result = make_bytes(&m, size);
	}
	free(m.kernel.mark);
	free(m.number);
	free(m.item);
	free(m.types.p);
	free(m.strings.p);
	return result;
}

void *btf_min_all(const void *raw, size_t raw_size, size_t *size)
{
	struct btf_min *min = btf_min_new();
	size_t elf_size;
	void *elf;

	for (size_t i = 0; i < applets_count(); i++) {
		if (!applets_get(i)->object)
			continue;
		elf = object_inflate(applets_get(i), &elf_size);
		btf_min_add(min, elf, elf_size);
		free(elf);
	}
	raw = btf_min_make(min, raw, raw_size, size);
	btf_min_free(min);
	return (void *)raw;
}

/* ---- The running kernel ---- */

const char *btf_min_path(const void *bytes, size_t size)
{
	enum { NOEXEC_SEAL = 8 }; /* MFD_NOEXEC_SEAL, which 6.3 wants, and older ones refuse */
	static char path[32];
	int fd = memfd_create("btf", MFD_CLOEXEC | NOEXEC_SEAL);

	if (fd < 0)
		fd = memfd_create("btf", MFD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (fd >= 0 && write(fd, bytes, size) == (ssize_t)size && !access(path, R_OK))
		return path;
	if (fd >= 0)
		close(fd);
	return NULL;
}

/* A name that was asked for, and that the kernel has for no type of that kind? */
static bool is_lacking(const struct word *w)
{
	return w->kinds & ~w->found;
}

static bool lacks_any(const struct btf_min *min)
{
	for (int i = 0; i < HEADS; i++) {
		for (const struct word *w = min->head[i]; w; w = w->next) {
			if (is_lacking(w))
				return true;
		}
	}
	return false;
}

static bool bytes_have(const char *bytes, size_t n, const struct word *w)
{
	const char *end = bytes + n, *p = bytes;

	for (; (p = memmem(p, end - p, w->s, w->len)); p++) {
		if (p > bytes && !p[-1] && p + w->len < end && (!p[w->len] || p[w->len] == '_'))
			return true;
	}
	return false;
}

/* Does a module's BTF have any such name? In pieces, as the largest have a megabyte, which overlap
 * for the names on their edges. */
static bool module_has(const struct btf_min *min, int fd, char *buf)
{
	size_t kept = 0;
	ssize_t n;

	while ((n = read(fd, buf + kept, CHUNK)) > 0) {
		n += kept;
		for (int i = 0; i < HEADS; i++) {
			for (const struct word *w = min->head[i]; w; w = w->next) {
				if (is_lacking(w) && bytes_have(buf, n, w))
					return true;
			}
		}
		kept = MIN(n, OVERLAP);
		memmove(buf, buf + n - kept, kept);
	}
	return false;
}

/* libbpf looks in the modules for what the kernel itself lacks, but only if it has the whole. */
static bool modules_have(const struct btf_min *min)
{
	DIR *dir = lacks_any(min) ? opendir(DIR_BTF) : NULL;
	struct dirent *e;
	bool has = false;
	char *buf;
	int fd;

	if (!dir)
		return false;
	buf = xalloc(OVERLAP + CHUNK);
	while (!has && (e = readdir(dir))) {
		if (!strcmp(e->d_name, "vmlinux"))
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY | O_CLOEXEC);
		has = fd >= 0 && module_has(min, fd, buf);
		if (fd >= 0)
			close(fd);
	}
	free(buf);
	closedir(dir);
	return has;
}

/* Mapped where the kernel can (6.16), which takes no memory; else read. */
static void *vmlinux_map(size_t *size)
{
	int fd = open(DIR_BTF "/vmlinux", O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *p = MAP_FAILED;
	ssize_t n;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0) {
		*size = st.st_size;
		p = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (p == MAP_FAILED) {
			p = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
				 -1, 0);
			for (size_t got = 0; p != MAP_FAILED && got < *size; got += n) {
				n = read(fd, p + got, *size - got);
				if (n <= 0)
					break; /* what is missing is zero, and noticed */
			}
		}
	}
	if (fd >= 0)
		close(fd);
	return p == MAP_FAILED ? NULL : p;
}

static const char *path_for(const void *elf, size_t size, const void *raw, size_t raw_size,
			    bool modules)
{
	struct btf_min *min = btf_min_new();
	const char *path = NULL;
	void *bytes = NULL;
	size_t n;

	if (btf_min_add(min, elf, size))
		bytes = btf_min_make(min, raw, raw_size, &n);
	if (bytes && !(modules && modules_have(min)))
		path = btf_min_path(bytes, n);
	free(bytes);
	btf_min_free(min);
	return path;
}

const char *btf_min_from(const void *elf, size_t size, const void *raw, size_t raw_size)
{
	return path_for(elf, size, raw, raw_size, false);
}

const char *btf_min_kernel(const void *elf, size_t size)
{
	size_t raw_size;
	void *raw = vmlinux_map(&raw_size);
	const char *path = NULL;

	if (raw) {
		path = path_for(elf, size, raw, raw_size, true);
		munmap(raw, raw_size);
	}
	return path;
}
