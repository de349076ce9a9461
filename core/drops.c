// SPDX-License-Identifier: GPL-2.0-or-later
// Why the kernel dropped a packet: reasons by name.
#include "drops.h"
#include "enums.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <strings.h>

enum {
	REASONS_MAX = 1024,	/* more than the kernel itself has */
	SUBSYSTEM = 1 << 16,	/* SKB_DROP_REASON_SUBSYS_SHIFT */
};

/* One process watches one kernel. */
static const char *reasons[REASONS_MAX];
static struct {
	uint32_t reason;
	char *name;
} *others; /* of subsystems */
static size_t nothers;
static bool modules_seen;
static uint64_t asked; /* bit n: subsystem n was looked for in the modules */

static void reasons_take(const struct btf *btf, const struct btf_type *t)
{
	static const char prefix[] = "SKB_DROP_REASON_";
	const struct btf_enum *e = btf_enum(t);

	for (int i = 0; i < btf_vlen(t); i++, e++) {
		const char *name = btf__name_by_offset(btf, e->name_off);

		if (!strncmp(name, prefix, sizeof(prefix) - 1))
			name += sizeof(prefix) - 1;
		else if (!strncmp(name, "SKB_", 4))
			name += 4;
		if (e->val > 0 && e->val < REASONS_MAX && !reasons[e->val])
			reasons[e->val] = xstrdup(name);
	}
}

static const char *other_name(uint32_t reason)
{
	for (size_t i = 0; i < nothers; i++)
		if (others[i].reason == reason)
			return others[i].name;
	return NULL;
}

/* Subsystems name their reasons each in its own way. Some have an enum twice, once with "___" before
 * all names (mac80211); the first name of a subsystem is a mark with "__" before it (openvswitch). */
static void others_take(const struct btf *btf, const struct btf_type *t)
{
	const struct btf_enum *e = btf_enum(t);

	for (int i = 0; i < btf_vlen(t); i++, e++) {
		const char *name = btf__name_by_offset(btf, e->name_off);

		name += strspn(name, "_");
		if (e->val < SUBSYSTEM || other_name(e->val))
			continue;
		others = xrealloc(others, (nothers + 1) * sizeof(*others));
		others[nothers].reason = e->val;
		others[nothers++].name = xstrdup(name);
	}
}

static void others_find(const struct btf *btf, uint32_t from)
{
	static const char tail[] = "_drop_reason";

	for (uint32_t id = from; id < btf__type_cnt(btf); id++) {
		const struct btf_type *t = btf__type_by_id(btf, id);
		const char *name = btf_is_enum(t) ? btf__name_by_offset(btf, t->name_off) : "";
		size_t n = strlen(name);

		if (n >= sizeof(tail) - 1 && !strcmp(name + n - (sizeof(tail) - 1), tail))
			others_take(btf, t);
	}
}

/* Modules have had types of their own since 5.11. Subsystems may be part of the kernel, too. */
static void modules_read(const struct run *run)
{
	static const char folder[] = "/sys/kernel/btf";
	struct btf *kernel = types_read(run);
	DIR *dir = kernel && !run_btf(run) ? opendir(folder) : NULL;
	struct dirent *d;

	if (kernel)
		others_find(kernel, 1);
	while (dir && (d = readdir(dir))) {
		char path[sizeof(folder) + sizeof(d->d_name)];
		struct btf *module;

		if (*d->d_name == '.' || !strcmp(d->d_name, "vmlinux"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		module = btf__parse_split(path, kernel);
		if (!module)
			continue; /* unloaded meanwhile: its reasons stay numbers */
		others_find(module, btf__type_cnt(kernel));
		btf__free(module);
	}
	if (dir)
		closedir(dir);
	btf__free(kernel);
	modules_seen = true;
}

void drop_reasons_read(struct run *run)
{
	static bool done;
	struct btf *btf = done ? NULL : types_read(run);
	int id;

	if (!btf)
		return;
	done = true;
	id = btf__find_by_name_kind(btf, "skb_drop_reason", BTF_KIND_ENUM);
	if (id > 0)
		reasons_take(btf, btf__type_by_id(btf, id));
	btf__free(btf);
}

const char *drop_reason_name(const struct run *run, uint32_t reason)
{
	uint64_t bit = 1ULL << (reason / SUBSYSTEM & 63);
	const char *name;

	if (reason < SUBSYSTEM)
		return reason < REASONS_MAX ? reasons[reason] : NULL;
	name = other_name(reason);
	/* A module that was loaded after the last look; once for each, since a look takes time. */
	if (!name && !(asked & bit)) {
		asked |= bit;
		modules_read(run);
		name = other_name(reason);
	}
	return name;
}

uint32_t drop_reason_next(const struct run *run, uint32_t reason)
{
	uint32_t next = 0;

	for (uint32_t i = reason + 1; i < REASONS_MAX; i++)
		/* not those of packets that were used, nor the mark behind the last one */
		if (reasons[i] && strcmp(reasons[i], "CONSUMED") && strcmp(reasons[i], "MAX"))
			return i;
	if (!modules_seen)
		modules_read(run);
	for (size_t i = 0; i < nothers; i++)
		if (others[i].reason > reason && (!next || others[i].reason < next))
			next = others[i].reason;
	return next;
}

uint32_t drop_reason_find(const struct run *run, const char *name)
{
	uint32_t reason = 0;

	while ((reason = drop_reason_next(run, reason)))
		if (!strcasecmp(drop_reason_name(run, reason), name))
			break;
	return reason;
}

void fmt_drop_reason(struct cell *cell, const void *row)
{
	uint32_t reason = *(const uint32_t *)cell_ptr(cell, row);
	const char *name = drop_reason_name(cell_run(cell), reason);

	if (name)
		cell_str(cell, name);
	else if (reason)
		cell_u64(cell, reason);
	else
		cell_none(cell);
}
