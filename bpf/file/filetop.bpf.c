// SPDX-License-Identifier: GPL-2.0-or-later
// Show the files that are read and written most, and by whom.
#include "file_io.bpf.h"
#include "filetop.h"

#define S_IFSOCK 0140000

const volatile bool all_files;
const volatile bool no_reads, no_writes;
const volatile u64 dir_ino;	/* files in or below this folder only; 0: all */
const volatile u32 dir_dev;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct value);
} files SEC(".maps");

/* Few paths are that long: room for each in `files` would be 40 MB. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 512);
	__type(key, struct key);
	__type(value, char[LONG_PATH]);
} long_paths SEC(".maps");

struct made {
	struct value value;
	char path[LONG_PATH];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct made);
} made SEC(".maps");

/* A socket, pipe, memory file: its dentry is the top of no file system. */
static __always_inline bool has_no_path(struct file *file)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry);

	return BPF_CORE_READ(dentry, d_parent) == dentry &&
	       BPF_CORE_READ(file, f_path.mnt, mnt_root) != dentry;
}

static __always_inline void path_make(struct made *m, const struct key *key, struct file *file)
{
	struct value *v = &m->value;
	long len;

	if (has_no_path(file)) {
		bpf_probe_read_kernel_str(v->path, sizeof(v->path),
					  BPF_CORE_READ(file, f_path.dentry, d_name.name));
		return;
	}
	len = path_file(m->path, file);
	if (len <= sizeof(v->path)) {
		bpf_probe_read_kernel_str(v->path, sizeof(v->path), m->path);
		return;
	}
	v->cut = true;
	bpf_map_update_elem(&long_paths, key, m->path, BPF_ANY);
	v->path[0] = v->path[1] = v->path[2] = '.';
	len -= sizeof(v->path) - 3;
	bpf_probe_read_kernel_str(v->path + 3, sizeof(v->path) - 3,
				  m->path + (len & (PATH_MAX - 1)));
}

/* The path is looked up here, once for each entry, not at each read. */
static __noinline struct value *value_make(const struct key *key, struct file *file, char type)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 zero = 0;
	struct made *m = bpf_map_lookup_elem(&made, &zero);

	if (!m)
		return NULL;
	__builtin_memset(&m->value, 0, sizeof(m->value));
	BPF_CORE_READ_STR_INTO(&m->value.comm, task, group_leader, comm);
	m->value.type[0] = type;
	path_make(m, key, file);
	bpf_map_update_elem(&files, key, &m->value, BPF_NOEXIST);
	return bpf_map_lookup_elem(&files, key);
}

/* Up to the top of its file system; 128 folders deep, as paths are. */
static __noinline bool in_dir(struct file *file, u32 dev)
{
	struct dentry *dentry = BPF_CORE_READ(file, f_path.dentry), *parent;

	if (dev != dir_dev)
		return false;
	for (int i = 0; i < PATH_DEPTH; i++) {
		parent = BPF_CORE_READ(dentry, d_parent);
		if (BPF_CORE_READ(parent, d_inode, i_ino) == dir_ino)
			return true;
		if (parent == dentry)
			break;
		dentry = parent;
	}
	return false;
}

static __noinline struct value *value_of(struct file *file)
{
	struct inode *inode = BPF_CORE_READ(file, f_inode);
	u16 mode = BPF_CORE_READ(inode, i_mode) & S_IFMT;
	bool anonymous = BPF_CORE_READ(inode, i_sb, s_magic) == ANON_INODE_FS_MAGIC;
	bool regular = mode == S_IFREG && !anonymous; /* they call themselves that since 6.16 */
	struct key key = {};
	struct value *v;

	if (!regular && !all_files)
		return NULL;
	key.ino = BPF_CORE_READ(inode, i_ino);
	key.dev = BPF_CORE_READ(inode, i_sb, s_dev);
	key.pid = current_pid_tgid() >> 32;
	if (anonymous) /* one inode for epoll, timers and all: what they can do tells them apart */
		key.ino = (u64)BPF_CORE_READ(file, f_op);
	v = bpf_map_lookup_elem(&files, &key);
	if (v || (dir_ino && !in_dir(file, key.dev)))
		return v;
	v = value_make(&key, file, regular ? 'R' : mode == S_IFSOCK ? 'S' : 'O');
	if (!v)
		LOST(entries);
	return v;
}

static int moved(struct file *file, bool write, long ret)
{
	u64 bytes = ret > 0 ? ret : 0;
	struct value *v;

	if ((write ? no_writes : no_reads) || filtered())
		return 0;
	v = value_of(file);
	if (!v)
		return 0;
	if (write) {
		__sync_fetch_and_add(&v->writes, 1);
		__sync_fetch_and_add(&v->write_bytes, bytes);
	} else {
		__sync_fetch_and_add(&v->reads, 1);
		__sync_fetch_and_add(&v->read_bytes, bytes);
	}
	return 0;
}
