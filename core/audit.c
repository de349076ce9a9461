// SPDX-License-Identifier: GPL-2.0-or-later
// The relocation audit: would a BPF object's programs load and read right on a given kernel?
#include "audit.h"
#include "btf.h"
#include "util.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpf-internal/relo_core.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The kernel's types, by name ---- */

enum { HEADS = 1 << 15 };

struct audit_kernel {
	const struct btf *btf;
	audit_watch watch;
	void *watch_arg;
	bool has_funcs;		/* types that were cut down have none */
	uint32_t *next;		/* by type id: the next one with the same hash, ids ascending */
	uint32_t head[HEADS];
};

static const char *type_name(const struct btf *btf, const struct btf_type *t)
{
	const char *name = btf__name_by_offset(btf, t->name_off);

	return name ? name : "";
}

static uint32_t name_hash(const char *name, size_t len)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	while (len--)
		h = (h ^ (unsigned char)*name++) * 16777619u;
	return (h ^ h >> 15) % HEADS;
}

struct audit_kernel *audit_kernel_new(const struct btf *btf)
{
	struct audit_kernel *k = xalloc(sizeof(*k));
	uint32_t n = btf__type_cnt(btf);

	k->btf = btf;
	k->next = xalloc(n * sizeof(*k->next));
	while (--n > 0) {
		const struct btf_type *t = btf__type_by_id(btf, n);
		const char *name = type_name(btf, t);
		uint32_t *head = &k->head[name_hash(name, bpf_core_essential_name_len(name))];

		if (*name) {
			k->next[n] = *head;
			*head = n;
		}
		k->has_funcs |= btf_is_func(t);
	}
	return k;
}

void audit_kernel_watch(struct audit_kernel *k, audit_watch fn, void *arg)
{
	k->watch = fn;
	k->watch_arg = arg;
}

static void watch_tell(const struct audit_kernel *k, int kind, const char *name, size_t len,
		       bool found)
{
	char essential[256];

	if (!k->watch)
		return;
	snprintf(essential, sizeof(essential), "%.*s", (int)len, name);
	k->watch(kind, essential, found, k->watch_arg);
}

void audit_kernel_free(struct audit_kernel *k)
{
	if (k)
		free(k->next);
	free(k);
}

static bool kinds_compatible(const struct btf_type *a, const struct btf_type *b)
{
	return btf_kind(a) == btf_kind(b) || (btf_is_any_enum(a) && btf_is_any_enum(b));
}

/* The kernel's types of that name and kind; those that differ in what follows ___ are the same. */
static void cands_find(const struct audit_kernel *k, const struct btf_type *local, const char *name,
		       struct bpf_core_cand_list *list)
{
	size_t len = bpf_core_essential_name_len(name), room = 0;

	list->cands = xalloc(sizeof(*list->cands));
	for (uint32_t id = k->head[name_hash(name, len)]; id; id = k->next[id]) {
		const struct btf_type *t = btf__type_by_id(k->btf, id);
		const char *other = type_name(k->btf, t);

		if (!kinds_compatible(t, local) || strncmp(name, other, len) ||
		    bpf_core_essential_name_len(other) != len)
			continue;
		if ((size_t)list->len >= room) {
			room = 2 * room + 1;
			list->cands = xrealloc(list->cands, room * sizeof(*list->cands));
		}
		list->cands[list->len++] = (struct bpf_core_cand){k->btf, id};
	}
	watch_tell(k, btf_kind(local), name, len, list->len);
}

/* Is there a type of the kind whose name is that prefix and that name? */
static bool kernel_has(const struct audit_kernel *k, int kind, const char *prefix, const char *name)
{
	char full[256];
	bool found = false;

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	for (uint32_t id = k->head[name_hash(full, bpf_core_essential_name_len(full))];
	     id && !found; id = k->next[id]) {
		const struct btf_type *t = btf__type_by_id(k->btf, id);

		found = btf_kind(t) == kind && !strcmp(type_name(k->btf, t), full);
	}
	watch_tell(k, kind, full, strlen(full), found);
	return found;
}

/* ---- The object ---- */

/* Where an instruction leads by its ELF relocation: to an instruction, or one of these. */
enum { LEADS_NOWHERE = -1, LEADS_UNKNOWN = -2, LEADS_NULL = -3 };

struct flaw {
	enum audit_verdict verdict;
	bool always;		/* libbpf refuses the object, whether it is reached or not */
	char *text;
	struct flaw *next;	/* all of this object */
};

struct relo {
	struct bpf_core_relo core;
	uint32_t at;		/* instruction */
};

struct object {
	const struct audit_kernel *kernel;
	const char *elf;
	size_t size;
	const Elf64_Shdr *sections;
	uint32_t sections_n, names;	/* `names` and `strings` are sections */
	const Elf64_Sym *symbols;
	uint32_t symbols_n, strings;
	struct btf *btf;
	struct bpf_core_cand_list *cands; /* by type id of `btf`; libbpf too shares them */
	int32_t *base;			/* by section: its first instruction, or -1 */
	/* By instruction, those of all sections one after another: */
	struct bpf_insn *code;
	uint32_t code_n;
	int32_t *leads;
	struct flaw **flaw;
	int16_t *private;		/* stack below this offset is reached by r10 only */
	bool *label;			/* a jump leads here */
	struct flaw *flaws;
	const char *missing;		/* kernel function that it cannot do without */
	struct relo *relos;
	uint32_t relos_n;
};

/* Contents of a section, NULL if it has none or they are not within the file. */
static const void *section_data(const struct object *o, uint32_t i, size_t *size)
{
	const Elf64_Shdr *s = &o->sections[i];

	if (i >= o->sections_n || s->sh_type == SHT_NOBITS || s->sh_offset > o->size ||
	    s->sh_size > o->size - s->sh_offset)
		return NULL;
	*size = s->sh_size;
	return o->elf + s->sh_offset;
}

static const char *string_at(const struct object *o, uint32_t section, uint32_t off)
{
	size_t size;
	const char *s = section_data(o, section, &size);

	return s && off < size && !s[size - 1] ? s + off : "";
}

static const char *section_name(const struct object *o, uint32_t i)
{
	return string_at(o, o->names, o->sections[i].sh_name);
}

static bool is_code(const Elf64_Shdr *s)
{
	return s->sh_type == SHT_PROGBITS && s->sh_flags & SHF_EXECINSTR;
}

/* The instruction that a symbol of a code section, plus `bytes`, stands for; or -1. */
static int64_t symbol_insn(const struct object *o, const Elf64_Sym *sym, int64_t bytes)
{
	int64_t at;

	if (sym->st_shndx >= o->sections_n || o->base[sym->st_shndx] < 0)
		return -1;
	at = o->base[sym->st_shndx] + ((int64_t)sym->st_value + bytes) / 8;
	return at >= 0 && at < o->code_n ? at : -1;
}

/* Find the tables. False: no BPF object of this machine. */
static bool object_open(struct object *o)
{
	const Elf64_Ehdr *eh = (const void *)o->elf;
	const char *data;
	char why[96];
	size_t size;

	if (o->size < sizeof(*eh) || (uintptr_t)eh % 8 || memcmp(eh->e_ident, ELFMAG, SELFMAG) ||
	    eh->e_ident[EI_CLASS] != ELFCLASS64 || eh->e_machine != EM_BPF || eh->e_shoff % 8 ||
	    eh->e_shentsize != sizeof(Elf64_Shdr) || eh->e_shoff > o->size ||
	    (o->size - eh->e_shoff) / sizeof(Elf64_Shdr) < eh->e_shnum)
		return false;
	o->sections = (const void *)(o->elf + eh->e_shoff);
	o->sections_n = eh->e_shnum;
	o->names = eh->e_shstrndx;
	o->base = xalloc(o->sections_n * sizeof(*o->base));
	for (uint32_t i = 0; i < o->sections_n; i++) {
		const Elf64_Shdr *s = &o->sections[i];

		o->base[i] = -1;
		data = section_data(o, i, &size);
		if (data && s->sh_type == SHT_SYMTAB && !(s->sh_offset % 8)) {
			o->symbols = (const void *)data;
			o->symbols_n = size / sizeof(*o->symbols);
			o->strings = s->sh_link;
		} else if (data && is_code(s)) {
			o->base[i] = o->code_n;
			o->code = xrealloc(o->code, (o->code_n + size / 8 + 1) * 8);
			memcpy(o->code + o->code_n, data, size / 8 * 8);
			o->code_n += size / 8;
		} else if (data && !strcmp(section_name(o, i), ".BTF") && !o->btf) {
			o->btf = btf_load(data, size, why, sizeof(why));
		}
	}
	return o->symbols && o->btf && o->code_n;
}

/* Note something at an instruction. The first one there is kept. */
static void flaw_add(struct object *o, uint32_t at, enum audit_verdict verdict, const char *text)
{
	struct flaw *f = o->flaw[at];

	if (f)
		return;
	f = o->flaw[at] = xalloc(sizeof(*f));
	*f = (struct flaw){verdict, false, xstrdup(text), o->flaws};
	o->flaws = f;
}

#define NO_KFUNC "%s(): no such kernel function (a module may have it)"

static bool is_call(const struct bpf_insn *in)
{
	return in->code == (BPF_JMP | BPF_CALL);
}

static bool is_wide(const struct bpf_insn *in)
{
	return in->code == (BPF_LD | BPF_IMM | BPF_DW);
}

/* A call or the address of something that the object does not define: a kernel function? */
static int32_t link_extern(struct object *o, uint32_t at, const Elf64_Sym *sym)
{
	const char *name = string_at(o, o->strings, sym->st_name);
	char text[224], essential[128];

	snprintf(essential, sizeof(essential), "%.*s", (int)bpf_core_essential_name_len(name), name);
	if (!o->kernel->has_funcs || btf__find_by_name_kind(o->btf, name, BTF_KIND_FUNC) < 0 ||
	    kernel_has(o->kernel, BTF_KIND_FUNC, "", essential))
		return LEADS_UNKNOWN;
	snprintf(text, sizeof(text), NO_KFUNC, essential);
	if (ELF64_ST_BIND(sym->st_info) != STB_WEAK)
		o->missing = name;
	else if (is_call(&o->code[at]))
		flaw_add(o, at, AUDIT_NO_KFUNC, text);
	return LEADS_NULL; /* what bpf_ksym_exists() asks for */
}

/* ELF relocations: LLVM puts what is added into the instruction's imm, in instructions less one for
 * calls, in bytes for addresses. */
static void object_link(struct object *o)
{
	for (uint32_t i = 0; i < o->sections_n; i++) {
		const Elf64_Shdr *s = &o->sections[i];
		const Elf64_Rel *rel;
		size_t size;

		if (s->sh_type != SHT_REL || s->sh_info >= o->sections_n || s->sh_offset % 8 ||
		    o->base[s->sh_info] < 0 || !(rel = section_data(o, i, &size)))
			continue;
		for (size_t n = size / sizeof(*rel); n--; rel++) {
			uint64_t at = o->base[s->sh_info] + rel->r_offset / 8;
			uint32_t sym = ELF64_R_SYM(rel->r_info);
			const Elf64_Sym *to = &o->symbols[sym];
			int64_t imm;

			if (sym >= o->symbols_n || at >= o->code_n)
				continue;
			imm = o->code[at].imm;
			if (is_call(&o->code[at]))
				imm = (imm + 1) * 8;
			o->leads[at] = symbol_insn(o, to, imm);
			if (o->leads[at] < 0)
				o->leads[at] = LEADS_UNKNOWN;
			if (to->st_shndx == SHN_UNDEF)
				o->leads[at] = link_extern(o, at, to);
		}
	}
}

/* ---- CO-RE relocations ---- */

/* Records of one section of code, `n` of `each` bytes. */
static void relos_add(struct object *o, const char *section, const char *rec, uint32_t n,
		      uint32_t each)
{
	uint32_t i = 0;

	while (i < o->sections_n && (o->base[i] < 0 || strcmp(section_name(o, i), section)))
		i++;
	if (i == o->sections_n)
		return;
	o->relos = xrealloc(o->relos, (o->relos_n + n) * sizeof(*o->relos));
	for (; n--; rec += each) {
		struct relo *r = &o->relos[o->relos_n];

		memcpy(&r->core, rec, sizeof(r->core));
		r->at = o->base[i] + r->core.insn_off / 8;
		o->relos_n += r->core.insn_off / 8 < o->sections[i].sh_size / 8 &&
			r->core.type_id < btf__type_cnt(o->btf);
	}
}

/* The third part of .BTF.ext: the size of a record, then for each section of code its name, the
 * number of its records and these. (Format: the kernel's Documentation/bpf/btf.rst.) */
static bool relos_read(struct object *o)
{
	struct {
		uint16_t magic;
		uint8_t version, flags;
		uint32_t len, func_off, func_len, line_off, line_len, core_off, core_len;
	} h = {0};
	const char *data = NULL;
	uint32_t each, sec[2];
	size_t size, left;

	for (uint32_t i = 0; !data && i < o->sections_n; i++) {
		if (!strcmp(section_name(o, i), ".BTF.ext"))
			data = section_data(o, i, &size);
	}
	if (!data)
		return false;
	memcpy(&h, data, MIN(size, sizeof(h)));
	if (size < 24 || h.magic != BTF_MAGIC || h.len < 24 || h.len % 4 || h.len > size)
		return false;
	if (h.len < sizeof(h) || !h.core_len)
		return true;
	if (h.core_off > size - h.len || h.core_len > size - h.len - h.core_off || h.core_len < 4 ||
	    h.core_off % 4)
		return false;
	data += h.len + h.core_off;
	memcpy(&each, data, 4);
	if (each < sizeof(struct bpf_core_relo) || each % 4 || each > h.core_len)
		return false;
	data += 4;
	left = h.core_len - 4;
	while (left >= sizeof(sec)) {
		const char *name;

		memcpy(sec, data, sizeof(sec));
		left -= sizeof(sec);
		data += sizeof(sec);
		if (sec[1] > left / each)
			return false;
		name = btf__name_by_offset(o->btf, sec[0]);
		relos_add(o, name ? name : "", data, sec[1], each);
		left -= sec[1] * each;
		data += sec[1] * each;
	}
	return !left;
}

static const struct btf_type *type_bare(const struct btf *btf, uint32_t id)
{
	const struct btf_type *t = btf__type_by_id(btf, id);

	while (btf_is_mod(t) || btf_is_typedef(t))
		t = btf__type_by_id(btf, t->type);
	return t;
}

/* The type of a struct's member by name, those of anonymous structs in it included; or 0. */
static uint32_t member_type(const struct btf *btf, uint32_t id, const char *name)
{
	const struct btf_type *t = type_bare(btf, id);
	const struct btf_member *m = btf_members(t);
	uint32_t found = 0;

	if (!btf_is_composite(t))
		return 0;
	for (int i = 0; !found && i < btf_vlen(t); i++, m++) {
		if (!m->name_off)
			found = member_type(btf, m->type, name);
		else if (!strcmp(btf__name_by_offset(btf, m->name_off), name))
			found = m->type;
	}
	return found;
}

/* How many steps of the way to the member the kernel's type `id` has. */
static int steps_found(const struct btf *btf, uint32_t id, const struct bpf_core_spec *way)
{
	int i;

	for (i = 1; i < way->len && id; i++) {
		const struct btf_type *t = type_bare(btf, id);

		if (way->spec[i].name)
			id = member_type(btf, id, way->spec[i].name);
		else if (btf_is_array(t) && way->spec[i].idx < btf_array(t)->nelems)
			id = btf_array(t)->type;
		else
			id = 0;
	}
	return id ? i : i - 1;
}

/* Note at a relocation's instruction "struct request.rq_disk: WHY", of the way the first steps. */
static void relo_flaw(struct object *o, const struct relo *r, const struct bpf_core_spec *way,
		      int steps, enum audit_verdict verdict, const char *why, ...) PRINTF(6, 7);
static void relo_flaw(struct object *o, const struct relo *r, const struct bpf_core_spec *way,
		      int steps, enum audit_verdict verdict, const char *why, ...)
{
	const struct btf_type *t = btf__type_by_id(o->btf, r->core.type_id);
	const char *name = type_name(o->btf, t), *value = way->len ? way->spec[0].name : NULL;
	char text[512];
	int n, size = 384; /* the rest is for the reason */
	va_list ap;

	n = snprintf(text, size, "%s%.*s", btf_is_struct(t) ? "struct " : btf_is_union(t) ?
		     "union " : btf_is_any_enum(t) ? "enum " : "",
		     (int)bpf_core_essential_name_len(name), name);
	if (value && n < size)
		n += snprintf(text + n, size - n, " %.*s", (int)bpf_core_essential_name_len(value),
			      value);
	for (int i = 1; i < steps && n < size; i++) {
		if (way->spec[i].name)
			n += snprintf(text + n, size - n, ".%s", way->spec[i].name);
		else
			n += snprintf(text + n, size - n, "[%u]", way->spec[i].idx);
	}
	n = MIN(n, size - 1);
	va_start(ap, why);
	n += sprintf(text + n, ": ");
	vsnprintf(text + n, sizeof(text) - n, why, ap);
	va_end(ap);
	flaw_add(o, r->at, verdict, text);
}

/* Say why the relocation of this instruction found nothing in the kernel. */
static void relo_missing(struct object *o, const struct relo *r, const struct bpf_core_spec *way,
			 const struct bpf_core_cand_list *cands)
{
	const char *why = "no such type";
	int steps = 0;

	for (int i = 0; i < cands->len; i++)
		steps = MAX(steps, steps_found(o->kernel->btf, cands->cands[i].id, way));
	if (cands->len && r->core.kind == BPF_CORE_ENUMVAL_VALUE)
		why = "no such value";
	else if (cands->len && steps < way->len)
		why = way->spec[steps].name ? "no such member" : "no such element";
	else if (cands->len)
		why = "of another type";
	relo_flaw(o, r, way, MIN(steps + 1, way->len), AUDIT_BAD_RELO, "%s", why);
}

/* Does the object ask for the size of what it reads there? Then it knows how to handle it. */
static bool size_asked(const struct object *o, const struct bpf_core_relo *r)
{
	for (uint32_t i = 0; i < o->relos_n; i++) {
		const struct bpf_core_relo *other = &o->relos[i].core;

		if (other->kind == BPF_CORE_FIELD_BYTE_SIZE && other->type_id == r->type_id &&
		    other->access_str_off == r->access_str_off)
			return true;
	}
	return false;
}

/* The address of a member is taken, most often to copy it with the size that the object knows. */
static void relo_size(struct object *o, const struct relo *r, const struct bpf_core_spec *way,
		      const struct bpf_core_relo_res *res)
{
	const struct btf_type *mine = type_bare(o->btf, res->orig_type_id);
	const struct btf_type *theirs = type_bare(o->kernel->btf, res->new_type_id);
	uint32_t here = 1, there = 1;

	if (!res->orig_sz || !res->new_sz || size_asked(o, &r->core))
		return;
	while (btf_is_array(mine) && btf_is_array(theirs)) {
		here *= btf_array(mine)->nelems;
		there *= btf_array(theirs)->nelems;
		mine = type_bare(o->btf, btf_array(mine)->type);
		theirs = type_bare(o->kernel->btf, btf_array(theirs)->type);
	}
	/* An embedded struct is a step on a way, and has here only what is read of it. A pointer
	 * of a 32-bit kernel is cut to 32 bits again when it is followed. */
	if (btf_is_composite(mine) || btf_is_ptr(mine))
		return;
	if (res->orig_sz != res->new_sz)
		relo_flaw(o, r, way, way->len, AUDIT_SIZE_DIFFERS,
			  "%u bytes here, %u in the kernel", res->orig_sz, res->new_sz);
	else if (here && there && here != there)
		relo_flaw(o, r, way, way->len, AUDIT_OK, "%u elements here, %u in the kernel", here,
			  there);
}

/* Put what the relocation resolves to into its instruction, as libbpf does at load. */
static void relo_apply(struct object *o, const struct relo *r, struct bpf_core_spec specs[3])
{
	const struct btf_type *local = btf__type_by_id(o->btf, r->core.type_id);
	struct bpf_core_cand_list *cands = &o->cands[r->core.type_id];
	struct bpf_insn *in = &o->code[r->at];
	int class = BPF_CLASS(in->code), err;
	struct bpf_core_relo_res res = {0};
	bool direct = class == BPF_LDX || class == BPF_STX || class == BPF_ST;

	specs[0].len = specs[0].raw_len = 0;
	if (!cands->cands)
		cands_find(o->kernel, local, type_name(o->btf, local), cands);
	if (is_wide(in) && r->at + 1 == o->code_n)
		return;
	err = bpf_core_calc_relo_insn("", &r->core, 0, o->btf, cands, specs, &res);
	if (!err)
		err = bpf_core_patch_insn("", in, r->at, &r->core, 0, &res);
	if (err) {
		relo_flaw(o, r, specs, specs->len, AUDIT_BAD_RELO, "not resolved (error %d)", -err);
		o->flaw[r->at]->always = true;
	} else if (res.poison) {
		relo_missing(o, r, specs, cands);
	} else if (direct && res.fail_memsz_adjust) {
		relo_flaw(o, r, specs, specs->len, AUDIT_BAD_RELO,
			  "signed or of another type, %u bytes here, %u in the kernel", res.orig_sz,
			  res.new_sz);
	} else if (r->core.kind == BPF_CORE_FIELD_BYTE_OFFSET && !direct) {
		relo_size(o, r, specs, &res);
	}
}

static void object_relocate(struct object *o)
{
	struct bpf_core_spec *specs = xalloc(3 * sizeof(*specs));

	o->cands = xalloc(btf__type_cnt(o->btf) * sizeof(*o->cands));
	for (uint32_t i = 0; i < o->relos_n; i++)
		relo_apply(o, &o->relos[i], specs);
	free(specs);
}

/* ---- Following a program ---- */

enum { REGS = 16, FP = 10, WORDS = 512 / 4 };

/* What is known before an instruction: registers, and the stack in words of four bytes, from its
 * end down (word 0 is at r10-4), since registers are spilled there. */
struct state {
	uint64_t reg[REGS];
	uint32_t word[WORDS];
	bool reg_known[REGS], word_known[WORDS];
};

struct walk {
	struct object *o;
	struct state **at;	/* by instruction: the state of labels that are reached */
	bool *reached;
	uint32_t *todo, todo_n;	/* labels whose state changed */
	bool *queued;
	enum audit_verdict verdict;
	char *text;
	size_t text_size;
};

/* The way through here too: what both agree on stays known. */
static void state_merge(struct walk *w, int64_t to, const struct state *from)
{
	struct state *s;
	bool changed = false;

	if (to < 0 || to >= w->o->code_n)
		return;
	s = w->at[to];
	if (!s) {
		s = w->at[to] = xalloc(sizeof(*s));
		*s = *from;
		changed = true;
	}
	for (int i = 0; i < REGS; i++) {
		if (s->reg_known[i] && (!from->reg_known[i] || s->reg[i] != from->reg[i]))
			s->reg_known[i] = false, changed = true;
	}
	for (int i = 0; i < WORDS; i++) {
		if (s->word_known[i] && (!from->word_known[i] || s->word[i] != from->word[i]))
			s->word_known[i] = false, changed = true;
	}
	if (changed && !w->queued[to]) {
		w->queued[to] = true;
		w->todo[w->todo_n++] = to;
	}
}

/* A function starts with what its arguments are, if these are known, and an unknown stack. */
static void state_enter(struct walk *w, int64_t callee, const struct state *caller)
{
	struct state s = {0};

	for (int i = 1; caller && i <= 5; i++) {
		s.reg[i] = caller->reg[i];
		s.reg_known[i] = caller->reg_known[i];
	}
	state_merge(w, callee, &s);
}

static void reg_set(struct state *s, int reg, uint64_t v)
{
	s->reg[reg] = v;
	s->reg_known[reg] = true;
}

/* The operation on two known values. False: not one that is followed. */
static bool alu_value(const struct bpf_insn *in, uint64_t a, uint64_t b, uint64_t *v)
{
	bool wide = BPF_CLASS(in->code) == BPF_ALU64;
	int shift = b & (wide ? 63 : 31);

	if (!wide) {
		a = (uint32_t)a;
		b = (uint32_t)b;
	}
	switch (BPF_OP(in->code)) {
	case BPF_ADD: *v = a + b; break;
	case BPF_SUB: *v = a - b; break;
	case BPF_MUL: *v = a * b; break;
	case BPF_OR: *v = a | b; break;
	case BPF_AND: *v = a & b; break;
	case BPF_XOR: *v = a ^ b; break;
	case BPF_LSH: *v = a << shift; break;
	case BPF_RSH: *v = a >> shift; break;
	case BPF_ARSH: *v = wide ? (int64_t)a >> shift : (int32_t)a >> shift; break;
	case BPF_NEG: *v = -a; break;
	case BPF_MOV: *v = b; break;
	case BPF_DIV: *v = b ? a / b : 0; break;
	case BPF_MOD: *v = b ? a % b : a; break;
	default: return false; /* byte order */
	}
	if (!wide)
		*v = (uint32_t)*v;
	return !in->off; /* signed division and moves that extend the sign, of -mcpu=v4 */
}

static void step_alu(struct state *s, const struct bpf_insn *in)
{
	bool by_reg = BPF_SRC(in->code) == BPF_X, is_mov = BPF_OP(in->code) == BPF_MOV;
	uint64_t b = by_reg ? s->reg[in->src_reg] : (uint64_t)(int64_t)in->imm, v;

	if ((!by_reg || s->reg_known[in->src_reg]) && (is_mov || s->reg_known[in->dst_reg]) &&
	    alu_value(in, s->reg[in->dst_reg], b, &v))
		reg_set(s, in->dst_reg, v);
	else
		s->reg_known[in->dst_reg] = false;
}

/* 1 taken, 0 not taken, -1 unknown. */
static int jump_taken(const struct state *s, const struct bpf_insn *in)
{
	bool by_reg = BPF_SRC(in->code) == BPF_X;
	uint64_t a = s->reg[in->dst_reg];
	uint64_t b = by_reg ? s->reg[in->src_reg] : (uint64_t)(int64_t)in->imm;
	int64_t sa = a, sb = b;

	if (!s->reg_known[in->dst_reg] || (by_reg && !s->reg_known[in->src_reg]))
		return -1;
	if (BPF_CLASS(in->code) == BPF_JMP32) {
		a = (uint32_t)a, b = (uint32_t)b;
		sa = (int32_t)a, sb = (int32_t)b;
	}
	switch (BPF_OP(in->code)) {
	case BPF_JEQ: return a == b;
	case BPF_JNE: return a != b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	case BPF_JLT: return a < b;
	case BPF_JLE: return a <= b;
	case BPF_JSET: return !!(a & b);
	case BPF_JSGT: return sa > sb;
	case BPF_JSGE: return sa >= sb;
	case BPF_JSLT: return sa < sb;
	case BPF_JSLE: return sa <= sb;
	default: return -1;
	}
}

static int access_bytes(const struct bpf_insn *in)
{
	switch (BPF_SIZE(in->code)) {
	case BPF_W: return 4;
	case BPF_H: return 2;
	case BPF_B: return 1;
	default: return 8;
	}
}

/* The word of the stack at r10+off, or -1 if it is none, or may be written through a pointer. */
static int stack_word(const struct walk *w, uint32_t at, int off)
{
	return off >= -4 * WORDS && off < w->o->private[at] && !(off & 3) ? -off / 4 - 1 : -1;
}

static void step_store(struct walk *w, struct state *s, uint32_t at, const struct bpf_insn *in)
{
	bool by_reg = BPF_CLASS(in->code) == BPF_STX;
	uint64_t v = by_reg ? s->reg[in->src_reg] : (uint64_t)(int64_t)in->imm;
	bool known = (!by_reg || s->reg_known[in->src_reg]) && BPF_MODE(in->code) == BPF_MEM;
	int bytes = access_bytes(in), off = in->off & ~3;

	if (BPF_MODE(in->code) == BPF_ATOMIC && in->imm & BPF_FETCH)
		s->reg_known[in->imm == BPF_CMPXCHG ? 0 : in->src_reg] = false;
	if (BPF_MODE(in->code) == BPF_ATOMIC && in->imm == 0x100) /* load-acquire, Linux 6.15 */
		s->reg_known[in->dst_reg] = false;
	if (in->dst_reg != FP)
		return;
	for (int i = 0; i < MAX(bytes / 4, 1); i++) {
		int word = stack_word(w, at, off + 4 * i);

		if (word < 0)
			continue;
		s->word_known[word] = known && bytes >= 4;
		s->word[word] = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || bytes == 4 ?
			v >> 32 * i : v >> 32 * (1 - i);
	}
}

static void step_load(struct walk *w, struct state *s, uint32_t at, const struct bpf_insn *in)
{
	int bytes = access_bytes(in), word;
	uint64_t v = 0;

	s->reg_known[in->dst_reg] = false;
	if (in->src_reg != FP || BPF_MODE(in->code) != BPF_MEM || bytes < 4)
		return;
	for (int i = 0; i < bytes / 4; i++) {
		word = stack_word(w, at, in->off + 4 * i);
		if (word < 0 || !s->word_known[word])
			return;
		if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
			v |= (uint64_t)s->word[word] << 32 * i;
		else
			v = v << 32 | s->word[word];
	}
	reg_set(s, in->dst_reg, v);
}

static void step_wide(struct walk *w, struct state *s, uint32_t at, const struct bpf_insn *in)
{
	int32_t leads = w->o->leads[at];

	if (leads >= 0) /* the address of a function, for a callback */
		state_enter(w, leads, NULL);
	s->reg_known[in->dst_reg] = false;
	if (leads == LEADS_NULL)
		reg_set(s, in->dst_reg, 0);
	else if (leads == LEADS_NOWHERE && !in->src_reg && at + 1 < w->o->code_n)
		reg_set(s, in->dst_reg, (uint32_t)in[0].imm | (uint64_t)in[1].imm << 32);
}

static void step_call(struct walk *w, struct state *s, uint32_t at, const struct bpf_insn *in)
{
	if (w->o->leads[at] >= 0)
		state_enter(w, w->o->leads[at], s);
	else if (w->o->leads[at] == LEADS_NOWHERE && in->src_reg == BPF_PSEUDO_CALL)
		state_enter(w, (int64_t)at + in->imm + 1, s);
	memset(s->reg_known, 0, 6 * sizeof(*s->reg_known));
}

static int64_t jump_target(const struct bpf_insn *code, uint32_t at)
{
	const struct bpf_insn *in = &code[at];

	return (int64_t)at + 1 + (in->code == (BPF_JMP32 | BPF_JA) ? in->imm : in->off);
}

static bool is_jump(const struct bpf_insn *in)
{
	int class = BPF_CLASS(in->code), op = BPF_OP(in->code);

	return class == BPF_JMP32 || (class == BPF_JMP && op != BPF_CALL && op != BPF_EXIT);
}

/* Jumps and calls too. Returns the instruction that is next, or -1. */
static int64_t step(struct walk *w, struct state *s, uint32_t at)
{
	const struct bpf_insn *in = &w->o->code[at];
	int taken;

	if (is_jump(in)) {
		taken = BPF_OP(in->code) == BPF_JA ? 1 : jump_taken(s, in);
		if (taken)
			state_merge(w, jump_target(w->o->code, at), s);
		return taken == 1 ? -1 : (int64_t)at + 1;
	}
	switch (BPF_CLASS(in->code)) {
	case BPF_ALU:
	case BPF_ALU64:
		step_alu(s, in);
		break;
	case BPF_LDX:
		step_load(w, s, at, in);
		break;
	case BPF_ST:
	case BPF_STX:
		step_store(w, s, at, in);
		break;
	case BPF_LD:
		if (!is_wide(in)) {
			memset(s->reg_known, 0, 6 * sizeof(*s->reg_known)); /* packet access */
			break;
		}
		step_wide(w, s, at, in);
		return (int64_t)at + 2;
	default: /* call or exit */
		if (BPF_OP(in->code) == BPF_EXIT)
			return -1;
		step_call(w, s, at, in);
	}
	return (int64_t)at + 1;
}

/* Add a finding, once. */
static void walk_say(struct walk *w, enum audit_verdict verdict, const char *text)
{
	size_t n = strlen(w->text);

	w->verdict = MAX(w->verdict, verdict);
	if (!*text || strstr(w->text, text))
		return;
	if (n + strlen(text) + 6 < w->text_size)
		sprintf(w->text + n, "%s%s", n ? "; " : "", text);
	else if (n < 3 || strcmp(w->text + n - 3, "..."))
		strcpy(w->text + n, "...");
}

/* Go from the program's first instruction wherever it can get. */
static void walk_run(struct walk *w, uint32_t start)
{
	struct object *o = w->o;
	struct state s;

	state_enter(w, start, NULL);
	while (w->todo_n) {
		int64_t at = w->todo[--w->todo_n];

		w->queued[at] = false;
		s = *w->at[at];
		do {
			if (!w->reached[at] && o->flaw[at])
				walk_say(w, o->flaw[at]->verdict, o->flaw[at]->text);
			w->reached[at] = true;
			at = step(w, &s, at);
		} while (at >= 0 && at < o->code_n && !o->label[at]);
		state_merge(w, at, &s);
	}
}

static void walk_reset(struct walk *w)
{
	for (uint32_t i = 0; i < w->o->code_n; i++) {
		free(w->at[i]);
		w->at[i] = NULL;
	}
	memset(w->reached, 0, w->o->code_n);
	*w->text = 0;
	w->verdict = AUDIT_OK;
}

/* How far down the stack of the function at [start, end) a pointer reaches: LLVM makes one by
 * copying r10 and adding a constant soon after. Spilled registers are below what is pointed to. */
static void private_find(struct object *o, uint32_t start, uint32_t end)
{
	int lowest = 0;

	for (uint32_t i = start; i < end; i++) {
		const struct bpf_insn *in = &o->code[i];
		int reach = -4 * WORDS;

		if (in->code == (BPF_STX | BPF_MEM | BPF_DW) && in->src_reg == FP)
			lowest = reach;
		if (in->code != (BPF_ALU64 | BPF_MOV | BPF_X) || in->src_reg != FP)
			continue;
		for (uint32_t j = i + 1; j < MIN(i + 6, end); j++) {
			if (o->code[j].code == (BPF_ALU64 | BPF_ADD | BPF_K) &&
			    o->code[j].dst_reg == in->dst_reg) {
				reach = o->code[j].imm;
				break;
			}
		}
		lowest = MIN(lowest, reach);
	}
	for (uint32_t i = start; i < end; i++)
		o->private[i] = MAX(lowest, -4 * WORDS);
}

static void object_prepare(struct object *o)
{
	for (uint32_t i = 0; i < o->code_n; i++) {
		int64_t to = is_jump(&o->code[i]) ? jump_target(o->code, i) : -1;

		if (to >= 0 && to < o->code_n)
			o->label[to] = true;
		if (is_wide(&o->code[i]))
			i++;
	}
	for (uint32_t i = 0; i < o->symbols_n; i++) {
		const Elf64_Sym *sym = &o->symbols[i];
		int64_t start = symbol_insn(o, sym, 0), end = symbol_insn(o, sym, sym->st_size - 8);

		if (ELF64_ST_TYPE(sym->st_info) == STT_FUNC && start >= 0 && end >= start)
			private_find(o, start, end + 1);
	}
}

/* ---- What a program attaches to ---- */

/* The kernel's entry of a system call, by the prefixes of the architectures (Linux 4.17 on). It is
 * compiled in even where the architecture has no number for the call (arm64: open), and such have
 * no tracepoint: for those the answer is too good. */
static bool has_syscall(const struct audit_kernel *k, const char *name)
{
	static const char prefixes[][16] = {
		"__x64_sys_", "__arm64_sys_", "__riscv_sys_", "__s390x_sys_", "__loongarch_sys_",
		"sys_", "__ia32_sys_",
		"__do_sys_", /* those without arguments, on x86 */
	};

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (kernel_has(k, BTF_KIND_FUNC, prefixes[i], name))
			return true;
	}
	return false;
}

static void target_syscall(struct walk *w, const char *name)
{
	char text[160];

	if (has_syscall(w->o->kernel, name))
		return;
	snprintf(text, sizeof(text), "no system call %s", name);
	if (has_syscall(w->o->kernel, "read"))
		walk_say(w, AUDIT_NO_TARGET, text);
	else
		walk_say(w, AUDIT_UNKNOWN_TARGET, "the types do not tell system calls");
}

static void target_tracepoint(struct walk *w, const char *name, enum audit_verdict missing)
{
	const struct audit_kernel *k = w->o->kernel;
	char text[160];

	if (kernel_has(k, BTF_KIND_TYPEDEF, "btf_trace_", name))
		return;
	if (!kernel_has(k, BTF_KIND_TYPEDEF, "btf_trace_", "sched_switch"))
		missing = AUDIT_UNKNOWN_TARGET; /* before 5.5 */
	snprintf(text, sizeof(text), "no tracepoint %s in these types (a module may have it)",
		 name);
	walk_say(w, missing, text);
}

static void target_func(struct walk *w, const char *prefix, const char *name,
			enum audit_verdict missing)
{
	const char *colon = strchr(name, ':');
	char func[96], text[224];

	snprintf(func, sizeof(func), "%.*s", (int)strcspn(colon ? colon + 1 : name, "+"),
		 colon ? colon + 1 : name);
	if (strpbrk(func, "*?"))
		walk_say(w, AUDIT_UNKNOWN_TARGET, "a pattern of functions");
	else if (!w->o->kernel->has_funcs)
		return walk_say(w, AUDIT_UNKNOWN_TARGET, "the types do not tell functions");
	if (strpbrk(func, "*?") || kernel_has(w->o->kernel, BTF_KIND_FUNC, prefix, func))
		return;
	snprintf(text, sizeof(text), "no function %s%s in these types%s", prefix, func,
		 colon ? ", it is a module's" : missing == AUDIT_UNKNOWN_TARGET ?
		 " (inlined, renamed, or just not described)" : " (a module may have it)");
	walk_say(w, colon ? AUDIT_UNKNOWN_TARGET : missing, text);
}

/* By the part of SEC() before "/" or ".": how to look for what is behind it. */
static void target_check(struct walk *w, const char *section)
{
	static const struct {
		char stem[16];
		char how;
	} hooks[] = {
		{"tp_btf", 'r'}, {"raw_tp", 'r'}, {"raw_tracepoint", 'r'}, {"tp", 't'},
		{"tracepoint", 't'}, {"fentry", 'f'}, {"fexit", 'f'}, {"fmod_ret", 'f'},
		{"kprobe", 'k'}, {"kretprobe", 'k'}, {"ksyscall", 's'}, {"kretsyscall", 's'},
		{"lsm", 'l'}, {"iter", 'i'},
	};
	const char *name = strchr(section, '/'), *p;
	size_t len = strcspn(section, "./"), i = 0;

	while (i < ARRAY_LEN(hooks) &&
	       (strlen(hooks[i].stem) != len || strncmp(section, hooks[i].stem, len)))
		i++;
	if (i == ARRAY_LEN(hooks) || !name)
		return;
	name++;
	switch (hooks[i].how) {
	case 'r':
		return target_tracepoint(w, name, AUDIT_NO_TARGET);
	case 't':
		p = strchr(name, '/');
		if (!strncmp(name, "syscalls/sys_enter_", 19))
			return target_syscall(w, name + 19);
		if (!strncmp(name, "syscalls/sys_exit_", 18))
			return target_syscall(w, name + 18);
		return target_tracepoint(w, p ? p + 1 : name, AUDIT_UNKNOWN_TARGET);
	case 'f':
		return target_func(w, "", name, AUDIT_NO_TARGET);
	case 'k':
		return target_func(w, "", name, AUDIT_UNKNOWN_TARGET);
	case 's':
		return target_syscall(w, name);
	case 'l':
		return target_func(w, "bpf_lsm_", name, AUDIT_NO_TARGET);
	case 'i':
		return target_func(w, "bpf_iter_", name, AUDIT_NO_TARGET);
	}
}

/* ---- All of it ---- */

/* libbpf gives up on the whole object where it cannot make sense of a relocation of a program that
 * is to be loaded, or of a function that all share; and where it misses a kernel's function. */
static void always_check(struct walk *w, uint32_t start, uint32_t end)
{
	struct object *o = w->o;
	char text[160];

	for (uint32_t i = 0; i < o->relos_n; i++) {
		uint32_t at = o->relos[i].at;
		const struct flaw *f = o->flaw[at];

		if (f && f->always && ((at >= start && at < end) || w->reached[at]))
			walk_say(w, f->verdict, f->text);
	}
	if (o->missing) {
		snprintf(text, sizeof(text), NO_KFUNC, o->missing);
		walk_say(w, AUDIT_NO_KFUNC, text);
	}
}

/* A symbol that is a program: a function, not one of the shared ones in .text. */
static bool is_program(const struct object *o, const Elf64_Sym *sym)
{
	return ELF64_ST_TYPE(sym->st_info) == STT_FUNC && symbol_insn(o, sym, 0) >= 0 &&
		strcmp(section_name(o, sym->st_shndx), ".text");
}

static int object_walk(struct object *o, audit_cb cb, void *arg)
{
	char text[1024] = "";
	struct walk w = {.o = o, .text = text, .text_size = sizeof(text)};
	int n = 0;

	w.at = xalloc(o->code_n * sizeof(*w.at));
	w.reached = xalloc(o->code_n);
	w.queued = xalloc(o->code_n);
	w.todo = xalloc(o->code_n * sizeof(*w.todo));
	for (uint32_t i = 0; i < o->symbols_n; i++) {
		const Elf64_Sym *sym = &o->symbols[i];
		struct audit_row row;
		uint32_t start;

		if (!is_program(o, sym))
			continue;
		start = symbol_insn(o, sym, 0);
		row.prog = string_at(o, o->strings, sym->st_name);
		row.section = section_name(o, sym->st_shndx);
		target_check(&w, row.section + (*row.section == '?')); /* ? is "not by default" */
		walk_run(&w, start);
		always_check(&w, start, start + sym->st_size / 8);
		row.verdict = w.verdict;
		row.text = text;
		cb(&row, arg);
		walk_reset(&w);
		n++;
	}
	free(w.at);
	free(w.reached);
	free(w.queued);
	free(w.todo);
	return n;
}

static void object_free(struct object *o)
{
	for (struct flaw *f = o->flaws, *next; f; f = next) {
		next = f->next;
		free(f->text);
		free(f);
	}
	for (uint32_t i = 0; o->cands && i < btf__type_cnt(o->btf); i++)
		free(o->cands[i].cands);
	free(o->cands);
	btf__free(o->btf);
	free(o->base);
	free(o->code);
	free(o->leads);
	free(o->flaw);
	free(o->private);
	free(o->label);
	free(o->relos);
}

int audit_object(const void *elf, size_t size, const struct audit_kernel *kernel, audit_cb cb,
		 void *arg)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);
	struct object o = {.kernel = kernel, .elf = elf, .size = size};
	int n = -EINVAL;

	if (object_open(&o)) {
		o.leads = xalloc(o.code_n * sizeof(*o.leads));
		memset(o.leads, 0xff, o.code_n * sizeof(*o.leads)); /* LEADS_NOWHERE */
		o.flaw = xalloc(o.code_n * sizeof(*o.flaw));
		o.private = xalloc(o.code_n * sizeof(*o.private));
		o.label = xalloc(o.code_n);
		if (relos_read(&o)) {
			object_link(&o);
			object_relocate(&o);
			object_prepare(&o);
			n = object_walk(&o, cb, arg);
		}
	}
	object_free(&o);
	libbpf_set_print(print);
	return n;
}
