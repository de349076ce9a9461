// SPDX-License-Identifier: GPL-2.0-or-later
// Show the files that are read and written most, and by whom.
#include "applet.h"
#include "syscalls.h"
#include "filetop.h"
#include "filetop.skel.h"
#define RODATA struct filetop_bpf__rodata

#include <bpf/bpf.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

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

static const struct { const char *name; unsigned char files; } calls[] = {
	{ "read", READ_ARG(0) }, { "pread64", READ_ARG(0) }, { "readv", READ_ARG(0) },
	{ "preadv", READ_ARG(0) }, { "preadv2", READ_ARG(0) },
	{ "write", WRITE_ARG(0) }, { "pwrite64", WRITE_ARG(0) }, { "writev", WRITE_ARG(0) },
	{ "pwritev", WRITE_ARG(0) }, { "pwritev2", WRITE_ARG(0) },
	{ "splice", READ_ARG(0) | WRITE_ARG(2) }, { "copy_file_range", READ_ARG(0) | WRITE_ARG(2) },
	{ "sendfile", READ_ARG(1) | WRITE_ARG(0) }, { "sendfile64", READ_ARG(1) | WRITE_ARG(0) },
};

/* The number that the kernel has inside for the folder's file system: on btrfs and overlays stat()
 * gives another one, but the list of mounts has it. */
static uint32_t device_of(int fd, const struct stat *st)
{
	unsigned id = 0, want = 0, major = major(st->st_dev), minor = minor(st->st_dev), x, y;
	char path[64], text[512], *line = NULL;
	const char *p;
	size_t room = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	if (file_read(path, text, sizeof(text)) > 0 && (p = strstr(text, "mnt_id:")))
		sscanf(p, "mnt_id: %u", &want);
	f = fopen("/proc/self/mountinfo", "re");
	while (f && getline(&line, &room, f) > 0) {
		if (sscanf(line, "%u %*u %u:%u", &id, &x, &y) == 3 && id == want) {
			major = x;
			minor = y;
		}
	}
	if (f)
		fclose(f);
	free(line);
	return major << 20 | minor;
}

static void dir_find(struct run *run, const char *path)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		opt_bad(run, 'd', strerror(errno));
	RUN_RODATA(run)->dir_ino = st.st_ino;
	RUN_RODATA(run)->dir_dev = device_of(fd, &st);
	close(fd);
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

/* A function next to its only callers may be gone into those: then do without its calls. */
#define READ_WRITE(how) "vfs_read_" how " vfs_write_" how " ?vfs_readv_" how " ?vfs_writev_" how
#define SPLICE(how) " splice_direct_to_actor_" how " splice_file_to_pipe_" how \
	" ?iter_file_splice_write_" how
#define SPLICE_OLD(how) " ?do_splice_to_" how " ?iter_file_splice_write_" how

static const struct probe probes[] = {
	{ "file I/O", READ_WRITE("fexit") SPLICE("fexit") },
	{ "file I/O", READ_WRITE("fexit") SPLICE_OLD("fexit") },
	{ "file I/O", READ_WRITE("kprobe") " " READ_WRITE("kretprobe") SPLICE("kprobe")
		      SPLICE("kretprobe") },
	{ "file I/O", READ_WRITE("kprobe") " " READ_WRITE("kretprobe") SPLICE_OLD("kprobe")
		      SPLICE_OLD("kretprobe") },
	{ "file I/O", "syscall_exit" },
	{ 0 }
};

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
