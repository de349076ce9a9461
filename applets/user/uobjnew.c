// SPDX-License-Identifier: GPL-2.0-or-later
// Count new objects by class in Java, Ruby or Tcl, or memory blocks by size in C.
#include "langs.h"
#include "elf.h"
#include "libs.h"
#include "usyms.h"
#include "uobjnew.h"
#include "uobjnew.skel.h"
#define RODATA struct uobjnew_bpf__rodata

#include <limits.h>

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	LANG_OPT("c, java, ruby or tcl"),
	LANG_PID_OPT,
	OPT_USER_NUM('C', "top-count", "N", "the N most often made, sorted by that", 1, 100000),
	OPT_USER_NUM('S', "top-size", "N", "the N with most bytes, sorted by that", 1, 100000),
	LETTER('v', "verbose"), LETTER('i', "interval"), LETTER('d', "duration"),
	{ 0 }
};

/* Class, its length, bytes. */
static const struct lang_probe probed[] = {
	{ LANG_C, "block_malloc", "" },
	{ LANG_JAVA, "made", "hotspot:object__alloc(1,2,3)", OBJECT_CLASS, .extended = true },
	{ LANG_RUBY, "made", "ruby:object__create(0,-,-)", OBJECT_CLASS },
	{ LANG_RUBY, "made", "ruby:string__create(-,-,0)", OBJECT_STRING },
	{ LANG_RUBY, "made", "ruby:array__create(-,-,-)", OBJECT_ARRAY },
	{ LANG_RUBY, "made", "ruby:hash__create(-,-,-)", OBJECT_HASH },
	{ LANG_TCL, "made", "tcl:obj__create(-,-,-)", OBJECT_TCL },
	{ 0 }
};

static void setup(struct run *run)
{
	if (!run->own) {
		run->own = langs_setup(run, probed, false);
		langs_interval(run);
	}
	langs_filter(run->own, &RUN_RODATA(run)->filter);
	if (langs_lang(run->own) == LANG_C) {
		prog_off(run, "made");
		return;
	}
	prog_off(run, "block_malloc");
	prog_off(run, "block_second");
	prog_off(run, "block_third");
	prog_off(run, "block_calloc");
}

/* Those of the C library that give out memory; realloc() of what is there counts as new. In glibc each
 * does it by itself; in musl the others call one of these three. */
static const struct lib_func musl_blocks[] = {
	{ "malloc", "block_malloc", NULL }, { "realloc", "block_second", NULL },
	{ "aligned_alloc", "block_second", NULL }, { 0 }
};
static const struct lib_func glibc_blocks[] = {
	{ "malloc", "block_malloc", NULL }, { "realloc", "block_second", NULL },
	{ "aligned_alloc", "block_second", NULL }, { "calloc", "block_calloc", NULL },
	{ "memalign", "block_second", NULL }, { "posix_memalign", "block_third", NULL }, { 0 }
};

static void blocks_attach(struct run *run)
{
	int pid = langs_pid(run->own), n;
	bool glibc = false;
	char path[PATH_MAX];
	const char *why;
	struct elf_func f;
	struct elf *e;

	if (lib_find(pid, "c", path, sizeof(path))) {
		if (!pid)
			die(EXIT_CANNOT, "there is no C library here; say which process");
		snprintf(path, sizeof(path), "/proc/%d/exe", pid); /* a static program */
	}
	e = elf_file_open(path, NULL);
	if (e)
		glibc = !elf_find_func(e, "mallopt", &f);
	elf_file_close(e);
	n = lib_attach(run, path, pid, NULL, glibc ? glibc_blocks : musl_blocks, &why);
	if (n <= 0)
		die(EXIT_CANNOT, "%s cannot be watched: %s", path,
		    n ? why : "it has no function malloc()");
}

static void attach(struct run *run)
{
	if (langs_lang(run->own) == LANG_C)
		blocks_attach(run);
	else
		langs_attach(run, run->own);
}

static void fmt_type(struct cell *cell, const void *row)
{
	static const char *const kinds[] = {
		[OBJECT_STRING] = "String", [OBJECT_ARRAY] = "Array", [OBJECT_HASH] = "Hash",
		[OBJECT_TCL] = "object",
	};
	const struct key *key = row;

	if (key->kind == OBJECT_CLASS)
		cell_strn(cell, key->class, sizeof(key->class));
	else if (key->kind == OBJECT_BLOCK)
		cell_printf(cell, "block size %llu", (unsigned long long)key->size);
	else
		cell_str(cell, kinds[key->kind]);
}

/* Java and C tell how large an object is, Ruby how long a string. */
static void fmt_bytes(struct cell *cell, const void *row)
{
	const struct row *r = row;

	if (r->key.kind == OBJECT_ARRAY || r->key.kind == OBJECT_HASH || r->key.kind == OBJECT_TCL ||
	    (r->key.kind == OBJECT_CLASS && !r->value.bytes))
		cell_none(cell);
	else
		cell_u64(cell, r->value.bytes);
}

static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const struct row *)row)->value;

	return opt_on(run, 'C') ? v->count : v->bytes;
}

static const struct col cols[] = {
	COL_FMT(key, "TYPE", -40, fmt_type),
	COL(value.count, "ALLOCS", 10),
	COL_FMT(value.bytes, "BYTES", 14, fmt_bytes),
	{ 0 }
};

static const struct top top = {
	.map = "counts",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.rows_key = 'C',
	.rows_key2 = 'S',
	.ascending = true,
};

BPF_OBJECT(uobjnew);

ALIAS(cobjnew) = { "cobjnew", "uobjnew", "Count memory blocks of C programs by size.", "-l c" };
ALIAS(javaobjnew) = { "javaobjnew", "uobjnew", "Count new objects in Java by class.", "-l java" };
ALIAS(rubyobjnew) = { "rubyobjnew", "uobjnew", "Count new objects in Ruby by class.", "-l ruby" };
ALIAS(tclobjnew) = { "tclobjnew", "uobjnew", "Count new objects in Tcl.", "-l tcl" };

APPLET(uobjnew) = {
	.name = "uobjnew",
	.brief = "Count new objects by class in Java, Ruby or Tcl, or memory blocks by size in C.",
	.args = "[PID [INTERVAL]]",
	.help = "Examples:\n"
		"  uobjnew 181              objects made by process 181, when it ends\n"
		"  uobjnew -C 10 181 5      the 10 most frequent ones, each five seconds\n"
		"  uobjnew -l c 181         malloc(), calloc(), realloc() and their like\n"
		"The size of a block above 1 KB is rounded up to an eighth of its power of two,\n"
		"BYTES is exact.\n"
		LANG_HELP,
	.title = "Tracing new objects... Hit Ctrl-C to end.",
	OBJECT(uobjnew),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.operands = OPERANDS_OWN,
	.setup = setup,
	.attach = attach,
};
