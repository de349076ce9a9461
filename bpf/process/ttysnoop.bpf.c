// SPDX-License-Identifier: GPL-2.0-or-later
// What is written to one terminal, where the terminal layer takes it from whatever call; or, where no
// function can be watched, from the system calls write and writev.
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "iter.bpf.h"
#include "ttysnoop.h"

const volatile u32 tty_major, tty_minor;
const volatile u32 devpts;	/* the device number of its devpts, of which there are many; 0: none */
const volatile bool by_kiocb;	/* tty_write(kiocb, iov_iter), of 5.11 and 5.10.11 */
const volatile u32 piece_bytes = PIECE, pieces = 96;

#define TTYAUX_MAJOR 5		/* /dev/tty is another name of any terminal */
#define PIECES_MAX 96

/* In a map and not on the stack: what the verifier does not know of it, it does not tell apart, else
 * it would follow each way through each piece. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct source);
} sources SEC(".maps");

static __always_inline struct source *source_new(void)
{
	u32 zero = 0;
	struct source *s = bpf_map_lookup_elem(&sources, &zero);

	if (s)
		__builtin_memset(s, 0, sizeof(*s));
	return s;
}

static __noinline bool tty_wanted(struct file *file)
{
	struct tty_file_private *priv;
	struct tty_struct *tty;
	struct dentry *dentry;
	u32 major = BPF_CORE_READ(file, f_inode, i_rdev) >> 20;

	/* What is no terminal may have anything in its private_data. */
	if (major != tty_major && major != TTYAUX_MAJOR)
		return false;
	priv = BPF_CORE_READ(file, private_data);
	tty = BPF_CORE_READ(priv, tty);
	if (BPF_CORE_READ(tty, driver, major) != tty_major ||
	    BPF_CORE_READ(tty, driver, minor_start) + BPF_CORE_READ(tty, index) != tty_minor)
		return false;
	if (!devpts)
		return true;
	dentry = BPF_CORE_READ(tty, driver_data);
	return BPF_CORE_READ(dentry, d_sb, s_dev) == devpts;
}

/* Send up to one piece of the segment at hand. */
static __noinline int piece_send(void *ctx, struct source *s)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, data));
	u64 n = s->left;
	long err;

	if (!e)
		return 0;
	if (n > s->all)
		n = s->all;
	if (n > piece_bytes)
		n = piece_bytes;
	asm volatile("" : "+r"(n));
	if (n > PIECE)
		n = PIECE;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	if (s->kernel)
		err = bpf_probe_read_kernel(e->data, n, s->base);
	else
		err = bpf_probe_read_user(e->data, n, s->base);
	s->base += n;
	s->left -= n;
	s->all -= n;
	e->unread = err ? n : 0;
	e->bytes = err ? 0 : n;
	event_output(ctx, e, EVENT_HEAD(struct event, data) + (err ? 0 : n));
	return 0;
}

/* What was beyond the pieces, or could not be looked at. */
static __noinline int rest_tell(void *ctx, u64 unread)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, data));

	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->unread = unread;
	event_output(ctx, e, EVENT_HEAD(struct event, data));
	return 0;
}

static __noinline int written(void *ctx, struct source *s)
{
	for (u32 i = 0; i < PIECES_MAX && i < pieces; i++) {
		if (!s->all)
			break;
		if (!s->left && !segment_next(s))
			break;
		if (s->left)
			piece_send(ctx, s);
	}
	if (s->all)
		rest_tell(ctx, s->all);
	return 0;
}

/* ---- the terminal layer ---- */

/* Pages, as splice() and sendfile() give them, are not looked into. */
static __noinline int written_iter(void *ctx, struct iov_iter *iter)
{
	u64 skip = BPF_CORE_READ(iter, iov_offset);
	struct source *s = source_new();

	if (!s)
		return 0;
	s->all = BPF_CORE_READ(iter, count);
	source_iter(s, iter, skip);
	return written(ctx, s);
}

static __always_inline int tty_write(void *ctx, void *first, void *second, u64 count)
{
	struct file *file = first;
	struct source *s;

	if (by_kiocb)
		file = BPF_CORE_READ((struct kiocb *)first, ki_filp);
	if (filtered() || !tty_wanted(file))
		return 0;
	if (by_kiocb)
		return written_iter(ctx, second);
	s = source_new();
	if (!s)
		return 0;
	s->base = second;
	s->left = s->all = count;
	return written(ctx, s);
}

SEC("fentry/tty_write")
int BPF_PROG(write_fentry, void *first, void *second)
{
	/* Of four arguments the third is the number of bytes; of two the verifier knows no third. */
	return tty_write(ctx, first, second, by_kiocb ? 0 : ctx[2]);
}

SEC("kprobe/tty_write")
int BPF_KPROBE(write_kprobe, void *first, void *second, u64 count)
{
	return tty_write(ctx, first, second, count);
}

/* ---- system calls ---- */

SEC("tp/syscalls/sys_enter_write")
int write_enter(struct syscall_trace_enter *ctx)
{
	struct source *s;

	if (filtered() || !tty_wanted(file_of_fd(syscall_enter_arg(ctx, 0))))
		return 0;
	s = source_new();
	if (!s)
		return 0;
	s->base = (void *)syscall_enter_arg(ctx, 1);
	s->left = s->all = syscall_enter_arg(ctx, 2);
	return written(ctx, s);
}

/* How much it is in all nobody has counted yet: as much as the segments have. */
SEC("tp/syscalls/sys_enter_writev")
int writev_enter(struct syscall_trace_enter *ctx)
{
	const struct iovec *vec = (void *)syscall_enter_arg(ctx, 1);
	struct iovec seg;
	struct source *s;

	if (filtered() || !tty_wanted(file_of_fd(syscall_enter_arg(ctx, 0))))
		return 0;
	s = source_new();
	if (!s)
		return 0;
	s->user_vec = true;
	s->vec = vec;
	s->segs = syscall_enter_arg(ctx, 2);
	for (u32 i = 0; i < UIO_MAXIOV && i < s->segs; i++)
		if (!bpf_probe_read_user(&seg, sizeof(seg), vec + i))
			s->all += seg.iov_len;
	return written(ctx, s);
}
