// SPDX-License-Identifier: GPL-2.0-or-later
// slim FILE: writes a BPF object anew, without what loading does not need and every user would carry
// (the line table of .BTF.ext, the source text that only it refers to, symbols of sections, names of
// relocation sections), and in an order in which objects are alike, for fold.h and the compression:
// types by kind and name, each followed by those that it refers to; names in the order of their
// first use; symbols by place. Runs on the build machine, for little-endian objects of 64-bit ELF
// (that is what clang makes of BPF).
#include "fold.h"

#include <stdio.h>
#include <stdlib.h>

enum { TYPES_MAX = 1 << 16, SECTIONS_MAX = 4096 };

static char *image;
static size_t image_size;
static const Elf64_Ehdr *header;
static const Elf64_Shdr *sections;

static void fail(const char *why)
{
	fprintf(stderr, "slim: %s\n", why);
	exit(1);
}

static void *at(size_t off, size_t len)
{
	if (off > image_size || len > image_size - off)
		fail("the object is damaged");
	return image + off;
}

static void *zalloc(size_t size)
{
	void *p = calloc(1, size + 1);

	if (!p)
		fail("out of memory");
	return p;
}

/* ---- What is made: the contents of the sections, by their numbers ---- */

static struct part {
	char *data;
	size_t size;
} parts[SECTIONS_MAX];

static const char *old_name(const Elf64_Shdr *s)
{
	return at(sections[header->e_shstrndx].sh_offset + s->sh_name, 1);
}

static int section(const char *name)
{
	for (int i = 1; i < header->e_shnum; i++) {
		if (!strcmp(old_name(&sections[i]), name))
			return i;
	}
	fail("a section is missing: the object has to be made by clang -g");
	return 0;
}

/* Names that are made, each once. */
struct strings {
	char *p;
	uint32_t len, room;
};

static uint32_t string_put(struct strings *s, const char *name)
{
	size_t len = strlen(name) + 1;
	uint32_t off = 0;

	for (; off < s->len; off += strlen(s->p + off) + 1) {
		if (!strcmp(s->p + off, name))
			return off;
	}
	if (s->len + len > s->room) {
		s->room = 2 * (s->len + len);
		s->p = realloc(s->p, s->room);
		if (!s->p)
			fail("out of memory");
	}
	memcpy(s->p + off, name, len);
	s->len += len;
	return off;
}

static struct strings strings_new(void)
{
	return (struct strings){ zalloc(1), 1, 1 }; /* the first one is "" */
}

/* ---- Types ---- */

static struct types {
	const char *names;		/* the old ones */
	uint32_t names_len, len, n;
	uint32_t *rec[TYPES_MAX];	/* the old records; from 1 */
	uint32_t number[TYPES_MAX];	/* by the old number: the new one */
	uint32_t order[TYPES_MAX];	/* by the new number: the old one */
	struct strings strings;
} types;

static const char *type_name(const uint32_t *t)
{
	if (*t >= types.names_len)
		fail("a name lies outside of the strings");
	return types.names + *t;
}

static void ignore(struct walk *walk, uint32_t *word, enum word what)
{
	(void)walk, (void)word, (void)what;
}

static void types_read(char *btf)
{
	const struct btf_header *h = (void *)btf;
	uint32_t *t = (void *)(btf + h->hdr_len + h->type_off), *end = t + h->type_len / 4;
	struct walk none = { .word = ignore };

	types.names = btf + h->hdr_len + h->str_off;
	types.names_len = h->str_len;
	types.len = h->type_len;
	while (t < end) {
		if (++types.n == TYPES_MAX)
			fail("too many types");
		types.rec[types.n] = t;
		t = walk_record(&none, t);
	}
}

/* Sections of variables first, as they lead to maps and their values. */
static int by_kind_and_name(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	uint32_t i = BTF_INFO_KIND(types.rec[x][1]), j = BTF_INFO_KIND(types.rec[y][1]);
	int d = (j == BTF_KIND_DATASEC) - (i == BTF_KIND_DATASEC);

	if (!d)
		d = (int)i - (int)j;
	if (!d)
		d = strcmp(type_name(types.rec[x]), type_name(types.rec[y]));
	return d ? d : (int)x - (int)y;
}

static void number_word(struct walk *walk, uint32_t *word, enum word what);

static void type_number(struct walk *walk, uint32_t old)
{
	if (!old || types.number[old])
		return;
	types.number[old] = ++walk->own;
	types.order[walk->own] = old;
	walk_record(walk, types.rec[old]);
}

static void number_word(struct walk *walk, uint32_t *word, enum word what)
{
	if (what == WORD_TYPE)
		type_number(walk, *word);
}

static void types_number(void)
{
	struct walk walk = { .word = number_word };
	uint32_t *root = zalloc((types.n + 1) * sizeof(*root));

	for (uint32_t i = 1; i <= types.n; i++)
		root[i] = i;
	qsort(root + 1, types.n, sizeof(*root), by_kind_and_name);
	for (uint32_t i = 1; i <= types.n; i++)
		type_number(&walk, root[i]);
	free(root);
}

static void renew(struct walk *walk, uint32_t *word, enum word what)
{
	(void)walk;
	if (what == WORD_NAME)
		*word = string_put(&types.strings, type_name(word));
	else if (what != WORD_INSN)
		*word = types.number[*word];
}

static size_t record_len(uint32_t *t)
{
	struct walk none = { .word = ignore };

	return (char *)walk_record(&none, t) - (char *)t;
}

/* .BTF.ext has to be done between: its names are among the types'. */
static void types_write(struct part *btf, struct part *ext)
{
	struct btf_header *h = zalloc(sizeof(*h) + types.len);
	const struct btf_ext_head *old = (void *)ext->data;
	struct btf_ext_head *e = zalloc(ext->size);
	struct walk walk = { .word = renew };
	char *p = (char *)(h + 1);

	types.strings = strings_new();
	h->magic = BTF_MAGIC;
	h->version = BTF_VERSION;
	h->hdr_len = sizeof(*h);
	for (uint32_t i = 1; i <= types.n; i++) {
		uint32_t *t = types.rec[types.order[i]];
		size_t len = record_len(t);

		memcpy(p, t, len);
		walk_record(&walk, (uint32_t *)p);
		p += len;
	}
	e->magic = BTF_MAGIC;
	e->version = old->version;
	e->flags = old->flags;
	e->hdr_len = sizeof(*e);
	e->func_len = e->core_off = e->line_off = old->func_len;
	e->core_len = old->core_len;
	memcpy(e + 1, ext->data + old->hdr_len + old->func_off, e->func_len);
	memcpy((char *)(e + 1) + e->core_off, ext->data + old->hdr_len + old->core_off, e->core_len);
	walk_ext(&walk, (uint32_t *)(e + 1), e->func_len);
	walk_ext(&walk, (uint32_t *)((char *)(e + 1) + e->core_off), e->core_len);
	h->type_len = h->str_off = p - (char *)(h + 1);
	h->str_len = types.strings.len;
	h = realloc(h, sizeof(*h) + h->type_len + h->str_len);
	if (!h)
		fail("out of memory");
	memcpy((char *)(h + 1) + h->str_off, types.strings.p, h->str_len);
	*btf = (struct part){ (char *)h, sizeof(*h) + h->type_len + h->str_len };
	*ext = (struct part){ (char *)e, sizeof(*e) + e->func_len + e->core_len };
	free(types.strings.p);
}

static void slim_types(void)
{
	struct part *btf = &parts[section(".BTF")], *ext = &parts[section(".BTF.ext")];
	const struct btf_header *h = (void *)btf->data;
	const struct btf_ext_head *e = (void *)ext->data;

	if (btf->size < sizeof(*h) || ext->size < sizeof(*e) || btf > ext ||
	    h->magic != BTF_MAGIC || e->magic != BTF_MAGIC || e->hdr_len < sizeof(*e) ||
	    h->hdr_len + (size_t)h->str_off + h->str_len > btf->size ||
	    e->hdr_len + (size_t)e->core_off + e->core_len > ext->size)
		fail("the object's BTF is not as expected");
	types_read(btf->data);
	types_number();
	types_write(btf, ext);
}

/* ---- Symbols ---- */

static const Elf64_Sym *symbols;

/* Those of one file first, as ELF wants it. */
static int by_place(const void *a, const void *b)
{
	uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
	const Elf64_Sym *x = &symbols[i], *y = &symbols[j];
	int local = (ELF64_ST_BIND(y->st_info) == STB_LOCAL) -
		    (ELF64_ST_BIND(x->st_info) == STB_LOCAL);

	if (local || !i || !j)
		return !i ? -1 : !j ? 1 : local;
	if (x->st_shndx != y->st_shndx)
		return x->st_shndx < y->st_shndx ? -1 : 1;
	if (x->st_value != y->st_value)
		return x->st_value < y->st_value ? -1 : 1;
	return i < j ? -1 : 1;
}

/* Call for each relocation. */
static void each_rel(void (*fn)(Elf64_Rel *r, uint32_t *arg), uint32_t *arg, uint32_t symbols_n)
{
	for (int i = 1; i < header->e_shnum; i++) {
		Elf64_Rel *r = (void *)parts[i].data;

		if (sections[i].sh_type != SHT_REL)
			continue;
		for (size_t n = parts[i].size / sizeof(*r); n--; r++) {
			if (ELF64_R_SYM(r->r_info) >= symbols_n)
				fail("a relocation's symbol is missing");
			fn(r, arg);
		}
	}
}

static void rel_mark(Elf64_Rel *r, uint32_t *number)
{
	number[ELF64_R_SYM(r->r_info)] = 1;
}

static void rel_renumber(Elf64_Rel *r, uint32_t *number)
{
	r->r_info = ELF64_R_INFO((uint64_t)number[ELF64_R_SYM(r->r_info)],
				 ELF64_R_TYPE(r->r_info));
}

/* The names of the sections come first. Returns how many symbols are local. */
static uint32_t slim_symbols(struct part *part, const char *names, struct strings *strings)
{
	uint32_t n = part->size / sizeof(*symbols), kept = 0, locals = 0;
	uint32_t *number = zalloc(n * sizeof(*number)), *order = zalloc(n * sizeof(*order));
	Elf64_Sym *to = zalloc(part->size);

	symbols = (void *)part->data;
	each_rel(rel_mark, number, n);
	for (uint32_t i = 0; i < n; i++) {
		if (!i || number[i] || ELF64_ST_TYPE(symbols[i].st_info) != STT_SECTION)
			order[kept++] = i;
	}
	qsort(order, kept, sizeof(*order), by_place);
	for (uint32_t i = 0; i < kept; i++) {
		number[order[i]] = i;
		to[i] = symbols[order[i]];
		to[i].st_name = string_put(strings, names + to[i].st_name);
		locals += ELF64_ST_BIND(to[i].st_info) == STB_LOCAL;
	}
	each_rel(rel_renumber, number, n);
	*part = (struct part){ (char *)to, kept * sizeof(*to) };
	free(number);
	free(order);
	return locals;
}

/* ---- The file ---- */

/* libbpf asks the name of a relocation section only where it is not for code. */
static const char *new_name(int i)
{
	const Elf64_Shdr *s = &sections[i];

	if (s->sh_type == SHT_REL && s->sh_info < header->e_shnum &&
	    sections[s->sh_info].sh_flags & SHF_EXECINSTR)
		return ".rel";
	return i ? old_name(s) : "";
}

static void write_to(FILE *f, const void *data, size_t size)
{
	if (size && fwrite(data, 1, size, f) != size)
		fail("cannot write the object");
}

static void write_object(const char *path, const Elf64_Shdr *new)
{
	static const char zeros[64];
	Elf64_Ehdr eh = *header;
	uint64_t end = sizeof(eh) + eh.e_shnum * sizeof(*new);
	FILE *f = fopen(path, "wb");

	if (!f)
		fail("cannot write the object");
	eh.e_shoff = sizeof(eh);
	write_to(f, &eh, sizeof(eh));
	write_to(f, new, eh.e_shnum * sizeof(*new));
	for (int i = 1; i < eh.e_shnum; i++) {
		if (new[i].sh_type == SHT_NOBITS)
			continue;
		write_to(f, zeros, new[i].sh_offset - end);
		write_to(f, parts[i].data, parts[i].size);
		end = new[i].sh_offset + parts[i].size;
	}
	write_to(f, zeros, -end & 7); /* pack.c notes the size in units of 8 */
	if (fclose(f))
		fail("cannot write the object");
}

static void slim(const char *path)
{
	int strtab = header->e_shstrndx, symtab = section(".symtab");
	struct strings strings = strings_new();
	Elf64_Shdr *new = zalloc(header->e_shnum * sizeof(*new));
	uint64_t end = sizeof(*header) + header->e_shnum * sizeof(*new);

	if (strtab != 1 || symtab != header->e_shnum - 1 || sections[symtab].sh_link != 1)
		fail("the order of the sections is not as expected");
	slim_types();
	memcpy(new, sections, header->e_shnum * sizeof(*new));
	for (int i = 0; i < header->e_shnum; i++)
		new[i].sh_name = string_put(&strings, new_name(i));
	new[symtab].sh_info = slim_symbols(&parts[symtab], parts[strtab].data, &strings);
	parts[strtab] = (struct part){ strings.p, strings.len };
	for (int i = 1; i < header->e_shnum; i++) {
		if (new[i].sh_type != SHT_NOBITS)
			new[i].sh_size = parts[i].size;
		if (new[i].sh_addralign > 64)
			fail("a section's alignment is not as expected");
		new[i].sh_offset = section_place(end, &new[i]);
		if (new[i].sh_type != SHT_NOBITS)
			end = new[i].sh_offset + new[i].sh_size;
	}
	write_object(path, new);
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "rb") : NULL;

	if (!f)
		fail("usage: slim FILE (an object that can be written)");
	fseek(f, 0, SEEK_END);
	image_size = ftell(f);
	rewind(f);
	image = zalloc(image_size);
	if (fread(image, 1, image_size, f) != image_size || fclose(f))
		fail("cannot read the object");
	header = at(0, sizeof(*header));
	sections = at(header->e_shoff, header->e_shnum * sizeof(*sections));
	if (!header->e_shnum || header->e_shnum > SECTIONS_MAX ||
	    header->e_shstrndx >= header->e_shnum)
		fail("the object's sections are not as expected");
	for (int i = 1; i < header->e_shnum; i++) {
		if (sections[i].sh_type != SHT_NOBITS)
			parts[i] = (struct part){ at(sections[i].sh_offset, sections[i].sh_size),
						  sections[i].sh_size };
	}
	slim(argv[1]);
	return 0;
}
