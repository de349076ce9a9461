// SPDX-License-Identifier: GPL-2.0-or-later
// List tracepoints, USDT probes and functions with their arguments.
#include "applet.h"
#include "btf.h"
#include "ksyms.h"
#include "tracefs.h"
#include "usdt.h"
#include "usyms.h"

#include <bpf/btf.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

struct row {
	const char *kind;	/* "tracepoint", "usdt" or "function" */
	const char *name;
	const char *file;	/* NULL: of the kernel */
	const char *arguments;	/* NULL: unknown */
	u64 offset;
	u32 places;
	bool semaphore;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "USDT probes of this process, its program and libraries", 1,
		     4194304),
	OPT_USER('l', "lib", "FILE", "USDT probes of this library or program (with -p as it has it)"),
	OPT_USER('f', "functions", NULL, "functions: of the kernel, or with -p or -l of those files"),
	OPT_USER('v', "arguments", NULL,
		 "show the arguments too, and of USDT probes each place in the code"),
	{ 0 }
};

struct list {
	struct run *run;
	const char *filter;	/* NULL: all */
	const char *file;
	struct btf *btf;	/* of the kernel's functions */
	struct found {		/* in this file */
		char *name, *args;
		u64 offset;
		u32 places;
		bool semaphore;
	} *found;
	size_t nfound, nfiles, told;
	struct { u64 dev, ino; } seen[1024];
};

/* A filter is on the whole name or on what is behind the colon. */
static bool wanted(const struct list *l, const char *name)
{
	const char *colon = strchr(name, ':');

	return !l->filter || glob_matches(l->filter, name) ||
	       (colon && glob_matches(l->filter, colon + 1));
}

static void tell(struct list *l, const struct row *row)
{
	row_print(l->run, row, false);
	l->told++;
}

/* ---- tracepoints ---- */

/* The folders in a folder of tracefs by name, NULL at the end; NULL and errno. The caller frees
 * each and all. */
static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static char **folders(const char *path)
{
	int fd = openat(tracefs_fd(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *d;
	char **names;
	size_t n = 0;

	if (!dir)
		return NULL;
	names = xalloc(sizeof(*names));
	while ((d = readdir(dir))) {
		if (d->d_name[0] == '.' || d->d_type != DT_DIR)
			continue;
		names = xrealloc(names, (n + 2) * sizeof(*names));
		names[n++] = xstrdup(d->d_name);
	}
	closedir(dir);
	qsort(names, n, sizeof(*names), by_name);
	names[n] = NULL;
	return names;
}

struct fields {
	char text[2048];
	size_t n;
	bool common;		/* those that all tracepoints have come first, before an empty line */
};

/* "	field:int prev_prio;	offset:32;	size:4;	signed:1;" */
static bool field_line(char *line, size_t len, void *arg)
{
	struct fields *f = arg;
	char *field = strstr(line, "field:");

	if (!len)
		f->common = false;
	if (!field || f->common || !strncmp(line, "print fmt", 9))
		return true;
	field += 6;
	field[strcspn(field, ";")] = 0;
	if (f->n < sizeof(f->text))
		f->n += snprintf(f->text + f->n, sizeof(f->text) - f->n, "%s%s", f->n ? ", " : "",
				 field);
	return true;
}

/* Into `f`, NULL where they cannot be read. */
static const char *tracepoint_fields(const char *category, const char *event, struct fields *f)
{
	char path[600];
	int fd;

	*f = (struct fields){ .common = true };
	snprintf(path, sizeof(path), "events/%s/%s/format", category, event);
	fd = openat(tracefs_fd(), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	file_lines(fd, field_line, f);
	return f->text;
}

static void category_list(struct list *l, const char *category)
{
	char path[300], name[512], **events;
	struct fields fields;

	snprintf(path, sizeof(path), "events/%s", category);
	events = folders(path);
	for (char **event = events; event && *event; event++) {
		struct row row = { .kind = "tracepoint", .name = name, .places = 1 };

		snprintf(name, sizeof(name), "%s:%s", category, *event);
		if (wanted(l, name)) {
			if (opt_on(l->run, 'v'))
				row.arguments = tracepoint_fields(category, *event, &fields);
			tell(l, &row);
		}
		free(*event);
	}
	free(events);
}

static void tracepoints_list(struct list *l)
{
	char **categories = tracefs_fd() < 0 ? NULL : folders("events");

	if (!categories)
		die(EXIT_CANNOT, "tracefs is out of reach (CAP_DAC_READ_SEARCH or root): %s",
		    strerror(errno));
	for (char **category = categories; *category; category++) {
		category_list(l, *category);
		free(*category);
	}
	free(categories);
}

/* ---- the kernel's functions ---- */

static void append(char *to, size_t size, const char *s)
{
	size_t n = strlen(to);

	snprintf(to + n, size - n, "%s", s);
}

/* The name of a type as C would have it, behind what is in `to`; of a function just that it is one. */
static void type_name(const struct btf *btf, u32 id, char *to, size_t size, int depth)
{
	static const char *const tags[] = {
		[BTF_KIND_STRUCT] = "struct ", [BTF_KIND_UNION] = "union ", [BTF_KIND_ENUM] = "enum ",
	};
	const struct btf_type *t = btf__type_by_id(btf, id), *to_type;
	unsigned kind = t ? btf_kind(t) : 0;

	switch (depth > 8 ? 0 : kind) {
	case BTF_KIND_PTR:
		type_name(btf, t->type, to, size, depth + 1);
		append(to, size, to[strlen(to) - 1] == '*' ? "*" : " *");
		break;
	case BTF_KIND_CONST:
		to_type = btf__type_by_id(btf, t->type);
		if (!btf_is_ptr(to_type))
			append(to, size, "const ");
		type_name(btf, t->type, to, size, depth + 1);
		if (btf_is_ptr(to_type))
			append(to, size, "const ");
		break;
	case BTF_KIND_VOLATILE:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_TYPE_TAG:
		type_name(btf, t->type, to, size, depth + 1);
		break;
	case BTF_KIND_FUNC_PROTO:
		append(to, size, "function");
		break;
	default:
		append(to, size, kind < ARRAY_LEN(tags) && tags[kind] ? tags[kind] : "");
		append(to, size, !id ? "void" : t && t->name_off
				 ? btf__name_by_offset(btf, t->name_off) : "?");
	}
}

/* Into `text`, NULL where they are unknown. */
enum { PARAMS_LEN = 2048 };
static const char *function_params(const struct list *l, const char *name, char text[PARAMS_LEN])
{
	s32 id = l->btf ? btf__find_by_name_kind(l->btf, name, BTF_KIND_FUNC) : -1;
	const struct btf_type *proto;
	const struct btf_param *p;

	if (id < 0)
		return NULL;
	proto = btf__type_by_id(l->btf, btf__type_by_id(l->btf, id)->type);
	p = btf_params(proto);
	text[0] = 0;
	for (int i = 0; i < btf_vlen(proto); i++, p++) {
		append(text, PARAMS_LEN, i ? ", " : "");
		if (!p->type) { /* the last: any number of them */
			append(text, PARAMS_LEN, "...");
			break;
		}
		type_name(l->btf, p->type, text, PARAMS_LEN, 0);
		if (!strchr("* ", text[strlen(text) - 1]))
			append(text, PARAMS_LEN, " ");
		append(text, PARAMS_LEN, btf__name_by_offset(l->btf, p->name_off));
	}
	append(text, PARAMS_LEN, *text ? " -> " : "-> ");
	type_name(l->btf, proto->type, text, PARAMS_LEN, 0);
	return text;
}

static bool function_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct list *l = arg;
	struct row row = { .kind = "function", .name = name, .places = 1 };
	char file[128], params[PARAMS_LEN];

	(void)addr;
	if (!wanted(l, name))
		return true;
	if (module) {
		snprintf(file, sizeof(file), "[%s]", module);
		row.file = file;
	}
	if (opt_on(l->run, 'v') && !module)
		row.arguments = function_params(l, name, params);
	tell(l, &row);
	return true;
}

static void functions_list(struct list *l)
{
	char path[PATH_MAX], why[256];

	if (opt_on(l->run, 'v')) {
		l->btf = btf_kernel(path, sizeof(path), why, sizeof(why));
		if (!l->btf)
			warn("arguments are unknown: %s", why);
	}
	kallsyms_match("*", function_see, l);
	btf__free(l->btf);
}

/* ---- files ---- */

static void found_print(struct list *l)
{
	for (struct found *f = l->found; f < l->found + l->nfound; f++) {
		struct row row = {
			.kind = opt_on(l->run, 'f') ? "function" : "usdt", .name = f->name,
			.file = l->file, .arguments = f->args, .offset = f->offset,
			.places = f->places, .semaphore = f->semaphore,
		};

		tell(l, &row);
		free(f->name);
		free(f->args);
	}
	l->nfound = 0;
}

static struct found *found_add(struct list *l, const char *name, u64 offset)
{
	if (!(l->nfound & (l->nfound - 1)))
		l->found = xrealloc(l->found, (l->nfound ? 2 * l->nfound : 1) * sizeof(*l->found));
	l->found[l->nfound] = (struct found){ .name = xstrdup(name), .offset = offset, .places = 1 };
	return &l->found[l->nfound++];
}

/* Without -v the places of a probe, which are anywhere in the notes, are one row. */
static bool note_see(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct list *l = arg;
	char name[512];
	struct found *f;

	(void)e;
	snprintf(name, sizeof(name), "%s:%s", note->provider, note->name);
	if (!wanted(l, name))
		return true;
	for (f = l->found; !opt_on(l->run, 'v') && f < l->found + l->nfound; f++) {
		if (!strcmp(f->name, name)) {
			f->places++;
			return true;
		}
	}
	f = found_add(l, name, note->offset);
	f->args = xstrdup(note->args);
	f->semaphore = note->semaphore;
	return true;
}

static bool user_see(const struct elf_func *fn, void *arg)
{
	struct list *l = arg;

	if (wanted(l, fn->name))
		found_add(l, fn->name, fn->offset);
	return true;
}

/* One function has a name in both symbol tables, and may have several. */
static int by_offset(const void *a, const void *b)
{
	const struct found *x = a, *y = b;

	return x->offset != y->offset ? (x->offset < y->offset ? -1 : 1) : strcmp(x->name, y->name);
}

static void found_unique(struct list *l)
{
	size_t kept = 0;

	qsort(l->found, l->nfound, sizeof(*l->found), by_offset);
	for (size_t i = 0; i < l->nfound; i++) {
		if (kept && !by_offset(&l->found[i], &l->found[kept - 1])) {
			free(l->found[i].name);
			continue;
		}
		l->found[kept++] = l->found[i];
	}
	l->nfound = kept;
}

static void file_list(struct list *l, const char *path, const char *shown)
{
	const char *why;
	struct elf *e = elf_file_open(path, &why);

	if (!e)
		die(EXIT_FAIL, "%s: %s", shown, why);
	l->file = shown;
	if (opt_on(l->run, 'f')) {
		elf_each_func(e, user_see, l);
		found_unique(l);
	} else {
		usdt_each(e, note_see, l);
	}
	elf_file_close(e);
	found_print(l);
}

static void mapped_see(const struct mapped_file *m, void *arg)
{
	struct list *l = arg;
	char path[PATH_MAX];
	struct elf *e;

	for (size_t i = 0; i < l->nfiles; i++)
		if (l->seen[i].dev == m->dev && l->seen[i].ino == m->ino)
			return;
	if (l->nfiles < ARRAY_LEN(l->seen)) {
		l->seen[l->nfiles].dev = m->dev;
		l->seen[l->nfiles++].ino = m->ino;
	}
	/* What is mapped to be run need not be ELF. */
	e = mapped_file_path(m, path, sizeof(path)) ? NULL : elf_file_open(path, NULL);
	if (e) {
		elf_file_close(e);
		file_list(l, path, m->inside);
	}
}

static int tplist_main(struct run *run)
{
	int pid = opt_u64(run, 'p', 0), err;
	const char *lib = opt_str(run, 'l');
	struct list *l = xalloc(sizeof(*l));
	char path[PATH_MAX];

	l->run = run;
	l->filter = run->argc ? run->argv[0] : NULL;
	if (run->argc > 1)
		die(EXIT_USAGE, "one FILTER at most");
	rows_begin(run);
	if (lib) {
		err = lib_find(pid, lib, path, sizeof(path));
		if (err == -ENOENT && !pid)
			err = program_find(lib, path, sizeof(path));
		if (err)
			die(EXIT_FAIL, "%s: %s", lib, err == -ENOENT
			    ? "there is no such library or program" : strerror(-err));
		file_list(l, path, path);
	} else if (pid) {
		err = mapped_each(pid, mapped_see, l);
		if (err)
			die(EXIT_FAIL, "process %d: %s", pid, strerror(-err));
	} else if (opt_on(run, 'f')) {
		functions_list(l);
	} else {
		tracepoints_list(l);
	}
	if (!l->told)
		die(EXIT_FAIL, "there is no such %s", opt_on(run, 'f') ? "function" :
		    lib || pid ? "USDT probe" : "tracepoint");
	free(l->found);
	free(l);
	return EXIT_OK;
}

static void text_or_none(struct cell *cell, const char *s)
{
	if (s)
		cell_str(cell, s);
	else
		cell_none(cell);
}

static void fmt_kind(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->kind);
}

static void fmt_name(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->name);
}

static void fmt_file(struct cell *cell, const void *row)
{
	text_or_none(cell, ((const EVENT *)row)->file);
}

static void fmt_arguments(struct cell *cell, const void *row)
{
	text_or_none(cell, ((const EVENT *)row)->arguments);
}

/* Where a probe goes: known of what is in a file. */
static void fmt_offset(struct cell *cell, const void *row)
{
	u64 offset = ((const EVENT *)row)->offset;

	if (offset)
		cell_printf(cell, "0x%llx", (unsigned long long)offset);
	else
		cell_none(cell);
}

static const struct col kernel_cols[] = {
	COL_FMT(name, "PROBE", -40, fmt_name),
	COL_FMT_ONLY('v', arguments, "ARGUMENTS", 0, fmt_arguments),
	{ 0 }
};

static const struct col function_cols[] = {
	COL_FMT(file, "FILE", -40, fmt_file),
	COL_FMT(name, "PROBE", -40, fmt_name),
	COL_FMT_ONLY('v', arguments, "ARGUMENTS", 0, fmt_arguments),
	{ 0 }
};

static const struct col file_cols[] = {
	COL_FMT(kind, "KIND", -8, fmt_kind),
	COL_FMT(file, "FILE", -40, fmt_file),
	COL_UNLESS('v', places, "PLACES", 6),
	COL_FMT_ONLY('v', offset, "OFFSET", 10, fmt_offset),
	COL_ONLY('v', semaphore, "SEMAPHORE", -9),
	COL_FMT(name, "PROBE", -40, fmt_name),
	COL_FMT_ONLY('v', arguments, "ARGUMENTS", 0, fmt_arguments),
	{ 0 }
};

static const struct col *cols_make(struct run *run)
{
	if (opt_on(run, 'p') || opt_on(run, 'l'))
		return file_cols;
	return opt_on(run, 'f') ? function_cols : kernel_cols;
}

APPLET(tplist) = {
	.name = "tplist",
	.brief = "List tracepoints, USDT probes and functions with their arguments.",
	.args = "[FILTER]",
	.help = "FILTER may have * and ?, and is on CATEGORY:NAME or on NAME alone.\n"
		"Examples:\n"
		"  tplist 'sched*'              tracepoints with that name\n"
		"  tplist -v sched:sched_wakeup its fields\n"
		"  tplist -p 181                USDT probes of process 181 and its libraries\n"
		"  tplist -v -l python3         USDT probes of a program, with all their places\n"
		"  tplist -fv 'vfs_*'           functions of the kernel with their parameters\n"
		"An argument of a USDT probe is SIZE@OPERAND, as the assembler writes it; a negative\n"
		"SIZE (bytes) is that of a signed number.\n",
	.opts = opts,
	.cols = kernel_cols,
	.cols_make = cols_make,
	.operands = OPERANDS_OWN,
	.main = tplist_main,
};
