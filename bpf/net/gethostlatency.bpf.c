// SPDX-License-Identifier: GPL-2.0-or-later
// Calls of the resolver's functions in C libraries. These call each other, so a thread has one record:
// of the outermost call. Of the calls within it only the cause of a failure is taken, which
// gethostbyname() leaves in thread-local memory, and gethostbyname_r() tells.
#include "events.bpf.h"
#include "user_call.bpf.h"
#include "gethostlatency.h"

#define NSEC_PER_MSEC 1000000ULL
#define NSEC_PER_SEC 1000000000ULL
#define AF_INET 2
#define AF_INET6 10
#define ERANGE 34

struct call {
	u64 frame, ns;
	u64 name;	/* the first argument; an address for GETHOSTBYADDR */
	u64 results;	/* where the result is stored; 0: it is returned */
	u64 inner;	/* frame of an _r call within it; 0: none */
	u64 why, inner_why; /* where they store h_errno */
	u32 len;	/* of the address */
	u32 resolver;
	s32 h_errno;	/* of the call within */
	u32 pad;
};

/* By thread. A call that never returns (a signal handler that jumps out of it) leaves one behind. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8192);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

/* Is the new call within the old one? Deeper in the stack, if the old one can still be under way: no
 * resolver takes minutes. At the same place, if one has just jumped into the other. */
static __always_inline bool is_within(const struct call *old, const struct call *new)
{
	u64 age = new->ns - old->ns;

	if (new->frame == old->frame)
		return new->name == old->name && age < 10 * NSEC_PER_MSEC;
	return new->frame < old->frame && age < 300 * NSEC_PER_SEC;
}

static __noinline int enter(struct call *new)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *old;

	if (filtered())
		return 0;
	new->ns = bpf_ktime_get_ns();
	old = bpf_map_lookup_elem(&calls, &tid);
	if (!old || !is_within(old, new)) {
		if (bpf_map_update_elem(&calls, &tid, new, BPF_ANY))
			LOST(entries);
		return 0;
	}
	if (new->why && new->frame != old->frame) {
		old->inner = new->frame;
		old->inner_why = new->why;
	}
	return 0;
}

static __always_inline int resolver_enter(struct pt_regs *ctx, u32 resolver)
{
	struct call new = {
		.frame = entry_frame(ctx), .name = user_arg(ctx, 0), .resolver = resolver,
	};

	switch (resolver) {
	case GETADDRINFO:
		new.results = user_arg(ctx, 3);
		break;
	case GETHOSTBYNAME_R:
		new.results = user_arg(ctx, 4);
		new.why = user_arg(ctx, 5);
		break;
	case GETHOSTBYNAME2_R:
		new.results = user_arg(ctx, 5);
		new.why = user_arg(ctx, 6);
		break;
	case GETHOSTBYADDR_R:
		new.results = user_arg(ctx, 6);
		new.why = user_arg(ctx, 7);
		new.len = user_arg(ctx, 1);
		break;
	case GETHOSTBYADDR:
		new.len = user_arg(ctx, 1);
		break;
	}
	return enter(&new);
}

/* One program each, since before 5.15 a program does not know where it is attached. */
#define RESOLVER(fn, kind)					\
SEC("uprobe")							\
int fn(struct pt_regs *ctx)					\
{								\
	return resolver_enter(ctx, kind);			\
}

RESOLVER(getaddrinfo_enter, GETADDRINFO)
RESOLVER(gethostbyname_enter, GETHOSTBYNAME)
RESOLVER(gethostbyname2_enter, GETHOSTBYNAME2)
RESOLVER(gethostbyname_r_enter, GETHOSTBYNAME_R)
RESOLVER(gethostbyname2_r_enter, GETHOSTBYNAME2_R)
RESOLVER(gethostbyaddr_enter, GETHOSTBYADDR)
RESOLVER(gethostbyaddr_r_enter, GETHOSTBYADDR_R)

/* Where many are attached at a time (6.6). */
SEC("uprobe")
int enter_any(struct pt_regs *ctx)
{
	return resolver_enter(ctx, bpf_get_attach_cookie(ctx));
}

/* 4 or 16 bytes of a process, as an address. */
static __always_inline void address_read(struct event *e, u64 at, u32 len)
{
	if (len == 4 && !bpf_probe_read_user(e->address, 4, (void *)at))
		e->ip = 4;
	else if (len == 16 && !bpf_probe_read_user(e->address, 16, (void *)at))
		e->ip = 6;
}

/* struct addrinfo: flags, family, socktype, protocol, addrlen, then (aligned) the pointer to it; that
 * order is the same in glibc and musl. */
static __always_inline void addrinfo_read(struct event *e, u64 info)
{
	u64 addr = user_word(info, sizeof(user_long) == 8 ? 3 : 5);
	u16 family = 0;

	if (!addr || bpf_probe_read_user(&family, sizeof(family), (void *)addr))
		return;
	/* port before the address, and in IPv6 the flow label */
	if (family == AF_INET)
		address_read(e, addr + 4, 4);
	else if (family == AF_INET6)
		address_read(e, addr + 8, 16);
}

/* struct hostent: name, aliases, then addrtype and length as ints, addr_list */
static __always_inline void hostent_read(struct event *e, u64 host)
{
	u64 list = user_word(host, 2) ? user_word(host + 2 * sizeof(user_long) + 8, 0) : 0;

	if (list)
		address_read(e, user_word(list, 0), user_int(host + 2 * sizeof(user_long) + 4));
}

static __noinline int result_read(struct event *e, const struct call *c, long returned)
{
	s32 code = returned;
	u64 host = returned;

	if (c->resolver == GETADDRINFO) {
		e->outcome = code ? EAI : FOUND;
		e->error = code;
		if (!code)
			addrinfo_read(e, user_word(c->results, 0));
		return 0;
	}
	e->error = c->h_errno;
	if (c->results) {
		host = user_word(c->results, 0);
		e->error = user_int(c->why);
		/* The caller tries again with a larger buffer: nothing was asked yet. */
		if (code == ERANGE) {
			e->outcome = ERRNO;
			e->error = code;
			return 0;
		}
	}
	e->outcome = host ? FOUND : e->error > 0 ? H_ERRNO : FAILED;
	if (e->outcome == FOUND)
		e->error = 0;
	if (host && c->resolver != GETHOSTBYADDR && c->resolver != GETHOSTBYADDR_R)
		hostent_read(e, host);
	return 0;
}

static __always_inline void call_send(void *ctx, const struct call *c, long returned)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, host));
	long len = 0;

	if (!e)
		return;
	e->time_ns = bpf_ktime_get_ns();
	e->lat_ns = e->time_ns - c->ns;
	task_note(e);
	e->resolver = c->resolver;
	result_read(e, c, returned);
	e->host[0] = 0;
	if (c->resolver == GETHOSTBYADDR || c->resolver == GETHOSTBYADDR_R)
		address_read(e, c->name, c->len);
	else if (c->name)
		len = bpf_probe_read_user_str(e->host, sizeof(e->host), (void *)c->name);
	mark_cut(e->host, sizeof(e->host), len);
	if (len < 1 || len > sizeof(e->host))
		len = 1;
	event_output(ctx, e, EVENT_HEAD(struct event, host) + len);
}

SEC("uretprobe")
int leave(struct pt_regs *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *c = bpf_map_lookup_elem(&calls, &tid);

	if (!c)
		return 0;
	if (return_frame(ctx) == c->frame) {
		call_send(ctx, c, PT_REGS_RC(ctx));
		bpf_map_delete_elem(&calls, &tid);
	} else if (return_frame(ctx) == c->inner) {
		c->h_errno = user_int(c->inner_why);
	}
	return 0;
}
