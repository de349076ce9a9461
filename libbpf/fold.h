/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of a BPF object, how they are folded before compression, and what packed objects are.
 *
 * Two objects that use the same kernel struct describe it by the same records but for the numbers in
 * them: where names are, which number a type has. Folded, in place, a word says instead how far that
 * is from what is expected there, and what is the same looks the same, to be found in the
 * dictionary. That halves the compressed object. It is for objects as libbpf/slim.c leaves them: the
 * section headers behind the ELF header, .strtab before the rest, names in the order in which they
 * are used first. Others are left alone. libbpf/pack.c folds, and proves each time that unfolding
 * gives the same bytes; core/object.c unfolds, and relies on that. All is little-endian. */
#ifndef FOLD_H
#define FOLD_H

#include <elf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <zlib.h>

/* What a word of .BTF and .BTF.ext is. */
enum word {
	WORD_NAME,	/* offset of a string */
	WORD_TYPE,	/* number of a type that the record refers to */
	WORD_INSN,	/* offset of an instruction; records are sorted by it */
	WORD_INSN_TYPE,	/* the type that goes with the instruction */
};

/* A way through the words. WORD_INSN* begin anew with each section of code. */
struct walk {
	void (*word)(struct walk *walk, uint32_t *word, enum word what);
	uint32_t own;			/* number of the type whose record this is */
	uint32_t insn, insn_type;	/* of the record before; fold_word() keeps them */
};

/* .BTF.ext as the kernel's Documentation/bpf/btf.rst describes it, with the later third part. */
struct btf_ext_head {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, func_off, func_len, line_off, line_len, core_off, core_len;
};

static const uint32_t btf_refers = 1U << BTF_KIND_PTR | 1U << BTF_KIND_TYPEDEF |
	1U << BTF_KIND_VOLATILE | 1U << BTF_KIND_CONST | 1U << BTF_KIND_RESTRICT |
	1U << BTF_KIND_FUNC | 1U << BTF_KIND_FUNC_PROTO | 1U << BTF_KIND_VAR |
	1U << BTF_KIND_DECL_TAG | 1U << BTF_KIND_TYPE_TAG;

/* By kind: the words of what follows the first three, and as bits which of them are names and types;
 * `one` where it follows once, not as often as the record says. */
static const struct btf_shape {
	uint8_t words, names, types, one;
} btf_shapes[32] = {
	[BTF_KIND_INT] = { 1, .one = 1 },
	[BTF_KIND_ARRAY] = { 3, .types = 1 | 2, .one = 1 },
	[BTF_KIND_STRUCT] = { 3, .names = 1, .types = 2 },
	[BTF_KIND_UNION] = { 3, .names = 1, .types = 2 },
	[BTF_KIND_ENUM] = { 2, .names = 1 },
	[BTF_KIND_FUNC_PROTO] = { 2, .names = 1, .types = 2 },
	[BTF_KIND_VAR] = { 1, .one = 1 },
	[BTF_KIND_DATASEC] = { 3, .types = 1 },
	[BTF_KIND_DECL_TAG] = { 1, .one = 1 },
	[BTF_KIND_ENUM64] = { 3, .names = 1 },
};

/* One record of .BTF; returns where the next one is. */
static inline uint32_t *walk_record(struct walk *walk, uint32_t *t)
{
	uint32_t kind = BTF_INFO_KIND(t[1]);
	const struct btf_shape *shape = &btf_shapes[kind];
	uint32_t n = shape->one ? 1 : BTF_INFO_VLEN(t[1]);

	walk->word(walk, t, WORD_NAME);
	if (btf_refers >> kind & 1)
		walk->word(walk, t + 2, WORD_TYPE);
	for (t += 3; shape->words && n--; t += shape->words) {
		for (int i = 0; i < 2; i++) {
			if (shape->names >> i & 1)
				walk->word(walk, t + i, WORD_NAME);
			if (shape->types >> i & 1)
				walk->word(walk, t + i, WORD_TYPE);
		}
	}
	return t;
}

/* The functions or the relocations of .BTF.ext: the bytes of one, then for each section of code its
 * name, how many, and these. */
static inline void walk_ext(struct walk *walk, uint32_t *p, uint32_t len)
{
	uint32_t *end = p + len / 4, words, n;

	for (words = len ? *p++ / 4 : 0; p < end;) {
		walk->word(walk, p, WORD_NAME);
		n = p[1];
		walk->insn = walk->insn_type = 0;
		for (p += 2; n--; p += words) {
			walk->word(walk, p, WORD_INSN);
			walk->word(walk, p + 1, WORD_INSN_TYPE);
			if (words > 2) /* a relocation's way through members, "0:1:2" */
				walk->word(walk, p + 2, WORD_NAME);
		}
	}
}

/* ---- Folding ---- */

struct fold_names {
	const char *strings;
	uint32_t next; /* the first one not yet used */
};

struct fold {
	struct walk walk; /* first: fold_word() casts */
	bool undo;
	struct fold_names btf, elf;
};

/* 0 stays 0, no name; 1 is the next new one; others are how far back they are, and 1. Is its own
 * reverse. */
static inline void fold_name(const struct fold *f, struct fold_names *names, uint32_t *word)
{
	uint32_t was = *word, off;

	if (was)
		*word = names->next + 1 - was;
	off = f->undo ? *word : was;
	if (off && off == names->next)
		names->next += strlen(names->strings + off) + 1;
}

static inline void fold_step(const struct fold *f, uint32_t *word, uint32_t *before)
{
	uint32_t was = *word;

	*word = f->undo ? was + *before : was - *before;
	*before = f->undo ? *word : was;
}

static inline void fold_word(struct walk *walk, uint32_t *word, enum word what)
{
	struct fold *f = (struct fold *)walk;

	switch (what) {
	case WORD_NAME: return fold_name(f, &f->btf, word);
	case WORD_INSN: return fold_step(f, word, &walk->insn);
	case WORD_INSN_TYPE: return fold_step(f, word, &walk->insn_type);
	case WORD_TYPE:
		if (*word) /* is its own reverse; 0 is void */
			*word = walk->own - *word;
	}
}

static inline void fold_types(struct fold *f, char *btf)
{
	struct btf_header *h = (struct btf_header *)btf;
	uint32_t *t = (uint32_t *)(btf + h->hdr_len + h->type_off);
	uint32_t *end = t + h->type_len / 4;

	f->btf = (struct fold_names){ btf + h->hdr_len + h->str_off, 1 };
	for (f->walk.own = 1; t < end; f->walk.own++)
		t = walk_record(&f->walk, t);
}

static inline void fold_ext(struct fold *f, char *ext)
{
	struct btf_ext_head *h = (struct btf_ext_head *)ext;

	walk_ext(&f->walk, (uint32_t *)(ext + h->hdr_len + h->func_off), h->func_len);
	walk_ext(&f->walk, (uint32_t *)(ext + h->hdr_len + h->core_off), h->core_len);
}

/* Symbols are sorted: most begin where the one before ends. */
static inline void fold_symbols(struct fold *f, Elf64_Sym *s, size_t n)
{
	Elf64_Sym before = { .st_name = 0 }, real;

	for (; n--; s++) {
		real = *s;
		if (f->undo)
			real.st_shndx += before.st_shndx;
		else
			s->st_shndx -= before.st_shndx;
		if (real.st_shndx == before.st_shndx) {
			uint64_t end = before.st_value + before.st_size;

			if (f->undo)
				real.st_value += end;
			else
				s->st_value -= end;
		}
		if (f->undo)
			*s = real;
		before = real;
		fold_name(f, &f->elf, &s->st_name);
	}
}

static inline void fold_rel(const struct fold *f, Elf64_Rel *r, size_t n)
{
	uint32_t before = 0;

	for (; n--; r++)
		fold_step(f, (uint32_t *)&r->r_offset, &before);
}

static inline uint64_t section_place(uint64_t end, const Elf64_Shdr *s)
{
	return s->sh_addralign > 1 ? (end + s->sh_addralign - 1) & -s->sh_addralign : end;
}

/* Places follow from sizes; a relocation section is behind the one it is for. */
static inline void fold_header(struct fold *f, Elf64_Shdr *s, uint32_t i, uint32_t sections,
			       uint64_t *end)
{
	Elf64_Shdr real = *s;
	uint64_t place = i ? section_place(*end, s) : 0;
	uint32_t sign = f->undo ? 1 : -1;

	s->sh_offset += f->undo ? place : -place;
	if (s->sh_type == SHT_REL) {
		s->sh_info += sign * i;
		s->sh_link += sign * sections; /* .symtab is the last */
	}
	if (f->undo)
		real = *s;
	if (s->sh_type != SHT_NOBITS && i)
		*end = real.sh_offset + real.sh_size;
	fold_name(f, &f->elf, &s->sh_name);
}

/* Fold the object, or with `undo` unfold it. */
static inline void fold_object(void *object, bool undo)
{
	const Elf64_Ehdr *eh = object;
	char *elf = object;
	Elf64_Shdr *s = (Elf64_Shdr *)(elf + sizeof(*eh)), real;
	uint64_t end = sizeof(*eh) + eh->e_shnum * sizeof(*s);
	struct fold f = { .walk.word = fold_word, .undo = undo, .elf = { elf + end, 1 } };

	if (eh->e_shoff != sizeof(*eh))
		return;
	for (uint32_t i = 0; i < eh->e_shnum; i++, s++) {
		real = *s;
		fold_header(&f, s, i, eh->e_shnum, &end);
		if (undo)
			real = *s;
		if (real.sh_type == SHT_SYMTAB)
			fold_symbols(&f, (Elf64_Sym *)(elf + real.sh_offset),
				     real.sh_size / sizeof(Elf64_Sym));
		else if (real.sh_type == SHT_REL)
			fold_rel(&f, (Elf64_Rel *)(elf + real.sh_offset),
				 real.sh_size / sizeof(Elf64_Rel));
		else if (!strcmp(f.elf.strings + real.sh_name, ".BTF"))
			fold_types(&f, elf + real.sh_offset);
		else if (!strcmp(f.elf.strings + real.sh_name, ".BTF.ext"))
			fold_ext(&f, elf + real.sh_offset);
	}
}

/* ---- Packed ---- */

/* A folded object. `half` is where its .BTF begins: each half is compressed as what follows the same
 * half of the dictionary, as deflate reaches back 32 KB only. */
struct folded {
	unsigned char *p;
	size_t size, half;
};

/* Raw deflate, then `size` in units of 8 and `half` in units of 4, two bytes each. */
enum { PACKED_SIZE_MAX = 8 * 0xffff, PACKED_HALF_MAX = 4 * 0xffff, PACKED_TAIL = 4 };

static inline struct folded packed_sizes(const unsigned char *end)
{
	return (struct folded){ NULL, 8 * (end[-4] | end[-3] << 8), 4 * (end[-2] | end[-1] << 8) };
}

/* From the packed bytes up to `end` into to->p, which has to->size bytes. False: damaged. */
static inline bool folded_inflate(struct folded *to, const unsigned char *packed,
				  const unsigned char *end, const struct folded *dictionary)
{
	z_stream z = { .next_in = (unsigned char *)packed, .avail_in = end - PACKED_TAIL - packed,
		       .next_out = to->p, .avail_out = to->half };
	bool good = inflateInit2(&z, -MAX_WBITS) == Z_OK;

	if (good && dictionary) {
		good = inflateSetDictionary(&z, dictionary->p, dictionary->half) == Z_OK;
		inflate(&z, Z_SYNC_FLUSH); /* stops when there is no more room */
		good &= z.total_out == to->half;
		good &= inflateSetDictionary(&z, dictionary->p + dictionary->half,
					     dictionary->size - dictionary->half) == Z_OK;
	}
	z.avail_out = to->size - z.total_out;
	good = good && inflate(&z, Z_FINISH) == Z_STREAM_END && !z.avail_out;
	inflateEnd(&z);
	return good;
}

#endif
