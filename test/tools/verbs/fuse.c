// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file system in user space.
 *
 *   fuse     DIR [MODE]             mounts a folder of regular files, which are in memory, at DIR and
 *                                   serves it until it is unmounted, or its parent ends. MODE: direct
 *                                   (reads and writes go past the page cache), writeback (writes end
 *                                   in it), nocreate (the server has no CREATE, as old ones: the
 *                                   kernel calls MKNOD and OPEN)
 */
#include "work.h"

#include <linux/fuse.h>
#include <sys/mount.h>

enum { FILES = 64, NAME = 64, MAX_WRITE = 1 << 16, FIRST_NODE = FUSE_ROOT_ID + 1 };

static struct file {
	char name[NAME];	/* empty: deleted */
	char *data;
	uint64_t size;
	uint32_t mode;
} files[FILES];
static int files_made; /* never reused, so a node is the same file for ever */

static int device;
static bool direct, writeback, nocreate;

/* ---- replies ---- */

static void reply(const struct fuse_in_header *in, int err, const void *data, size_t len)
{
	struct fuse_out_header out = { .len = sizeof(out) + len, .error = -err, .unique = in->unique };
	struct iovec parts[] = { { &out, sizeof(out) }, { (void *)data, len } };

	/* ENOENT: the caller was interrupted meanwhile. */
	if (writev(device, parts, len ? 2 : 1) < 0 && errno != ENOENT && errno != ENODEV)
		die(1, "reply to operation %u: %s", in->opcode, strerror(errno));
}

#define REPLY(in, what) reply(in, 0, &(what), sizeof(what))

/* ---- files ---- */

static struct file *file_of(uint64_t node)
{
	return node >= FIRST_NODE && node < (uint64_t)FIRST_NODE + files_made ?
		       &files[node - FIRST_NODE] : NULL;
}

static struct file *file_named(const char *name)
{
	for (int i = 0; i < files_made; i++)
		if (*files[i].name && !strcmp(files[i].name, name))
			return &files[i];
	return NULL;
}

static struct file *file_make(const char *name, uint32_t mode)
{
	struct file *file = &files[files_made];

	if (files_made == FILES || strlen(name) >= NAME)
		return NULL;
	files_made++;
	strcpy(file->name, name);
	file->mode = mode;
	return file;
}

static void file_resize(struct file *file, uint64_t size)
{
	file->data = realloc(file->data, size ? size : 1);
	if (!file->data)
		die(1, "out of memory");
	if (size > file->size)
		memset(file->data + file->size, 0, size - file->size);
	file->size = size;
}

/* Of the folder, where `file` is NULL */
static struct fuse_attr attr_of(const struct file *file)
{
	return (struct fuse_attr){
		.ino = file ? FIRST_NODE + (file - files) : FUSE_ROOT_ID,
		.mode = file ? file->mode : S_IFDIR | 0755, .nlink = file ? 1 : 2,
		.size = file ? file->size : 0, .blocks = file ? (file->size + 511) / 512 : 0,
		.blksize = 4096,
	};
}

/* Nobody else changes the files, so the kernel need not ask again. */
enum { VALID_S = 3600 };

static struct fuse_entry_out entry_of(const struct file *file)
{
	return (struct fuse_entry_out){ .nodeid = FIRST_NODE + (file - files), .attr = attr_of(file),
					.entry_valid = VALID_S, .attr_valid = VALID_S };
}

static struct fuse_open_out opened(void)
{
	return (struct fuse_open_out){ .open_flags = direct ? FOPEN_DIRECT_IO : 0 };
}

/* ---- operations; `arg` is what comes behind the header ---- */

static void op_init(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_init_in *asked = arg;
	struct fuse_init_out out = {
		.major = FUSE_KERNEL_VERSION, .minor = 31, /* Linux 5.4 */
		.max_readahead = asked->max_readahead, .max_write = MAX_WRITE,
		.flags = FUSE_BIG_WRITES | (writeback ? FUSE_WRITEBACK_CACHE : 0),
	};

	if (asked->major != FUSE_KERNEL_VERSION || (out.flags & ~asked->flags))
		die(EXIT_CANNOT, "this kernel's FUSE is %u.%u with flags %#x", asked->major,
		    asked->minor, asked->flags);
	REPLY(in, out);
}

static void op_lookup(const struct fuse_in_header *in, const void *arg)
{
	struct file *file = file_named(arg);
	struct fuse_entry_out out;

	if (!file) {
		reply(in, ENOENT, NULL, 0);
		return;
	}
	out = entry_of(file);
	REPLY(in, out);
}

static void reply_attr(const struct fuse_in_header *in)
{
	struct fuse_attr_out out = { .attr_valid = VALID_S, .attr = attr_of(file_of(in->nodeid)) };

	REPLY(in, out);
}

static void op_getattr(const struct fuse_in_header *in, const void *arg)
{
	(void)arg;
	reply_attr(in);
}

static void op_setattr(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_setattr_in *set = arg;
	struct file *file = file_of(in->nodeid);

	if (file && set->valid & FATTR_SIZE)
		file_resize(file, set->size);
	reply_attr(in);
}

static void op_mknod(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_mknod_in *mknod = arg;
	struct file *file = file_make((const char *)(mknod + 1), mknod->mode);
	struct fuse_entry_out out;

	if (!file) {
		reply(in, ENOSPC, NULL, 0);
		return;
	}
	out = entry_of(file);
	REPLY(in, out);
}

static void op_create(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_create_in *create = arg;
	struct { struct fuse_entry_out entry; struct fuse_open_out open; } out;
	struct file *file = NULL;

	if (!nocreate)
		file = file_make((const char *)(create + 1), S_IFREG | create->mode);
	if (!file) {
		reply(in, nocreate ? ENOSYS : ENOSPC, NULL, 0);
		return;
	}
	out.entry = entry_of(file);
	out.open = opened();
	REPLY(in, out);
}

static void op_open(const struct fuse_in_header *in, const void *arg)
{
	struct fuse_open_out out = opened();

	(void)arg;
	REPLY(in, out);
}

static void op_read(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_read_in *read = arg;
	struct file *file = file_of(in->nodeid);
	uint64_t left = file && read->offset < file->size ? file->size - read->offset : 0;

	reply(in, 0, left ? file->data + read->offset : NULL, left < read->size ? left : read->size);
}

static void op_write(const struct fuse_in_header *in, const void *arg)
{
	const struct fuse_write_in *write = arg;
	struct fuse_write_out out = { .size = write->size };
	struct file *file = file_of(in->nodeid);

	if (!file) {
		reply(in, EBADF, NULL, 0);
		return;
	}
	if (write->offset + write->size > file->size)
		file_resize(file, write->offset + write->size);
	memcpy(file->data + write->offset, write + 1, write->size);
	REPLY(in, out);
}

static void op_unlink(const struct fuse_in_header *in, const void *arg)
{
	struct file *file = file_named(arg);

	if (file)
		*file->name = '\0';
	reply(in, file ? 0 : ENOENT, NULL, 0);
}

static void op_success(const struct fuse_in_header *in, const void *arg)
{
	(void)arg;
	reply(in, 0, NULL, 0);
}

/* Those that want no reply */
static void op_silent(const struct fuse_in_header *in, const void *arg)
{
	(void)in;
	(void)arg;
}

static void (*const ops[])(const struct fuse_in_header *in, const void *arg) = {
	[FUSE_INIT] = op_init, [FUSE_LOOKUP] = op_lookup, [FUSE_GETATTR] = op_getattr,
	[FUSE_SETATTR] = op_setattr, [FUSE_MKNOD] = op_mknod, [FUSE_CREATE] = op_create,
	[FUSE_OPEN] = op_open, [FUSE_READ] = op_read, [FUSE_WRITE] = op_write,
	[FUSE_UNLINK] = op_unlink, [FUSE_FSYNC] = op_success, [FUSE_FLUSH] = op_success,
	[FUSE_RELEASE] = op_success, [FUSE_DESTROY] = op_success, [FUSE_FORGET] = op_silent,
	[FUSE_BATCH_FORGET] = op_silent, [FUSE_INTERRUPT] = op_silent,
};

static void serve(void)
{
	static char request[MAX_WRITE + FUSE_MIN_READ_BUFFER];
	const struct fuse_in_header *in = (const void *)request;

	for (;;) {
		ssize_t len = read(device, request, sizeof(request) - 1);

		if (len < 0 && errno == ENODEV)
			return; /* it is unmounted */
		if (len < 0 && (errno == EINTR || errno == ENOENT || errno == EAGAIN))
			continue; /* or the caller was interrupted before this could be read */
		must(len, "/dev/fuse");
		request[len] = '\0';
		if (in->opcode < ARRAY_LEN(ops) && ops[in->opcode])
			ops[in->opcode](in, in + 1);
		else
			reply(in, ENOSYS, NULL, 0);
	}
}

/* It must not outlive the test, whose mount namespace it is in. When it ends the kernel fails whatever
 * waits for an answer. */
static void do_fuse(char **arg)
{
	const char *mode = arg[1] ? arg[1] : "";
	char data[100];

	direct = !strcmp(mode, "direct");
	writeback = !strcmp(mode, "writeback");
	nocreate = !strcmp(mode, "nocreate");
	if (*mode && !direct && !writeback && !nocreate)
		die(2, "%s: not direct, writeback or nocreate", mode);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	device = must(open("/dev/fuse", O_RDWR | O_CLOEXEC), "/dev/fuse");
	snprintf(data, sizeof(data), "fd=%d,rootmode=40000,user_id=0,group_id=0", device);
	must(mount("work", arg[0], "fuse", MS_NOSUID | MS_NODEV, data), arg[0]);
	serve();
}

VERB("fuse", 1, 2, do_fuse);
