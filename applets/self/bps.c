// SPDX-License-Identifier: GPL-2.0-or-later
// List the BPF programs that are loaded, with their maps and links.
#include "applet.h"
#include "objects.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <time.h>
#include <unistd.h>

/* A program, a map or a link, by which of them is listed. */
struct row {
	u32 id, type;
	u32 uid, nmaps, xlated, jited, flags, key, value, entries, prog;
	u64 loaded_ns;		/* CLOCK_BOOTTIME */
	char tag[2 * BPF_TAG_SIZE + 1];
	char name[OBJECT_NAME];
	char target[OBJECT_TARGET];
	char holders[OBJECT_TARGET];
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER('m', "maps", NULL, "the maps, not the programs (those that PROG uses)"),
	OPT_USER('l', "links", NULL, "the links that attach programs (those of PROG)"),
	OPT_USER('e', "extended-fields", NULL, "show TAG, BYTES, JITED, TARGETS and HOLDERS"),
	{ 0 }
};

enum { MAPS_MAX = 64 }; /* of a program: the kernel allows no more (MAX_USED_MAPS) */

struct list {
	struct run *run;
	u32 *wanted;		/* programs */
	size_t nwanted;
	struct note {		/* what a program is attached to, and who holds it */
		u32 prog;
		bool holder;
		char text[OBJECT_TARGET];
	} *notes;
	size_t nnotes;
	u32 *maps;		/* of the wanted programs */
	size_t nmaps;
};

static bool wanted(const struct list *l, u32 prog)
{
	for (size_t i = 0; i < l->nwanted; i++)
		if (l->wanted[i] == prog)
			return true;
	return !l->nwanted;
}

/* ---- notes on programs ---- */

static void note_add(struct list *l, u32 prog, bool holder, const char *text)
{
	for (size_t i = 0; i < l->nnotes; i++)
		if (l->notes[i].prog == prog && l->notes[i].holder == holder &&
		    !strcmp(l->notes[i].text, text))
			return;
	l->notes = xrealloc(l->notes, (l->nnotes + 1) * sizeof(*l->notes));
	l->notes[l->nnotes] = (struct note){ .prog = prog, .holder = holder };
	snprintf(l->notes[l->nnotes++].text, OBJECT_TARGET, "%s", text);
}

static void notes_join(const struct list *l, u32 prog, bool holder, char text[OBJECT_TARGET])
{
	size_t n = 0;

	text[0] = 0;
	for (size_t i = 0; i < l->nnotes && n < OBJECT_TARGET; i++)
		if (l->notes[i].prog == prog && l->notes[i].holder == holder)
			n += snprintf(text + n, OBJECT_TARGET - n, "%s%s", n ? " " : "",
				      l->notes[i].text);
}

static void note_link(int fd, uint32_t id, void *arg)
{
	struct link_about link;

	(void)id;
	if (!link_read(fd, &link) && *link.target)
		note_add(arg, link.prog, false, link.target);
}

static void note_holding(const struct holding *h, void *arg)
{
	char text[OBJECT_TARGET];

	if (!h->prog)
		return;
	snprintf(text, sizeof(text), "%s(%d)", h->comm, h->pid);
	note_add(arg, h->prog, true, text);
	if (*h->probe)
		note_add(arg, h->prog, false, h->probe);
}

/* ---- the lists ---- */

static void map_row(int fd, uint32_t id, struct row *row)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);

	if (bpf_map_get_info_by_fd(fd, &info, &len))
		die(EXIT_FAIL, "BPF map %u: %s", id, strerror(errno));
	*row = (struct row){
		.id = id, .type = info.type, .flags = info.map_flags, .key = info.key_size,
		.value = info.value_size, .entries = info.max_entries,
	};
	snprintf(row->name, sizeof(row->name), "%s", info.name);
}

static void map_list(int fd, uint32_t id, void *arg)
{
	struct list *l = arg;
	struct row row;
	bool used = !l->nwanted;

	for (size_t i = 0; i < l->nmaps; i++)
		used |= l->maps[i] == id;
	if (!used)
		return;
	map_row(fd, id, &row);
	row_print(l->run, &row, false);
}

static void link_list(int fd, uint32_t id, void *arg)
{
	struct list *l = arg;
	struct link_about link;
	struct row row = { .id = id };
	int err = link_read(fd, &link);

	if (err)
		die(EXIT_FAIL, "BPF link %u: %s", id, strerror(-err));
	if (!wanted(l, link.prog))
		return;
	row.type = link.type;
	row.prog = link.prog;
	memcpy(row.target, link.target, sizeof(row.target));
	row_print(l->run, &row, false);
}

/* The maps of one program, as a table below it. */
static void maps_below(struct list *l, const u32 *maps, u32 n)
{
	struct row row;

	line_print(l->run, "%s", "");
	line_print(l->run, "  %-6s %-18s %-7s %6s %8s %8s %s", "MAP", "TYPE", "FLAGS", "KEY",
		   "VALUE", "ENTRIES", "NAME");
	for (u32 i = 0; i < n; i++) {
		int fd = bpf_map_get_fd_by_id(maps[i]);
		const char *type;

		if (fd < 0)
			continue; /* gone meanwhile */
		map_row(fd, maps[i], &row);
		close(fd);
		type = libbpf_bpf_map_type_str(row.type);
		line_print(l->run, "  %-6u %-18s 0x%-5x %6u %8u %8u %s", row.id,
			   type ? type : "?", row.flags, row.key, row.value, row.entries, row.name);
	}
	line_print(l->run, "%s", "");
}

static void prog_info(int fd, uint32_t id, struct bpf_prog_info *info, u32 maps[MAPS_MAX])
{
	__u32 len = sizeof(*info);

	*info = (struct bpf_prog_info){ .nr_map_ids = MAPS_MAX, .map_ids = (uintptr_t)maps };
	if (bpf_prog_get_info_by_fd(fd, info, &len))
		die(EXIT_FAIL, "BPF program %u: %s", id, strerror(errno));
	info->nr_map_ids = MIN(info->nr_map_ids, (__u32)MAPS_MAX);
}

static void prog_list(int fd, uint32_t id, void *arg)
{
	struct list *l = arg;
	struct bpf_prog_info info;
	u32 maps[MAPS_MAX];
	struct row row = { .id = id };

	if (!wanted(l, id))
		return;
	prog_info(fd, id, &info, maps);
	row.type = info.type;
	row.uid = info.created_by_uid;
	row.nmaps = info.nr_map_ids;
	row.loaded_ns = info.load_time;
	row.xlated = info.xlated_prog_len;
	row.jited = info.jited_prog_len;
	for (int i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(row.tag + 2 * i, 3, "%02x", info.tag[i]);
	prog_name_read(fd, &info, row.name);
	notes_join(l, id, false, row.target);
	notes_join(l, id, true, row.holders);
	row_print(l->run, &row, false);
	if (l->nwanted && l->run->format == FORMAT_TEXT)
		maps_below(l, maps, info.nr_map_ids);
}

/* Which maps the wanted programs use. */
static void maps_note(struct list *l)
{
	for (size_t i = 0; i < l->nwanted; i++) {
		int fd = bpf_prog_get_fd_by_id(l->wanted[i]);
		struct bpf_prog_info info;
		u32 maps[MAPS_MAX];

		if (fd < 0)
			continue;
		prog_info(fd, l->wanted[i], &info, maps);
		close(fd);
		l->maps = xrealloc(l->maps, (l->nmaps + MAPS_MAX) * sizeof(*l->maps));
		memcpy(l->maps + l->nmaps, maps, info.nr_map_ids * sizeof(*maps));
		l->nmaps += info.nr_map_ids;
	}
}

static void args_take(struct list *l)
{
	const struct run *run = l->run;

	l->wanted = xalloc((run->argc + 1) * sizeof(*l->wanted));
	for (int i = 0; i < run->argc; i++) {
		uint64_t id;
		int fd;

		if (!parse_u64(run->argv[i], &id) || !id || id > UINT32_MAX)
			die(EXIT_USAGE, "PROG '%s': expected the number of a BPF program",
			    run->argv[i]);
		fd = bpf_prog_get_fd_by_id(id);
		if (fd < 0 && errno == EPERM)
			die(EXIT_FAIL, "not permitted: run it as root, or with CAP_SYS_ADMIN");
		if (fd < 0)
			die(EXIT_FAIL, "there is no BPF program %s", run->argv[i]);
		close(fd);
		l->wanted[l->nwanted++] = id;
	}
}

static int list(struct run *run)
{
	struct list *l = xalloc(sizeof(*l));

	l->run = run;
	if (opt_on(run, 'm') && opt_on(run, 'l'))
		opt_bad(run, 'l', "excludes --maps");
	args_take(l);
	rows_begin(run);
	if (opt_on(run, 'm')) {
		maps_note(l);
		objects_each(OBJECT_MAP, map_list, l);
	} else if (opt_on(run, 'l')) {
		objects_each(OBJECT_LINK, link_list, l);
	} else {
		objects_each(OBJECT_LINK, note_link, l);
		holdings_each(note_holding, l);
		objects_each(OBJECT_PROG, prog_list, l);
	}
	return EXIT_OK;
}

/* ---- columns ---- */

static void cell_type(struct cell *cell, const char *name, u32 type)
{
	if (name)
		cell_str(cell, name);
	else
		cell_u64(cell, type);
}

static void fmt_prog_type(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_type(cell, libbpf_bpf_prog_type_str(e->type), e->type);
}

static void fmt_map_type(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_type(cell, libbpf_bpf_map_type_str(e->type), e->type);
}

static void fmt_link_type(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_type(cell, libbpf_bpf_link_type_str(e->type), e->type);
}

static void fmt_flags(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (cell_run(cell)->format == FORMAT_TEXT)
		cell_printf(cell, "0x%x", e->flags);
	else
		cell_u64(cell, e->flags);
}

/* Local time for people, UTC for programs. */
static void fmt_loaded(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	struct timespec now, boot;
	char text[32];
	struct tm tm;
	time_t at;

	clock_gettime(CLOCK_REALTIME, &now);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	at = now.tv_sec - boot.tv_sec + (time_t)(e->loaded_ns / 1000000000);
	if (cell_run(cell)->format == FORMAT_TEXT)
		strftime(text, sizeof(text), "%m-%d/%H:%M:%S", localtime_r(&at, &tm));
	else
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&at, &tm));
	cell_str(cell, text);
}

/* A field that is a string, and no value if it is empty. */
static void fmt_string(struct cell *cell, const void *row)
{
	const char *text = cell_ptr(cell, row);

	if (*text)
		cell_str(cell, text);
	else
		cell_none(cell);
}

static const struct col prog_cols[] = {
	COL(id, "ID", -6),
	COL_FMT(type, "TYPE", -15, fmt_prog_type),
	COL(uid, "UID", -6),
	COL(nmaps, "MAPS", 4),
	COL_FMT(loaded_ns, "LOADED", -14, fmt_loaded),
	COL_IF('e', tag, "TAG", -16),
	COL_IF('e', xlated, "BYTES", 6),
	COL_IF('e', jited, "JITED", 6),
	COL_FMT_IF('e', target, "TARGETS", -24, fmt_string),
	COL_FMT_IF('e', holders, "HOLDERS", -20, fmt_string),
	COL(name, "NAME", 0),
	{ 0 }
};

static const struct col map_cols[] = {
	COL(id, "ID", -6),
	COL_FMT(type, "TYPE", -18, fmt_map_type),
	COL_FMT(flags, "FLAGS", -7, fmt_flags),
	COL(key, "KEY", 6),
	COL(value, "VALUE", 8),
	COL(entries, "ENTRIES", 8),
	COL_FMT(name, "NAME", 0, fmt_string),
	{ 0 }
};

static const struct col link_cols[] = {
	COL(id, "ID", -6),
	COL_FMT(type, "TYPE", -15, fmt_link_type),
	COL(prog, "PROG", -6),
	COL_FMT(target, "TARGET", 0, fmt_string),
	{ 0 }
};

static const struct col *cols_make(struct run *run)
{
	if (opt_on(run, 'm'))
		return map_cols;
	return opt_on(run, 'l') ? link_cols : prog_cols;
}

APPLET(bps) = {
	.name = "bps",
	.brief = "List the BPF programs that are loaded, with their maps and links.",
	.args = "[PROG...]",
	.help = "Examples:\n"
		"  bps              all programs\n"
		"  bps 17           that one, with the maps that it uses\n"
		"  bps -m 17        those maps alone\n"
		"  bps -l           the links, and what they attach their programs to\n"
		"KEY and VALUE are bytes. HOLDERS have the program open themselves, by a link or by\n"
		"a perf event; one without is pinned, or attached to an interface, a cgroup or\n"
		"the like. What a link is attached to is told by newer kernels in more cases.\n",
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = prog_cols,
	.cols_make = cols_make,
	.main = list,
};
