// SPDX-License-Identifier: GPL-2.0-or-later
// What is received on UNIX sockets: when the call that receives has returned, the bytes are in the
// memory of who called, as many as it got. Where no function can be watched, the same of the system
// calls recvfrom, recvmsg and read.
#define EVENT_MAX 16384
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "iter.bpf.h"
#include "undump.h"

const volatile u32 only_type;	/* SOCK_*; 0: any */
const volatile u32 most = PIECE * PIECES_MAX; /* bytes of each call */

enum { AF_UNIX = 1, MSG_PEEK = 2 };

#define SEGMENTS_MAX 16		/* more cost the verifier seconds */

/* A call under way, by thread. Each returns, so nothing is left behind in here. */
struct call {
	struct source source;
	struct sock *sk;
	u64 ret, offset;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

static struct call call_zero;

static __noinline struct call *call_make(struct sock *sk)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call;

	if (filtered() || (only_type && BPF_CORE_READ(sk, sk_type) != only_type))
		return NULL;
	bpf_map_update_elem(&calls, &tid, &call_zero, BPF_ANY);
	call = bpf_map_lookup_elem(&calls, &tid);
	if (!call) {
		LOST(entries);
		return NULL;
	}
	call->sk = sk;
	return call;
}

/* What a socket is bound to, or else its other end. */
static __noinline int path_note(struct event *e, struct sock *sk)
{
	struct unix_address *addr = BPF_CORE_READ((struct unix_sock *)sk, addr);
	struct sock *peer = BPF_CORE_READ((struct unix_sock *)sk, peer);
	u32 len;

	if (!addr)
		addr = BPF_CORE_READ((struct unix_sock *)peer, addr);
	if (!addr)
		return 0;
	len = BPF_CORE_READ(addr, len) - 2; /* behind sun_family */
	asm volatile("" : "+r"(len));
	if (len > PATH_LEN)
		return 0;
	bpf_probe_read_kernel(e->path, len,
			      (void *)addr + bpf_core_field_offset(addr->name) + 2);
	e->path_len = len;
	return 0;
}

/* Who made the other end. */
static __noinline u32 peer_of(struct sock *sk)
{
	struct pid *pid = BPF_CORE_READ(sk, sk_peer_pid);

	return pid ? pid_seen(pid) : 0;
}

static __noinline int piece_send(void *ctx, struct call *call, bool last)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, data));
	struct source *s = &call->source;
	struct sock *sk = call->sk;
	u64 n = s->left;
	long err = 0;

	if (!e)
		return 0;
	if (n > s->all)
		n = s->all;
	asm volatile("" : "+r"(n));
	if (last)
		n = 0;
	if (n > PIECE)
		n = PIECE;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->type = BPF_CORE_READ(sk, sk_type);
	e->peer = peer_of(sk);
	path_note(e, sk);
	if (s->kernel)
		err = bpf_probe_read_kernel(e->data, n, s->base);
	else
		err = bpf_probe_read_user(e->data, n, s->base);
	if (err)
		n = 0;
	asm volatile("" : "+r"(n));
	if (n > PIECE)
		n = PIECE;
	e->size = call->ret;
	e->offset = call->offset;
	e->bytes = n;
	s->base += n;
	s->left -= n;
	s->all = err ? 0 : s->all - n;
	call->offset += n;
	e->missing = s->all ? 0 : call->ret - call->offset;
	event_output(ctx, e, EVENT_HEAD(struct event, data) + n);
	return 0;
}

static __noinline int received(void *ctx, long ret)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *call = bpf_map_lookup_elem(&calls, &tid);
	struct source *s;

	if (!call)
		return 0;
	if (ret <= 0)
		goto out;
	s = &call->source;
	call->ret = ret;
	s->all = ret < most ? ret : most;
	if (!s->vec)
		s->left = s->all;
	for (u32 i = 0; i < PIECES_MAX + SEGMENTS_MAX; i++) {
		if (!s->all)
			break;
		if (!s->left && !segment_next(s))
			break;
		if (s->left)
			piece_send(ctx, call, false);
	}
	/* A vector of more segments, or shorter than the datagram, of whose length it has asked. */
	if (s->all) {
		s->all = 0;
		piece_send(ctx, call, true);
	}
out:
	bpf_map_delete_elem(&calls, &tid);
	return 0;
}

/* ---- the functions of UNIX sockets ----
 * That of seqpacket calls the datagrams', or has it inlined (6.1): whichever returns first tells. */

static __noinline int receives(struct socket *sock, struct msghdr *msg, u32 flags)
{
	struct iov_iter *iter = (void *)msg + bpf_core_field_offset(msg->msg_iter);
	struct call *call = flags & MSG_PEEK ? NULL : call_make(BPF_CORE_READ(sock, sk));

	if (call)
		source_iter(&call->source, iter, BPF_CORE_READ(iter, iov_offset));
	return 0;
}

#define RECEIVES(name)							\
	SEC("fentry/unix_" #name "_recvmsg")				\
	int name##_fentry(u64 *ctx)					\
	{								\
		return receives((void *)ctx[0], (void *)ctx[1], ctx[3]); \
	}								\
	SEC("fexit/unix_" #name "_recvmsg")				\
	int name##_fexit(u64 *ctx)					\
	{								\
		return received(ctx, (int)ctx[4]);			\
	}								\
	SEC("kprobe/unix_" #name "_recvmsg")				\
	int BPF_KPROBE(name##_enter, struct socket *sock, struct msghdr *msg, size_t size, \
		       int flags)					\
	{								\
		return receives(sock, msg, flags);			\
	}								\
	SEC("kretprobe/unix_" #name "_recvmsg")				\
	int BPF_KRETPROBE(name##_leave, int ret)			\
	{								\
		return received(ctx, ret);				\
	}

RECEIVES(stream)
RECEIVES(dgram)
RECEIVES(seqpacket)

/* ---- system calls ---- */

static __noinline struct call *call_make_fd(int fd)
{
	struct file *file = file_of_fd(fd);
	struct socket *sock;
	struct sock *sk;

	/* What is no socket may have anything in its private_data. */
	if ((BPF_CORE_READ(file, f_inode, i_mode) & 0170000) != 0140000)
		return NULL;
	sock = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(sock, sk);
	if (BPF_CORE_READ(sk, __sk_common.skc_family) != AF_UNIX)
		return NULL;
	return call_make(sk);
}

static __noinline int buffer_receives(int fd, void *buffer)
{
	struct call *call = call_make_fd(fd);

	if (call)
		call->source.base = buffer;
	return 0;
}

/* As in user space (struct user_msghdr). */
struct message {
	void *name;
	s32 namelen;
	struct iovec *iov;
	u64 iovlen;
};

static __noinline int message_receives(int fd, const void *at)
{
	struct call *call = call_make_fd(fd);
	struct message m = {};

	if (!call)
		return 0;
	bpf_probe_read_user(&m, sizeof(m), at);
	call->source.vec = m.iov;
	call->source.segs = m.iovlen;
	call->source.user_vec = true;
	return 0;
}

SYSCALL_PROGS(read, buffer_receives(syscall_enter_arg(ctx, 0), (void *)syscall_enter_arg(ctx, 1)),
	      received(ctx, syscall_ret(ctx)))
SYSCALL_PROGS(recvfrom,
	      syscall_enter_arg(ctx, 3) & MSG_PEEK ? 0 :
	      buffer_receives(syscall_enter_arg(ctx, 0), (void *)syscall_enter_arg(ctx, 1)),
	      received(ctx, syscall_ret(ctx)))
SYSCALL_PROGS(recvmsg,
	      syscall_enter_arg(ctx, 2) & MSG_PEEK ? 0 :
	      message_receives(syscall_enter_arg(ctx, 0), (void *)syscall_enter_arg(ctx, 1)),
	      received(ctx, syscall_ret(ctx)))
