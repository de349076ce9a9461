// SPDX-License-Identifier: GPL-2.0-or-later
// slim FILE: takes out of a BPF object, in place, what loading does not need and every user would
// carry: the line table of .BTF.ext and the source text that only it refers to. Both are zeroed, not
// cut, so that no offset in the file changes; compression makes zeros vanish. Runs on the build
// machine, for little-endian objects of 64-bit ELF (that is what clang makes of BPF).
#include <elf.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* .BTF.ext as the kernel's Documentation/bpf/btf.rst describes it. */
struct btf_ext {
	uint16_t magic;
	uint8_t version, flags;
	uint32_t hdr_len, func_off, func_len, line_off, line_len, core_off, core_len;
};

static char *image;
static size_t image_size;

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

static Elf64_Shdr *section(const char *name)
{
	Elf64_Ehdr *eh = at(0, sizeof(*eh));
	Elf64_Shdr *sh = at(eh->e_shoff, (size_t)eh->e_shnum * sizeof(*sh));

	for (int i = 0; i < eh->e_shnum; i++) {
		const char *n = at(sh[eh->e_shstrndx].sh_offset + sh[i].sh_name, 1);

		if (!strcmp(n, name))
			return &sh[i];
	}
	return NULL;
}

static size_t members_size(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG: return 4;
	case BTF_KIND_ARRAY: return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM: return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC: return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_ENUM64: return n * 12;
	default: return 0;
	}
}

/* Members that have a name start with it; so do they all but array, variable and section entries. */
static size_t member_stride(const struct btf_type *t)
{
	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION: return sizeof(struct btf_member);
	case BTF_KIND_ENUM: return sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO: return sizeof(struct btf_param);
	case BTF_KIND_ENUM64: return 12;
	default: return 0;
	}
}

static void keep(bool *kept, const char *strings, size_t len, uint32_t off)
{
	if (off >= len)
		fail("a name lies outside of the strings");
	do
		kept[off] = true;
	while (strings[off] && ++off < len);
}

static void keep_type_names(const struct btf_header *h, bool *kept, const char *strings)
{
	char *p = (char *)h + h->hdr_len + h->type_off, *end = p + h->type_len;

	while (p < end) {
		struct btf_type *t = (struct btf_type *)p;
		size_t stride = member_stride(t), size = members_size(t);

		keep(kept, strings, h->str_len, t->name_off);
		p += sizeof(*t);
		for (size_t i = 0; stride && i < size; i += stride)
			keep(kept, strings, h->str_len, *(uint32_t *)(p + i));
		p += size;
	}
}

/* Sections of records: the size of one, then {section name, count, records} each. */
static void keep_relo_names(const char *info, size_t len, bool *kept, const char *strings,
			    size_t str_len)
{
	const uint32_t *p = (const uint32_t *)info, *end = (const uint32_t *)(info + len);
	uint32_t words = len ? *p++ / 4 : 0;

	while (p + 2 <= end) {
		uint32_t n = p[1];

		keep(kept, strings, str_len, p[0]);
		for (p += 2; n-- && p + words <= end; p += words)
			keep(kept, strings, str_len, p[2]); /* access_str_off */
	}
}

static void slim(void)
{
	Elf64_Shdr *types = section(".BTF"), *ext = section(".BTF.ext");
	struct btf_header *h;
	struct btf_ext *e;
	char *strings, *info;
	bool *kept;

	if (!types || !ext)
		fail("the object has no BTF: compile it with -g");
	h = at(types->sh_offset, types->sh_size);
	e = at(ext->sh_offset, ext->sh_size);
	if (h->magic != BTF_MAGIC || e->magic != BTF_MAGIC || e->hdr_len < sizeof(*e))
		fail("the object's BTF is not as expected");
	strings = (char *)h + h->hdr_len + h->str_off;
	info = (char *)e + e->hdr_len;
	kept = calloc(h->str_len, 1);
	if (!kept)
		fail("out of memory");
	keep_type_names(h, kept, strings);
	keep_relo_names(info + e->core_off, e->core_len, kept, strings, h->str_len);
	/* The names of sections in the function table too. */
	for (uint32_t *p = (uint32_t *)(info + e->func_off) + 1;
	     (char *)p < info + e->func_off + e->func_len; p += 2 + p[1] * 2)
		keep(kept, strings, h->str_len, p[0]);
	for (size_t i = 0; i < h->str_len; i++)
		if (!kept[i])
			strings[i] = 0;
	free(kept);
	memset(info + e->line_off, 0, e->line_len);
	e->line_len = 0;
}

int main(int argc, char **argv)
{
	FILE *f = argc == 2 ? fopen(argv[1], "r+b") : NULL;

	if (!f)
		fail("usage: slim FILE (an object that can be written)");
	fseek(f, 0, SEEK_END);
	image_size = ftell(f);
	rewind(f);
	image = malloc(image_size);
	if (!image || fread(image, 1, image_size, f) != image_size)
		fail("cannot read the object");
	slim();
	rewind(f);
	if (fwrite(image, 1, image_size, f) != image_size || fclose(f))
		fail("cannot write the object");
	free(image);
	return 0;
}
