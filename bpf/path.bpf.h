/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Paths into the string at the end of an event (char path[4096]). Each function returns the bytes
 * written, its NUL included, at least 1. */
#ifndef PATH_BPF_H
#define PATH_BPF_H

#include "fd.bpf.h"

/* As the program gave it. */
static __always_inline long path_user(char *to, const char *user)
{
	long len = bpf_probe_read_user_str(to, PATH_MAX, user);

	if (len <= 0) { /* a bad pointer: the call fails with EFAULT */
		to[0] = 0;
		return 1;
	}
	mark_cut(to, PATH_MAX, len);
	return len & (2 * PATH_MAX - 1);
}

/* A walk from a name up to the root, through mounts. The path is written from the end of the first
 * half of the buffer to its front; masks, not comparisons, are what the verifier follows. */
enum { PATH_DEPTH = 128 };

struct path_walk {
	char text[2 * PATH_MAX];	/* the path ends at PATH_MAX */
	struct dentry *dentry, *root;
	struct vfsmount *mnt, *root_mnt;
	u32 pos;
	bool whole;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct path_walk);
} path_walks SEC(".maps");

static __always_inline struct mount *mount_of(struct vfsmount *mnt)
{
	return (void *)mnt - bpf_core_field_offset(struct mount, mnt);
}

static __always_inline void path_prepend(struct path_walk *w, char c)
{
	u32 pos = w->pos - 1;

	/* Out of the compiler's sight, or it would leave the mask away that the verifier needs. */
	asm volatile("" : "+r"(pos));
	pos &= PATH_MAX - 1;
	w->text[pos] = c;
	w->pos = pos;
}

/* One step up; 1 when the walk has ended. A global function is verified once, not once for each of
 * the steps and each state it may be in: that alone lets the loop be as long as paths are. (Until
 * 5.12 such a function can take numbers only, so the state is in a map.) */
__noinline int path_step(int step)
{
	u32 zero = 0, len;
	struct path_walk *w = bpf_map_lookup_elem(&path_walks, &zero);
	struct dentry *dentry, *parent;
	struct mount *mount, *up;
	struct vfsmount *mnt;

	if (!w)
		return 1;
	dentry = w->dentry;
	mnt = w->mnt;
	if (dentry == w->root && mnt == w->root_mnt) {
		w->whole = true;
		return 1;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry == BPF_CORE_READ(mnt, mnt_root) || dentry == parent) {
		mount = mount_of(mnt);
		up = BPF_CORE_READ(mount, mnt_parent);
		if (up == mount || !up) { /* the root of all, or of a mount that is nowhere */
			w->whole = true;
			return 1;
		}
		w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		w->mnt = (void *)up + bpf_core_field_offset(struct mount, mnt);
		return 0;
	}
	len = BPF_CORE_READ(dentry, d_name.len);
	if (len > NAME_MAX || w->pos < len + 1 + 3)
		return 1;
	w->pos -= len;
	bpf_probe_read_kernel(&w->text[w->pos & (PATH_MAX - 1)], len & NAME_MAX,
			      BPF_CORE_READ(dentry, d_name.name));
	path_prepend(w, '/');
	w->dentry = parent;
	return 0;
}

/* Pipes, sockets and memfds hang in no tree; to a walk they look like a root. They may have a name. */
static __always_inline long path_nowhere(char *to, struct dentry *dentry)
{
	long len = bpf_probe_read_kernel_str(to, NAME_MAX + 1, BPF_CORE_READ(dentry, d_name.name));

	return len < 1 ? 1 : len & (2 * NAME_MAX + 1);
}

/* The absolute path of (mnt, dentry) as the current task sees it from its root. Cut at the front,
 * with "...", where it is longer than the buffer or deeper than PATH_DEPTH. Empty where there is no
 * dentry; of what hangs in no tree (pipes, sockets, memfds) the bare name, mostly empty. */
static __noinline long path_resolve(char *to, struct vfsmount *mnt, struct dentry *dentry)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 zero = 0, len;
	struct path_walk *w = bpf_map_lookup_elem(&path_walks, &zero);

	if (!w || !dentry) {
		to[0] = 0;
		return 1;
	}
	if (BPF_CORE_READ(dentry, d_parent) == dentry && BPF_CORE_READ(mnt, mnt_root) != dentry)
		return path_nowhere(to, dentry);
	w->dentry = dentry;
	w->mnt = mnt;
	w->root = BPF_CORE_READ(task, fs, root.dentry);
	w->root_mnt = BPF_CORE_READ(task, fs, root.mnt);
	w->pos = PATH_MAX - 1;
	w->whole = false;
	w->text[PATH_MAX - 1] = 0;
	for (int i = 0; i < PATH_DEPTH; i++)
		if (path_step(i))
			break;
	if (w->whole && w->pos == PATH_MAX - 1)
		path_prepend(w, '/');
	if (!w->whole && w->pos > 3 && w->pos < PATH_MAX) {
		path_prepend(w, '.');
		path_prepend(w, '.');
		path_prepend(w, '.');
	}
	len = PATH_MAX - (w->pos & (PATH_MAX - 1));
	bpf_probe_read_kernel(to, len & (2 * PATH_MAX - 1), &w->text[w->pos & (PATH_MAX - 1)]);
	return len & (2 * PATH_MAX - 1);
}

static __always_inline long path_file(char *to, struct file *file)
{
	return path_resolve(to, BPF_CORE_READ(file, f_path.mnt), BPF_CORE_READ(file, f_path.dentry));
}

/* As the program gave it, and made absolute by the folder that it counts from. */
static __always_inline long path_user_full(char *to, int dirfd, const char *user)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct dentry *dir;
	struct vfsmount *mnt;
	struct file *file;
	long len, more;
	char first = 0;

	bpf_probe_read_user(&first, 1, user);
	if (first == '/' || !first)
		return path_user(to, user);
	if (dirfd == AT_FDCWD) {
		dir = BPF_CORE_READ(task, fs, pwd.dentry);
		mnt = BPF_CORE_READ(task, fs, pwd.mnt);
	} else {
		file = file_of_fd(dirfd);
		dir = BPF_CORE_READ(file, f_path.dentry);
		mnt = BPF_CORE_READ(file, f_path.mnt);
	}
	if (!dir)
		return path_user(to, user);
	len = path_resolve(to, mnt, dir);
	/* Over its NUL comes a slash, unless the folder is the root; the rest as far as it fits. */
	if (len > 2) {
		to[(len - 1) & (PATH_MAX - 1)] = '/';
		len++;
	}
	more = bpf_probe_read_user_str(&to[(len - 1) & (PATH_MAX - 1)], PATH_MAX / 2, user);
	if (more <= 0) {
		to[(len - 1) & (PATH_MAX - 1)] = 0;
		return len & (2 * PATH_MAX - 1);
	}
	if (more == PATH_MAX / 2)
		mark_cut(&to[(len - 1) & (PATH_MAX - 1)], PATH_MAX / 2, more);
	if (len - 1 + more > PATH_MAX) {
		to[PATH_MAX - 1] = 0;
		mark_cut(to, PATH_MAX, PATH_MAX);
		return PATH_MAX;
	}
	return (len - 1 + more) & (2 * PATH_MAX - 1);
}

#endif
