// SPDX-License-Identifier: GPL-2.0-or-later
// From a file's making to its end. The open file says that it was made by this open: files do not
// come by at vfs_create() when open(O_CREAT) makes them. They are known by their inode, not by
// the dentry, which another file may have by the end.
#define EVENT_MAX 20480 /* two paths, and what the verifier thinks of their lengths */
#include "events.bpf.h"
#include "gone.bpf.h"
#include "filelife.h"

enum { FMODE_CREATED = 0x100000 }; /* of file.f_mode since 4.19 */

const volatile u64 max_age_ns; /* 0: any */

/* When each was made. Most files are never deleted: the oldest are forgotten. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct file_id);
	__type(value, u64);
} births SEC(".maps");

static __noinline int opened(struct file *file, struct dentry *dentry)
{
	struct file_id id = {};
	u64 now;

	if (!(BPF_CORE_READ(file, f_mode) & FMODE_CREATED))
		return 0;
	file_identify(&id, BPF_CORE_READ(dentry, d_inode));
	now = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&births, &id, &now, BPF_ANY))
		LOST(entries);
	return 0;
}

SEC("fentry/vfs_open")
int BPF_PROG(vfs_open_fentry, const struct path *path, struct file *file)
{
	return opened(file, BPF_CORE_READ(path, dentry));
}

/* In place of vfs_open() where lookup and open are one (NFS, FUSE). */
SEC("fentry/finish_open")
int BPF_PROG(finish_open_fentry, struct file *file, struct dentry *dentry)
{
	return opened(file, dentry);
}

SEC("kprobe/vfs_open")
int BPF_KPROBE(vfs_open_kprobe, const struct path *path, struct file *file)
{
	return opened(file, BPF_CORE_READ(path, dentry));
}

SEC("kprobe/finish_open")
int BPF_KPROBE(finish_open_kprobe, struct file *file, struct dentry *dentry)
{
	return opened(file, dentry);
}

static __noinline struct event *event_begin(u32 kind)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, path));

	if (!e)
		return NULL;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->kind = kind;
	return e;
}

static int gone(void *ctx, const struct note *n)
{
	u64 *birth, age;
	struct event *e;
	long len;

	if (!n->last)
		return 0;
	birth = bpf_map_lookup_elem(&births, &n->victim);
	if (!birth)
		return 0;
	age = bpf_ktime_get_ns() - *birth;
	bpf_map_delete_elem(&births, &n->victim);
	if (max_age_ns && age > max_age_ns)
		return 0;
	e = event_begin(LIFE);
	if (!e)
		return 0;
	e->age_ns = age;
	if (n->new_dir)
		len = path_of_name(e->path, n->mnt, n->new_dir, n->new_name);
	else
		len = path_of_name(e->path, n->mnt, n->dir, n->name);
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}

static int gone_call(void *ctx, u32 call, struct pt_regs *regs, long ret)
{
	struct file *file = NULL;
	struct event *e;
	u32 action;
	long len;

	if (call == OPEN_CALL) {
		file = file_of_fd(ret);
		if (!(BPF_CORE_READ(file, f_mode) & FMODE_CREATED))
			return 0;
		e = event_begin(BORN);
	} else {
		action = call_action(call, regs);
		if (action == RMDIR)
			return 0;
		e = event_begin(action == DELETE ? NAME_GONE :
				action == EXCHANGE ? SWAPPED : MOVED);
	}
	if (!e)
		return 0;
	e->unwanted = filtered();
	len = file ? path_file(e->path, file) : call_path(e->path, call, regs, false);
	if (call >= RENAME_CALL && !file) {
		e->new_at = len;
		len += call_path(e->path + (len & (2 * PATH_MAX - 1)), call, regs, true);
	}
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}
