/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations on the files of a file system, from their begin to their end. Three ways lead there, and
 * core/filesystems.c says which is taken, and which functions are meant:
 *
 *  - the functions that the file system itself has for it (ext4_file_read_iter): they see what comes
 *    from anywhere, as io_uring, AIO, nfsd, an overlay above, and cost nothing elsewhere;
 *  - those that all file systems share (vfs_read), for files of a certain type;
 *  - system calls, where the kernel lets no function be watched.
 *
 * The tool defines fs_done(), and before it includes this: FS_PLACES, if it wants to know the place
 * within the file; FS_MOVES_ONLY, if it wants reads and writes only. */
#ifndef FS_BPF_H
#define FS_BPF_H

#include "syscall.bpf.h"
#include "path.bpf.h"
#include "fs.h"

#define S_IFMT 0170000
#define S_IFSOCK 0140000
#define S_IFREG 0100000
#define S_IFIFO 0010000
#define ANON_INODE_FS_MAGIC 0x09041934
#define FMODE_OPENED 0x80000
#define AT_EMPTY_PATH 0x1000
#define EAGAIN 11
#define EIOCBQUEUED 529

const volatile struct fs_choice fs_choice;
const volatile u8 fs_calls[FS_CALLS];	/* FS_CALL_* of each system call */

/* An operation under way. It is known by the place of its stack frame, which entry and return see
 * alike, and its negative is kept: the deeper, the larger. So operations within each other are told
 * apart (fsync in a write with O_SYNC, one overlay above another), and one whose end was missed is
 * known by the next one at its place or above. */
struct fs_call {
	u64 frame;		/* 0: none */
	u64 ns;
	const struct path *path; /* of the file, mostly in it; the caller keeps it; NULL: none */
	const loff_t *at;	/* where its position is kept; NULL: nowhere */
	s64 offset;		/* the position at the begin; -1: none */
	s64 bytes;		/* how many are asked for; -1: no such number */
	u16 op;
	bool same;		/* the one around it is the same operation, by another function */
	bool told;		/* by the one within it */
	s32 fd;			/* system calls only */
};

/* A file system's functions are at most that deep within each other: a write and its fsync, on two
 * layers of overlays. */
enum { FS_DEPTH = 4 };

struct task_value {
	u64 ns;			/* not 0: the task has been here before */
	struct fs_call call[FS_DEPTH];
};

#include "task_store.bpf.h"

static struct task_value task_value_new = { .ns = 1 };

/* At its end. `err` is 0 or an errno. */
static __noinline int fs_done(void *ctx, struct fs_call *call, u64 now, int err);

static __always_inline struct task_struct *task_here(void)
{
	if (task_storage_safe()) /* 6.4; that helper came with 5.11 */
		return bpf_get_current_task_btf();
	return (void *)bpf_get_current_task();
}

/* `path` is that of the file, NULL if it is not known yet. */
static __noinline struct fs_call *call_push(u64 frame, u32 op, const struct path *path)
{
	struct task_value *value = task_get(task_here(), true);
	struct fs_call *call;
	bool same = false;

	if (!value) {
		task_set(task_here(), true, &task_value_new);
		value = task_get(task_here(), true);
		if (!value)
			return NULL;
	}
	for (u32 i = 0; i < FS_DEPTH; i++) {
		call = &value->call[i];
		if (call->frame && call->frame < frame) {
			same = call->op == op && call->path == path;
			continue;
		}
		if (call->frame)
			LOST(missed);
		if (i + 1 < FS_DEPTH)
			value->call[i + 1].frame = 0;
		call->frame = frame;
		call->op = op;
		call->same = same;
		call->told = false;
		call->path = path;
#ifdef FS_PLACES
		call->at = NULL;
		call->offset = call->bytes = -1;
#endif
		call->ns = bpf_ktime_get_ns();
		return call;
	}
	LOST(missed);
	return NULL;
}

/* ---- which files ---- */

static __always_inline bool type_is(const u64 *name, const volatile u64 *wanted)
{
	return wanted[0] && name[0] == wanted[0] && name[1] == wanted[1];
}

static __noinline bool inode_wanted(struct inode *inode, u32 op)
{
	u64 name[FS_TYPE_LEN / 8] = {};

	if (op < FS_FSYNC && !fs_choice.any_file &&
	    ((BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG ||
	     /* which call themselves regular since 6.16 */
	     BPF_CORE_READ(inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC))
		return false;
	if (!fs_choice.type[0][0])
		return true;
	bpf_probe_read_kernel_str(name, sizeof(name), BPF_CORE_READ(inode, i_sb, s_type, name));
	for (int i = 0; i < FS_TYPES; i++)
		if (type_is(name, fs_choice.type[i]))
			return true;
	return false;
}

/* ---- begin and end ---- */

/* An open that is known to be one, and of which file system, only at its end. */
enum { FS_OPENING = FS_OPS };

static __noinline struct fs_call *begin_path(u64 frame, u32 op, struct inode *inode,
					     const struct path *path)
{
	if (filtered() || (fs_choice.vfs && op < FS_OPENING && !inode_wanted(inode, op)))
		return NULL;
	return call_push(frame, op, path);
}

/* `at`: where its position is kept, NULL nowhere. NULL: of no interest. */
static __noinline struct fs_call *begin(u64 frame, u32 op, struct file *file, const loff_t *at)
{
	struct fs_call *call;

	call = begin_path(frame, op, BPF_CORE_READ(file, f_inode),
			  (void *)file + bpf_core_field_offset(file->f_path));
#ifdef FS_PLACES
	if (call && at) {
		call->at = at;
		bpf_probe_read_kernel(&call->offset, sizeof(call->offset), at);
	}
#endif
	return call;
}

static __always_inline struct file *call_file(struct fs_call *call)
{
	return (void *)call->path - bpf_core_field_offset(struct file, f_path);
}

/* A try that must not wait, and is made again by one that may, is no operation (io_uring). An open by
 * way of a lookup may turn out to be just the lookup. */
static __always_inline bool no_operation(struct fs_call *call, long ret)
{
	struct file *file;

	if (call->op <= FS_WRITE)
		return ret == -EAGAIN;
	if (call->op != FS_OPENING)
		return false;
	call->op = FS_OPEN;
	file = call_file(call);
	if (!(BPF_CORE_READ(file, f_mode) & FMODE_OPENED))
		return true;
	return fs_choice.vfs && !inode_wanted(BPF_CORE_READ(file, f_inode), FS_OPEN);
}

/* True: it was an operation. */
static __noinline bool end(void *ctx, struct fs_call *call, u64 now, long ret)
{
	if (call->op > FS_WRITE)
		ret = (int)ret; /* the upper half is not set then */
	if (no_operation(call, ret))
		return false;
#ifdef FS_PLACES
	if (call->op <= FS_WRITE) {
		/* From where it ended: only then it is known where O_APPEND began. */
		if (ret > 0 && call->at &&
		    !bpf_probe_read_kernel(&call->offset, sizeof(call->offset), call->at))
			call->offset -= ret;
		call->bytes = ret >= 0 ? ret : ret == -EIOCBQUEUED ? -1 : 0;
	}
#endif
	fs_done(ctx, call, now, ret < 0 && ret != -EIOCBQUEUED ? -ret : 0);
	return true;
}

/* Calls that began before us are not known, nor are unwanted ones. */
static __noinline int returned(void *ctx, u64 frame, long ret)
{
	u64 now = bpf_ktime_get_ns();
	struct task_value *value = task_get(task_here(), true);
	struct fs_call *call;

	for (u32 i = 0; value && i < FS_DEPTH; i++) {
		call = &value->call[i];
		if (call->frame != frame)
			continue;
		call->frame = 0;
		/* Of two that are the same the inner one tells: the outer one may be a call whose
		 * end was missed, since stacks begin at random places (RANDOMIZE_KSTACK_OFFSET). */
		if ((call->told || end(ctx, call, now, ret)) && i && call->same)
			value->call[i - 1].told = true;
		if (!i && !task_storage_safe()) /* a hash would keep it beyond the task's end */
			task_drop(task_here(), true, value);
		break;
	}
	return 0;
}

/* ---- functions ----
 * fentry and fexit of one call run in the same trampoline, so their context has the same address.
 * Negating makes it a number for the verifier, which knows a context pointer else. */

static __always_inline u64 trampoline_frame(void *ctx)
{
	u64 frame = (u64)ctx;

	asm volatile("%0 = -%0" : "+r"(frame));
	return frame;
}

/* Returning pops the return address where calls push it. */
#ifdef __TARGET_ARCH_x86
enum { RETURN_ADDRESS = 8 };
#else
enum { RETURN_ADDRESS = 0 };
#endif

SEC("kretprobe")
int return_kretprobe(struct pt_regs *ctx)
{
	return returned(ctx, -(u64)PT_REGS_SP(ctx) + RETURN_ADDRESS, PT_REGS_RC(ctx));
}

/* The result is behind all arguments. Each load is one of its own: a load from a computed place is
 * refused. The id map that getattr has before its other arguments came with 5.12, when mounts got
 * one. */
enum { NOT_ASKED = 0, GETATTR_ARGS = -1 };
#define HAS_ID_MAP (bpf_core_field_exists(struct vfsmount, mnt_idmap) || \
		    bpf_core_field_exists(struct vfsmount, mnt_userns))
#define LOAD(to, from) ({ (to) = (from); asm volatile("" : "+r"(to)); })

static __always_inline long fexit_result(const u64 *ctx, int own, int vfs)
{
	u64 ret = 0;

	if (fs_choice.vfs) {
		if (vfs != NOT_ASKED)
			LOAD(ret, ctx[vfs]);
	} else if (own != GETATTR_ARGS) {
		LOAD(ret, ctx[own]);
	} else if (HAS_ID_MAP) {
		LOAD(ret, ctx[5]);
	} else {
		LOAD(ret, ctx[4]);
	}
	return ret;
}

/* A function of `own` arguments, or `vfs` where it is the one that all file systems share. BEGIN(name)
 * sees it begin. Ends come first, so in the object, too: they are attached first then, and no begin
 * is seen without its end. */
#define FS_HOOK(name, own, vfs)						\
	SEC("fexit")							\
	int name##_fexit(u64 *ctx)					\
	{								\
		return returned(ctx, trampoline_frame(ctx),		\
				fexit_result(ctx, own, vfs));		\
	}								\
	SEC("fentry")							\
	int name##_fentry(u64 *ctx)					\
	{								\
		name##_begin(trampoline_frame(ctx), ctx, false);	\
		return 0;						\
	}								\
	SEC("kprobe")							\
	int name##_kprobe(struct pt_regs *ctx)				\
	{								\
		name##_begin(-(u64)PT_REGS_SP(ctx), ctx, true);		\
		return 0;						\
	}

#define BEGIN(name) \
	static __always_inline void name##_begin(u64 frame, void *ctx, bool kprobe)

/* Argument `n`, a constant */
static __always_inline u64 argument(void *ctx, bool kprobe, int n)
{
	struct pt_regs *regs = ctx;
	u64 arg;

	if (!kprobe)
		LOAD(arg, ((u64 *)ctx)[n]);
	else if (n == 0)
		LOAD(arg, PT_REGS_PARM1(regs));
	else if (n == 1)
		LOAD(arg, PT_REGS_PARM2(regs));
	else if (n == 2)
		LOAD(arg, PT_REGS_PARM3(regs));
	else
		LOAD(arg, PT_REGS_PARM4(regs));
	return arg;
}
#define ARG(n) ((void *)argument(ctx, kprobe, n))

/* read_iter and write_iter: (iocb, iter) */
static __noinline struct fs_call *begin_iter(u64 frame, u32 op, struct kiocb *iocb)
{
	return begin(frame, op, BPF_CORE_READ(iocb, ki_filp),
		     (void *)iocb + bpf_core_field_offset(iocb->ki_pos));
}

/* vfs_read, vfs_write: (file, buffer, count, position) */
#define BEGIN_MOVE(name, op)						\
	BEGIN(name)							\
	{								\
		if (fs_choice.vfs)					\
			begin(frame, op, ARG(0), ARG(3));		\
		else							\
			begin_iter(frame, op, ARG(0));			\
	}
BEGIN_MOVE(read, FS_READ)
BEGIN_MOVE(write, FS_WRITE)

/* vfs_readv, vfs_writev: (file, vector, length, position, flags) */
BEGIN(readv) { begin(frame, FS_READ, ARG(0), ARG(3)); }
BEGIN(writev) { begin(frame, FS_WRITE, ARG(0), ARG(3)); }

/* splice_read: (file, position, pipe, length, flags). It may be one that file systems share. */
BEGIN(splice_read)
{
	struct file *file = ARG(0);

	if (inode_wanted(BPF_CORE_READ(file, f_inode), FS_READ))
		begin(frame, FS_READ, file, ARG(1));
}

/* iter_file_splice_write: (pipe, file, position, length, flags) */
BEGIN(splice_write) { begin(frame, FS_WRITE, ARG(1), ARG(2)); }

FS_HOOK(read, 2, 4)
FS_HOOK(readv, 5, 5)
FS_HOOK(write, 2, 4)
FS_HOOK(writev, 5, 5)
FS_HOOK(splice_read, 5, 5)
FS_HOOK(splice_write, 5, 5)

#ifndef FS_MOVES_ONLY
/* open: (inode, file); do_dentry_open: (file, ...), two or three of them */
BEGIN(open)
{
	if (fs_choice.vfs)
		begin(frame, FS_OPENING, ARG(0), NULL);
	else
		begin(frame, FS_OPEN, ARG(1), NULL);
}

/* A second one, where a file system has two */
BEGIN(open2) { begin(frame, FS_OPEN, ARG(1), NULL); }

/* atomic_open, which looks up, creates and opens: (dir, dentry, file, flags, mode) */
BEGIN(open_atomic) { begin(frame, FS_OPENING, ARG(2), NULL); }

static __always_inline void range_note(struct fs_call *call, s64 first, s64 last)
{
#ifdef FS_PLACES
	if (call && last != ((u64)-1 >> 1)) { /* the whole file */
		call->offset = first;
		call->bytes = last - first + 1;
	}
#endif
}

/* fsync and vfs_fsync_range: (file, first, last, datasync) */
BEGIN(fsync) { range_note(begin(frame, FS_FSYNC, ARG(0), NULL), (s64)ARG(1), (s64)ARG(2)); }

/* do_fsync, into which vfs_fsync_range may be inlined: (fd, datasync) */
BEGIN(fsync_fd)
{
	struct file *file = file_of_fd((s64)ARG(0));

	if (file)
		begin(frame, FS_FSYNC, file, NULL);
}

static __noinline struct fs_call *begin_getattr(u64 frame, const struct path *path)
{
	return begin_path(frame, FS_GETATTR, BPF_CORE_READ(path, dentry, d_inode), path);
}

/* getattr: (id map, path, ...); vfs_getattr: (path, ...) */
BEGIN(getattr)
{
	if (!fs_choice.vfs && HAS_ID_MAP)
		begin_getattr(frame, ARG(1));
	else
		begin_getattr(frame, ARG(0));
}

FS_HOOK(open, 2, NOT_ASKED)
FS_HOOK(open2, 2, 2)
FS_HOOK(open_atomic, 5, 5)
FS_HOOK(fsync, 4, 4)
FS_HOOK(fsync_fd, 2, 2)
FS_HOOK(getattr, GETATTR_ARGS, 4)
#endif

/* ---- system calls ---- which are not within each other, but may be two operations */

enum { SYSCALL_FRAME = 1, SYSCALL_FRAME_2 };

static __always_inline u8 syscall_what(u64 nr)
{
	if (nr >= FS_CALLS || syscall_is_compat())
		return 0;
	asm volatile("" : "+r"(nr)); /* or the mask, which the verifier needs, is optimised away */
	return fs_calls[nr & (FS_CALLS - 1)];
}

static __noinline int syscall_ended(void *ctx, u64 frame, long ret)
{
	struct task_value *value = task_get(task_here(), true);
	struct fs_call *call;
	struct file *file;

	if (!value)
		return 0;
	call = value->call[0].frame == frame ? &value->call[0] : &value->call[1];
	if (call->frame != frame)
		return 0;
	file = file_of_fd(call->op == FS_OPEN ? ret : call->fd);
	if (call->op == FS_OPEN) {
		if (!file || !inode_wanted(BPF_CORE_READ(file, f_inode), FS_OPEN)) {
			call->frame = 0;
			return 0;
		}
		call->path = (void *)file + bpf_core_field_offset(file->f_path);
	} else if (!file || call_file(call) != file) { /* another thread has closed it */
		call->path = NULL;
		call->at = NULL;
	}
	return returned(ctx, frame, ret);
}

SEC("tp_btf/sys_exit")
int BPF_PROG(syscall_exit, struct pt_regs *regs, long ret)
{
	u8 what = syscall_what((u32)syscall_nr(regs));

	if (!what)
		return 0;
	if (what & FS_CALL_COPIES)
		syscall_ended(ctx, SYSCALL_FRAME_2, ret);
	return syscall_ended(ctx, SYSCALL_FRAME, ret);
}

static __always_inline struct fs_call *syscall_begin(u64 frame, u32 op, s32 fd, struct file *file,
						     bool file_pos)
{
	const loff_t *at = file_pos ? (void *)file + bpf_core_field_offset(file->f_pos) : NULL;
	struct fs_call *call;

	if (!inode_wanted(BPF_CORE_READ(file, f_inode), op))
		return NULL;
	call = begin(frame, op, file, at);
	if (call)
		call->fd = fd;
	return call;
}

static __always_inline void place_note(struct fs_call *call, s64 offset)
{
#ifdef FS_PLACES
	if (call)
		call->offset = offset;
#endif
}

/* One side of a copy. `pos`: where the program has its position, NULL if the file's is taken. Pipes
 * give and take pages, and sockets take them, by ways of their own, which are no reads and writes
 * where functions are watched either. */
static __noinline int copy_begin(u64 frame, u32 op, s32 fd, const loff_t *pos)
{
	struct file *file = file_of_fd(fd);
	struct fs_call *call;
	s64 offset;
	u32 type;

	if (!file)
		return 0;
	type = BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT;
	if (type == S_IFIFO || (op == FS_WRITE && type == S_IFSOCK))
		return 0;
	call = syscall_begin(frame, op, fd, file, !pos);
	if (pos && !bpf_probe_read_user(&offset, sizeof(offset), pos))
		place_note(call, offset);
	return 0;
}

/* As long as they take, both of them: copies go to and fro. */
static __always_inline int copies_begin(struct pt_regs *regs, u8 what)
{
	if (what & FS_CALL_FILE_1) {
		copy_begin(SYSCALL_FRAME, FS_READ, syscall_arg(regs, 1),
			   (void *)syscall_arg(regs, 2));
		copy_begin(SYSCALL_FRAME_2, FS_WRITE, syscall_arg(regs, 0), NULL);
	} else {
		copy_begin(SYSCALL_FRAME, FS_READ, syscall_arg(regs, 0),
			   (void *)syscall_arg(regs, 1));
		copy_begin(SYSCALL_FRAME_2, FS_WRITE, syscall_arg(regs, 2),
			   (void *)syscall_arg(regs, 3));
	}
	return 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(syscall_enter, struct pt_regs *regs, long nr)
{
	u8 what = syscall_what(nr);
	u32 op = (what & FS_CALL_OP) - 1;
	struct fs_call *call;
	struct file *file;
	s32 fd;

	if (!what)
		return 0;
	if (what & FS_CALL_COPIES)
		return copies_begin(regs, what);
	if (op == FS_OPEN) {
		if (!filtered())
			call_push(SYSCALL_FRAME, FS_OPEN, NULL);
		return 0;
	}
	if ((what & FS_CALL_FLAGS_2 && !(syscall_arg(regs, 2) & AT_EMPTY_PATH)) ||
	    (what & FS_CALL_FLAGS_3 && !(syscall_arg(regs, 3) & AT_EMPTY_PATH)))
		return 0; /* it names no file */
	fd = syscall_arg(regs, 0);
	file = file_of_fd(fd);
	if (!file)
		return 0;
	call = syscall_begin(SYSCALL_FRAME, op, fd, file,
			     op <= FS_WRITE && !(what & FS_CALL_POS_3));
	if (what & FS_CALL_POS_3)
		place_note(call, syscall_arg(regs, 3));
	return 0;
}

#endif
