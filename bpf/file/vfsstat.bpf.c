// SPDX-License-Identifier: GPL-2.0-or-later
// Count calls of the file system layer per second.
#include "fd.bpf.h"
#include "syscall.bpf.h"
#include "vfsstat.h"

#define FMODE_CREATED 0x100000	/* of file.f_mode since 4.19 */
#define AT_REMOVEDIR 0x200

/* By [compat][number]: the kind of a system call plus one; 0 is none of interest. */
const volatile u8 kinds[2][SYSCALLS_MAX];

/* Only ever counted up: user space takes differences, so that nothing falls between two reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct counts);
} counts SEC(".maps");

static __noinline int count(u32 kind)
{
	u32 zero = 0;
	struct counts *c;

	if (filtered())
		return 0;
	c = bpf_map_lookup_elem(&counts, &zero);
	if (c && kind < KINDS)
		c->n[kind]++;
	return 0;
}

/* open(O_CREAT) makes its file without vfs_create(); the open file remembers that it was made. */
static __noinline int count_open(struct file *file)
{
	count(OPENS);
	if (BPF_CORE_READ(file, f_mode) & FMODE_CREATED)
		count(CREATES);
	return 0;
}

#define CALL(function, kind)				\
	SEC("fentry/" #function)			\
	int function##_fentry(void *ctx)		\
	{						\
		return count(kind);			\
	}						\
	SEC("kprobe/" #function)			\
	int function##_kprobe(void *ctx)		\
	{						\
		return count(kind);			\
	}

/* Where calls of user space come in. What these call further down (vfs_iter_read() and its like, of
 * overlays, loop devices and splices) would count one call twice. */
CALL(vfs_read, READS)
CALL(vfs_readv, READS)
CALL(io_read, READS) /* io_uring */
CALL(aio_read, READS)
CALL(vfs_write, WRITES)
CALL(vfs_writev, WRITES)
CALL(io_write, WRITES)
CALL(aio_write, WRITES)
CALL(io_fsync, FSYNCS)
CALL(vfs_create, CREATES) /* mknod(), and the NFS server */
CALL(do_splice, SPLICES)
CALL(do_sendfile, SPLICES)
CALL(vfs_copy_file_range, SPLICES)

/* Compilers may put these three into the system call that stands next to them, and then nobody
 * comes by (5.10 has rmdir so). What they ask first lies elsewhere, given CONFIG_SECURITY. */
CALL(vfs_unlink, UNLINKS)
CALL(vfs_mkdir, MKDIRS)
CALL(vfs_rmdir, RMDIRS)
CALL(security_inode_unlink, UNLINKS)
CALL(security_inode_mkdir, MKDIRS)
CALL(security_inode_rmdir, RMDIRS)

/* This one asks nobody, and newer kernels have it in the system calls. */
CALL(vfs_fsync_range, FSYNCS)

SEC("tp/syscalls/sys_enter_fsync")
int fsync_enter(void *ctx)
{
	return count(FSYNCS);
}

SEC("tp/syscalls/sys_enter_fdatasync")
int fdatasync_enter(void *ctx)
{
	return count(FSYNCS);
}

SEC("fentry/vfs_open")
int BPF_PROG(vfs_open_fentry, const struct path *path, struct file *file)
{
	return count_open(file);
}

SEC("kprobe/vfs_open")
int BPF_KPROBE(vfs_open_kprobe, const struct path *path, struct file *file)
{
	return count_open(file);
}

/* In place of vfs_open() where lookup and open are one (NFS, FUSE), and for O_TMPFILE. */
SEC("fentry/finish_open")
int BPF_PROG(finish_open_fentry, struct file *file)
{
	return count_open(file);
}

SEC("kprobe/finish_open")
int BPF_KPROBE(finish_open_kprobe, struct file *file)
{
	return count_open(file);
}

/* For kernels that let no function be watched: successful system calls, in the same kinds. */
static __noinline int returned(struct pt_regs *regs, long ret, bool fsyncs)
{
	u32 nr = syscall_nr(regs), kind;

	if (ret < 0 || nr >= SYSCALLS_MAX)
		return 0;
	asm volatile("" : "+r"(nr)); /* or the mask, which the verifier needs, is optimised away */
	kind = kinds[syscall_is_compat()][nr & (SYSCALLS_MAX - 1)];
	if (!kind)
		return 0;
	kind--;
	if ((kind == FSYNCS) != fsyncs)
		return 0;
	if (kind == OPENS)
		return count_open(file_of_fd(ret));
	if (kind == UNLINKATS)
		kind = syscall_arg(regs, 2) & AT_REMOVEDIR ? RMDIRS : UNLINKS;
	return count(kind);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	return returned(regs, ret, false);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(fsync_exit, struct pt_regs *regs, long ret)
{
	return returned(regs, ret, true);
}
