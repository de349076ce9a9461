// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel types from files: find them, unpack them, and trust nothing in them.
#include "btf.h"
#include "util.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

enum {
	RAW_MAX = 256 << 20,	/* bytes; an allyesconfig kernel has some 30 MB of types */
	UNPACKED_MAX = 1 << 30,	/* bytes; a gzipped vmlinux with all its debug information */
	CHAIN_MAX = 32,		/* typedefs, modifiers and arrays in a row, as in the kernel */
	NEST_MAX = 32,		/* anonymous structs in one another */
	MEMBERS_MAX = 1 << 16,	/* members of a struct with those of its anonymous structs */
};

/* What a reading returns to say why it could not. */
struct failure {
	char *why;
	size_t size;
};

static void *fail(const struct failure *f, const char *fmt, ...) PRINTF(2, 3);
static void *fail(const struct failure *f, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->why, f->size, fmt, ap);
	va_end(ap);
	return NULL;
}

/* ---- Raw BTF ---- */

/* The type behind typedefs, modifiers and arrays; NULL where these do not come to an end. */
static const struct btf_type *chain_end(const struct btf *btf, __u32 *id)
{
	for (int i = 0; i < CHAIN_MAX; i++) {
		const struct btf_type *t = btf__type_by_id(btf, *id);

		if (btf_is_mod(t) || btf_is_typedef(t))
			*id = t->type;
		else if (btf_is_array(t))
			*id = btf_array(t)->type;
		else
			return t;
	}
	return NULL;
}

static bool is_bitfield_type(const struct btf_type *t)
{
	return (btf_is_int(t) || btf_is_any_enum(t)) && t->size && t->size <= 16;
}

/* How many members a search by name goes through in this struct; 0 where it would never end, since
 * anonymous structs hold themselves or multiply. `seen` remembers it for each type, +1. */
static __u32 members_count(const struct btf *btf, __u32 id, __u32 *seen, int depth)
{
	const struct btf_type *t = btf__type_by_id(btf, id);
	const struct btf_member *m = btf_members(t);
	__u32 sum = 1;

	if (seen[id])
		return seen[id] - 1;
	if (depth > NEST_MAX)
		return 0;
	seen[id] = 1; /* while it is on the path: 0 */
	for (int i = 0; i < btf_vlen(t); i++, m++) {
		__u32 inner = m->type, n = 1;
		const struct btf_type *mt = chain_end(btf, &inner);

		if (!mt || (btf_member_bitfield_size(t, i) && !is_bitfield_type(mt)))
			return 0;
		if (!m->name_off && btf_is_composite(mt))
			n = members_count(btf, inner, seen, depth + 1);
		sum += n;
		if (!n || sum > MEMBERS_MAX)
			return 0;
	}
	seen[id] = sum + 1;
	return sum;
}

/* Does libbpf come to an end, and not to grief, with every type? */
static bool types_sound(const struct btf *btf)
{
	__u32 n = btf__type_cnt(btf), *seen = xalloc(n * sizeof(*seen));
	bool sound = true;

	for (__u32 i = 1; sound && i < n; i++) {
		__u32 id = i;
		const struct btf_type *t = chain_end(btf, &id);

		sound = t && (!btf_is_composite(t) || members_count(btf, id, seen, 0));
	}
	free(seen);
	return sound;
}

static struct btf *load(const void *raw, size_t size, const struct failure *f)
{
	struct btf_header h;
	libbpf_print_fn_t print;
	struct btf *btf;

	if (size < sizeof(h) || size > RAW_MAX)
		return fail(f, "not BTF: %zu bytes", size);
	memcpy(&h, raw, sizeof(h)); /* a section of an ELF file need not be aligned */
	if (h.magic == __builtin_bswap16(BTF_MAGIC))
		return fail(f, "BTF of a machine of the other byte order");
	if (h.magic != BTF_MAGIC)
		return fail(f, "neither BTF, nor ELF with a section .BTF, nor gzip of these");
	if (h.version != BTF_VERSION)
		return fail(f, "BTF of version %u, only %u is known", h.version, BTF_VERSION);
	if (h.hdr_len < sizeof(h) || h.hdr_len % 4 || h.hdr_len > size)
		return fail(f, "BTF with a broken header");
	if ((uint64_t)h.hdr_len + h.str_off + h.str_len > size)
		return fail(f, "BTF is cut short: %zu bytes of %llu", size,
			    (unsigned long long)h.hdr_len + h.str_off + h.str_len);
	if (h.str_len && ((const char *)raw)[h.hdr_len + h.str_off])
		return fail(f, "BTF of a module, which needs that of its kernel");

	print = libbpf_set_print(NULL);
	btf = btf__new(raw, size);
	libbpf_set_print(print);
	if (!btf && errno == ENOMEM)
		return fail(f, "out of memory");
	if (!btf)
		return fail(f, "BTF is corrupt, or has kinds of types that are not known yet");
	if (btf__type_cnt(btf) == 1 || !types_sound(btf)) {
		fail(f, btf__type_cnt(btf) == 1 ? "BTF has no types" :
		     "BTF is corrupt: a type that holds itself, or a bit-field of no integer");
		btf__free(btf);
		return NULL;
	}
	return btf;
}

/* ---- Files ---- */

/* All `size` bytes at `off` of the file, to be freed. NULL where there are not as many. */
static void *bytes_at(int fd, uint64_t off, size_t size)
{
	struct stat st;
	char *buf;
	ssize_t n;

	/* Before memory is asked for, but files of /sys and /proc do not tell their size. */
	if (off > INT64_MAX - size || fstat(fd, &st) ||
	    (st.st_size > 4096 && off + size > (uint64_t)st.st_size))
		return NULL;
	buf = xalloc(size);
	for (size_t got = 0; got < size; got += n) {
		n = pread(fd, buf + got, size - got, off + got);
		if (n < 0 && errno == EINTR) {
			n = 0;
		} else if (n <= 0) {
			free(buf);
			return NULL;
		}
	}
	return buf;
}

/* What a section header of either class says. */
struct section {
	uint32_t name, type;
	uint64_t flags, off, size;
};

static struct section section_at(const void *table, bool wide, size_t i)
{
	const Elf64_Shdr *w = (const Elf64_Shdr *)table + i;
	const Elf32_Shdr *n = (const Elf32_Shdr *)table + i;

	if (wide)
		return (struct section){w->sh_name, w->sh_type, w->sh_flags, w->sh_offset,
					w->sh_size};
	return (struct section){n->sh_name, n->sh_type, n->sh_flags, n->sh_offset, n->sh_size};
}

union elf_header {
	char ident[EI_NIDENT];
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;
};

static struct btf *load_section(int fd, const struct section *s, const struct failure *f)
{
	struct btf *btf;
	void *raw;

	if (s->type != SHT_PROGBITS || s->flags & SHF_COMPRESSED)
		return fail(f, "ELF file whose section .BTF is empty or compressed");
	raw = s->size <= RAW_MAX ? bytes_at(fd, s->off, s->size) : NULL;
	btf = raw ? load(raw, s->size, f) : fail(f, "ELF file is cut short");
	free(raw);
	return btf;
}

static struct btf *load_elf(int fd, const union elf_header *h, const struct failure *f)
{
	bool wide = h->ident[EI_CLASS] == ELFCLASS64;
	size_t n = wide ? h->wide.e_shnum : h->narrow.e_shnum;
	size_t strndx = wide ? h->wide.e_shstrndx : h->narrow.e_shstrndx;
	void *table = bytes_at(fd, wide ? h->wide.e_shoff : h->narrow.e_shoff,
			       n * (wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)));
	struct btf *btf = NULL;
	char *names = NULL;
	struct section s;
	size_t len = 0;

	if (table && strndx < n) {
		s = section_at(table, wide, strndx);
		len = s.size;
		names = len && len < RAW_MAX ? bytes_at(fd, s.off, len) : NULL;
	}
	fail(f, names ? "ELF file without a section .BTF" : "ELF file is cut short or broken");
	for (size_t i = 0; names && !btf && i < n; i++) {
		s = section_at(table, wide, i);
		if (s.name < len && len - s.name > 4 && !memcmp(names + s.name, ".BTF", 5))
			btf = load_section(fd, &s, f);
	}
	if (btf)
		btf__set_pointer_size(btf, wide ? 8 : 4);
	free(names);
	free(table);
	return btf;
}

static bool write_all(int fd, const void *data, size_t size)
{
	const char *p = data;
	ssize_t n;

	for (; size; p += n, size -= n) {
		n = write(fd, p, size);
		if (n < 0 && errno != EINTR)
			return false;
		n = MAX(n, 0);
	}
	return true;
}

/* Unpack gzip into a file in memory. The descriptor, or -1. */
static int unpack(int fd, const struct failure *f)
{
	enum { CHUNK = 1 << 16 };
	unsigned char *in = xalloc(2 * CHUNK), *out = in + CHUNK;
	int mem = memfd_create("btf", MFD_CLOEXEC), err = Z_OK;
	z_stream z = {0};
	off_t pos = 0;
	ssize_t n;

	if (mem < 0 || inflateInit2(&z, 16 + MAX_WBITS) != Z_OK) {
		fail(f, "no memory to unpack gzip");
		err = Z_MEM_ERROR;
	}
	while (err == Z_OK) {
		if (!z.avail_in) {
			n = pread(fd, in, CHUNK, pos);
			if (n <= 0)
				break;
			pos += n;
			z.next_in = in;
			z.avail_in = n;
		}
		z.next_out = out;
		z.avail_out = CHUNK;
		err = inflate(&z, Z_NO_FLUSH);
		if (z.total_out > UNPACKED_MAX || !write_all(mem, out, CHUNK - z.avail_out))
			break;
	}
	inflateEnd(&z);
	free(in);
	if (err == Z_STREAM_END)
		return mem;
	if (err != Z_MEM_ERROR || mem >= 0)
		fail(f, z.total_out > UNPACKED_MAX ? "gzip of more than %d MB" :
		     "gzip is cut short or corrupt", UNPACKED_MAX >> 20);
	if (mem >= 0)
		close(mem);
	return -1;
}

static struct btf *load_fd(int fd, bool packed, const struct failure *f)
{
	union elf_header head = {0};
	const struct btf_header h = {.magic = BTF_MAGIC};
	size_t size = 0, room = 1 << 20;
	ssize_t n = pread(fd, &head, sizeof(head), 0);
	struct btf *btf;
	char *raw;
	int mem;

	if (n < 0)
		return fail(f, "%s", strerror(errno));
	if (packed && head.ident[0] == 0x1f && head.ident[1] == (char)0x8b) {
		mem = unpack(fd, f);
		btf = mem >= 0 ? load_fd(mem, false, f) : NULL;
		if (mem >= 0)
			close(mem);
		return btf;
	}
	if (!memcmp(head.ident, ELFMAG, SELFMAG))
		return load_elf(fd, &head, f);

	/* Read up to its end, since its size may not be known. */
	raw = xalloc(room);
	while (size <= RAW_MAX && (n = pread(fd, raw + size, room - size, size)) > 0) {
		size += n;
		if (size == room)
			raw = xrealloc(raw, room *= 2);
		if (size < sizeof(h) || memcmp(raw, &h.magic, sizeof(h.magic)))
			break; /* some other file, perhaps an endless one */
	}
	btf = n < 0 ? fail(f, "%s", strerror(errno)) : load(raw, size, f);
	free(raw);
	return btf;
}

struct btf *btf_load(const void *raw, size_t size, char *why, size_t why_size)
{
	return load(raw, size, &(struct failure){why, why_size});
}

struct btf *btf_load_fd(int fd, char *why, size_t why_size)
{
	return load_fd(fd, true, &(struct failure){why, why_size});
}

struct btf *btf_load_file(const char *path, char *why, size_t why_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct btf *btf;

	if (fd < 0) {
		snprintf(why, why_size, "%s", strerror(errno));
		return NULL;
	}
	btf = btf_load_fd(fd, why, why_size);
	close(fd);
	return btf;
}

const char *btf_custom_path(const char *path, const struct btf *btf)
{
	static char proc[32];
	unsigned char magic[2] = "";
	const void *raw;
	__u32 size;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd < 0)
		return NULL;
	if (pread(fd, magic, 2, 0) != 2 || magic[0] != 0x1f || magic[1] != 0x8b) {
		close(fd);
		return path;
	}
	close(fd);
	raw = btf__raw_data(btf, &size);
	fd = raw ? memfd_create("btf", MFD_CLOEXEC) : -1;
	if (fd < 0 || !write_all(fd, raw, size))
		return NULL;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	return proc;
}

struct btf *btf_kernel(char *path, size_t path_size, char *why, size_t why_size)
{
	static const char *const places[] = {
		"/boot/vmlinux-%s", "/lib/modules/%s/vmlinux", "/lib/modules/%s/build/vmlinux",
		"/usr/lib/debug/boot/vmlinux-%s", "/usr/lib/debug/lib/modules/%s/vmlinux",
		"/usr/lib/btf/%s.btf", "/usr/lib/btf/%s.btf.gz", "/var/lib/bpftools/%s.btf",
	};
	static const char sysfs[] = "/sys/kernel/btf/vmlinux";
	libbpf_print_fn_t print;
	struct btf *btf = NULL;
	struct utsname u;

	if (!access(sysfs, R_OK)) { /* mapped by libbpf, where the kernel can (6.16) */
		snprintf(path, path_size, "%s", sysfs);
		print = libbpf_set_print(NULL);
		btf = btf__load_vmlinux_btf();
		libbpf_set_print(print);
		if (!btf)
			snprintf(why, why_size, "%s: %s", sysfs, strerror(errno));
		return btf;
	}
	uname(&u);
	for (size_t i = 0; !btf && i < ARRAY_LEN(places); i++) {
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(path, path_size, places[i], u.release);
		btf = btf_load_file(path, why, why_size);
	}
	if (!btf)
		snprintf(why, why_size, "no types (BTF) of kernel %s: neither %s nor a vmlinux",
			 u.release, sysfs);
	return btf;
}

/* ---- Questions ---- */

bool btf_has_func(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

bool btf_has_raw_tp(const struct btf *btf, const char *name)
{
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	return btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0;
}

bool btf_has_struct(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT) > 0;
}
