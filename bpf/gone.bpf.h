/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of files that are removed or changed. Not by vfs_unlink() and its like: these were given
 * new arguments in 5.12, 6.3 and 6.19, compilers put them into their callers (5.10 has vfs_rmdir()
 * so), they know no mount, and overlayfs calls them once more for the layer below. What the
 * security modules are asked has looked the same since 2.6.29, knows the mount, and is asked once a
 * system call: so the file is noted there, and told when the call has succeeded. (It takes
 * CONFIG_SECURITY_PATH, which AppArmor, Tomoyo and Landlock bring along.) A tool defines:
 *
 *	static int gone(void *ctx, const struct note *note);		that call has succeeded
 *	static int gone_call(void *ctx, u32 call, struct pt_regs *regs, long ret);
 *
 * The second is for kernels that let no function be watched: a system call that has succeeded, one
 * of those in gone_calls[] (user space fills that in), filtered or not; the names are then what the
 * program gave. */
#ifndef GONE_BPF_H
#define GONE_BPF_H

#include "syscall.bpf.h"
#include "path.bpf.h"
#include "gone.h"

enum { PF_IO_WORKER = 0x10, PF_KTHREAD = 0x200000, RENAME_EXCHANGE = 2, AT_REMOVEDIR = 0x200 };

/* An inode, also after its number has been given to another. */
struct file_id {
	u64 ino;
	u32 dev, generation;
};

/* A call under way. The folders stay what they are until its end, the names do not. */
struct note {
	u32 action;
	bool last;		/* it was the last name of what is removed */
	struct vfsmount *mnt;
	struct dentry *dir, *new_dir;
	struct file_id victim;	/* what is removed, or replaced; all 0: nothing */
	char name[NAME_MAX + 1];
	char new_name[NAME_MAX + 1];
};

static struct note no_note;

/* Each call returns, also that of a task that is killed, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct note);
} notes SEC(".maps");

static int gone(void *ctx, const struct note *note);
static int gone_call(void *ctx, u32 call, struct pt_regs *regs, long ret);

static __always_inline void file_identify(struct file_id *id, struct inode *inode)
{
	id->ino = BPF_CORE_READ(inode, i_ino);
	id->dev = BPF_CORE_READ(inode, i_sb, s_dev);
	id->generation = BPF_CORE_READ(inode, i_generation);
}

static __always_inline void name_note(char *to, struct dentry *dentry)
{
	bpf_probe_read_kernel_str(to, NAME_MAX + 1, BPF_CORE_READ(dentry, d_name.name));
}

/* A folder's path and a name in it. */
static __noinline long path_of_name(char *to, struct vfsmount *mnt, struct dentry *dir,
				    const char *name)
{
	long len = path_resolve(to, mnt, dir), more;

	/* Over its NUL comes a slash, unless the folder is the root. */
	if (len > 2) {
		to[(len - 1) & (PATH_MAX - 1)] = '/';
		len++;
	}
	more = bpf_probe_read_kernel_str(&to[(len - 1) & (2 * PATH_MAX - 1)], NAME_MAX + 1, name);
	return more > 0 ? (len - 1 + more) & (2 * PATH_MAX - 1) : len & (2 * PATH_MAX - 1);
}

/* io_uring's workers and the kernel's own threads come by without a system call. */
static __noinline bool in_system_call(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();

	return !(BPF_CORE_READ(task, flags) & (PF_IO_WORKER | PF_KTHREAD));
}

static __noinline struct note *note_make(u32 action, const struct path *dir, struct dentry *dentry)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct note *n;

	if (filtered() || !in_system_call())
		return NULL;
	bpf_map_update_elem(&notes, &tid, &no_note, BPF_ANY);
	n = bpf_map_lookup_elem(&notes, &tid);
	if (!n) {
		LOST(entries);
		return NULL;
	}
	n->action = action;
	n->mnt = BPF_CORE_READ(dir, mnt);
	n->dir = BPF_CORE_READ(dir, dentry);
	name_note(n->name, dentry);
	return n;
}

static __noinline int victim_note(struct note *n, struct dentry *dentry)
{
	struct inode *inode = BPF_CORE_READ(dentry, d_inode);

	if (!n || !inode)
		return 0;
	file_identify(&n->victim, inode);
	n->last = BPF_CORE_READ(inode, i_nlink) <= 1;
	return 1;
}

static __noinline int removes(u32 action, const struct path *dir, struct dentry *dentry)
{
	victim_note(note_make(action, dir, dentry), dentry);
	return 0;
}

static __noinline int renames(const struct path *dir, struct dentry *dentry,
			      const struct path *new_dir, struct dentry *new_dentry, u32 flags)
{
	struct note *n = note_make(RENAME, dir, dentry);

	if (!n)
		return 0;
	n->new_dir = BPF_CORE_READ(new_dir, dentry);
	name_note(n->new_name, new_dentry);
	if (flags & RENAME_EXCHANGE)
		n->action = EXCHANGE;
	else if (BPF_CORE_READ(dentry, d_inode) != BPF_CORE_READ(new_dentry, d_inode) &&
		 victim_note(n, new_dentry))
		n->action = REPLACE;
	return 0;
}

SEC("fentry/security_path_unlink")
int BPF_PROG(unlink_fentry, const struct path *dir, struct dentry *dentry)
{
	return removes(DELETE, dir, dentry);
}

SEC("fentry/security_path_rmdir")
int BPF_PROG(rmdir_fentry, const struct path *dir, struct dentry *dentry)
{
	return removes(RMDIR, dir, dentry);
}

SEC("fentry/security_path_rename")
int BPF_PROG(rename_fentry, const struct path *dir, struct dentry *dentry,
	     const struct path *new_dir, struct dentry *new_dentry, unsigned int flags)
{
	return renames(dir, dentry, new_dir, new_dentry, flags);
}

SEC("kprobe/security_path_unlink")
int BPF_KPROBE(unlink_kprobe, const struct path *dir, struct dentry *dentry)
{
	return removes(DELETE, dir, dentry);
}

SEC("kprobe/security_path_rmdir")
int BPF_KPROBE(rmdir_kprobe, const struct path *dir, struct dentry *dentry)
{
	return removes(RMDIR, dir, dentry);
}

SEC("kprobe/security_path_rename")
int BPF_KPROBE(rename_kprobe, const struct path *dir, struct dentry *dentry,
	       const struct path *new_dir, struct dentry *new_dentry)
{
	u32 flags = 0;

#ifdef __TARGET_ARCH_arm /* has the fifth argument on the stack */
	bpf_probe_read_kernel(&flags, sizeof(flags), (void *)(unsigned long)PT_REGS_SP(ctx));
#else
	flags = PT_REGS_PARM5(ctx);
#endif
	return renames(dir, dentry, new_dir, new_dentry, flags);
}

/* A note left by a call that a security module refused goes here, too: its call fails. */
static __noinline int call_returned(struct syscall_trace_exit *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct note *n = bpf_map_lookup_elem(&notes, &tid);

	if (!n)
		return 0;
	if (!syscall_ret(ctx))
		gone(ctx, n);
	bpf_map_delete_elem(&notes, &tid);
	return 0;
}

#define RETURNS(name)						\
	SEC("tp/syscalls/sys_exit_" #name)			\
	int name##_exit(struct syscall_trace_exit *ctx)		\
	{							\
		return call_returned(ctx);			\
	}

RETURNS(unlink)
RETURNS(unlinkat)
RETURNS(rmdir)
RETURNS(rename)
RETURNS(renameat)
RETURNS(renameat2)

/* By [compat][number]: enum gone_call. */
const volatile u8 gone_calls[2][SYSCALLS_MAX];

/* All in one, where no function can be watched: the registers are at hand on any kernel. */
SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	u32 nr = syscall_nr(regs);
	u8 call;

	if (ret < 0 || nr >= SYSCALLS_MAX)
		return 0;
	asm volatile("" : "+r"(nr)); /* or the mask, which the verifier needs, is optimised away */
	call = gone_calls[syscall_is_compat()][nr & (SYSCALLS_MAX - 1)];
	return call ? gone_call(ctx, call, regs, ret) : 0;
}

/* Not among the four of syscall.bpf.h. */
static __always_inline unsigned long syscall_arg5(struct pt_regs *regs)
{
	return PT_REGS_PARM5_SYSCALL(regs);
}

/* What a call of unlinkat() or renameat2() with these flags is. */
static __always_inline u32 call_action(u32 call, struct pt_regs *regs)
{
	switch (call) {
	case UNLINK_CALL:
		return DELETE;
	case UNLINKAT_CALL:
		return syscall_arg(regs, 2) & AT_REMOVEDIR ? RMDIR : DELETE;
	case RMDIR_CALL:
		return RMDIR;
	case RENAMEAT2_CALL:
		return syscall_arg5(regs) & RENAME_EXCHANGE ? EXCHANGE : RENAME;
	default:
		return RENAME;
	}
}

/* The old name, or the new one, that a call was given: the folder and the rest. */
static __noinline long call_path(char *to, u32 call, struct pt_regs *regs, bool new)
{
	u64 a = syscall_arg(regs, 0), b = syscall_arg(regs, 1);
	bool at = call == UNLINKAT_CALL || call >= RENAMEAT_CALL;

	if (new)
		return at ? path_user_full(to, syscall_arg(regs, 2), (void *)syscall_arg(regs, 3))
			  : path_user_full(to, AT_FDCWD, (void *)b);
	return at ? path_user_full(to, a, (void *)b) : path_user_full(to, AT_FDCWD, (void *)a);
}

#endif
