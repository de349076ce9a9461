// SPDX-License-Identifier: GPL-2.0-or-later
// A small, distrustful ELF reader.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* O_PATH */
#endif
#include "elf.h"
#include "util.h"

#include <lzma.h>
#include <sys/mman.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than any honest file has; they bound the time and memory that a lying one can cost. */
enum {
	MAX_SEGS = 128,			/* the kernel runs nothing with more than a page of them */
	MAX_SECS = 65536,
	MAX_SMALL = 1 << 20,		/* section names, notes, .dynamic, the loader's name */
	MAX_STRINGS = 256 << 20,
	MAX_SYMBOLS = 16 << 20,
};

/* The structures of 32 bit files are widened into those of 64 bits as they are read, so that the
 * code below exists once. */
struct layout {
	uint8_t size64, size32;
	struct {
		uint8_t at64, len64, at32, len32;
	} field[9];
};
#define LAYOUT(t, ...) { sizeof(Elf64_##t), sizeof(Elf32_##t), { __VA_ARGS__ } }
#define FIELD(t, f) { offsetof(Elf64_##t, f), sizeof(((Elf64_##t *)0)->f), \
		      offsetof(Elf32_##t, f), sizeof(((Elf32_##t *)0)->f) }

enum { EHDR, PHDR, SHDR, SYM, DYN };

static const struct layout layouts[] = {
	[EHDR] = LAYOUT(Ehdr, FIELD(Ehdr, e_type), FIELD(Ehdr, e_machine), FIELD(Ehdr, e_phoff),
			FIELD(Ehdr, e_phentsize), FIELD(Ehdr, e_phnum), FIELD(Ehdr, e_shoff),
			FIELD(Ehdr, e_shentsize), FIELD(Ehdr, e_shnum), FIELD(Ehdr, e_shstrndx)),
	[PHDR] = LAYOUT(Phdr, FIELD(Phdr, p_type), FIELD(Phdr, p_flags), FIELD(Phdr, p_offset),
			FIELD(Phdr, p_vaddr), FIELD(Phdr, p_filesz)),
	[SHDR] = LAYOUT(Shdr, FIELD(Shdr, sh_name), FIELD(Shdr, sh_type), FIELD(Shdr, sh_addr),
			FIELD(Shdr, sh_offset), FIELD(Shdr, sh_size),
			FIELD(Shdr, sh_link), FIELD(Shdr, sh_entsize)),
	[SYM] = LAYOUT(Sym, FIELD(Sym, st_name), FIELD(Sym, st_info), FIELD(Sym, st_shndx),
		       FIELD(Sym, st_value), FIELD(Sym, st_size)),
	[DYN] = LAYOUT(Dyn, FIELD(Dyn, d_tag), FIELD(Dyn, d_un)),
};

struct elf {
	int fd;
	bool is64;
	bool fixed;
	bool debug_tried;
	uint16_t machine;
	unsigned nsecs, nsegs;
	uint64_t base, size;	/* the image within fd */
	Elf64_Shdr *secs;
	Elf64_Phdr *segs;
	char *names;		/* of sections */
	size_t names_size;
	char *path;		/* may be NULL */
	struct elf *debug;	/* where .symtab is, if not here */
	char *interp;
	char *dyn, *dynstr;	/* .dynamic and its strings, read when asked for */
	size_t dyn_size, dynstr_size;
};

/* Without such headers the table is NULL. */
#define EACH(type, p, table, n) \
	for (const type *p = (table), *p##_end = p ? p + (n) : p; p < p##_end; p++)

static bool image_read(const struct elf *e, uint64_t off, void *buf, size_t n)
{
	char *p = buf;

	if (off > e->size || n > e->size - off)
		return false;
	for (off += e->base; n;) {
		ssize_t got = pread(e->fd, p, n, off);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		p += got;
		off += got;
		n -= got;
	}
	return true;
}

/* A piece in memory of its own with a NUL behind it, so that every string in it ends. Plain
 * malloc(): the size is the file's claim, and no reason to die. */
static void *image_load(const struct elf *e, uint64_t off, uint64_t size, size_t max)
{
	char *p;

	if (!size || size > max || off > e->size || size > e->size - off)
		return NULL;
	p = malloc(size + 1);
	if (!p)
		return NULL;
	if (!image_read(e, off, p, size)) {
		free(p);
		return NULL;
	}
	p[size] = 0;
	return p;
}

static size_t entry_size(const struct elf *e, int kind)
{
	return e->is64 ? layouts[kind].size64 : layouts[kind].size32;
}

static void entry_get(const struct elf *e, int kind, const char *raw, void *out)
{
	const struct layout *l = &layouts[kind];

	if (e->is64) {
		memcpy(out, raw, l->size64);
		return;
	}
	for (unsigned i = 0; i < ARRAY_LEN(l->field) && l->field[i].len64; i++) {
		const bool big = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
		uint64_t v = 0;
		char *p = (char *)&v;

		memcpy(p + (big ? 8 - l->field[i].len32 : 0), raw + l->field[i].at32,
		       l->field[i].len32);
		memcpy((char *)out + l->field[i].at64, p + (big ? 8 - l->field[i].len64 : 0),
		       l->field[i].len64);
	}
}

/* A table of `n` headers; NULL when the file does not hold it. */
static void *headers_get(const struct elf *e, int kind, uint64_t off, unsigned n)
{
	const size_t size = entry_size(e, kind);
	char *raw = image_load(e, off, (uint64_t)n * size, SIZE_MAX), *out = NULL;

	if (raw)
		out = xalloc((size_t)n * layouts[kind].size64);
	for (unsigned i = 0; raw && i < n; i++)
		entry_get(e, kind, raw + i * size, out + (size_t)i * layouts[kind].size64);
	free(raw);
	return out;
}

static const char *secs_load(struct elf *e, const Elf64_Ehdr *h)
{
	unsigned n = h->e_shnum, strs = h->e_shstrndx;
	Elf64_Shdr *first, *s;

	first = headers_get(e, SHDR, h->e_shoff, 1);
	if (!first)
		return "truncated: no section headers";
	/* what does not fit into the fields of the ELF header */
	if (!n)
		n = MIN(first->sh_size, MAX_SECS + 1u);
	if (strs == SHN_XINDEX)
		strs = first->sh_link;
	free(first);
	if (!n || n > MAX_SECS || h->e_shentsize != entry_size(e, SHDR))
		return "bad section headers";
	e->secs = headers_get(e, SHDR, h->e_shoff, n);
	if (!e->secs)
		return "truncated: no section headers";
	e->nsecs = n;
	if (strs < n) {
		s = &e->secs[strs];
		e->names = image_load(e, s->sh_offset, s->sh_size, MAX_SMALL);
		e->names_size = e->names ? s->sh_size : 0;
	}
	return NULL;
}

static const char *headers_load(struct elf *e)
{
	char raw[sizeof(Elf64_Ehdr)];
	Elf64_Ehdr h;

	if (!image_read(e, 0, raw, EI_NIDENT) || memcmp(raw, ELFMAG, SELFMAG))
		return "not an ELF file";
	e->is64 = raw[EI_CLASS] == ELFCLASS64;
	if (!e->is64 && raw[EI_CLASS] != ELFCLASS32)
		return "unknown ELF class";
	if (raw[EI_DATA] != (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB))
		return "of another byte order";
	if (!image_read(e, 0, raw, entry_size(e, EHDR)))
		return "truncated: no ELF header";
	entry_get(e, EHDR, raw, &h);
	e->machine = h.e_machine;
	e->fixed = h.e_type == ET_EXEC;
	if (h.e_phnum) {
		if (h.e_phnum > MAX_SEGS || h.e_phentsize != entry_size(e, PHDR))
			return "bad program headers";
		e->segs = headers_get(e, PHDR, h.e_phoff, h.e_phnum);
		if (!e->segs)
			return "truncated: no program headers";
		e->nsegs = h.e_phnum;
	}
	return h.e_shoff ? secs_load(e, &h) : NULL;
}

struct elf *elf_file_open_at(int fd, uint64_t base, uint64_t size, const char **why)
{
	struct elf *e = xalloc(sizeof(*e));
	const char *bad;

	e->fd = fd;
	e->base = base;
	e->size = size;
	bad = headers_load(e);
	if (!bad)
		return e;
	if (why)
		*why = bad;
	elf_file_close(e);
	return NULL;
}

struct elf *elf_file_open_fd(int fd, const char *path, const char **why)
{
	struct stat st;
	struct elf *e;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (why)
			*why = "not a regular file";
		close(fd);
		return NULL;
	}
	e = elf_file_open_at(fd, 0, st.st_size, why);
	if (e && path)
		e->path = xstrdup(path);
	return e;
}

struct elf *elf_file_open(const char *path, const char **why)
{
	int fd = file_open_in("", path, 0);

	if (fd >= 0)
		return elf_file_open_fd(fd, path, why);
	if (why)
		*why = strerror(-fd);
	return NULL;
}

void elf_file_close(struct elf *e)
{
	if (!e)
		return;
	elf_file_close(e->debug);
	close(e->fd);
	free(e->secs);
	free(e->segs);
	free(e->names);
	free(e->path);
	free(e->interp);
	free(e->dyn);
	free(e->dynstr);
	free(e);
}

bool elf_vaddr_to_offset(const struct elf *e, uint64_t vaddr, uint64_t *offset)
{
	EACH(Elf64_Phdr, s, e->segs, e->nsegs) {
		if (s->p_type != PT_LOAD || vaddr < s->p_vaddr || vaddr - s->p_vaddr >= s->p_filesz)
			continue;
		*offset = vaddr - s->p_vaddr + s->p_offset;
		return *offset < e->size;
	}
	return false;
}

bool elf_offset_to_vaddr(const struct elf *e, uint64_t offset, uint64_t *vaddr)
{
	bool found = false;

	/* Neighbours may share a piece of the file; offsets are asked about for code. */
	EACH(Elf64_Phdr, s, e->segs, e->nsegs) {
		if (s->p_type != PT_LOAD || offset < s->p_offset ||
		    offset - s->p_offset >= s->p_filesz)
			continue;
		if (!found || s->p_flags & PF_X)
			*vaddr = offset - s->p_offset + s->p_vaddr;
		found = true;
		if (s->p_flags & PF_X)
			break;
	}
	return found;
}

static const char *sec_name(const struct elf *e, const Elf64_Shdr *s)
{
	return s->sh_name < e->names_size ? e->names + s->sh_name : "";
}

static const Elf64_Shdr *sec_of_type(const struct elf *e, uint32_t type)
{
	EACH(Elf64_Shdr, s, e->secs, e->nsecs)
		if (s->sh_type == type)
			return s;
	return NULL;
}

static const Elf64_Shdr *sec_named(const struct elf *e, const char *name)
{
	EACH(Elf64_Shdr, s, e->secs, e->nsecs)
		if (!strcmp(sec_name(e, s), name))
			return s;
	return NULL;
}

uint16_t elf_machine(const struct elf *e)
{
	return e->machine;
}

bool elf_is_64(const struct elf *e)
{
	return e->is64;
}

bool elf_is_fixed(const struct elf *e)
{
	return e->fixed;
}

bool elf_section_find(const struct elf *e, const char *name, uint64_t *vaddr)
{
	const Elf64_Shdr *s = sec_named(e, name);

	if (s)
		*vaddr = s->sh_addr;
	return s;
}

char *elf_section_load(const struct elf *e, const char *name, size_t max, uint64_t *size)
{
	const Elf64_Shdr *s = sec_named(e, name);

	if (!s || s->sh_type == SHT_NOBITS)
		return NULL;
	*size = s->sh_size;
	return image_load(e, s->sh_offset, s->sh_size, max);
}

bool elf_is_go(const struct elf *e)
{
	EACH(Elf64_Shdr, s, e->secs, e->nsecs) {
		const char *name = sec_name(e, s);

		/* .note.go.buildid, .go.buildinfo, .gopclntab, .data.rel.ro.gopclntab */
		if (strstr(name, ".go.buildi") || strstr(name, ".gopclntab"))
			return true;
	}
	return false;
}

bool elf_same_machine(const struct elf *e, const struct elf *other)
{
	return e->is64 == other->is64 && e->machine == other->machine;
}

/* Look for the build-id in one piece of notes. */
static bool notes_build_id(const struct elf *e, uint64_t off, uint64_t size, char *hex)
{
	char *notes = image_load(e, off, size, MAX_SMALL);
	uint64_t pos = 0, name, desc;
	bool found = false;

	/* Each note: two sizes and a type, then name and content, both padded to four bytes. */
	while (notes && !found && size - pos >= sizeof(Elf32_Nhdr)) {
		const Elf32_Nhdr *n = (const void *)(notes + pos);

		name = pos + sizeof(*n);
		desc = name + (((uint64_t)n->n_namesz + 3) & ~3ULL);
		pos = desc + (((uint64_t)n->n_descsz + 3) & ~3ULL);
		if (desc > size || n->n_descsz > size - desc)
			break;
		found = n->n_type == NT_GNU_BUILD_ID && n->n_namesz == 4 && n->n_descsz > 1 &&
			n->n_descsz < ELF_BUILD_ID_LEN / 2 + 1 && !memcmp(notes + name, "GNU", 4);
		for (unsigned i = 0; found && i < n->n_descsz; i++)
			sprintf(hex + 2 * i, "%02x", (unsigned char)notes[desc + i]);
		if (pos > size)
			break;
	}
	free(notes);
	return found;
}

bool elf_build_id(const struct elf *e, char hex[ELF_BUILD_ID_LEN])
{
	EACH(Elf64_Shdr, s, e->secs, e->nsecs)
		if (s->sh_type == SHT_NOTE && notes_build_id(e, s->sh_offset, s->sh_size, hex))
			return true;
	EACH(Elf64_Phdr, s, e->segs, e->nsegs)
		if (s->p_type == PT_NOTE && notes_build_id(e, s->p_offset, s->p_filesz, hex))
			return true;
	return false;
}

bool elf_debuglink(const struct elf *e, char name[ELF_NAME_LEN], uint32_t *crc)
{
	EACH(Elf64_Shdr, s, e->secs, e->nsecs) {
		char buf[ELF_NAME_LEN + 8] = "";
		size_t len;

		if (strcmp(sec_name(e, s), ".gnu_debuglink") || s->sh_size >= sizeof(buf) ||
		    !image_read(e, s->sh_offset, buf, s->sh_size))
			continue;
		/* name, NUL, padding to four bytes, checksum */
		len = strlen(buf);
		if (!len || len >= ELF_NAME_LEN || (len / 4 + 2) * 4 > s->sh_size ||
		    strchr(buf, '/'))
			return false;
		memcpy(name, buf, len + 1);
		memcpy(crc, buf + (len / 4 + 1) * 4, sizeof(*crc));
		return true;
	}
	return false;
}

static bool crc_matches(const struct elf *e, uint32_t want)
{
	uint32_t table[16], crc = ~0u;
	unsigned char buf[4096];
	size_t n;

	/* Four bits at a time: a table this small is made faster than it is stored. */
	for (unsigned i = 0; i < 16; i++) {
		table[i] = i;
		for (int bit = 0; bit < 4; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
	}
	for (uint64_t off = 0; off < e->size; off += n) {
		n = MIN(sizeof(buf), e->size - off);
		if (!image_read(e, off, buf, n))
			return false;
		for (size_t i = 0; i < n; i++) {
			crc ^= buf[i];
			crc = crc >> 4 ^ table[crc & 15];
			crc = crc >> 4 ^ table[crc & 15];
		}
	}
	return ~crc == want;
}

/* Take root/path as the debug file if it is one and belongs to `e`: the same build-id `id`, or
 * where there is none the checksum of the debug link. */
static bool debug_take(struct elf *e, const char *root, const char *path, const char *id,
		       uint32_t crc)
{
	char other[ELF_BUILD_ID_LEN];
	int fd = file_open_in(root, path, 0);
	struct elf *d = fd < 0 ? NULL : elf_file_open_fd(fd, NULL, NULL);

	if (d && elf_same_machine(e, d) && sec_of_type(d, SHT_SYMTAB) &&
	    (*id ? elf_build_id(d, other) && !strcmp(id, other) : crc_matches(d, crc))) {
		e->debug = d;
		return true;
	}
	elf_file_close(d);
	return false;
}

/* The length of "/proc/PID/root" at the start of a path, or 0. */
static int root_length(const char *path)
{
	const char *p = path + 6;

	if (strncmp(path, "/proc/", 6))
		return 0;
	p += strcspn(p, "/");
	return strncmp(p, "/root/", 6) ? 0 : p + 5 - path;
}

/* What is unpacked may take this much: the symbol table of the largest programs is below it. And so
 * much memory: xz -9, the most that anybody packs with, wants 65 MB. */
enum { DEBUGDATA_MAX = 64 << 20, UNPACK_MEMORY = 96 << 20 };

/* .gnu_debugdata, where Fedora's kin have their function names: an ELF file of a symbol table, packed
 * by xz, inside the file itself. */
static bool debugdata_take(struct elf *e, const Elf64_Shdr *s)
{
	uint64_t memory = UNPACK_MEMORY;
	size_t in = 0, out = 0, room = s->sh_size * 8 + 4096;
	unsigned char *packed = image_load(e, s->sh_offset, s->sh_size, DEBUGDATA_MAX);
	unsigned char *plain = NULL;
	struct elf *d = NULL;
	lzma_ret ret;
	int fd;

	if (!packed)
		return false;
	do {
		room = MIN(room * 2, (size_t)DEBUGDATA_MAX);
		plain = xrealloc(plain, room);
		in = out = 0;
		ret = lzma_stream_buffer_decode(&memory, 0, NULL, packed, &in, s->sh_size, plain, &out,
						room);
	} while (ret == LZMA_BUF_ERROR && room < DEBUGDATA_MAX);
	free(packed);
	fd = ret == LZMA_OK ? memfd_create("debugdata", MFD_CLOEXEC) : -1;
	if (fd >= 0 && write(fd, plain, out) == (ssize_t)out)
		d = elf_file_open_fd(fd, NULL, NULL);
	else if (fd >= 0)
		close(fd);
	free(plain);
	if (d && elf_same_machine(e, d) && sec_of_type(d, SHT_SYMTAB)) {
		e->debug = d;
		return true;
	}
	elf_file_close(d);
	return false;
}

static void debug_find(struct elf *e)
{
	char path[PATH_MAX], id[ELF_BUILD_ID_LEN] = "", link[ELF_NAME_LEN], *root;
	const char *file = e->path ? e->path : "/";
	int n = root_length(file), dir;
	uint32_t crc = 0;

	if (e->debug_tried)
		return;
	e->debug_tried = true;
	EACH(Elf64_Shdr, s, e->secs, e->nsecs)
		if (!strcmp(sec_name(e, s), ".gnu_debugdata") && debugdata_take(e, s))
			return;
	root = xstrdup(file);
	root[n] = 0;
	file += n;
	if (elf_build_id(e, id)) {
		snprintf(path, sizeof(path), "/usr/lib/debug/.build-id/%.2s/%s.debug", id, id + 2);
		if (debug_take(e, root, path, id, 0) || (n && debug_take(e, "", path, id, 0)))
			goto out;
	}
	dir = strrchr(file, '/') ? strrchr(file, '/') - file : 0;
	if (!e->path || !dir || !elf_debuglink(e, link, &crc))
		goto out;
	for (int i = 0; i < 3 && !e->debug; i++) {
		snprintf(path, sizeof(path), "%s%.*s%s/%s", i ? "" : "/usr/lib/debug", dir, file,
			 i == 1 ? "/.debug" : "", link);
		debug_take(e, root, path, id, crc);
	}
out:
	free(root);
}

/* A variable; it need not have a place in the file. */
static bool object_from(const Elf64_Sym *sym, struct elf_func *f)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info);

	if ((type != STT_OBJECT && type != STT_NOTYPE) || sym->st_shndx == SHN_UNDEF)
		return false;
	*f = (struct elf_func){ .vaddr = sym->st_value, .size = sym->st_size,
				.global = ELF64_ST_BIND(sym->st_info) != STB_LOCAL };
	return true;
}

/* One symbol, if it is a function with a place in the file `e`. */
static bool func_from(const struct elf *e, const Elf64_Sym *sym, struct elf_func *f)
{
	unsigned type = ELF64_ST_TYPE(sym->st_info), bind = ELF64_ST_BIND(sym->st_info);

	if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym->st_shndx == SHN_UNDEF)
		return false;
	f->ifunc = type == STT_GNU_IFUNC;
	f->global = bind != STB_LOCAL;
	f->weak = bind == STB_WEAK;
	f->size = sym->st_size;
	f->vaddr = sym->st_value;
	if (e->machine == EM_ARM)
		f->vaddr &= ~1ULL; /* Thumb code */
	return elf_vaddr_to_offset(e, f->vaddr, &f->offset);
}

/* From the function to the end of its section. */
static uint64_t func_room(const struct elf *from, const Elf64_Sym *sym, uint64_t vaddr)
{
	const Elf64_Shdr *s = &from->secs[sym->st_shndx];

	if (sym->st_shndx >= from->nsecs || vaddr - s->sh_addr >= s->sh_size)
		return 0;
	return s->sh_size - (vaddr - s->sh_addr);
}

/* The functions, or the variables, of one symbol table of `from`, which is `e` or its debug file; only
 * `e` knows where in the file they are. */
static int table_each(struct elf *e, struct elf *from, uint32_t type, bool objects, elf_func_cb cb,
		      void *arg)
{
	const Elf64_Shdr *s = sec_of_type(from, type), *v, *str;
	const size_t size = entry_size(e, SYM), per = 4096 / size;
	char *strs, *versions = NULL, buf[4096], *raw = NULL;
	int stopped = 0;
	uint64_t n;

	if (!s || s->sh_entsize != size || s->sh_link >= from->nsecs)
		return 0;
	n = MIN(s->sh_size / size, MAX_SYMBOLS);
	str = &from->secs[s->sh_link];
	strs = image_load(from, str->sh_offset, str->sh_size, MAX_STRINGS);
	v = type == SHT_DYNSYM ? sec_of_type(from, SHT_GNU_versym) : NULL;
	if (v && v->sh_size / 2 >= n)
		versions = image_load(from, v->sh_offset, n * 2, MAX_SYMBOLS * 2);
	for (uint64_t i = 0; strs && i < n && !stopped; i++, raw += size) {
		struct elf_func f;
		uint16_t version = 0;
		Elf64_Sym sym;

		if (i % per == 0) {
			raw = buf;
			if (!image_read(from, s->sh_offset + i * size, buf, MIN(per, n - i) * size))
				break;
		}
		entry_get(e, SYM, raw, &sym);
		if (!sym.st_name || sym.st_name >= str->sh_size ||
		    !(objects ? object_from(&sym, &f) : func_from(e, &sym, &f)))
			continue;
		if (versions)
			memcpy(&version, versions + i * 2, 2);
		f.hidden = version & 0x8000;
		f.room = objects ? 0 : func_room(from, &sym, f.vaddr);
		f.name = strs + sym.st_name;
		stopped = !cb(&f, arg);
	}
	free(versions);
	free(strs);
	return stopped;
}

static int symbols_each(struct elf *e, bool objects, elf_func_cb cb, void *arg)
{
	struct elf *from = e;

	if (!sec_of_type(e, SHT_SYMTAB)) {
		debug_find(e);
		from = e->debug;
	}
	if (from && table_each(e, from, SHT_SYMTAB, objects, cb, arg))
		return 1;
	return table_each(e, e, SHT_DYNSYM, objects, cb, arg);
}

int elf_each_func(struct elf *e, elf_func_cb cb, void *arg)
{
	return symbols_each(e, false, cb, arg);
}

struct wanted {
	const char *name;
	size_t len;
	struct elf_func *best;
	int rank;
};

static bool func_rank(const struct elf_func *f, void *arg)
{
	enum { OTHER = 2, VERSIONED = 4, EXACT = 6 };
	struct wanted *w = arg;
	const char *tail;
	int rank;

	if (strncmp(f->name, w->name, w->len))
		return true;
	tail = f->name + w->len;
	if (!*tail)
		rank = f->hidden ? OTHER : EXACT;
	else if (*tail == '@')
		rank = tail[1] == '@' ? VERSIONED : OTHER;
	else
		return true;
	rank += f->global;
	if (rank > w->rank) {
		w->rank = rank;
		*w->best = *f;
		w->best->name = w->name;
	}
	return rank <= EXACT;
}

static int symbol_find(struct elf *e, const char *name, bool object, struct elf_func *f)
{
	struct wanted w = { .name = name, .len = strlen(name), .best = f };

	if (!w.len)
		return -ENOENT;
	symbols_each(e, object, func_rank, &w);
	return w.rank ? 0 : -ENOENT;
}

int elf_find_func(struct elf *e, const char *name, struct elf_func *f)
{
	return symbol_find(e, name, false, f);
}

int elf_find_object(struct elf *e, const char *name, uint64_t *vaddr)
{
	struct elf_func f;
	int err = symbol_find(e, name, true, &f);

	if (!err)
		*vaddr = f.vaddr;
	return err;
}

static const Elf64_Phdr *seg_of_type(const struct elf *e, uint32_t type)
{
	EACH(Elf64_Phdr, s, e->segs, e->nsegs)
		if (s->p_type == type)
			return s;
	return NULL;
}

/* The i-th entry of .dynamic; its tag is DT_NULL behind the end. */
static Elf64_Dyn dyn_get(const struct elf *e, size_t i)
{
	Elf64_Dyn d = {};

	if (i < e->dyn_size / entry_size(e, DYN))
		entry_get(e, DYN, e->dyn + i * entry_size(e, DYN), &d);
	return d;
}

static void dynamic_load(struct elf *e)
{
	const Elf64_Phdr *s = seg_of_type(e, PT_DYNAMIC);
	uint64_t strs = 0, size = 0;
	Elf64_Dyn d;

	if (e->dyn || !s)
		return;
	e->dyn = image_load(e, s->p_offset, s->p_filesz, MAX_SMALL);
	if (!e->dyn)
		return;
	e->dyn_size = s->p_filesz;
	for (size_t i = 0; d = dyn_get(e, i), d.d_tag; i++) {
		if (d.d_tag == DT_STRTAB)
			strs = d.d_un.d_val;
		else if (d.d_tag == DT_STRSZ)
			size = d.d_un.d_val;
	}
	if (elf_vaddr_to_offset(e, strs, &strs))
		e->dynstr = image_load(e, strs, size, MAX_STRINGS);
	e->dynstr_size = e->dynstr ? size : 0;
}

const char *elf_needed(struct elf *e, unsigned want)
{
	Elf64_Dyn d;

	dynamic_load(e);
	for (size_t i = 0; e->dynstr && (d = dyn_get(e, i), d.d_tag); i++)
		if (d.d_tag == DT_NEEDED && d.d_un.d_val < e->dynstr_size && !want--)
			return e->dynstr + d.d_un.d_val;
	return NULL;
}

const char *elf_interp(struct elf *e)
{
	const Elf64_Phdr *s = seg_of_type(e, PT_INTERP);

	if (s && !e->interp)
		e->interp = image_load(e, s->p_offset, s->p_filesz, MAX_SMALL);
	return e->interp;
}

/* openat2() is too young (5.6) for the headers of some C libraries. */
struct how {
	uint64_t flags, mode, resolve;
};

int file_open_in(const char *root, const char *path, int flags)
{
	enum { RESOLVE_BELOW_ROOT = 0x10 };
	struct how how = { .resolve = RESOLVE_BELOW_ROOT };
	int fd, dir, err;
	char whole[PATH_MAX];
	struct stat st;

	flags |= O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
	how.flags = flags;
	if (*root) {
		dir = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (dir < 0)
			return -errno;
		fd = syscall(437, dir, path, &how, sizeof(how)); /* everywhere but on alpha */
		err = errno;
		close(dir);
		errno = err;
		/* EPERM: what old seccomp filters say to a call they do not know */
		if (fd < 0 && (err == ENOSYS || err == EPERM)) {
			if (snprintf(whole, sizeof(whole), "%s/%s", root, path) >= PATH_MAX)
				return -ENAMETOOLONG;
			fd = open(whole, flags | O_NOFOLLOW);
		}
	} else {
		fd = open(path, flags);
	}
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

int file_lines(int fd, line_cb line, void *arg)
{
	enum { SIZE = 32768 };
	char *buf = xalloc(SIZE + 1), *at, *end;
	size_t have = 0;
	ssize_t got = 1;
	bool go = true;
	int err = 0;

	while (go && got > 0) {
		do
			got = read(fd, buf + have, SIZE - have);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			err = -errno;
		have += MAX(got, 0);
		for (at = buf; go && (end = memchr(at, '\n', buf + have - at)); at = end + 1) {
			*end = 0;
			go = line(at, end - at, arg);
		}
		have -= at - buf;
		memmove(buf, at, have);
		if (go && have && (got <= 0 || have == SIZE)) {
			buf[have] = 0;
			go = line(buf, have, arg);
			have = 0;
		}
	}
	close(fd);
	free(buf);
	return err;
}

uint64_t hex_take(char **s)
{
	uint64_t v = 0;

	for (int n = 0; n < 16; n++, (*s)++) {
		unsigned c = (unsigned char)**s, d = c - '0';

		if (d > 9) {
			d = (c | 0x20) - 'a' + 10;
			if (d < 10 || d > 15)
				break;
		}
		v = v << 4 | d;
	}
	return v;
}

bool glob_matches(const char *glob, const char *s)
{
	const char *star = NULL, *again = NULL;

	while (*s) {
		if (*glob == '*') {
			star = ++glob;
			again = s;
		} else if (*glob == '?' || *glob == *s) {
			glob++;
			s++;
		} else if (star) {
			glob = star;
			s = ++again;
		} else {
			return false;
		}
	}
	while (*glob == '*')
		glob++;
	return !*glob;
}
