// SPDX-License-Identifier: GPL-2.0-or-later
// Descriptors passed in messages with SCM_RIGHTS. When sendmsg(2), recvmsg(2) and their like return,
// the kernel has just read or written the control data in user memory, and each descriptor is open
// in the current task.
#define EVENT_MAX 8192
#include "events.bpf.h"
#include "syscall.bpf.h"
#include "path.bpf.h"
#include "sofdsnoop.h"

const volatile u32 only_netns;

enum { AF_UNIX = 1, SOL_SOCKET = 1, SCM_RIGHTS = 1 };

/* As user space has them: no 32-bit program of a 64-bit kernel comes by here. */
#ifdef __TARGET_ARCH_arm
typedef u32 user_long;
#else
typedef u64 user_long;
#endif

struct user_message {
	user_long name, name_len, vector, vector_len;
	user_long control, control_len;
};

struct user_control {
	user_long len;	/* with this header */
	int level, type;
};

/* struct msghdr has the flags and padding behind; struct mmsghdr a length and padding behind that */
enum { MESSAGE_SIZE = sizeof(struct user_message) + sizeof(user_long),
       MESSAGES_SIZE = MESSAGE_SIZE + sizeof(user_long) };

/* Where the look through a call's messages has come to, by thread. */
struct walk {
	u64 message;		/* user address of the next one */
	u64 control;		/* of the present one's control data */
	u32 messages;		/* that are still to come */
	u32 len, at;		/* the control data's length, the next header's place */
	u32 fd_at, fd_end;	/* where in there descriptors are */
	int socket_fd;
	u64 socket_ino;
	u32 netns;
	enum action action;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct walk);
} walks SEC(".maps");

/* The event into the ring buffer; or where that is a perf buffer, which wants the program's context, into
 * the scratch buffer: then its length is returned. */
static __noinline long passed(struct walk *w, int fd)
{
	struct file *file = file_of_fd(fd);
	struct event *e = event_scratch(EVENT_HEAD(struct event, path));
	long size;

	if (!e)
		return 0;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->action = w->action;
	e->socket_fd = w->socket_fd;
	e->socket_ino = w->socket_ino;
	e->netns = w->netns;
	e->fd = fd;
	e->mode = BPF_CORE_READ(file, f_inode, i_mode);
	e->ino = BPF_CORE_READ(file, f_inode, i_ino);
	size = EVENT_HEAD(struct event, path) + path_file(e->path, file);
	if (events_perf)
		return size;
	event_output(NULL, e, size);
	return 0;
}

static __always_inline bool control_next(struct walk *w)
{
	struct user_control head = {};
	u32 at = w->at;

	if (at + sizeof(head) > w->len ||
	    bpf_probe_read_user(&head, sizeof(head), (void *)w->control + at) ||
	    head.len < sizeof(head) || head.len > w->len - at)
		return false;
	if (head.level == SOL_SOCKET && head.type == SCM_RIGHTS) {
		w->fd_at = at + sizeof(head);
		w->fd_end = at + head.len;
	}
	w->at = at + ((u32)head.len + sizeof(user_long) - 1) / sizeof(user_long) * sizeof(user_long);
	return true;
}

static __always_inline bool message_next(struct walk *w)
{
	struct user_message m = {};

	if (!w->messages || bpf_probe_read_user(&m, sizeof(m), (void *)w->message))
		return false;
	w->messages--;
	w->message += MESSAGES_SIZE;
	w->control = m.control;
	w->len = m.control ? m.control_len : 0;
	w->at = 0;
	return true;
}

/* Mostly there is nothing in a message. */
static __always_inline bool messages_next(struct walk *w)
{
	for (int i = 0; i < 16; i++) {
		if (!message_next(w))
			return false;
		if (w->len)
			break;
	}
	return true;
}

/* One descriptor, header or message: as passed() returns, -1 when there are no more. A global function, as
 * path_step() is: so it has no context. */
__noinline int passed_step(void)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct walk *w = bpf_map_lookup_elem(&walks, &tid);
	int fd = -1;

	if (!w)
		return -1;
	if (w->fd_at + sizeof(fd) <= w->fd_end) {
		bpf_probe_read_user(&fd, sizeof(fd), (void *)w->control + w->fd_at);
		w->fd_at += sizeof(fd);
		return passed(w, fd);
	}
	return control_next(w) || messages_next(w) ? 0 : -1;
}

static __always_inline bool socket_note(struct walk *w)
{
	enum { S_IFMT = 0170000, S_IFSOCK = 0140000 };
	struct file *file = file_of_fd(w->socket_fd);
	struct socket *socket;
	struct sock *sk;

	if ((BPF_CORE_READ(file, f_inode, i_mode) & S_IFMT) != S_IFSOCK)
		return false;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	w->socket_ino = BPF_CORE_READ(file, f_inode, i_ino);
	w->netns = BPF_CORE_READ(sk, __sk_common.skc_net.net, ns.inum);
	return BPF_CORE_READ(sk, __sk_common.skc_family) == AF_UNIX &&
	       (!only_netns || w->netns == only_netns);
}

static __always_inline void scratch_send(void *ctx, u32 size)
{
	void *e = event_scratch_raw();

	if (e)
		event_output(ctx, e, size);
}

/* A message has 253 descriptors at most (SCM_MAX_FD), and a call may have many messages. The second
 * number is that with a perf buffer, for which the verifier follows each step in all its ways. */
enum { STEPS = 2048, STEPS_PERF = 64 };

/* Most messages have no control data, and most sockets are no UNIX ones. */
static __noinline int look(void *ctx, enum action action, int fd, u64 message, long messages)
{
	struct walk w = { .action = action, .socket_fd = fd, .message = message };
	u32 tid = bpf_get_current_pid_tgid();
	struct user_message m = {};

	if (messages <= 0)
		return 0;
	if (messages == 1 && (bpf_probe_read_user(&m, sizeof(m), (void *)message) || !m.control ||
			      m.control_len < sizeof(struct user_control)))
		return 0;
	if (filtered() || !socket_note(&w))
		return 0;
	w.messages = messages;
	if (bpf_map_update_elem(&walks, &tid, &w, BPF_ANY)) {
		LOST(entries);
		return 0;
	}
	for (int i = 0; i < STEPS; i++) {
		int size = passed_step();

		if (size < 0)
			goto end;
		if (events_perf && size > 0)
			scratch_send(ctx, size);
		if (events_perf && i > STEPS_PERF)
			break;
	}
	LOST(events);
end:
	bpf_map_delete_elem(&walks, &tid);
	return 0;
}

/* A call that takes one message returns how many bytes that had, the others how many messages. */
static __noinline int look_back(struct syscall_trace_exit *ctx, enum action action, bool several)
{
	struct pt_regs *regs = syscall_regs();
	long ret = syscall_ret(ctx);

	return look(ctx, action, syscall_arg(regs, 0), syscall_arg(regs, 1),
		    several ? ret : ret >= 0);
}

/* Where registers cannot be asked for at the return: from entry to return, by thread. */
struct start {
	u64 message;
	int fd;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct start);
} starts SEC(".maps");

static __noinline int enter(struct syscall_trace_enter *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct start start = {
		.fd = syscall_enter_arg(ctx, 0),
		.message = syscall_enter_arg(ctx, 1),
	};

	if (!filtered())
		bpf_map_update_elem(&starts, &tid, &start, BPF_ANY);
	return 0;
}

static __noinline int leave(struct syscall_trace_exit *ctx, enum action action, bool several)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct start *start = bpf_map_lookup_elem(&starts, &tid), copy;
	long ret = syscall_ret(ctx);

	if (!start)
		return 0;
	copy = *start;
	bpf_map_delete_elem(&starts, &tid);
	return look(ctx, action, copy.fd, copy.message, several ? ret : ret >= 0);
}

#define CALL(name, action, several)						\
	SYSCALL_PROGS(name, enter(ctx), leave(ctx, action, several))		\
	SEC("tp/syscalls/sys_exit_" #name)					\
	int name##_return(struct syscall_trace_exit *ctx)			\
	{									\
		return look_back(ctx, action, several);				\
	}

CALL(sendmsg, SEND, false)
CALL(sendmmsg, SEND, true)
CALL(recvmsg, RECV, false)
CALL(recvmmsg, RECV, true)
/* That of 32-bit architectures, for times after 2038. */
CALL(recvmmsg_time64, RECV, true)
