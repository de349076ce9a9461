/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Calls of TLS libraries. Defines a program for the entry of each function of tls.h; the tool has the
 * one for all returns:
 *
 *	struct tls_call call;
 *	if (tls_leave(ctx, &call)) ...
 */
#ifndef TLS_BPF_H
#define TLS_BPF_H

#include "user_call.bpf.h"
#include "tls.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL

struct tls_call {
	u64 frame, ns;
	u64 on;		/* the session, by kind of call; functions on one call each other */
	u64 buf;
	u64 len;	/* where the length is stored; 0: it is returned */
	u32 function;	/* with its flags */
	u32 pad;
};

/* The calls that a thread is in, the outermost first. TLS may go through TLS, and handshakes through
 * primitives, so there are several. What has not returned (a jump out of it) is overwritten. */
enum { TLS_DEPTH = 6 };

struct tls_thread {
	struct tls_call call[TLS_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u32);
	__type(value, struct tls_thread);
} tls_threads SEC(".maps");

static struct tls_thread tls_thread_zero;

static __always_inline struct tls_thread *tls_thread_get(bool make)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct tls_thread *t = bpf_map_lookup_elem(&tls_threads, &tid);

	if (t || !make)
		return t;
	bpf_map_update_elem(&tls_threads, &tid, &tls_thread_zero, BPF_ANY);
	t = bpf_map_lookup_elem(&tls_threads, &tid);
	if (!t)
		LOST(entries);
	return t;
}

/* Is the new call a part of one under way? On the same session, and deeper in the stack; or at the same
 * place, where one function jumps into the other. Whoever reads waits, but not for an hour. */
static __always_inline bool tls_is_part(const struct tls_call *old, const struct tls_call *new)
{
	u64 age = new->ns - old->ns;

	if (old->on != new->on)
		return false;
	return old->frame > new->frame ? age < 3600 * NSEC_PER_SEC : age < 10 * NSEC_PER_MSEC;
}

static __noinline int tls_enter(struct pt_regs *ctx, u32 function)
{
	struct tls_call new = { .frame = entry_frame(ctx), .function = function };
	struct tls_thread *t;

	if (filtered())
		return 0;
	new.on = user_arg(ctx, 0);
	if (function & TLS_DATA)
		new.buf = user_arg(ctx, 1);
	if (function & TLS_BY_PTR)
		new.len = user_arg(ctx, 3);
	/* struct PRFileDesc: methods, secret, lower, higher, ... */
	if (function & TLS_LAYERED && !user_word(new.on, 2))
		return 0;
	/* Pointers are even. A primitive has no session: it is a part of itself only. */
	if (function & TLS_HANDSHAKE)
		new.on |= 1;
	if (function & TLS_CRYPTO)
		new.on = function;
	t = tls_thread_get(true);
	if (!t)
		return 0;
	new.ns = bpf_ktime_get_ns();
	for (u32 i = 0; i < TLS_DEPTH; i++) {
		struct tls_call *c = &t->call[i];

		if (c->frame >= new.frame && tls_is_part(c, &new))
			return 0;
		if (c->frame > new.frame)
			continue;
		*c = new;
		if (i + 1 < TLS_DEPTH)
			t->call[i + 1].frame = 0;
		return 0;
	}
	LOST(missed);
	return 0;
}

/* The call that has just returned. False: none that is of interest. */
static __noinline bool tls_leave(struct pt_regs *ctx, struct tls_call *call)
{
	struct tls_thread *t = tls_thread_get(false);
	u64 frame = return_frame(ctx);

	if (!t || !call)
		return false;
	for (u32 i = 0; i < TLS_DEPTH; i++) {
		struct tls_call *c = &t->call[i];

		if (c->frame != frame)
			continue;
		*call = *c;
		c->frame = 0;
		return true;
	}
	return false;
}

static __always_inline bool tls_failed(const struct tls_call *call, s32 result)
{
	return result < (call->function & TLS_ZERO_OK ? 0 : 1);
}

/* One program each, since before 5.15 a program does not know where it is attached. */
#define TLS_ENTRY(name, flags)					\
SEC("uprobe")							\
int enter_##name(struct pt_regs *ctx)				\
{								\
	return tls_enter(ctx, TLS_##name | (flags));		\
}
TLS_ALL(TLS_ENTRY)

/* Where many are attached at a time (6.6). */
SEC("uprobe")
int enter_any(struct pt_regs *ctx)
{
	return tls_enter(ctx, bpf_get_attach_cookie(ctx));
}

#endif
