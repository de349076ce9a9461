// SPDX-License-Identifier: GPL-2.0-or-later
// Show which folders are read and written most, with all that is below them.
#include "applet.h"
#include "folder.h"
#include "syscalls.h"
#include "bpf/file_io.h"
#include "dirtop.h"
#include "dirtop.skel.h"
#define RODATA struct dirtop_bpf__rodata

#include <bpf/bpf.h>
#include <glob.h>

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER('d', "root-directories", "GLOB[,GLOB]", "these folders (necessary)"),
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('s', "sort", "ORDER", "all (bytes), reads, writes, rbytes or wbytes [all]"),
	OPT_USER_NUM('r', "maxrows", "N", "at most N folders [20]", 1, 1000000),
	OPT_USER('b', "bytes", NULL, "show the exact numbers of bytes, too"),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

static const struct { const char *name; unsigned char files; } calls[] = { FILE_IO_CALLS };

struct folders {
	struct { char *path; struct folder_id id; } *v;
	size_t n;
};

static void folder_add(struct folders *all, const char *path)
{
	struct folder_id id = { 0 };
	struct folder dir;

	if (!folder_find(path, &dir))
		return;
	id.ino = dir.ino;
	id.dev = dir.dev;
	for (size_t i = 0; i < all->n; i++)
		if (!memcmp(&all->v[i].id, &id, sizeof(id)))
			return; /* by another name */
	all->v = xrealloc(all->v, (all->n + 1) * sizeof(*all->v));
	all->v[all->n].path = xstrdup(path);
	all->v[all->n++].id = id;
}

static struct folders *folders_find(const struct run *run)
{
	char *list, *save = NULL;
	struct folders *all = xalloc(sizeof(*all));

	if (!opt_on(run, 'd'))
		die(EXIT_USAGE, "which folders? For example: -d '/var/*,/home/*'");
	list = xstrdup(opt_str(run, 'd'));
	for (char *word = strtok_r(list, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
		size_t before = all->n;
		glob_t found;
		int err = glob(word, 0, NULL, &found);

		if (err && err != GLOB_NOMATCH)
			die(EXIT_FAIL, "%s: cannot be searched", word);
		for (size_t i = 0; !err && i < found.gl_pathc; i++)
			folder_add(all, found.gl_pathv[i]);
		if (all->n == before)
			die(EXIT_FAIL, "%s: there is no such folder, or none but those before",
			    word);
		if (!err)
			globfree(&found);
	}
	free(list);
	if (!all->n)
		opt_bad(run, 'd', "names no folder");
	return all;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct folders *all;

	if (!run->own)
		run->own = folders_find(run);
	all = run->own;
	map_resize(run, "folders", all->n);
	map_resize(run, "sums", all->n);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		int nr = syscall_number(calls[i].name);

		if (nr >= 0 && nr < SYSCALLS_MAX)
			ro->calls[nr] = calls[i].files;
	}
}

static void attach(struct run *run)
{
	const struct folders *all = run->own;

	for (uint32_t i = 0; i < all->n; i++)
		if (bpf_map_update_elem(map_fd(run, "folders"), &all->v[i].id, &i, BPF_ANY))
			die(EXIT_FAIL, "cannot note the folders: %s", strerror(errno));
}

/* Bytes first, calls where those are equal. */
static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const EVENT *)row)->value;

	(void)run;
	return v->read_bytes + v->write_bytes + (v->reads + v->writes) / 1e6;
}

static void fmt_path(struct cell *cell, const void *row)
{
	const struct folders *all = cell_run(cell)->own;

	cell_str(cell, all->v[((const EVENT *)row)->key.folder].path);
}

static const struct col cols[] = {
	COL(value.reads, "READS", 8),
	COL(value.writes, "WRITES", 8),
	COL_DIV(value.read_bytes, "R_Kb", 10, 1024, 1),
	COL_DIV(value.write_bytes, "W_Kb", 10, 1024, 1),
	COL_IF('b', value.read_bytes, "RBYTES", 12),
	COL_IF('b', value.write_bytes, "WBYTES", 12),
	COL_FMT(key, "PATH", 0, fmt_path),
	{ 0 }
};

static const struct order orders[] = {
	{ "all", NULL }, { "reads", "READS" }, { "writes", "WRITES" }, { "rbytes", "RBYTES" },
	{ "wbytes", "WBYTES" },
	{ 0 }
};

static const struct top top = {
	.map = "sums",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.sort_key = 's',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
};

static const struct probe probes[] = { FILE_IO_PROBES, { 0 } };

BPF_OBJECT(dirtop);

APPLET(dirtop) = {
	.name = "dirtop",
	.brief = "Show which folders are read and written most, with all that is below them.",
	.help = "Examples:\n"
		"  dirtop -d '/home/*'           each folder in /home, each second\n"
		"  dirtop -d /var,/var/log 5 3   two folders, each five seconds, three times\n"
		"  dirtop -C -s writes -d '/*'   by the number of writes\n"
		"Regular files are counted, in the folder and below it, also in what is mounted\n"
		"there; what is in several of the folders counts in each. Bytes are those moved,\n"
		"by read, write, their vectors, splice and sendfile; what io_uring, AIO and\n"
		"mapped memory move is not seen. Folders made later are not in the list.\n",
	OBJECT(dirtop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.trial = "-d /",
	.setup = setup,
	.attach = attach,
};
