// SPDX-License-Identifier: GPL-2.0-or-later
// Reads and writes, summed for each folder of a list that the file is in or below, across mounts.
#include "file_io.bpf.h"
#include "dirtop.h"

/* The list: user space fills it in. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct folder_id);
	__type(value, u32);
} folders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 1);
	__type(key, struct key);
	__type(value, struct value);
} sums SEC(".maps");

static struct value no_value;

/* Where the walk from a file up to the root is, and what it has to add to folders on its way. */
struct walk {
	struct dentry *dentry;
	struct vfsmount *mnt;
	struct value add;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

static __noinline int folder_add(u32 folder, const struct value *add)
{
	struct key key = { .folder = folder };
	struct value *v = entry_get(&sums, &key, &no_value);

	if (!v)
		return 0;
	v->reads += add->reads;
	v->writes += add->writes;
	v->read_bytes += add->read_bytes;
	v->write_bytes += add->write_bytes;
	return 0;
}

/* One step up; 1 at the end. A global function, so that it is verified once (see path_step()). */
__noinline int folder_step(int step)
{
	struct folder_id id = {};
	u32 zero = 0, *folder;
	struct walk *w = bpf_map_lookup_elem(&walks, &zero);
	struct dentry *dentry, *parent;
	struct mount *mount, *up;
	struct vfsmount *mnt;
	struct inode *inode;

	if (!w)
		return 1;
	dentry = w->dentry;
	mnt = w->mnt;
	if (step) { /* not the file itself */
		inode = BPF_CORE_READ(dentry, d_inode);
		id.ino = BPF_CORE_READ(inode, i_ino);
		id.dev = BPF_CORE_READ(inode, i_sb, s_dev);
		folder = bpf_map_lookup_elem(&folders, &id);
		if (folder)
			folder_add(*folder, &w->add);
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (dentry != parent && dentry != BPF_CORE_READ(mnt, mnt_root)) {
		w->dentry = parent;
		return 0;
	}
	/* The top of a mount: on from the folder that it lies over. */
	mount = mount_of(mnt);
	up = BPF_CORE_READ(mount, mnt_parent);
	if (!up || up == mount)
		return 1;
	w->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
	w->mnt = (void *)up + bpf_core_field_offset(struct mount, mnt);
	return 0;
}

static int moved(struct file *file, bool write, long ret)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u64 bytes = ret > 0 ? ret : 0;
	u32 zero = 0;
	struct walk *w;

	if (filtered() || (BPF_CORE_READ(inode, i_mode) & S_IFMT) != S_IFREG ||
	    BPF_CORE_READ(inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC)
		return 0;
	w = bpf_map_lookup_elem(&walks, &zero);
	if (!w)
		return 0;
	w->dentry = BPF_CORE_READ(file, f_path.dentry);
	w->mnt = BPF_CORE_READ(file, f_path.mnt);
	w->add.reads = !write;
	w->add.writes = write;
	w->add.read_bytes = write ? 0 : bytes;
	w->add.write_bytes = write ? bytes : 0;
	for (int i = 0; i < PATH_DEPTH; i++)
		if (folder_step(i))
			break;
	return 0;
}
