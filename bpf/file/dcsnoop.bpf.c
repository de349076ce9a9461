// SPDX-License-Identifier: GPL-2.0-or-later
// Trace lookups of names that the dentry cache does not have.
#include "events.bpf.h"
#include "path.bpf.h"
#include "dcache.bpf.h"
#include "dcsnoop.h"

const volatile bool all;

/* A mount of the file system that this is on, the first one: mostly there is no other. */
static __always_inline struct vfsmount *mount_any(struct dentry *dentry)
{
	struct super_block *sb = BPF_CORE_READ(dentry, d_sb);
	struct super_block___list *old = (void *)sb;
	struct mount *mount;

	if (bpf_core_field_exists(struct mount, mnt_next_for_sb)) { /* 6.18 */
		mount = BPF_CORE_READ(sb, s_mounts);
	} else {
		mount = (void *)BPF_CORE_READ(old, s_mounts.next) -
			bpf_core_field_offset(struct mount___list, mnt_instance);
		if (BPF_CORE_READ(mount, mnt.mnt_sb) != sb) /* an empty list */
			return NULL;
	}
	return mount ? (void *)mount + bpf_core_field_offset(struct mount, mnt) : NULL;
}

static __noinline int looked_up(void *ctx, struct lookup *l)
{
	struct event *e;
	u32 more = name_len(l);
	long len;

	/* What goes on slowly is told when its end is known. */
	if (!(l->result & MISS) && (!all || (l->result & (SLOW | FOUND_SLOWLY)) == SLOW))
		return 0;
	e = event_scratch(EVENT_HEAD(struct event, path));
	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->type[0] = l->result & MISS ? 'M' : 'R';
	len = path_resolve(e->path, l->mnt ?: mount_any(l->parent), l->parent);
	if (len > 2) { /* a slash over its NUL, unless the folder is the root */
		e->path[(len - 1) & (PATH_MAX - 1)] = '/';
		len++;
	}
	if (len >= 2 && more <= NAME_MAX) {
		bpf_probe_read_kernel(&e->path[(len - 1) & (PATH_MAX - 1)], more & NAME_MAX, l->name);
		len += more;
		e->path[(len - 1) & (2 * PATH_MAX - 1)] = 0;
	}
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}
