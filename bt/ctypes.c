// SPDX-License-Identifier: GPL-2.0-or-later
// C types: those of the kernel (BTF), those that a script defines, and both from their text.
#include "ctypes.h"
#include "btf.h"
#include "ksyms.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct bt_ctypes {
	struct btf *btf; /* the kernel's, or a module's on top of them */
	bool tried;
	char module[64]; /* "": of none */
	int module_fd;
	char why[256];
	const struct bt_type **by_id; /* made so far, by BTF id */
	struct bt_record **defined;   /* by the script */
	size_t ndefined;
};

const struct bt_type type_none = {.kind = T_NONE};
const struct bt_type type_u64 = {.kind = T_INT, .size = 8};
const struct bt_type type_s64 = {.kind = T_INT, .size = 8, .sign = true};
const struct bt_type type_args = {.kind = T_ARGS};

static struct bt_ctypes *ctypes(struct bt *bt)
{
	if (!bt->ctypes)
		bt->ctypes = bt_alloc(bt, sizeof(*bt->ctypes));
	return bt->ctypes;
}

struct btf *ctypes_btf(struct bt *bt, const char **why)
{
	static struct btf *kernel; /* lives as long as the process */
	struct bt_ctypes *c = ctypes(bt);
	char path[256];

	if (!c->tried) {
		c->tried = true;
		if (bt->btf_path)
			c->btf = btf_load_file(bt->btf_path, c->why, sizeof(c->why));
		else if (!kernel)
			kernel = btf_kernel(path, sizeof(path), c->why, sizeof(c->why));
		if (!bt->btf_path)
			c->btf = kernel;
		if (c->btf)
			c->by_id = bt_alloc(bt, btf__type_cnt(c->btf) * sizeof(*c->by_id));
	}
	if (why)
		*why = c->why;
	return c->btf;
}

/* ---- modules ---- */

/* The types of a module that is loaded, as the kernel holds them (5.11). */
static int module_open(const char *name, uint32_t *id)
{
	for (*id = 0; !bpf_btf_get_next_id(*id, id);) {
		char found[64] = "";
		struct bpf_btf_info info = {.name = (uintptr_t)found, .name_len = sizeof(found)};
		uint32_t len = sizeof(info);
		int fd = bpf_btf_get_fd_by_id(*id);

		if (fd < 0)
			continue;
		if (!bpf_obj_get_info_by_fd(fd, &info, &len) && info.kernel_btf &&
		    !strcmp(found, name))
			return fd;
		close(fd);
	}
	return -1;
}

/* Numbers of the kernel's own types stay what they are, a module's own follow them: so the table of
 * types only grows, and there can be one module. */
int ctypes_module(struct bt *bt, const char *name)
{
	struct bt_ctypes *c = ctypes(bt);
	const struct bt_type **by_id;
	struct btf *btf;
	uint32_t id, n;
	int fd;

	if (!ctypes_btf(bt, NULL) || bt->btf_path || *c->module)
		return *c->module && !strcmp(c->module, name) ? c->module_fd : -1;
	fd = module_open(name, &id);
	btf = fd < 0 ? NULL : btf__load_from_kernel_by_id_split(id, c->btf);
	if (!btf)
		return -1;
	n = btf__type_cnt(c->btf);
	by_id = bt_alloc(bt, btf__type_cnt(btf) * sizeof(*by_id));
	memcpy(by_id, c->by_id, n * sizeof(*by_id));
	c->by_id = by_id;
	c->btf = btf;
	c->module_fd = fd;
	snprintf(c->module, sizeof(c->module), "%s", name);
	return fd;
}

struct module_search {
	const char *func;
	char module[64];
};

static bool module_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct module_search *m = arg;

	(void)addr;
	if (!module || !strcmp(module, "bpf") || strcmp(name, m->func))
		return true;
	snprintf(m->module, sizeof(m->module), "%s", module);
	return false;
}

/* The number of a kind of type with that name; a function also in the module that has it. */
static int id_find(struct bt *bt, const char *name, int kind)
{
	struct module_search m = {.func = name};
	struct btf *btf = ctypes_btf(bt, NULL);
	int id = btf ? btf__find_by_name_kind(btf, name, kind) : -1;

	if (id > 0 || !btf || kind != BTF_KIND_FUNC || *ctypes(bt)->module || bt->btf_path)
		return id;
	kallsyms_match(name, module_see, &m);
	if (!*m.module || ctypes_module(bt, m.module) < 0)
		return -1;
	return btf__find_by_name_kind(ctypes_btf(bt, NULL), name, kind);
}

/* ---- making types ---- */

const struct bt_type *type_new(struct bt *bt, enum bt_kind kind, uint32_t size)
{
	struct bt_type *t = bt_alloc(bt, sizeof(*t));

	t->kind = kind;
	t->size = size;
	return t;
}

const struct bt_type *type_int(struct bt *bt, uint32_t size, bool sign)
{
	struct bt_type *t;

	if (size == 8)
		return sign ? &type_s64 : &type_u64;
	t = (struct bt_type *)type_new(bt, T_INT, size);
	t->sign = sign;
	return t;
}

const struct bt_type *type_pointer(struct bt *bt, const struct bt_type *to, enum bt_space as)
{
	struct bt_type *t = (struct bt_type *)type_new(bt, T_PTR, 8);

	t->elem = to;
	t->as = as;
	return t;
}

const struct bt_type *type_in(struct bt *bt, const struct bt_type *t, enum bt_space as)
{
	struct bt_type *copy;

	if (t->as == as)
		return t;
	copy = bt_alloc(bt, sizeof(*copy));
	*copy = *t;
	copy->as = as;
	return copy;
}

static const struct bt_type *type_array(struct bt *bt, const struct bt_type *elem, uint32_t n)
{
	struct bt_type *t = (struct bt_type *)type_new(bt, T_ARRAY, elem->size * n);

	t->elem = elem;
	t->n = n;
	t->as = AS_KERNEL;
	return t;
}

/* ---- of the kernel ---- */

static const struct bt_type *from_btf(struct bt *bt, uint32_t id, int depth);

static const struct bt_type *int_from_btf(struct bt *bt, const struct btf *btf,
					  const struct btf_type *b)
{
	struct bt_type *t = (struct bt_type *)type_new(bt, T_INT, MIN(b->size, 8u));

	t->sign = btf_int_encoding(b) & BTF_INT_SIGNED;
	t->is_bool = btf_int_encoding(b) & BTF_INT_BOOL;
	t->is_char = b->size == 1 && !strcmp(btf__name_by_offset(btf, b->name_off), "char");
	t->sign |= t->is_char;
	return t;
}

static const struct bt_type *record_from_btf(struct bt *bt, const struct btf *btf,
					     const struct btf_type *b, uint32_t id)
{
	struct bt_type *t = (struct bt_type *)type_new(bt, T_RECORD, b->size);

	t->record = bt_alloc(bt, sizeof(*t->record));
	t->record->name = btf__name_by_offset(btf, b->name_off);
	t->record->size = b->size;
	t->record->btf_id = id;
	t->record->is_union = btf_is_union(b);
	t->record->complete = true;
	t->as = AS_KERNEL;
	return t;
}

/* What a name that is only declared stands for: its definition elsewhere in the types, if any. */
static const struct bt_type *forward_from_btf(struct bt *bt, struct btf *btf,
					      const struct btf_type *b)
{
	const char *name = btf__name_by_offset(btf, b->name_off);
	int id = btf__find_by_name_kind(btf, name, btf_kflag(b) ? BTF_KIND_UNION : BTF_KIND_STRUCT);
	struct bt_type *t;

	if (id > 0)
		return from_btf(bt, id, 0);
	t = (struct bt_type *)type_new(bt, T_RECORD, 0);
	t->record = bt_alloc(bt, sizeof(*t->record));
	t->record->name = name;
	return t;
}

static const struct bt_type *enum_from_btf(struct bt *bt, const struct btf *btf,
					   const struct btf_type *b)
{
	struct bt_type *t = (struct bt_type *)type_new(bt, T_INT, MIN(b->size, 8u));
	bool big = btf_is_enum64(b);

	/* Before Linux 6.0 the sign is only told by a value below zero. */
	t->sign = btf_kflag(b);
	for (int i = 0; !big && i < btf_vlen(b); i++)
		t->sign |= btf_enum(b)[i].val < 0;
	t->enum_name = btf__name_by_offset(btf, b->name_off);
	return t;
}

static const struct bt_type *make_from_btf(struct bt *bt, uint32_t id, int depth)
{
	struct btf *btf = ctypes_btf(bt, NULL);
	const struct btf_type *b = btf__type_by_id(btf, id);

	switch (btf_kind(b)) {
	case BTF_KIND_INT:
		return int_from_btf(bt, btf, b);
	case BTF_KIND_ENUM:
	case BTF_KIND_ENUM64:
		return enum_from_btf(bt, btf, b);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return record_from_btf(bt, btf, b, id);
	case BTF_KIND_FWD:
		return forward_from_btf(bt, btf, b);
	case BTF_KIND_ARRAY:
		return type_array(bt, from_btf(bt, btf_array(b)->type, depth + 1),
				  btf_array(b)->nelems);
	case BTF_KIND_TYPE_TAG:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
		return from_btf(bt, b->type, depth + 1);
	default:
		return &type_none;
	}
}

/* What a pointer points to is made when somebody follows it: else all types would hang together. */
static const struct bt_type *pointer_from_btf(struct bt *bt, const struct btf *btf, uint32_t to)
{
	const struct btf_type *b = btf__type_by_id(btf, to);
	struct bt_type *t = (struct bt_type *)type_new(bt, T_PTR, 8);

	while (btf_is_mod(b)) {
		if (btf_is_type_tag(b) && !strcmp(btf__name_by_offset(btf, b->name_off), "user"))
			t->as = AS_USER;
		to = b->type;
		b = btf__type_by_id(btf, to);
	}
	t->n = to; /* taken up by type_target() */
	/* Who has a pointer to bytes in its records may well mean a process's. */
	if (t->as != AS_USER)
		t->as = btf_is_composite(b) || btf_is_fwd(b) ? AS_KERNEL : AS_ANY;
	return t;
}

static const struct bt_type *from_btf(struct bt *bt, uint32_t id, int depth)
{
	struct bt_ctypes *c = ctypes(bt);
	const struct btf_type *b;

	if (!id || depth > 32)
		return &type_none;
	if (!c->by_id[id]) {
		b = btf__type_by_id(c->btf, id);
		c->by_id[id] = btf_is_ptr(b) ? pointer_from_btf(bt, c->btf, b->type)
					     : make_from_btf(bt, id, depth);
	}
	return c->by_id[id];
}

/* A pointer's target. The type of a pointer from BTF has it as a number until it is asked for. */
const struct bt_type *type_target(struct bt *bt, const struct bt_type *t)
{
	if (!t->elem)
		((struct bt_type *)t)->elem = t->n ? from_btf(bt, t->n, 0) : &type_none;
	return t->elem;
}

void record_fill(struct bt *bt, struct bt_record *r)
{
	const struct btf_member *m;
	const struct btf_type *b;
	struct btf *btf;

	if (r->filled || !r->btf_id)
		return;
	r->filled = true;
	btf = ctypes_btf(bt, NULL);
	b = btf__type_by_id(btf, r->btf_id);
	m = btf_members(b);
	r->n = btf_vlen(b);
	r->member = bt_alloc(bt, (r->n + 1) * sizeof(*r->member));
	for (size_t i = 0; i < r->n; i++, m++) {
		struct bt_member *to = &r->member[i];
		const char *name = btf__name_by_offset(btf, m->name_off);
		uint32_t bit = btf_member_bit_offset(b, i);

		to->name = *name ? name : NULL;
		to->type = from_btf(bt, m->type, 0);
		to->bits = btf_member_bitfield_size(b, i);
		to->offset = bit / 8;
		to->bit_off = bit % 8;
	}
}

const struct bt_member *record_member(struct bt *bt, struct bt_record *r, const char *name,
				      uint32_t *offset)
{
	const struct bt_member *found;

	record_fill(bt, r);
	for (size_t i = 0; i < r->n; i++) {
		const struct bt_member *m = &r->member[i];

		if (m->name && !strcmp(m->name, name)) {
			*offset = m->offset;
			return m;
		}
		if (m->name || m->type->kind != T_RECORD)
			continue;
		found = record_member(bt, m->type->record, name, offset);
		if (found) {
			*offset += m->offset;
			return found;
		}
	}
	return NULL;
}

void record_guess(struct bt *bt, struct bt_record *r, struct bt_guess *g)
{
	record_fill(bt, r);
	for (size_t i = 0; i < r->n; i++) {
		if (r->member[i].name && r->member[i].name[0] != '$')
			guess_see(g, r->member[i].name);
		else if (r->member[i].type->kind == T_RECORD)
			record_guess(bt, r->member[i].type->record, g);
	}
}

/* ---- enums ---- */

bool ctype_enumerator(struct bt *bt, const char *name, int64_t *v, const char **enum_name)
{
	struct btf *btf = ctypes_btf(bt, NULL);
	uint32_t n = btf ? btf__type_cnt(btf) : 0;

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *b = btf__type_by_id(btf, id);
		bool wide = btf_is_enum64(b);

		if (!wide && !btf_is_enum(b))
			continue;
		for (int i = 0; i < btf_vlen(b); i++) {
			uint32_t off = wide ? btf_enum64(b)[i].name_off : btf_enum(b)[i].name_off;

			if (strcmp(btf__name_by_offset(btf, off), name))
				continue;
			*v = wide ? (int64_t)btf_enum64_value(btf_enum64(b) + i)
				  : btf_enum(b)[i].val;
			*enum_name = b->name_off ? btf__name_by_offset(btf, b->name_off) : NULL;
			return true;
		}
	}
	return false;
}

const char *ctype_enum_text(struct bt *bt, const char *enum_name, int64_t v)
{
	struct btf *btf = ctypes_btf(bt, NULL);
	int id = btf ? btf__find_by_name_kind(btf, enum_name, BTF_KIND_ENUM) : -1;
	const struct btf_type *b;

	if (id <= 0)
		return NULL;
	b = btf__type_by_id(btf, id);
	for (int i = 0; i < btf_vlen(b); i++)
		if (btf_enum(b)[i].val == (int32_t)v)
			return btf__name_by_offset(btf, btf_enum(b)[i].name_off);
	return NULL;
}

/* ---- functions ---- */

static struct bt_record *params_from_btf(struct bt *bt, struct btf *btf,
					 const struct btf_type *proto, int skip)
{
	struct bt_record *r = bt_alloc(bt, sizeof(*r));
	const struct btf_param *p = btf_params(proto) + skip;
	int n = btf_vlen(proto) - skip;

	r->filled = r->complete = true;
	r->member = bt_alloc(bt, (n + 1) * sizeof(*r->member));
	for (int i = 0; i < n; i++, p++) {
		const char *name = btf__name_by_offset(btf, p->name_off);

		r->member[r->n++] = (struct bt_member){
			.name = *name ? name : bt_printf(bt, "arg%d", i),
			.type = from_btf(bt, p->type, 0),
			.offset = i * 8,
		};
	}
	if (proto->type)
		r->member[r->n++] = (struct bt_member){
			.name = "$ret",
			.type = from_btf(bt, proto->type, 0),
			.offset = n * 8,
		};
	r->size = r->n * 8;
	return r;
}

struct bt_record *ctype_function(struct bt *bt, const char *name, uint32_t *btf_id)
{
	int id = id_find(bt, name, BTF_KIND_FUNC);
	struct btf *btf = ctypes_btf(bt, NULL);

	if (id <= 0)
		return NULL;
	if (btf_id)
		*btf_id = id;
	return params_from_btf(bt, btf, btf__type_by_id(btf, btf__type_by_id(btf, id)->type), 0);
}

bool ctype_is_of_module(struct bt *bt, uint32_t btf_id, int *fd)
{
	struct bt_ctypes *c = ctypes(bt);

	*fd = c->module_fd;
	return *c->module && btf_id >= btf__type_cnt(btf__base_btf(c->btf));
}

void ctype_each(struct bt *bt, uint32_t kind, void (*see)(const char *name, uint32_t id, void *arg),
		void *arg)
{
	struct btf *btf = ctypes_btf(bt, NULL);
	uint32_t n = btf ? btf__type_cnt(btf) : 0;

	for (uint32_t id = 1; id < n; id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);

		if (btf_kind(t) == kind)
			see(btf__name_by_offset(btf, t->name_off), id, arg);
	}
}

/* Each has a type `void (*btf_trace_NAME)(void *, parameters)`, and the function that calls it has
 * the parameters' names, too. */
struct bt_record *ctype_raw_tracepoint(struct bt *bt, const char *name)
{
	struct btf *btf = ctypes_btf(bt, NULL);
	const struct btf_type *b;
	char type[128];
	int id;

	snprintf(type, sizeof(type), "__bpf_trace_%s", name);
	id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_FUNC) : -1;
	if (id > 0)
		return params_from_btf(bt, btf,
				       btf__type_by_id(btf, btf__type_by_id(btf, id)->type), 1);

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	id = btf ? btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) : -1;
	if (id <= 0)
		return NULL;
	b = btf__type_by_id(btf, btf__type_by_id(btf, id)->type);
	if (!btf_is_ptr(b) || !btf_is_func_proto(btf__type_by_id(btf, b->type)))
		return NULL;
	return params_from_btf(bt, btf, btf__type_by_id(btf, b->type), 1);
}

/* ---- from text ---- */

struct word {
	const char *p;
	size_t n;
};

struct decl {
	struct bt *bt;
	const char *p, *end;
	struct word word;
	struct bt_guess *guess;
	struct bt_span span;
};

static void decl_next(struct decl *d)
{
	for (;;) {
		while (d->p < d->end && isspace((unsigned char)*d->p))
			d->p++;
		if (d->end - d->p > 1 && d->p[0] == '/' && d->p[1] == '/') {
			while (d->p < d->end && *d->p != '\n')
				d->p++;
		} else if (d->end - d->p > 1 && d->p[0] == '/' && d->p[1] == '*') {
			const char *end = memmem(d->p + 2, d->end - d->p - 2, "*/", 2);

			d->p = end ? end + 2 : d->end;
		} else {
			break;
		}
	}
	d->word = (struct word){d->p, 0};
	if (d->p == d->end)
		return;
	while (d->p < d->end && (isalnum((unsigned char)*d->p) || *d->p == '_'))
		d->p++;
	if (d->p == d->word.p)
		d->p++;
	d->word.n = d->p - d->word.p;
}

static bool word_is(const struct decl *d, const char *text)
{
	return strlen(text) == d->word.n && !memcmp(d->word.p, text, d->word.n);
}

static bool decl_take(struct decl *d, const char *text)
{
	if (!word_is(d, text))
		return false;
	decl_next(d);
	return true;
}

static bool word_is_name(const struct decl *d)
{
	return d->word.n && (isalpha((unsigned char)*d->word.p) || *d->word.p == '_');
}

static const struct {
	const char *name;
	uint8_t size;
	bool sign;
} int_names[] = {
	{"int8", 1, true},	 {"int16", 2, true},	 {"int32", 4, true},
	{"int64", 8, true},	 {"uint8", 1, false},	 {"uint16", 2, false},
	{"uint32", 4, false},	 {"uint64", 8, false},	 {"int8_t", 1, true},
	{"int16_t", 2, true},	 {"int32_t", 4, true},	 {"int64_t", 8, true},
	{"uint8_t", 1, false},	 {"uint16_t", 2, false}, {"uint32_t", 4, false},
	{"uint64_t", 8, false},	 {"s8", 1, true},	 {"s16", 2, true},
	{"s32", 4, true},	 {"s64", 8, true},	 {"u8", 1, false},
	{"u16", 2, false},	 {"u32", 4, false},	 {"u64", 8, false},
	{"__s8", 1, true},	 {"__s16", 2, true},	 {"__s32", 4, true},
	{"__s64", 8, true},	 {"__u8", 1, false},	 {"__u16", 2, false},
	{"__u32", 4, false},	 {"__u64", 8, false},	 {"bool", 1, false},
	{"_Bool", 1, false},	 {"size_t", 8, false},	 {"ssize_t", 8, true},
	{"uintptr_t", 8, false}, {"pid_t", 4, true},
};

static const char *const c_words[] = {
	"char",	    "short",  "int",   "long", "signed", "unsigned",   "void",	   "const",
	"volatile", "struct", "union", "enum", "__user", "__restrict", "restrict",
};

bool ctype_is_name(struct bt *bt, const char *word)
{
	struct btf *btf;

	for (size_t i = 0; i < ARRAY_LEN(c_words); i++)
		if (!strcmp(word, c_words[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(int_names); i++)
		if (!strcmp(word, int_names[i].name))
			return true;
	btf = ctypes_btf(bt, NULL);
	return btf && btf__find_by_name_kind(btf, word, BTF_KIND_TYPEDEF) > 0;
}

/* char, short, int and long in any order, with their signs. NULL: none of these. */
static const struct bt_type *c_int(struct decl *d)
{
	unsigned longs = 0;
	bool any = false, is_unsigned = false, is_signed = false, is_char = false, is_short = false;
	struct bt_type *t;

	for (;;) {
		if (decl_take(d, "unsigned"))
			is_unsigned = true;
		else if (decl_take(d, "signed"))
			is_signed = true;
		else if (decl_take(d, "char"))
			is_char = true;
		else if (decl_take(d, "short"))
			is_short = true;
		else if (decl_take(d, "long"))
			longs++;
		else if (!decl_take(d, "int") &&
			 !(any && (decl_take(d, "const") || decl_take(d, "volatile"))))
			break;
		any = true;
	}
	if (!any)
		return NULL;
	t = (struct bt_type *)type_new(d->bt, T_INT, is_char ? 1 : is_short ? 2 : longs ? 8 : 4);
	t->sign = !is_unsigned;
	t->is_char = is_char && !is_unsigned && !is_signed;
	return t;
}

/* struct bt_type has its own copy of the name, hence by kind of BTF. */
static const struct bt_type *tagged(struct decl *d, int kind)
{
	struct bt_ctypes *c = ctypes(d->bt);
	char *name = bt_strndup(d->bt, d->word.p, d->word.n);
	struct btf *btf;
	int id;

	if (!word_is_name(d))
		return NULL;
	decl_next(d);
	for (size_t i = 0; i < c->ndefined && kind != BTF_KIND_ENUM; i++) {
		struct bt_type *t;

		if (strcmp(c->defined[i]->name, name))
			continue;
		t = (struct bt_type *)type_new(d->bt, T_RECORD, c->defined[i]->size);
		t->record = c->defined[i];
		return t;
	}
	btf = ctypes_btf(d->bt, NULL);
	id = btf ? btf__find_by_name_kind(btf, name, kind) : -1;
	if (id <= 0 && btf && kind == BTF_KIND_ENUM)
		id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM64);
	if (id > 0)
		return from_btf(d->bt, id, 0);
	if (!d->guess || !btf)
		return NULL;
	guess_begin(d->guess, name);
	for (uint32_t i = 1; i < btf__type_cnt(btf); i++) {
		const struct btf_type *b = btf__type_by_id(btf, i);

		if (btf_kind(b) == kind && b->name_off)
			guess_see(d->guess, btf__name_by_offset(btf, b->name_off));
	}
	return NULL;
}

static const struct bt_type *base_type(struct decl *d)
{
	const struct bt_type *t;
	struct btf *btf;
	char *name;
	int id;

	while (decl_take(d, "const") || decl_take(d, "volatile") || decl_take(d, "__user"))
		;
	if (decl_take(d, "struct"))
		return tagged(d, BTF_KIND_STRUCT);
	if (decl_take(d, "union"))
		return tagged(d, BTF_KIND_UNION);
	if (decl_take(d, "enum"))
		return tagged(d, BTF_KIND_ENUM);
	if (decl_take(d, "void"))
		return &type_none;
	t = c_int(d);
	if (t || !word_is_name(d))
		return t;
	for (size_t i = 0; i < ARRAY_LEN(int_names); i++)
		if (decl_take(d, int_names[i].name))
			return type_int(d->bt, int_names[i].size, int_names[i].sign);
	name = bt_strndup(d->bt, d->word.p, d->word.n);
	btf = ctypes_btf(d->bt, NULL);
	id = btf ? btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF) : -1;
	if (id <= 0)
		return NULL;
	decl_next(d);
	return from_btf(d->bt, id, 0);
}

static bool is_pointer_word(struct decl *d)
{
	return word_is(d, "*") || word_is(d, "const") || word_is(d, "__user") ||
	       word_is(d, "volatile") || word_is(d, "restrict") || word_is(d, "__restrict");
}

/* Stars, a name if `name` asks for one, brackets. */
static const struct bt_type *declarator(struct decl *d, const struct bt_type *t, const char **name)
{
	uint64_t n[4];
	size_t dims = 0;

	while (is_pointer_word(d)) {
		if (word_is(d, "*"))
			t = type_pointer(d->bt, t, AS_ANY);
		decl_next(d);
	}
	if (name && word_is_name(d)) {
		*name = bt_strndup(d->bt, d->word.p, d->word.n);
		decl_next(d);
	}
	while (decl_take(d, "[")) {
		char *text = bt_strndup(d->bt, d->word.p, d->word.n);

		n[dims] = 0;
		if (!word_is(d, "]")) {
			if (!parse_u64(text, &n[dims]) || n[dims] > 1 << 20)
				return NULL;
			decl_next(d);
		}
		if (!decl_take(d, "]") || ++dims == ARRAY_LEN(n))
			return NULL;
	}
	while (dims)
		t = type_array(d->bt, t, n[--dims]);
	return t;
}

const struct bt_type *ctype_declaration(struct bt *bt, const char *text, const char **name)
{
	struct decl d = {.bt = bt, .p = text, .end = text + strlen(text)};
	const struct bt_type *t;

	decl_next(&d);
	if (word_is(&d, "__data_loc") || word_is(&d, "__rel_loc"))
		decl_next(&d);
	t = base_type(&d);
	if (!t)
		return NULL;
	t = declarator(&d, t, name);
	/* __data_loc char[] name: brackets first */
	if (t && name && !*name && word_is_name(&d))
		*name = bt_strndup(bt, d.word.p, d.word.n);
	return t;
}

const struct bt_type *ctype_parse(struct bt *bt, const char *text, struct bt_guess *guess)
{
	struct decl d = {.bt = bt, .p = text, .end = text + strlen(text), .guess = guess};
	const struct bt_type *t;

	if (guess)
		guess_begin(guess, "");
	decl_next(&d);
	t = base_type(&d);
	t = t ? declarator(&d, t, NULL) : NULL;
	return d.word.n ? NULL : t;
}

/* ---- of a script ---- */

static uint32_t type_align(const struct bt_type *t)
{
	uint32_t align = 1;

	if (t->kind == T_ARRAY)
		return type_align(t->elem);
	if (t->kind != T_RECORD)
		return t->size ? t->size : 1;
	for (size_t i = 0; i < t->record->n; i++)
		align = MAX(align, type_align(t->record->member[i].type));
	return align;
}

static const struct bt_type *record_body(struct decl *d, struct bt_record *r, int depth);

static void record_place(struct bt *bt, struct bt_record *r, struct bt_member m, uint32_t *bit)
{
	uint32_t align = type_align(m.type), at = r->is_union ? 0 : *bit;

	if (m.bits) { /* as x86 and arm64 lay them out: not across a border of its type */
		if (at / (m.type->size * 8) != (at + m.bits - 1) / (m.type->size * 8))
			at = (at + m.type->size * 8 - 1) / (m.type->size * 8) * (m.type->size * 8);
		m.offset = at / 8;
		m.bit_off = at % 8;
		*bit = at + m.bits;
	} else {
		m.offset = ((at + 7) / 8 + align - 1) / align * align;
		*bit = (m.offset + m.type->size) * 8;
	}
	r->size = MAX(r->size, (*bit + 7) / 8);
	r->member = bt_grow(bt, r->member, r->n, sizeof(*r->member));
	r->member[r->n++] = m;
}

static void decl_error(struct decl *d, const char *what) __attribute__((noreturn));
static void decl_error(struct decl *d, const char *what)
{
	uint32_t at = d->word.p - d->bt->text;

	bt_error(d->bt, (struct bt_span){at, d->word.n}, "%s", what);
}

/* One line of members: `type a, *b[3], c : 4;`, or a record without a name. */
static void record_line(struct decl *d, struct bt_record *r, uint32_t *bit, int depth)
{
	const char *from = d->p, *before = d->word.p;
	struct word word = d->word;
	const struct bt_type *base = NULL, *t;
	uint64_t bits;

	if (word_is(d, "struct") || word_is(d, "union")) {
		struct bt_record *inner = bt_alloc(d->bt, sizeof(*inner));

		inner->is_union = word_is(d, "union");
		decl_next(d);
		if (word_is(d, "{"))
			base = record_body(d, inner, depth + 1);
		else
			d->p = from, d->word = word;
	}
	if (!base)
		base = base_type(d);
	if (!base) {
		d->word = (struct word){before, MAX(word.n, (size_t)1)};
		decl_error(d, "this type is not known");
	}
	do {
		struct bt_member m = {0};

		t = declarator(d, base, &m.name);
		if (!t)
			decl_error(d, "expected a member's name");
		m.type = t;
		if (decl_take(d, ":")) {
			char *text = bt_strndup(d->bt, d->word.p, d->word.n);

			if (t->kind != T_INT || !parse_u64(text, &bits) || !bits ||
			    bits > t->size * 8)
				decl_error(d, "expected the number of bits");
			m.bits = bits;
			decl_next(d);
		}
		if (!m.name && t->kind != T_RECORD)
			decl_error(d, "expected a member's name");
		if (t->kind == T_NONE || (t->kind == T_RECORD && !t->record->complete))
			decl_error(d, "the size of this member's type is not known");
		record_place(d->bt, r, m, bit);
	} while (decl_take(d, ","));
	if (!decl_take(d, ";"))
		decl_error(d, "expected ';' behind the member");
}

static const struct bt_type *record_body(struct decl *d, struct bt_record *r, int depth)
{
	struct bt_type *t = (struct bt_type *)type_new(d->bt, T_RECORD, 0);
	uint32_t bit = 0, align;

	if (depth > 16)
		decl_error(d, "structs nested too deep");
	decl_next(d);
	while (!decl_take(d, "}")) {
		if (!d->word.n)
			decl_error(d, "expected '}'");
		record_line(d, r, &bit, depth);
	}
	r->filled = r->complete = true;
	t->record = r;
	align = type_align(t);
	r->size = (r->size + align - 1) / align * align;
	t->size = r->size;
	return t;
}

void ctype_define(struct bt *bt, struct bt_span span)
{
	struct decl d = {.bt = bt, .p = bt->text + span.at, .end = bt->text + span.at + span.len};
	struct bt_ctypes *c = ctypes(bt);
	struct bt_record *r = bt_alloc(bt, sizeof(*r));

	decl_next(&d);
	r->is_union = word_is(&d, "union");
	decl_next(&d);
	r->name = bt_strndup(bt, d.word.p, d.word.n);
	decl_next(&d);
	record_body(&d, r, 0);
	c->defined = bt_grow(bt, c->defined, c->ndefined, sizeof(*c->defined));
	c->defined[c->ndefined++] = r;
}
