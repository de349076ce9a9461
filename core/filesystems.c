// SPDX-License-Identifier: GPL-2.0-or-later
// Watching the operations of a file system: its own functions, those that all share, system calls.
#include "filesystems.h"
#include "elf.h"
#include "ksyms.h"
#include "syscalls.h"

#include <bpf/libbpf.h>
#include <fcntl.h>
#include <unistd.h>

/* The programs of bpf/fs.bpf.h: NAME_fentry, NAME_fexit, NAME_kprobe of each. */
enum hook {
	READ, READV, SPLICE_READ, WRITE, WRITEV, SPLICE_WRITE, OPEN, OPEN2, OPEN_ATOMIC, FSYNC,
	FSYNC_FD, GETATTR, HOOKS
};

#define PROGS(name) { #name "_fentry", #name "_fexit", #name "_kprobe" }
static const char *const progs[HOOKS][3] = {
	[READ] = PROGS(read), [READV] = PROGS(readv), [SPLICE_READ] = PROGS(splice_read),
	[WRITE] = PROGS(write), [WRITEV] = PROGS(writev), [SPLICE_WRITE] = PROGS(splice_write),
	[OPEN] = PROGS(open), [OPEN2] = PROGS(open2), [OPEN_ATOMIC] = PROGS(open_atomic),
	[FSYNC] = PROGS(fsync), [FSYNC_FD] = PROGS(fsync_fd),
	[GETATTR] = PROGS(getattr),
};

/* A file system: its names in the kernel, and its functions; of several the first that is there.
 * Until 6.5 sendfile() and splice() came to the function for reading, too. */
struct filesystem {
	const char *types[FS_TYPES];
	const char *functions[HOOKS][2];
};

#define SPLICE_SHARED "filemap_splice_read"

static const struct filesystem filesystems[] = {
	{ { "btrfs" }, {
		[READ] = { "btrfs_file_read_iter" }, [WRITE] = { "btrfs_file_write_iter" },
		[SPLICE_READ] = { "btrfs_file_splice_read", SPLICE_SHARED },
		[OPEN] = { "btrfs_file_open" }, [FSYNC] = { "btrfs_sync_file" },
		[GETATTR] = { "btrfs_getattr" } } },
	{ { "ext4", "ext3", "ext2" }, { /* one driver for all three */
		[READ] = { "ext4_file_read_iter" }, [WRITE] = { "ext4_file_write_iter" },
		[SPLICE_READ] = { "ext4_file_splice_read" }, [OPEN] = { "ext4_file_open" },
		[FSYNC] = { "ext4_sync_file" }, [GETATTR] = { "ext4_getattr" } } },
	{ { "xfs" }, {
		[READ] = { "xfs_file_read_iter" }, [WRITE] = { "xfs_file_write_iter" },
		[SPLICE_READ] = { "xfs_file_splice_read" }, [OPEN] = { "xfs_file_open" },
		[FSYNC] = { "xfs_file_fsync" }, [GETATTR] = { "xfs_vn_getattr" } } },
	{ { "nfs", "nfs4" }, { /* version 4 opens, and mostly looks up and opens, by its own */
		[READ] = { "nfs_file_read" }, [WRITE] = { "nfs_file_write" },
		[SPLICE_READ] = { "nfs_file_splice_read" }, [OPEN] = { "nfs_file_open" },
		[OPEN2] = { "nfs4_file_open" }, [OPEN_ATOMIC] = { "nfs_atomic_open" },
		[FSYNC] = { "nfs_file_fsync" }, [GETATTR] = { "nfs_getattr" } } },
	{ { "f2fs" }, {
		[READ] = { "f2fs_file_read_iter" }, [WRITE] = { "f2fs_file_write_iter" },
		[SPLICE_READ] = { "f2fs_file_splice_read" }, [OPEN] = { "f2fs_file_open" },
		[FSYNC] = { "f2fs_sync_file" }, [GETATTR] = { "f2fs_getattr" } } },
	{ { "fuse", "fuseblk", "virtiofs" }, {
		[READ] = { "fuse_file_read_iter" }, [WRITE] = { "fuse_file_write_iter" },
		[SPLICE_READ] = { "fuse_splice_read", SPLICE_SHARED }, [OPEN] = { "fuse_open" },
		[OPEN_ATOMIC] = { "fuse_atomic_open" }, [FSYNC] = { "fuse_fsync" },
		[GETATTR] = { "fuse_getattr" } } },
	{ { "bcachefs" }, {
		[READ] = { "bch2_read_iter" }, [WRITE] = { "bch2_write_iter" },
		[SPLICE_READ] = { SPLICE_SHARED }, [OPEN] = { "bch2_open" },
		[FSYNC] = { "bch2_fsync" }, [GETATTR] = { "bch2_getattr" } } },
	{ { "zfs" }, { /* its splice_read goes by way of the read */
		[READ] = { "zpl_iter_read" }, [WRITE] = { "zpl_iter_write" },
		[OPEN] = { "zpl_open" }, [FSYNC] = { "zpl_fsync" },
		[GETATTR] = { "zpl_getattr" } } },
	{ { "overlay" }, {
		[READ] = { "ovl_read_iter" }, [WRITE] = { "ovl_write_iter" },
		[SPLICE_READ] = { "ovl_splice_read" }, [OPEN] = { "ovl_open" },
		[FSYNC] = { "ovl_fsync" }, [GETATTR] = { "ovl_getattr" } } },
	/* Any other. The last must stay so. What splices from a file was do_splice_to() until 6.5,
	 * which became the first of these in 6.8. vfs_getattr() is small and inlined into the
	 * system calls. */
	{ { NULL }, {
		[READ] = { "vfs_read" }, [READV] = { "vfs_readv" }, [WRITE] = { "vfs_write" },
		[WRITEV] = { "vfs_writev" }, [SPLICE_READ] = { "do_splice_read", "do_splice_to" },
		[SPLICE_WRITE] = { "iter_file_splice_write" }, [OPEN] = { "do_dentry_open" },
		[FSYNC] = { "vfs_fsync_range" }, [FSYNC_FD] = { "do_fsync" },
		[GETATTR] = { "vfs_getattr_nosec" } } },
};

static const struct { const char *name; u8 what; } calls_known[] = {
#define OP(op) ((op) + 1)
	{ "read", OP(FS_READ) }, { "readv", OP(FS_READ) },
	{ "pread64", OP(FS_READ) | FS_CALL_POS_3 }, { "preadv", OP(FS_READ) | FS_CALL_POS_3 },
	{ "preadv2", OP(FS_READ) | FS_CALL_POS_3 },
	{ "sendfile", OP(FS_READ) | FS_CALL_COPIES | FS_CALL_FILE_1 },
	{ "sendfile64", OP(FS_READ) | FS_CALL_COPIES | FS_CALL_FILE_1 },
	{ "splice", OP(FS_READ) | FS_CALL_COPIES },
	{ "copy_file_range", OP(FS_READ) | FS_CALL_COPIES },
	{ "write", OP(FS_WRITE) }, { "writev", OP(FS_WRITE) },
	{ "pwrite64", OP(FS_WRITE) | FS_CALL_POS_3 }, { "pwritev", OP(FS_WRITE) | FS_CALL_POS_3 },
	{ "pwritev2", OP(FS_WRITE) | FS_CALL_POS_3 },
	{ "open", OP(FS_OPEN) }, { "openat", OP(FS_OPEN) }, { "openat2", OP(FS_OPEN) },
	{ "creat", OP(FS_OPEN) }, { "open_by_handle_at", OP(FS_OPEN) },
	{ "fsync", OP(FS_FSYNC) }, { "fdatasync", OP(FS_FSYNC) },
	{ "fstat", OP(FS_GETATTR) }, { "fstat64", OP(FS_GETATTR) },
	{ "newfstatat", OP(FS_GETATTR) | FS_CALL_FLAGS_3 },
	{ "fstatat64", OP(FS_GETATTR) | FS_CALL_FLAGS_3 },
	{ "statx", OP(FS_GETATTR) | FS_CALL_FLAGS_2 },
};

/* What was chosen, the same at each attempt. */
struct chosen {
	const struct filesystem *fs;
	char *function[HOOKS];	/* as the kernel has it; NULL: none */
	/* The types that are watched: all of one driver, as its functions serve all of them, and a
	 * mount by "nfs" may have become an "nfs4". None: of any file system. */
	const char *types[FS_TYPES];
};

/* ---- which functions there are ---- */

struct found {
	const struct filesystem *fs;
	char *function[HOOKS][2];
};

/* A compiler's suffix is part of the name; the cold part of a function is not the function. */
static bool function_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct found *found = arg;
	size_t len = strcspn(name, ".");

	(void)addr;
	(void)module;
	if (strstr(name, ".cold") || strstr(name, ".part"))
		return true;
	for (int h = 0; h < HOOKS; h++) {
		for (int i = 0; i < 2; i++) {
			const char *wanted = found->fs->functions[h][i];

			if (wanted && strlen(wanted) == len && !strncmp(wanted, name, len) &&
			    !found->function[h][i])
				found->function[h][i] = xstrdup(name);
		}
	}
	return true;
}

static void functions_find(struct chosen *chosen, const struct filesystem *fs)
{
	struct found found = { .fs = fs };

	kallsyms_match("*", function_see, &found);
	chosen->fs = fs;
	for (int h = 0; h < HOOKS; h++)
		chosen->function[h] = found.function[h][0] ? found.function[h][0]
							   : found.function[h][1];
}

/* ---- which file system ---- */

struct type { const char *name; bool known; };

/* "nodev	tmpfs", "	ext4" */
static bool type_see(char *text, size_t len, void *arg)
{
	struct type *type = arg;
	const char *tab = strrchr(text, '\t');

	(void)len;
	type->known |= tab && !strcmp(tab + 1, type->name);
	return true;
}

static void type_check(const char *name)
{
	struct type type = { .name = name };
	int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		die(EXIT_FAIL, "/proc/filesystems: %s", strerror(errno));
	file_lines(fd, type_see, &type);
	if (!type.known)
		die(EXIT_CANNOT, "this kernel has no file system '%s' now (see /proc/filesystems); "
		    "if it is a module, load that first", name);
}

static bool fs_is(const struct filesystem *fs, const char *type)
{
	for (int i = 0; i < FS_TYPES && fs->types[i]; i++)
		if (!strcmp(fs->types[i], type))
			return true;
	return false;
}

static struct chosen *choose(const char *type)
{
	const struct filesystem *fs = filesystems, *any = fs + ARRAY_LEN(filesystems) - 1;
	struct chosen *chosen = xalloc(sizeof(*chosen));

	if (type)
		type_check(type);
	while (fs < any && !(type && fs_is(fs, type)))
		fs++;
	chosen->types[0] = type;
	if (fs != any)
		memcpy(chosen->types, fs->types, sizeof(chosen->types));
	functions_find(chosen, fs);
	/* Functions that were renamed; or an ext2 that is no ext4. */
	if (fs != any && (!chosen->function[READ] || !chosen->function[WRITE]))
		functions_find(chosen, any);
	return chosen;
}

/* ---- telling the programs ---- */

static void types_tell(struct fs_choice *choice, const struct chosen *chosen)
{
	for (int i = 0; i < FS_TYPES && chosen->types[i]; i++)
		snprintf((char *)choice->type[i], FS_TYPE_LEN, "%s", chosen->types[i]);
}

static void hook_set(struct run *run, const struct chosen *chosen, enum hook h)
{
	if (!bpf_object__find_program_by_name(run->obj, progs[h][0]))
		return; /* a tool that does not watch these */
	for (size_t i = 0; i < ARRAY_LEN(progs[h]); i++) {
		if (chosen->function[h])
			prog_target(run, progs[h][i], chosen->function[h]);
		else
			prog_off(run, progs[h][i]);
	}
}

void fs_setup(struct run *run, const char *type, struct fs_choice *choice, u8 calls[FS_CALLS])
{
	/* Or reads and writes only? */
	bool all = bpf_object__find_program_by_name(run->obj, progs[OPEN][0]);
	struct chosen *chosen = run->own;

	if (!chosen)
		chosen = run->own = choose(type);
	choice->vfs = !chosen->fs->types[0];
	types_tell(choice, chosen);
	for (int h = 0; h < HOOKS; h++)
		hook_set(run, chosen, h);
	for (size_t i = 0; i < ARRAY_LEN(calls_known); i++) {
		int nr = syscall_number(calls_known[i].name);
		u8 what = calls_known[i].what;

		if (nr >= 0 && nr < FS_CALLS && (all || (what & FS_CALL_OP) <= OP(FS_WRITE)))
			calls[nr] = what;
	}
}

/* Each function that was chosen has its begin attached by now; all returns come to one program. */
void fs_attach(struct run *run)
{
	const struct chosen *chosen = run->own;
	int err;

	for (int h = 0; h < HOOKS && prog_loaded(run, "return_kretprobe"); h++) {
		if (!chosen->function[h] ||
		    !bpf_object__find_program_by_name(run->obj, progs[h][2]))
			continue;
		err = prog_attach_kprobe(run, "return_kretprobe", true, chosen->function[h], 0);
		if (err)
			die(EXIT_CANNOT, "the return of %s cannot be probed: %s",
			    chosen->function[h], strerror(-err));
	}
}

/* ---- tools that list slow operations ---- */

void fs_slow_setup(struct run *run, int key, u64 *min_ns, struct filter *filter)
{
	char *end = NULL;
	double ms;

	filter->not_pid = getpid();
	filter->any = true;
	if (run->argc > 1)
		die(EXIT_USAGE, "unexpected operand '%s'; try '%s --help'", run->argv[1], prog_name);
	if (run->argc && opt_on(run, key))
		die(EXIT_USAGE, "MIN_MS and -%c are the same: give one", key);
	if (run->argc) {
		ms = strtod(run->argv[0], &end);
		if (*end || end == run->argv[0] || !(ms >= 0 && ms <= 1e9))
			die(EXIT_USAGE, "MIN_MS '%s': expected a number, 0 or more", run->argv[0]);
		*min_ns = ms * 1000000 + 0.5;
	} else if (!opt_on(run, key)) {
		*min_ns = 10 * 1000000;
	}
}

void fs_fmt_number(struct cell *cell, const void *row)
{
	int64_t n = *(const __s64 *)cell_ptr(cell, row);

	if (n < 0)
		cell_none(cell);
	else
		cell_s64(cell, n);
}
