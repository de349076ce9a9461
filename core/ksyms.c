// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel symbols, and tables of symbols by address.
#include "ksyms.h"
#include "elf.h"
#include "util.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The rank lies above the name's place until the table is finished, so the pool ends here. */
#define POOL_MAX (UINT32_MAX / SYM_RANKS)

/* No kernel function is larger: beyond it an address lies in a hole, not in what comes before. */
#define KFUNC_MAX (1 << 20)

static bool pool_reserve(struct symtab *t, size_t len)
{
	if (len > POOL_MAX || t->used > POOL_MAX - len)
		return false;
	if (t->used + len > t->pool_room) {
		t->pool_room = t->pool_room * 3 / 2 + len + 4096;
		t->pool = xrealloc(t->pool, t->pool_room);
	}
	return true;
}

/* Returns the place of the copy in the pool; room has been reserved. */
static uint32_t pool_put(struct symtab *t, const char *name, size_t len)
{
	uint32_t at = t->used;

	memcpy(t->pool + at, name, len);
	t->pool[at + len] = 0;
	t->used += len + 1;
	return at;
}

bool symtab_add(struct symtab *t, uint64_t addr, uint32_t size, unsigned rank, const char *name)
{
	size_t len = strnlen(name, SYM_NAME_MAX);
	uint32_t at;

	if ((t->max && symtab_bytes(t) + len > t->max) || !pool_reserve(t, len + 1))
		return false;
	if (t->n == t->room) {
		t->room = t->room * 3 / 2 + 64;
		t->v = xrealloc(t->v, t->room * sizeof(*t->v));
	}
	at = pool_put(t, name, len);
	if (len == SYM_NAME_MAX)
		memcpy(t->pool + at + len - 3, "...", 3);
	t->v[t->n++] = (struct sym){ addr, size, rank * (POOL_MAX + 1) + at };
	return true;
}

/* Merge sort: stable, and next to nothing for what is sorted already, as most of kallsyms is. */
static void syms_sort(struct sym *v, size_t n, struct sym *half)
{
	size_t mid = n / 2, i = 0, j = mid, k = 0;

	if (n < 2)
		return;
	syms_sort(v, mid, half);
	syms_sort(v + mid, n - mid, half);
	if (v[mid - 1].addr <= v[mid].addr)
		return;
	memcpy(half, v, mid * sizeof(*v));
	while (i < mid)
		v[k++] = j == n || half[i].addr <= v[j].addr ? half[i++] : v[j++];
}

static void symtab_sort(struct symtab *t)
{
	struct sym *half = xalloc(t->n / 2 * sizeof(*half));

	syms_sort(t->v, t->n, half);
	free(half);
}

static unsigned sym_rank(const struct sym *s)
{
	return s->name / (POOL_MAX + 1);
}

void symtab_finish(struct symtab *t)
{
	char *old = t->pool;
	size_t n = 0, len = 0;

	symtab_sort(t);
	for (size_t i = 0; i < t->n; i++) {
		if (!n || t->v[n - 1].addr != t->v[i].addr)
			t->v[n++] = t->v[i];
		else if (sym_rank(&t->v[i]) >= sym_rank(&t->v[n - 1]))
			t->v[n - 1] = t->v[i];
	}
	t->n = t->room = n;
	t->v = xrealloc(t->v, n * sizeof(*t->v));

	/* a new pool, without the names of those that lost */
	for (size_t i = 0; i < n; i++) {
		t->v[i].name %= POOL_MAX + 1;
		len += strlen(old + t->v[i].name) + 1;
	}
	t->pool = xalloc(len);
	t->pool_room = len;
	t->used = 0;
	for (size_t i = 0; i < n; i++)
		t->v[i].name = pool_put(t, old + t->v[i].name, strlen(old + t->v[i].name));
	free(old);
}

/* How many symbols start at or before `addr`. */
static size_t symtab_rank(const struct symtab *t, uint64_t addr)
{
	size_t low = 0, high = t->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (t->v[mid].addr <= addr)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

const struct sym *symtab_find(const struct symtab *t, uint64_t addr)
{
	size_t at = symtab_rank(t, addr);

	/* A symbol may lie inside another; deeper nests than this are not worth the time. */
	for (size_t i = at; i && at - i < 8; i--) {
		const struct sym *s = &t->v[i - 1];

		if ((i == at || !(s->size & SYM_UP_TO)) && addr - s->addr < (s->size & ~SYM_UP_TO))
			return s;
	}
	return NULL;
}

size_t symtab_bytes(const struct symtab *t)
{
	return t->room * sizeof(*t->v) + t->pool_room;
}

void symtab_free(struct symtab *t)
{
	free(t->v);
	free(t->pool);
	*t = (struct symtab){};
}

struct stream {
	kallsyms_cb cb;
	void *arg;
	const char *glob;	/* NULL: all */
	bool shown;		/* some address is not zero */
};

/* "ffffffff81000000 t name", and for modules "\t[module]" behind it */
static bool stream_line(char *text, size_t len, void *arg)
{
	struct stream *st = arg;
	uint64_t addr = hex_take(&text);
	const char *module = NULL;
	char type, *name, *tab, *end;

	(void)len;
	if (text[0] != ' ' || !text[1] || text[2] != ' ')
		return true;
	type = text[1] | 0x20;
	name = text + 3;
	/* $x and the like mark where code and data change on ARM */
	if ((type != 't' && type != 'w') || *name == '$' || !strncmp(name, "__pfx_", 6) ||
	    !strncmp(name, "__cfi_", 6))
		return true;
	tab = strchr(name, '\t');
	if (tab) {
		*tab = 0;
		module = tab + 1 + (tab[1] == '[');
		end = strchr(module, ']');
		if (end)
			*end = 0;
	}
	st->shown |= addr != 0;
	return (st->glob && !glob_matches(st->glob, name)) || st->cb(name, addr, module, st->arg);
}

static int kallsyms_stream(struct stream *st)
{
	int fd = file_open_in("", "/proc/kallsyms", 0);

	return fd < 0 ? fd : file_lines(fd, stream_line, st);
}

int kallsyms_match(const char *glob, kallsyms_cb cb, void *arg)
{
	struct stream st = { .cb = cb, .arg = arg, .glob = glob };

	return kallsyms_stream(&st);
}

struct wanted {
	const char *name;
	size_t len, size;
	char *real;		/* NULL: no suffixes */
	int rank;
};

/* Is `tail` what compilers append to a function that still begins where the source says? */
static int suffix_rank(const char *tail)
{
	if (strstr(tail, ".cold"))
		return 0;
	if (!strncmp(tail, ".isra.", 6) || !strncmp(tail, ".constprop.", 11) ||
	    !strncmp(tail, ".llvm.", 6))
		return strstr(tail, ".part.") ? 1 : 2;
	return !strncmp(tail, ".part.", 6);
}

static bool wanted_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct wanted *w = arg;
	int rank;

	(void)addr;
	(void)module;
	if (strncmp(name, w->name, w->len))
		return true;
	rank = !name[w->len] ? 3 : w->real ? suffix_rank(name + w->len) : 0;
	if (rank > w->rank) {
		w->rank = rank;
		if (w->real)
			snprintf(w->real, w->size, "%s", name);
	}
	return w->rank < 3;
}

bool kallsyms_has_func(const char *name, char *real, size_t size)
{
	struct wanted w = { .name = name, .len = strlen(name), .real = real, .size = size };

	return w.len && !kallsyms_match("*", wanted_see, &w) && w.rank;
}

struct ksyms {
	struct symtab t;
	bool tried;
	int err;
	uint32_t module;	/* the latest, within the pool; 0 none */
};

struct ksyms *ksyms_new(void)
{
	return xalloc(sizeof(struct ksyms));
}

void ksyms_free(struct ksyms *ks)
{
	if (ks)
		symtab_free(&ks->t);
	free(ks);
}

static bool ksyms_add(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct ksyms *ks = arg;
	size_t len;

	/* Those of a module follow each other: one copy of its name is enough. */
	if (!module) {
		ks->module = 0;
	} else if (!ks->module || strcmp(ks->t.pool + ks->module, module)) {
		len = strlen(module);
		if (!pool_reserve(&ks->t, len + 1))
			return false;
		ks->module = pool_put(&ks->t, module, len);
	}
	return symtab_add(&ks->t, addr, ks->module, 0, name);
}

int ksyms_load(struct ksyms *ks)
{
	struct stream st = { .cb = ksyms_add, .arg = ks };

	if (ks->tried)
		return ks->err;
	ks->tried = true;
	if (pool_reserve(&ks->t, 1))
		pool_put(&ks->t, "", 0); /* so that place 0 is no module */
	ks->err = kallsyms_stream(&st);
	if (!ks->err && !ks->t.n)
		ks->err = -ENODATA;
	if (!ks->err && !st.shown)
		ks->err = -EPERM;
	symtab_sort(&ks->t);
	return ks->err;
}

const char *ksyms_find(struct ksyms *ks, uint64_t addr, uint64_t *offset, const char **module)
{
	const struct sym *s;
	size_t i;

	if (ksyms_load(ks))
		return NULL;
	i = symtab_rank(&ks->t, addr);
	if (!i || addr - ks->t.v[i - 1].addr >= KFUNC_MAX)
		return NULL;
	for (s = &ks->t.v[--i]; i && s[-1].addr == s->addr; i--)
		s--; /* of several names the first, as the kernel itself does */
	if (offset)
		*offset = addr - s->addr;
	if (module)
		*module = s->size ? ks->t.pool + s->size : NULL;
	return ks->t.pool + s->name;
}

static const struct sym *ksyms_named(struct ksyms *ks, const char *name)
{
	ksyms_load(ks);
	for (size_t i = 0; i < ks->t.n; i++)
		if (!strcmp(ks->t.pool + ks->t.v[i].name, name))
			return &ks->t.v[i];
	return NULL;
}

bool ksyms_has(struct ksyms *ks, const char *name)
{
	return ksyms_named(ks, name);
}

uint64_t ksyms_addr(struct ksyms *ks, const char *name)
{
	const struct sym *s = ksyms_named(ks, name);

	return s ? s->addr : 0;
}
