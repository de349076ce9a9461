// SPDX-License-Identifier: GPL-2.0-or-later
// Count calls of the file system layer per second.
#include "applet.h"
#include "syscalls.h"
#include "vfsstat.h"
#include "vfsstat.skel.h"
#define RODATA struct vfsstat_bpf__rodata
#define EVENT struct counts

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP(2),
	OPT_USER('c', "counts", NULL, "show the numbers of calls, too"),
	{ 0 }
};

/* For the last resort: which system call is which kind. */
static const struct { unsigned char kind; const char *names; } calls[] = {
	{ READS, " read pread64 readv preadv preadv2 " },
	{ WRITES, " write pwrite64 writev pwritev pwritev2 " },
	{ FSYNCS, " fsync fdatasync " },
	{ OPENS, " open openat openat2 creat open_by_handle_at " },
	{ UNLINKS, " unlink " },
	{ UNLINKATS, " unlinkat " },
	{ MKDIRS, " mkdir mkdirat " },
	{ RMDIRS, " rmdir " },
	{ SPLICES, " splice sendfile sendfile64 copy_file_range " },
};

static unsigned char call_kind(const char *name)
{
	char word[64];

	snprintf(word, sizeof(word), " %s ", name);
	for (size_t i = 0; i < ARRAY_LEN(calls); i++)
		if (strstr(calls[i].names, word))
			return calls[i].kind + 1;
	return 0;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	for (int compat = 0; compat < 2; compat++) {
		for (int nr = 0; nr < SYSCALLS_MAX; nr++) {
			const char *name = syscall_name(nr, compat);

			ro->kinds[compat][nr] = name ? call_kind(name) : 0;
		}
	}
}

static void tick(struct run *run)
{
	struct counts row;

	counts_since(run, "counts", 0, (uint64_t *)row.n, KINDS);
	row_print(run, &row, false);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_RATE(n[READS], "READ/s", 8),
	COL_RATE(n[WRITES], "WRITE/s", 8),
	COL_RATE(n[FSYNCS], "FSYNC/s", 8),
	COL_RATE(n[OPENS], "OPEN/s", 8),
	COL_RATE(n[CREATES], "CREATE/s", 8),
	COL_RATE(n[UNLINKS], "UNLINK/s", 8),
	COL_RATE(n[MKDIRS], "MKDIR/s", 8),
	COL_RATE(n[RMDIRS], "RMDIR/s", 8),
	COL_RATE(n[SPLICES], "SPLICE/s", 8),
	COL_IF('c', n[READS], "READS", 8),
	COL_IF('c', n[WRITES], "WRITES", 8),
	COL_IF('c', n[FSYNCS], "FSYNCS", 8),
	COL_IF('c', n[OPENS], "OPENS", 8),
	COL_IF('c', n[CREATES], "CREATES", 8),
	COL_IF('c', n[UNLINKS], "UNLINKS", 8),
	COL_IF('c', n[MKDIRS], "MKDIRS", 8),
	COL_IF('c', n[RMDIRS], "RMDIRS", 8),
	COL_IF('c', n[SPLICES], "SPLICES", 8),
	{ 0 }
};

#define FUNCTIONS(how, remover)								\
	"vfs_read_" how " vfs_write_" how " vfs_open_" how " vfs_create_" how			\
	" " remover "unlink_" how " " remover "mkdir_" how " " remover "rmdir_" how		\
	" ?vfs_readv_" how " ?vfs_writev_" how " ?io_read_" how " ?io_write_" how		\
	" ?io_fsync_" how " ?aio_read_" how " ?aio_write_" how " ?finish_open_" how		\
	" ?do_splice_" how " ?do_sendfile_" how " ?vfs_copy_file_range_" how

static const struct probe probes[] = {
	{ "the file system layer", FUNCTIONS("fentry", "security_inode_") },
	{ "the file system layer", FUNCTIONS("fentry", "vfs_") },
	{ "the file system layer", FUNCTIONS("kprobe", "security_inode_") },
	{ "the file system layer", FUNCTIONS("kprobe", "vfs_") },
	{ "the file system layer", "syscall_exit" },
	{ "fsync", "fsync_enter fdatasync_enter" },
	{ "fsync", "vfs_fsync_range_fentry" },
	{ "fsync", "vfs_fsync_range_kprobe" },
	{ "fsync", "fsync_exit" },
	{ 0 }
};

BPF_OBJECT(vfsstat);

APPLET(vfsstat) = {
	.name = "vfsstat",
	.brief = "Count calls of the file system layer per second.",
	.help = "Examples:\n"
		"  vfsstat                  each second\n"
		"  vfsstat 10 6             each ten seconds, six times\n"
		"  vfsstat -c -p 181        of process 181, with the numbers themselves\n"
		"READ and WRITE have those by vectors, io_uring and AIO, and of any kind of file;\n"
		"SPLICE is splice, sendfile and copy_file_range; CREATE has what an open made.\n"
		"Calls count when they begin, failing or not. Where a kernel lets no function be\n"
		"watched (see --verbose), system calls are counted, those that succeed; io_uring\n"
		"and AIO are not seen then.\n",
	OBJECT(vfsstat),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.setup = setup,
	.tick = tick,
};
