// SPDX-License-Identifier: GPL-2.0-or-later
// Show the files that are read and written most, and by whom.
#include "applet.h"
#include "folder.h"
#include "syscalls.h"
#include "bpf/file_io.h"
#include "filetop.h"
#include "filetop.skel.h"
#define RODATA struct filetop_bpf__rodata

#include <bpf/bpf.h>

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP(2),
	OPT('a', all_files, "all-files", NULL, "not only regular files: sockets, pipes, devices"),
	OPT_USER('d', "directory", "DIR", "only files in or below DIR, on the same file system"),
	OPT('R', no_writes, "read-only", NULL, "only reads"),
	OPT('W', no_reads, "write-only", NULL, "only writes"),
	OPT_USER('s', "sort", "ORDER", "all (bytes), reads, writes, rbytes or wbytes [all]"),
	OPT_USER_NUM('r', "rows", "N", "at most N files [20]", 1, 1000000),
	OPT_USER('b', "bytes", NULL, "show the exact numbers of bytes, too"),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	{ 0 }
};

static const struct { const char *name; unsigned char files; } calls[] = { FILE_IO_CALLS };

static void dir_find(struct run *run, const char *path)
{
	struct folder dir;

	if (!folder_find(path, &dir))
		opt_bad(run, 'd', strerror(errno));
	RUN_RODATA(run)->dir_ino = dir.ino;
	RUN_RODATA(run)->dir_dev = dir.dev;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (ro->no_reads && ro->no_writes)
		opt_bad(run, 'W', "excludes --read-only");
	if (opt_on(run, 'd'))
		dir_find(run, opt_str(run, 'd'));
	for (size_t i = 0; i < ARRAY_LEN(calls); i++) {
		int nr = syscall_number(calls[i].name);

		if (nr >= 0 && nr < SYSCALLS_MAX)
			ro->calls[nr] = calls[i].files;
	}
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
	const EVENT *e = row;
	const char *path = e->value.path;
	unsigned long long ino = e->key.ino;
	char whole[LONG_PATH];

	if (e->value.cut &&
	    !bpf_map_lookup_elem(map_fd(cell_run(cell), "long_paths"), &e->key, whole))
		cell_strn(cell, whole, sizeof(whole));
	else if (*e->value.type == 'S')
		cell_printf(cell, "%s:[%llu]", *path ? path : "socket", ino);
	else if (!*path)
		cell_printf(cell, "pipe:[%llu]", ino);
	else if (*path == '[')
		cell_printf(cell, "anon_inode:%s", path);
	else
		cell_strn(cell, path, sizeof(e->value.path));
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL(value.comm, "COMM", -16),
	COL(value.reads, "READS", 7),
	COL(value.writes, "WRITES", 7),
	COL_DIV(value.read_bytes, "R_Kb", 9, 1024, 1),
	COL_DIV(value.write_bytes, "W_Kb", 9, 1024, 1),
	COL_IF('b', value.read_bytes, "RBYTES", 12),
	COL_IF('b', value.write_bytes, "WBYTES", 12),
	COL(value.type, "T", -1),
	COL_FMT(value.path, "FILE", 0, fmt_path),
	{ 0 }
};

static const struct order orders[] = {
	{ "all", NULL }, { "reads", "READS" }, { "writes", "WRITES" }, { "rbytes", "RBYTES" },
	{ "wbytes", "WBYTES" },
	{ 0 }
};

static const struct top top = {
	.map = "files",
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

BPF_OBJECT(filetop);

APPLET(filetop) = {
	.name = "filetop",
	.brief = "Show the files that are read and written most, and by whom.",
	.help = "Examples:\n"
		"  filetop                  the 20 with most bytes, each second\n"
		"  filetop -C -s reads 5 3  by calls, each five seconds, three times\n"
		"  filetop -d /var/log      files in or below that folder\n"
		"Bytes are those moved, by read, write, their vectors, splice and sendfile; what\n"
		"io_uring, AIO and mapped memory move is not seen. T: R regular file, S socket,\n"
		"O other. A line is a file and a process; the path is that of its first use.\n",
	OBJECT(filetop),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.setup = setup,
};
