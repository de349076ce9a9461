// SPDX-License-Identifier: GPL-2.0-or-later
// Names of the kernel's enums.
#include "enums.h"
#include "btf.h"

#include <bpf/btf.h>
#include <ctype.h>

struct enum_names {
	size_t n;
	struct {
		int64_t value;
		char name[40];
	} v[];
};

static void name_copy(char *to, size_t size, const char *name, const char *prefix)
{
	size_t n = strlen(prefix), i;

	if (!strncmp(name, prefix, n))
		name += n;
	for (i = 0; name[i] && i < size - 1; i++)
		to[i] = tolower((unsigned char)name[i]);
	to[i] = 0;
}

static struct enum_names *names_take(const struct btf *btf, const char *name, const char *prefix)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_ENUM);
	const struct btf_type *t = id > 0 ? btf__type_by_id(btf, id) : NULL;
	struct enum_names *names;

	if (!t)
		return NULL;
	names = xalloc(sizeof(*names) + btf_vlen(t) * sizeof(names->v[0]));
	for (size_t i = 0; i < btf_vlen(t); i++) {
		const struct btf_enum *e = &btf_enum(t)[i];

		/* Of several names of a value the first: others are marks (MIN_..., DEF_...). */
		if (enum_name(names, e->val))
			continue;
		names->v[names->n].value = e->val;
		name_copy(names->v[names->n].name, sizeof(names->v[0].name),
			  btf__name_by_offset(btf, e->name_off), prefix);
		names->n++;
	}
	return names;
}

struct btf *types_read(const struct run *run)
{
	char path[256], why[256];

	return run_btf(run) ? btf_load_file(run_btf(run), why, sizeof(why))
			    : btf_kernel(path, sizeof(path), why, sizeof(why));
}

struct enum_names *enum_read(const struct run *run, const char *name, const char *prefix)
{
	struct btf *btf = types_read(run);
	struct enum_names *names;

	if (!btf)
		return NULL;
	names = names_take(btf, name, prefix);
	btf__free(btf);
	return names;
}

const char *enum_name(const struct enum_names *names, uint64_t v)
{
	for (size_t i = 0; names && i < names->n; i++)
		if ((uint64_t)names->v[i].value == v)
			return names->v[i].name;
	return NULL;
}

void cell_enum_read(struct cell *cell, const struct enum_names *names, uint64_t v)
{
	const char *name = enum_name(names, v);

	if (name)
		cell_str(cell, name);
	else
		cell_u64(cell, v);
}
