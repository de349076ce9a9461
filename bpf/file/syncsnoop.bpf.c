// SPDX-License-Identifier: GPL-2.0-or-later
// sync(2), fsync(2), fdatasync(2), msync(2), sync_file_range(2), syncfs(2), from entry to return.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "syncsnoop.h"

const volatile __u64 min_ns;
const volatile bool only_failed;

/* A call that is under way. Its file is noted now, since another thread may close it meanwhile and
 * the descriptor be another file's by the end; the path, being long, is made of it at the end. */
struct started {
	u64 ns;
	struct vfsmount *mnt;
	struct dentry *dentry;	/* NULL: no file */
	int fd;
	u32 call;
};

/* Each call returns, also that of a task that is killed, so nothing is left behind in here. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct started);
} starts SEC(".maps");

static __always_inline void file_note(struct started *s, struct file *file)
{
	s->mnt = BPF_CORE_READ(file, f_path.mnt);
	s->dentry = BPF_CORE_READ(file, f_path.dentry);
}

static __noinline int entered(struct syscall_trace_enter *ctx, enum call call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started s = { .call = call };

	if (filtered())
		return 0;
	if (call != SYNC && call != MSYNC) {
		s.fd = syscall_enter_arg(ctx, 0);
		file_note(&s, file_of_fd(s.fd));
	}
	s.ns = bpf_ktime_get_ns();
	if (bpf_map_update_elem(&starts, &tid, &s, BPF_ANY))
		LOST(entries);
	return 0;
}

static __noinline int tell(void *ctx, const struct started *s, long ret)
{
	u64 now = bpf_ktime_get_ns();
	struct event *e;

	if (now - s->ns < min_ns || (only_failed && ret >= 0))
		return 0;
	e = event_scratch(EVENT_HEAD(struct event, path));
	if (!e)
		return 0;
	e->time_ns = now;
	e->lat_ns = now - s->ns;
	task_note(e);
	e->fd = s->fd;
	e->err = ret < 0 ? -ret : 0;
	e->call = s->call;
	event_output(ctx, e, EVENT_HEAD(struct event, path) + 
		     path_resolve(e->path, s->mnt, s->dentry));
	return 0;
}

static __noinline int returned(struct syscall_trace_exit *ctx, enum call call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);

	if (!s) /* began before us, or is unwanted */
		return 0;
	if (s->call == call)
		tell(ctx, s, syscall_ret(ctx));
	else
		LOST(missed);
	bpf_map_delete_elem(&starts, &tid);
	return 0;
}

#define CALL(name, call) SYSCALL_PROGS(name, entered(ctx, call), returned(ctx, call))

CALL(sync, SYNC)
CALL(fsync, FSYNC)
CALL(fdatasync, FDATASYNC)
CALL(msync, MSYNC)
CALL(syncfs, SYNCFS)
CALL(sync_file_range, SYNC_FILE_RANGE)
CALL(sync_file_range2, SYNC_FILE_RANGE2) /* arm_sync_file_range is one more name of it */

/* msync() is given memory. Which file that is of shows only here, and only if it waits (MS_SYNC).
 * Of several the first; of an overlay its own, which comes before the one below. */
static __always_inline int msync_file(struct file *file)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct started *s = bpf_map_lookup_elem(&starts, &tid);

	if (s && s->call == MSYNC && !s->dentry)
		file_note(s, file);
	return 0;
}

SEC("fentry/vfs_fsync_range")
int BPF_PROG(msync_file_fentry, struct file *file)
{
	return msync_file(file);
}

SEC("kprobe/vfs_fsync_range")
int BPF_KPROBE(msync_file_kprobe, struct file *file)
{
	return msync_file(file);
}
