// SPDX-License-Identifier: GPL-2.0-or-later
// pack [-d DICTIONARY] IN OUT: folds a BPF object and compresses it, as core/object.c reads it
// (fold.h): as if the object DICTIONARY, folded, had gone before. Runs on the build machine. What it
// writes it has read back.
#include "fold.h"

#include <stdio.h>
#include <stdlib.h>

static const char *path;

static void fail(const char *why)
{
	fprintf(stderr, "pack: %s: %s\n", path, why);
	exit(1);
}

static void *zalloc(size_t n)
{
	void *p = calloc(1, n + 1);

	if (!p)
		fail("out of memory");
	return p;
}

static struct folded copy_of(struct folded from)
{
	struct folded to = from;

	to.p = zalloc(from.size);
	memcpy(to.p, from.p, from.size);
	return to;
}

/* 0: not made by slim.c, and so not folded either. */
static size_t half_of(const unsigned char *elf)
{
	const Elf64_Ehdr *eh = (const void *)elf;
	const Elf64_Shdr *s = (const void *)(eh + 1);
	const char *names = (const char *)elf + s[eh->e_shstrndx].sh_offset;

	if (eh->e_shoff != sizeof(*eh))
		return 0;
	for (int i = 1; i < eh->e_shnum; i++) {
		if (!strcmp(names + s[i].sh_name, ".BTF"))
			return s[i].sh_offset;
	}
	return 0;
}

static struct folded object_read(const char *name)
{
	FILE *f = fopen(path = name, "rb");
	struct folded object;
	long n;

	if (!f || fseek(f, 0, SEEK_END) || (n = ftell(f)) < 0)
		fail("cannot be read");
	if ((size_t)n < sizeof(Elf64_Ehdr) || n > PACKED_SIZE_MAX)
		fail("no object of up to 512 KB");
	rewind(f);
	object.size = (n + 7) & ~7L;
	object.p = zalloc(object.size);
	if (fread(object.p, 1, n, f) != (size_t)n || fclose(f))
		fail("cannot be read");
	object.half = half_of(object.p);
	if (object.half > PACKED_HALF_MAX || object.half % 4)
		fail("more than 256 KB before .BTF");
	return object;
}

static struct folded folded(const char *name)
{
	struct folded object = object_read(name), was = copy_of(object), back;

	fold_object(object.p, false);
	back = copy_of(object);
	fold_object(back.p, true);
	if (memcmp(was.p, back.p, was.size))
		fail("it does not unfold to what it was");
	free(was.p);
	free(back.p);
	return object;
}

static void need(bool good)
{
	if (!good)
		fail("zlib cannot compress it");
}

static size_t deflated(unsigned char **to, const struct folded *from, const struct folded *before)
{
	z_stream z = { .next_in = from->p, .avail_in = from->half };

	need(deflateInit2(&z, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY) == Z_OK);
	z.avail_out = deflateBound(&z, from->size) + 64;
	*to = z.next_out = zalloc(z.avail_out + PACKED_TAIL);
	if (before) {
		need(deflateSetDictionary(&z, before->p, before->half) == Z_OK);
		need(deflate(&z, Z_BLOCK) == Z_OK && !z.avail_in);
		need(deflateSetDictionary(&z, before->p + before->half,
					  before->size - before->half) == Z_OK);
	}
	z.avail_in = from->p + from->size - z.next_in; /* total_in has the dictionary, too */
	need(deflate(&z, Z_FINISH) == Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

int main(int argc, char **argv)
{
	bool with = argc == 5 && !strcmp(argv[1], "-d");
	struct folded dictionary, object, got;
	unsigned char *packed, *end;
	size_t size;
	FILE *f;

	if (!with && argc != 3) {
		fprintf(stderr, "usage: pack [-d DICTIONARY] IN OUT\n");
		return 2;
	}
	if (with)
		dictionary = folded(argv[2]);
	object = folded(argv[argc - 2]);
	size = deflated(&packed, &object, with ? &dictionary : NULL);
	end = packed + size;
	*end++ = object.size / 8;
	*end++ = object.size / 8 >> 8;
	*end++ = object.half / 4;
	*end++ = object.half / 4 >> 8;
	got = packed_sizes(end);
	got.p = zalloc(got.size);
	if (got.size != object.size || got.half != object.half ||
	    !folded_inflate(&got, packed, end, with ? &dictionary : NULL) ||
	    memcmp(got.p, object.p, object.size))
		fail("what was compressed cannot be read back");
	f = fopen(path = argv[argc - 1], "wb");
	if (!f || fwrite(packed, 1, end - packed, f) != (size_t)(end - packed) || fclose(f))
		fail("cannot be written");
	return 0;
}
