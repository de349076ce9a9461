// SPDX-License-Identifier: GPL-2.0-or-later
// Every applet's tables against its object, without root: the object opens, what the tables name
// exists, sizes agree, texts are as they should be.
#include "../../core/core.h"
#include "../../core/registry.h"
#include "check.h"

#include <bpf/btf.h>
#include <ctype.h>

static int quiet(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	(void)level, (void)fmt, (void)ap;
	return 0;
}

/* The size of the struct `name` in the object's own types, 0 if it has none. */
static size_t struct_size(const struct bpf_object *obj, const char *name)
{
	struct btf *btf = bpf_object__btf(obj);
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	return id < 0 ? 0 : btf__type_by_id(btf, id)->size;
}

static void check_probes(const struct applet *a, const struct bpf_object *obj)
{
	for (const struct probe *p = a->probes; p && p->what; p++) {
		char list[2048], *save = NULL;

		snprintf(list, sizeof(list), "%s", p->progs);
		for (char *w = strtok_r(list, " ", &save); w; w = strtok_r(NULL, " ", &save))
			check(bpf_object__find_program_by_name(obj, w + (*w == '?')),
			      "%s: probes: there is no program %s", a->name, w);
	}
}

static void check_maps(const struct applet *a, const struct bpf_object *obj)
{
	struct bpf_map *map;

	if (a->top && a->top->map) {
		map = bpf_object__find_map_by_name(obj, a->top->map);
		check(map, "%s: top: there is no map %s", a->name, a->top->map);
		check(map && bpf_map__key_size(map) == a->top->key_size &&
		      bpf_map__value_size(map) == a->top->value_size,
		      "%s: top: the sizes are not the map's", a->name);
	}
	if (a->hist && a->hist->keys)
		check(bpf_object__find_map_by_name(obj, "hists"), "%s: no map hists", a->name);
	if (a->stacks)
		check(bpf_object__find_map_by_name(obj, "stack_counts") &&
		      bpf_object__find_map_by_name(obj, "stacks"), "%s: no stack maps", a->name);
	for (const struct col *c = a->cols; c && c->head; c++)
		check(c->kind != K_STACKS || bpf_object__find_map_by_name(obj, "stacks"),
		      "%s: column %s: no map stacks", a->name, c->head);
	check(!a->event_min == !bpf_object__find_map_by_name(obj, "events"),
	      "%s: event size and the map events do not go together", a->name);
	if (a->event_min && struct_size(obj, "event"))
		check(a->event_min <= struct_size(obj, "event"),
		      "%s: events of at least %u bytes, but struct event has %zu", a->name,
		      a->event_min, struct_size(obj, "event"));
}

static void check_object(const struct applet *a)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts, .object_name = a->name);
	struct bpf_object *obj;
	struct bpf_map *map;
	size_t size;
	void *elf;

	if (!a->object)
		return;
	elf = object_inflate(a, &size);
	obj = bpf_object__open_mem(elf, size, &opts);
	free(elf);
	check(obj, "%s: the object does not open", a->name);
	if (!obj)
		return;
	bpf_object__for_each_map(map, obj) {
		const char *dot = strchr(bpf_map__name(map), '.');

		if (!dot || strcmp(dot, ".rodata"))
			continue;
		bpf_map__initial_value(map, &size);
		/* Static variables, which no option can reach, may stand behind. */
		check(a->rodata_size <= ((size + 7) & ~7UL),
		      "%s: read-only data of %zu bytes, the applet knows %u", a->name, size,
		      a->rodata_size);
	}
	check_probes(a, obj);
	check_maps(a, obj);
	bpf_object__close(obj);
}

static void check_text(const char *name, const char *text)
{
	for (const char *p = text; p && *p; p += strcspn(p, "\n") + (p[strcspn(p, "\n")] == '\n'))
		check(strcspn(p, "\n") <= 100, "%s: a line of the help is longer than 100", name);
	check(!text || !*text || text[strlen(text) - 1] == '\n', "%s: help has no last newline",
	      name);
}

static bool has_key(const struct applet *a, unsigned char key)
{
	for (const struct opt *o = a->opts; o && o->name; o++)
		if (o->key == key && o->where != OPT_LETTER)
			return true;
	return !key;
}

static void check_options(const struct applet *a)
{
	for (const struct opt *o = a->opts; o && o->name; o++) {
		check(o->where == OPT_LETTER || o->help, "%s: --%s has no help", a->name, o->name);
		check(isalpha((unsigned char)*o->name), "%s: --%s", a->name, o->name);
		for (const struct opt *q = a->opts; q < o; q++)
			check(q->key != o->key && (strcmp(q->name, o->name) ||
						   o->where == OPT_LETTER),
			      "%s: two options have the key or name of --%s", a->name, o->name);
	}
	for (const struct col *c = a->cols; c && c->head; c++)
		check(has_key(a, c->when), "%s: column %s: no such option", a->name, c->head);
	for (const struct probe *p = a->probes; p && p->what; p++)
		check(has_key(a, p->when), "%s: probes: no such option", a->name);
	check(has_key(a, a->stamp_key), "%s: stamp_key: no such option", a->name);
	if (a->hist)
		check(a->hist->extension == HIST_ALWAYS || has_key(a, a->hist->extension),
		      "%s: extension: no such option", a->name);
}

static void check_applet(const struct applet *a)
{
	size_t n = strlen(a->brief);
	const struct alias *alias;

	check(n && a->brief[n - 1] == '.' && isupper((unsigned char)*a->brief) && n <= 90,
	      "%s: brief: '%s'", a->name, a->brief);
	check(applet_find(a->name, &alias) == a && !alias, "%s: its name finds another", a->name);
	check(a->operands != OPERANDS_OWN || a->args, "%s: operands of its own, no args", a->name);
	check_text(a->name, a->help);
	check_options(a);
	check_object(a);
}

static void check_names(void)
{
	static const char *const called[] = { "%s", "/usr/sbin/%s", "bpf-%s", "%s-bpfcc", "%s.bt" };
	size_t n;
	struct name *all = names_sorted(&n);
	char text[128];

	for (size_t i = 0; i < n; i++) {
		check(!i || strcmp(all[i - 1].name, all[i].name) < 0, "%s: twice", all[i].name);
		for (size_t k = 0; k < ARRAY_LEN(called); k++) {
			const struct alias *alias;

			snprintf(text, sizeof(text), called[k], all[i].name);
			check(applet_find_called(text, &alias), "%s is not found", text);
		}
	}
	free(all);
}

int main(void)
{
	libbpf_set_print(quiet);
	for (size_t i = 0; i < applets_count(); i++)
		check_applet(applets_get(i));
	check_names();
	check(applets_count() > 0, "no applets");
	return checks_end("tables");
}
