// SPDX-License-Identifier: GPL-2.0-or-later
// Types cut down relocate as the whole does: btf_min_test [-b BTF]... DIR, for all applets of the
// binary and all DIR/*.bpf.o. Types are this kernel's without -b.
#include "../../core/audit.h"
#include "../../core/btf.h"
#include "../../core/btf_min.h"
#include "../../core/core.h"
#include "../../core/registry.h"
#include "check.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <bpf-internal/relo_core.h>
#include <elf.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* As libbpf has it for its own use and bpftool's. */
int bpf_core_add_cands(struct bpf_core_cand *local, size_t essential_len, const struct btf *btf,
		       const char *btf_name, int start_id, struct bpf_core_cand_list *cands);

struct object {
	const char *name;
	char *elf;
	size_t size;
	struct btf *btf;
	struct bpf_core_relo *relo;	/* of all sections; what btf_min_add() reads is in `elf` */
	size_t *at;			/* where in `elf` each is */
	size_t n;
	struct bpf_core_cand_list *whole; /* by type of the object: the kernel's, found once */
};

static size_t relos_seen, relos_found;

/* ---- Objects ---- */

static const Elf64_Shdr *section(const struct object *o, const char *name)
{
	const Elf64_Ehdr *eh = (void *)o->elf;
	const Elf64_Shdr *s = (void *)(o->elf + eh->e_shoff);
	const char *names = o->elf + s[eh->e_shstrndx].sh_offset;

	for (int i = 0; i < eh->e_shnum; i++) {
		if (!strcmp(names + s[i].sh_name, name))
			return &s[i];
	}
	return NULL;
}

static void relos_read(struct object *o)
{
	const Elf64_Shdr *s = section(o, ".BTF.ext");
	uint32_t h[8], each, sec[2];
	size_t off, end;

	if (!s)
		return;
	memcpy(h, o->elf + s->sh_offset, sizeof(h));
	off = s->sh_offset + h[1] + h[6];
	end = off + h[7];
	memcpy(&each, o->elf + off, 4);
	for (off += 4; h[7] && off < end;) {
		memcpy(sec, o->elf + off, sizeof(sec));
		off += sizeof(sec);
		o->relo = xrealloc(o->relo, (o->n + sec[1]) * sizeof(*o->relo));
		o->at = xrealloc(o->at, (o->n + sec[1]) * sizeof(*o->at));
		for (uint32_t i = 0; i < sec[1]; i++, off += each) {
			memcpy(&o->relo[o->n], o->elf + off, sizeof(*o->relo));
			o->at[o->n++] = off;
		}
	}
}

static void object_read(struct object *o)
{
	const Elf64_Shdr *s = section(o, ".BTF");
	char why[128] = "none";

	o->btf = s ? btf_load(o->elf + s->sh_offset, s->sh_size, why, sizeof(why)) : NULL;
	if (!o->btf)
		die(EXIT_FAIL, "%s: %s", o->name, why);
	relos_read(o);
	o->whole = xalloc(btf__type_cnt(o->btf) * sizeof(*o->whole));
}

static void object_free(struct object *o)
{
	for (uint32_t i = 0; i < btf__type_cnt(o->btf); i++)
		free(o->whole[i].cands);
	free(o->whole);
	free(o->relo);
	free(o->at);
	btf__free(o->btf);
}

/* Sections and what of the types names them, "kprobe/do_exit" to "kprobe_do_exit": so the audit has
 * nothing to say of what programs attach to, which cut down types do not have. */
static void targets_hide(struct object *o)
{
	const Elf64_Ehdr *eh = (void *)o->elf;
	const Elf64_Shdr *s = (void *)(o->elf + eh->e_shoff);
	char *names = o->elf + s[eh->e_shstrndx].sh_offset, *p, *hit;
	char old[256], new[256];

	for (int i = 0; i < eh->e_shnum; i++) {
		snprintf(old, sizeof(old), "%s", names + s[i].sh_name);
		if (!strchr(old, '/'))
			continue;
		strcpy(new, old);
		while ((p = strchr(new, '/')))
			*p = '_';
		for (p = o->elf; (hit = memmem(p, o->elf + o->size - p, old, strlen(old) + 1));
		     p = hit + 1)
			memcpy(hit, new, strlen(new));
	}
}

/* ---- The same relocations ---- */

static void cands_find(const struct object *o, uint32_t id, const struct btf *btf,
		       struct bpf_core_cand_list *list)
{
	const char *name = btf__name_by_offset(o->btf, btf__type_by_id(o->btf, id)->name_off);
	size_t len = bpf_core_essential_name_len(name);
	struct bpf_core_cand local = {o->btf, id};

	memset(list, 0, sizeof(*list));
	if (len && bpf_core_add_cands(&local, len, btf, "", 1, list))
		die(EXIT_FAIL, "out of memory");
}

/* Resolve one by these types. Returns what libbpf's function does. */
static int resolve(const struct object *o, const struct bpf_core_relo *r,
		   struct bpf_core_cand_list *cands, struct bpf_core_relo_res *res)
{
	static struct bpf_core_spec specs[3];

	memset(res, 0, sizeof(*res));
	return bpf_core_calc_relo_insn("", r, 0, o->btf, cands, specs, res);
}

static void compare(struct object *o, const struct bpf_core_relo *r, const struct btf *whole,
		    const struct btf *small, const char *what)
{
	struct bpf_core_cand_list *known = &o->whole[r->type_id], a, b;
	struct bpf_core_relo_res ra, rb;
	int ea, eb;

	if (!known->cands) {
		cands_find(o, r->type_id, whole, known);
		known->cands = xrealloc(known->cands, (known->len + 1) * sizeof(*known->cands));
	}
	a = (struct bpf_core_cand_list){xalloc((known->len + 1) * sizeof(*a.cands)), known->len};
	memcpy(a.cands, known->cands, known->len * sizeof(*a.cands));
	cands_find(o, r->type_id, small, &b);
	check(a.len == b.len, "%s %s: %d candidates, not %d", o->name, what, b.len, a.len);
	ea = resolve(o, r, &a, &ra);
	eb = resolve(o, r, &b, &rb);
	check(ea == eb && (ea || (ra.new_val == rb.new_val && ra.orig_val == rb.orig_val &&
				  ra.poison == rb.poison && ra.validate == rb.validate &&
				  ra.fail_memsz_adjust == rb.fail_memsz_adjust &&
				  ra.orig_sz == rb.orig_sz && ra.new_sz == rb.new_sz)),
	      "%s %s: kind %d of %s %s: error %d, not %d; value %llu, not %llu; size %u, not %u",
	      o->name, what, r->kind,
	      btf__name_by_offset(o->btf, btf__type_by_id(o->btf, r->type_id)->name_off),
	      btf__name_by_offset(o->btf, r->access_str_off), eb, ea,
	      (unsigned long long)rb.new_val, (unsigned long long)ra.new_val, rb.new_sz, ra.new_sz);
	check(a.len == b.len, "%s %s: %d candidates left, not %d", o->name, what, b.len, a.len);
	relos_seen++;
	relos_found += !ea && a.len && !ra.poison;
	free(a.cands);
	free(b.cands);
}

static struct btf *load_small(void *bytes, size_t size, const char *what)
{
	char why[128] = "nothing made";
	struct btf *btf = bytes ? btf_load(bytes, size, why, sizeof(why)) : NULL;

	check(btf, "%s: cut down types: %s", what, why);
	free(bytes);
	return btf;
}

/* With the object's relocations as they are, `turn` 0, or turned into others: what they might have
 * asked for. Any question of a member can be asked of that member, and any of a type of that. */
static void test_turned(struct object *o, const struct btf *whole, int turn)
{
	static const uint8_t of_type[] = {BPF_CORE_TYPE_EXISTS, BPF_CORE_TYPE_MATCHES,
					  BPF_CORE_TYPE_SIZE, BPF_CORE_TYPE_MATCHES};
	struct btf_min *min = btf_min_new();
	uint32_t raw_size;
	const void *raw = btf__raw_data(whole, &raw_size);
	char what[32];
	struct btf *small;
	size_t size;
	void *bytes;

	snprintf(what, sizeof(what), "turn %d", turn);
	for (size_t i = 0; turn && i < o->n; i++) {
		struct bpf_core_relo *r = &o->relo[i];

		if (r->kind <= BPF_CORE_FIELD_RSHIFT_U64)
			r->kind = (r->kind + 1) % (BPF_CORE_FIELD_RSHIFT_U64 + 1);
		else if (r->kind != BPF_CORE_ENUMVAL_EXISTS && r->kind != BPF_CORE_ENUMVAL_VALUE)
			r->kind = of_type[(turn + i) % ARRAY_LEN(of_type)];
		memcpy(o->elf + o->at[i], r, sizeof(*r));
	}
	check(btf_min_add(min, o->elf, o->size), "%s %s: refused", o->name, what);
	bytes = btf_min_make(min, raw, raw_size, &size);
	small = load_small(bytes, size, o->name);
	for (size_t i = 0; small && i < o->n; i++)
		compare(o, &o->relo[i], whole, small, what);
	btf__free(small);
	btf_min_free(min);
}

struct rows {
	size_t n;
	struct {
		enum audit_verdict verdict;
		char text[512];
	} row[64];
};

static void on_row(const struct audit_row *row, void *arg)
{
	struct rows *rows = arg;

	if (rows->n == ARRAY_LEN(rows->row))
		return;
	rows->row[rows->n].verdict = row->verdict;
	snprintf(rows->row[rows->n++].text, sizeof(rows->row->text), "%s", row->text);
}

static void test_audit(const struct object *o, const struct audit_kernel *whole,
		       const struct btf *small)
{
	static struct rows a, b;
	struct audit_kernel *k = audit_kernel_new(small);

	a.n = b.n = 0;
	audit_object(o->elf, o->size, whole, on_row, &a);
	audit_object(o->elf, o->size, k, on_row, &b);
	check(a.n == b.n && a.n, "%s: %zu programs, not %zu", o->name, b.n, a.n);
	for (size_t i = 0; i < MIN(a.n, b.n); i++) {
		if (strstr(a.row[i].text, "kernel function"))
			continue; /* it needs functions in the types */
		check(a.row[i].verdict == b.row[i].verdict, "%s: verdict %d, not %d", o->name,
		      b.row[i].verdict, a.row[i].verdict);
		check_str(b.row[i].text, a.row[i].text, o->name);
	}
	audit_kernel_free(k);
}

static void test_object(struct object *o, const struct btf *whole,
			const struct audit_kernel *kernel, const struct btf *all)
{
	struct btf_min *min = btf_min_new();
	uint32_t raw_size;
	const void *raw = btf__raw_data(whole, &raw_size);
	struct btf *small;
	void *bytes;
	size_t size;

	targets_hide(o);
	object_read(o);
	btf_min_add(min, o->elf, o->size);
	bytes = btf_min_make(min, raw, raw_size, &size);
	small = load_small(bytes, size, o->name);
	if (small)
		test_audit(o, kernel, small);
	if (all) {
		test_audit(o, kernel, all);
		for (size_t i = 0; i < o->n; i++)
			compare(o, &o->relo[i], whole, all, "all");
	}
	for (int turn = 0; turn < 7; turn++)
		test_turned(o, whole, turn);
	btf__free(small);
	btf_min_free(min);
	object_free(o);
}

/* ---- What kernels do not have, or seldom ---- */

static int struct_add(struct btf *btf, const char *name, uint32_t size, const char *member,
		      int type, uint32_t bits)
{
	int id = btf__add_struct(btf, name, size);

	btf__add_field(btf, member, type, bits, 0);
	return id;
}

/* Long and pointers of four bytes; an array without length before the end; a type in two forms; one
 * that is a mere name first, and then turns out to be read. */
static struct btf *odd_kernel(void)
{
	struct btf *btf = btf__new_empty(), *loaded;
	int in = btf__add_int(btf, "int", 4, BTF_INT_SIGNED);
	int size = btf__add_int(btf, "long unsigned int", 4, 0), ptr = btf__add_ptr(btf, 0);
	int none = btf__add_array(btf, size, in, 0), id;
	uint32_t raw_size;
	const void *raw;

	struct_add(btf, "flex", 8, "array", none, 32);
	btf__add_field(btf, "end", in, 32, 0);
	struct_add(btf, "flexible", 8, "unasked", in, 0);
	btf__add_field(btf, "array", none, 32, 0);
	struct_add(btf, "twice___one", 4, "x", in, 0);
	struct_add(btf, "twice", 8, "x", in, 32);
	struct_add(btf, "pointer", 4, "p", ptr, 0);
	id = struct_add(btf, "deep", 8, "x", in, 32);
	btf__add_typedef(btf, "name", btf__add_ptr(btf, id));
	for (int i = 0; i < 3; i++)
		id = struct_add(btf, i == 2 ? "outer" : "", 16, "m", id, 64);
	raw = btf__raw_data(btf, &raw_size);
	loaded = btf_load(raw, raw_size, (char[128]){""}, 128);
	btf__free(btf);
	return loaded;
}

/* An ELF file of just what is read here of an object: types, and `n` relocations. */
static char *odd_elf(const struct btf *btf, const struct bpf_core_relo *relo, uint32_t n,
		     size_t *size)
{
	static const char names[] = "\0.BTF\0.BTF.ext";
	uint32_t raw_size, relos = n * sizeof(*relo);
	const void *raw = btf__raw_data(btf, &raw_size);
	uint32_t ext[] = {BTF_MAGIC | BTF_VERSION << 16, 32, 0, 0, 0, 0, 0, 12 + relos,
			  sizeof(*relo), 0, n};
	size_t at = sizeof(Elf64_Ehdr) + 3 * sizeof(Elf64_Shdr);
	size_t at_ext = at + (raw_size + 7) / 8 * 8;
	size_t at_names = at_ext + sizeof(ext) + relos;
	char *elf = xalloc(*size = at_names + sizeof(names));

	*(Elf64_Ehdr *)elf = (Elf64_Ehdr){
		.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64}, .e_machine = EM_BPF,
		.e_shoff = sizeof(Elf64_Ehdr), .e_shentsize = sizeof(Elf64_Shdr), .e_shnum = 3};
	memcpy(elf + sizeof(Elf64_Ehdr), (Elf64_Shdr[3]){
		{.sh_type = SHT_STRTAB, .sh_offset = at_names, .sh_size = sizeof(names)},
		{.sh_name = 1, .sh_type = SHT_PROGBITS, .sh_offset = at, .sh_size = raw_size},
		{.sh_name = 6, .sh_type = SHT_PROGBITS, .sh_offset = at_ext,
		 .sh_size = sizeof(ext) + relos},
	}, 3 * sizeof(Elf64_Shdr));
	memcpy(elf + at, raw, raw_size);
	memcpy(elf + at_ext, ext, sizeof(ext));
	memcpy(elf + at_ext + sizeof(ext), relo, relos);
	memcpy(elf + at_names, names, sizeof(names));
	return elf;
}

static void test_odd(void)
{
	struct btf *btf = btf__new_empty(), *kernel = odd_kernel();
	int in = btf__add_int(btf, "int", 4, BTF_INT_SIGNED), ptr = btf__add_ptr(btf, 0);
	int array = btf__add_array(btf, in, in, 4), id = 0;
	uint32_t way = btf__add_str(btf, "0:0"), item = btf__add_str(btf, "0:0:1");
	uint32_t far = btf__add_str(btf, "0:0:0:0:0"), self = btf__add_str(btf, "0");
	struct bpf_core_relo relo[] = {
		{0, struct_add(btf, "flex", 16, "array", array, 0), item, BPF_CORE_FIELD_EXISTS},
		{0, struct_add(btf, "flexible", 16, "array", array, 0), item,
		 BPF_CORE_FIELD_BYTE_OFFSET},
		{0, struct_add(btf, "twice___x", 4, "x", in, 0), way, BPF_CORE_FIELD_BYTE_OFFSET},
		{0, struct_add(btf, "pointer", 8, "p", ptr, 0), way, BPF_CORE_FIELD_BYTE_SIZE},
		{0, btf__add_typedef(btf, "name", ptr), self, BPF_CORE_TYPE_EXISTS},
		{0, 0, far, BPF_CORE_FIELD_BYTE_OFFSET},
		{0, in, self, BPF_CORE_TYPE_ID_TARGET},
	};
	struct object o = {.name = "odd"};
	struct btf_min *min = btf_min_new();

	for (int i = 0; i < 4; i++)
		id = struct_add(btf, i == 3 ? "outer" : "", 4, i ? "m" : "x", id ? id : in, 0);
	relo[5].type_id = id;
	o.elf = odd_elf(btf, relo, ARRAY_LEN(relo), &o.size);
	check(!btf_min_add(min, o.elf, o.size), "numbers of types are not refused");
	free(o.elf);
	o.elf = odd_elf(btf, relo, ARRAY_LEN(relo) - 1, &o.size);
	object_read(&o);
	for (int turn = 0; kernel && turn < 7; turn++)
		test_turned(&o, kernel, turn);
	check(o.n == ARRAY_LEN(relo) - 1 && kernel, "odd: %zu relocations", o.n);
	object_free(&o);
	free(o.elf);
	btf_min_free(min);
	btf__free(kernel);
	btf__free(btf);
}

/* ---- All of it, and what is broken ---- */

static char *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	char *data;

	if (!f || fstat(fileno(f), &st))
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	*size = st.st_size;
	data = xalloc(*size);
	if (fread(data, 1, *size, f) != *size)
		die(EXIT_FAIL, "%s: cannot read", path);
	fclose(f);
	return data;
}

static void test_kernel(const struct btf *whole, const glob_t *files, const char *name)
{
	struct audit_kernel *kernel = audit_kernel_new(whole);
	uint32_t raw_size;
	const void *raw = btf__raw_data(whole, &raw_size);
	struct btf *all;
	size_t size = 0;
	void *bytes = btf_min_all(raw, raw_size, &size);

	all = load_small(bytes, size, "all applets");
	fprintf(stderr, "# %s: all applets: %zu bytes\n", name, size);
	for (size_t i = 0; all && i < applets_count(); i++) {
		struct object o = {.name = applets_get(i)->name};

		if (!applets_get(i)->object)
			continue;
		o.elf = object_inflate(applets_get(i), &o.size);
		test_object(&o, whole, kernel, all);
		free(o.elf);
	}
	for (size_t i = 0; i < files->gl_pathc; i++) {
		struct object o = {.name = strrchr(files->gl_pathv[i], '/') + 1};

		o.elf = slurp(files->gl_pathv[i], &o.size);
		test_object(&o, whole, kernel, NULL);
		free(o.elf);
	}
	btf__free(all);
	audit_kernel_free(kernel);
	printf("# %s: %zu relocations, %zu of them found\n", name, relos_seen, relos_found);
}

static void spoil(char *data, size_t size, uint32_t *seed)
{
	for (uint32_t j = *seed >> 8 & 7; j < 9; j++) {
		*seed = *seed * 1103515245 + 12345;
		data[(*seed >> 4) % size] ^= *seed >> 24;
	}
}

/* Cut short and with bytes turned over, types and objects both: anything but a crash. */
static void test_broken(const struct btf *whole, const char *path)
{
	struct btf_min *min = btf_min_new();
	uint32_t raw_size, seed = 1;
	const void *raw = btf__raw_data(whole, &raw_size);
	size_t elf_size, size, n;
	char *elf = slurp(path, &elf_size), *small, *copy;

	check(btf_min_add(min, elf, elf_size), "%s: refused", path);
	small = btf_min_make(min, raw, raw_size, &n);
	for (size_t i = 0; small && i < n; i += 1 + i / 16) {
		copy = memcpy(xalloc(i + 1), small, i);
		free(btf_min_make(min, copy, i, &size));
		free(copy);
	}
	for (int i = 0; small && i < 5000; i++) {
		struct btf_min *other = btf_min_new();

		copy = memcpy(xalloc(n), small, n);
		spoil(copy + i % 2 * sizeof(struct btf_header),
		      n - i % 2 * sizeof(struct btf_header), &seed);
		free(btf_min_make(min, copy, n, &size));
		free(copy);
		copy = memcpy(xalloc(elf_size), elf, elf_size);
		spoil(copy, elf_size, &seed);
		btf_min_add(other, copy, i % 3 ? elf_size : i % elf_size);
		free(btf_min_make(other, small, n, &size));
		btf_min_free(other);
		free(copy);
	}
	free(small);
	free(elf);
	btf_min_free(min);
}

/* The same once more gives the same; and as a file in memory libbpf can read it. */
static void test_again(const struct btf *whole)
{
	uint32_t raw_size;
	const void *raw = btf__raw_data(whole, &raw_size);
	size_t na = 0, nb = 0;
	void *a = btf_min_all(raw, raw_size, &na), *b = btf_min_all(a, na, &nb);
	const char *path = a ? btf_min_path(a, na) : NULL;
	struct btf *btf = path ? btf__parse(path, NULL) : NULL;

	check(a && b && na == nb, "cut down twice: %zu bytes, then %zu", na, nb);
	check(btf && btf__pointer_size(btf) == btf__pointer_size(whole),
	      "%s: pointers of %zu bytes", path ? path : "no path",
	      btf ? btf__pointer_size(btf) : 0);
	btf__free(btf);
	free(a);
	free(b);
}

int main(int argc, char **argv)
{
	const char *file[16];
	char why[256] = "", path[256];
	struct btf *btf;
	size_t n = 0;
	glob_t files;
	int opt;

	prog_name = "btf_min_test";
	while ((opt = getopt(argc, argv, "b:")) > 0) {
		if (opt == 'b' && n < ARRAY_LEN(file))
			file[n++] = optarg;
	}
	if (optind + 1 != argc)
		die(EXIT_USAGE, "usage: btf_min_test [-b BTF]... DIR");
	libbpf_set_print(NULL);
	snprintf(path, sizeof(path), "%s/*.bpf.o", argv[optind]);
	if (glob(path, 0, NULL, &files))
		die(EXIT_FAIL, "%s: no objects", path);
	for (size_t i = 0; i < MAX(n, (size_t)1); i++) {
		btf = n ? btf_load_file(file[i], why, sizeof(why)) :
			btf_kernel(path, sizeof(path), why, sizeof(why));
		if (!btf)
			die(EXIT_CANNOT, "%s", why);
		test_kernel(btf, &files, n ? file[i] : path);
		if (!i) {
			test_broken(btf, files.gl_pathv[0]);
			test_again(btf);
			test_odd();
		}
		btf__free(btf);
	}
	globfree(&files);
	return checks_end("btf_min");
}
