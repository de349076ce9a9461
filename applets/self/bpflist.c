// SPDX-License-Identifier: GPL-2.0-or-later
// List the processes that hold BPF programs, maps, links and probes.
#include "applet.h"
#include "objects.h"

#include <bpf/bpf.h>
#include <unistd.h>

struct row {
	u32 pid, count, fd, id, prog;
	char comm[64];
	char type[16];
	char name[OBJECT_TARGET];
};
#define EVENT struct row

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process only", 1, 4194304),
	OPT_USER('v', "objects", NULL, "each object, with its id and name"),
	{ 0 }
};

struct list {
	struct run *run;
	struct row *v;
	size_t n;
	bool each;
};

/* ---- names ---- */

static void name_prog(u32 id, char name[OBJECT_TARGET])
{
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_prog_get_fd_by_id(id);

	if (fd >= 0 && !bpf_prog_get_info_by_fd(fd, &info, &len))
		prog_name_read(fd, &info, name);
	if (fd >= 0)
		close(fd);
}

static void name_map(u32 id, char name[OBJECT_TARGET])
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0 && !bpf_map_get_info_by_fd(fd, &info, &len))
		snprintf(name, OBJECT_TARGET, "%s", info.name);
	if (fd >= 0)
		close(fd);
}

static void name_link(u32 id, char name[OBJECT_TARGET])
{
	struct link_about link;
	int fd = bpf_link_get_fd_by_id(id);

	if (fd >= 0 && !link_read(fd, &link))
		memcpy(name, link.target, OBJECT_TARGET);
	if (fd >= 0)
		close(fd);
}

static void name_read(struct row *row, const struct holding *h)
{
	if (*h->probe)
		snprintf(row->name, sizeof(row->name), "%s", h->probe);
	else if (!strcmp(h->type, "prog"))
		name_prog(h->id, row->name);
	else if (!strcmp(h->type, "map"))
		name_map(h->id, row->name);
	else if (!strcmp(h->type, "link"))
		name_link(h->id, row->name);
}

/* ---- the list ---- */

static void see(const struct holding *h, void *arg)
{
	struct list *l = arg;
	struct row *row;

	if (opt_on(l->run, 'p') && (uint64_t)h->pid != opt_u64(l->run, 'p', 0))
		return;
	for (row = l->v; row < l->v + l->n && !l->each; row++) {
		if (row->pid == (u32)h->pid && !strcmp(row->type, h->type)) {
			row->count++;
			return;
		}
	}
	l->v = xrealloc(l->v, (l->n + 1) * sizeof(*l->v));
	row = &l->v[l->n++];
	*row = (struct row){ .pid = h->pid, .fd = h->fd, .count = 1, .id = h->id, .prog = h->prog };
	snprintf(row->comm, sizeof(row->comm), "%s", h->comm);
	snprintf(row->type, sizeof(row->type), "%s", h->type);
	if (l->each)
		name_read(row, h);
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return strcmp(x->type, y->type);
}

static int list(struct run *run)
{
	struct list l = { .run = run, .each = opt_on(run, 'v') };

	holdings_each(see, &l);
	if (!l.each)
		qsort(l.v, l.n, sizeof(*l.v), row_order);
	rows_begin(run);
	for (size_t i = 0; i < l.n; i++)
		row_print(run, &l.v[i], false);
	return EXIT_OK;
}

static void fmt_id(struct cell *cell, const void *row)
{
	u32 id = *(const u32 *)cell_ptr(cell, row);

	if (id)
		cell_u64(cell, id);
	else
		cell_none(cell);
}

static void fmt_name(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (*e->name)
		cell_str(cell, e->name);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL(pid, "PID", -7),
	COL(comm, "COMM", -16),
	COL(type, "TYPE", -14),
	COL_UNLESS('v', count, "COUNT", 5),
	COL_ONLY('v', fd, "FD", 4),
	COL_FMT_ONLY('v', id, "ID", -6, fmt_id),
	COL_FMT_ONLY('v', prog, "PROG", -6, fmt_id),
	COL_FMT_ONLY('v', name, "NAME", 0, fmt_name),
	{ 0 }
};

APPLET(bpflist) = {
	.name = "bpflist",
	.brief = "List the processes that hold BPF programs, maps, links and probes.",
	.help = "Examples:\n"
		"  bpflist               how many of each kind\n"
		"  bpflist -v -p 181     each of process 181, with its id, its program and its name\n"
		"A probe (kprobe, uprobe, tracepoint) is a perf event with a program on it; NAME\n"
		"is where it sits. That of a link is what it is attached to, where the kernel\n"
		"tells that. What is pinned, and what the kernel itself holds, is of no process:\n"
		"bps lists all programs. Processes of other users are seen as root only.\n",
	.opts = opts,
	.cols = cols,
	.main = list,
};
