// SPDX-License-Identifier: GPL-2.0-or-later
// Queries of a database that take long, with their text. That is read at the start: at the end its
// buffer may have been changed.
#include "events.bpf.h"

static int query_begin(void *ctx, const char *text, u64 len);
static int query_end(void *ctx);
#include "db.bpf.h"
#include "dbslower.h"

const volatile u64 min_ns = 1000000;

/* By thread: the query under way. Of a server with more threads than that, those idle longest go. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct event);
} queries SEC(".maps");

static const struct event no_query;

static __noinline int query_begin(void *ctx, const char *text, u64 len)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = entry_get(&queries, &tid, &no_query);
	u64 id = current_pid_tgid();
	long err;

	if (!e)
		return 0;
	e->pid = id >> 32;
	e->tid = id;
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	len++; /* for the NUL, at which the text is cut */
	asm volatile("" : "+r"(len)); /* for the verifier: the value that is compared is taken */
	if (len < 2 || len > sizeof(e->query))
		len = sizeof(e->query);
	err = bpf_probe_read_user_str(e->query, len, text);
	if (err < 1) {
		e->query[0] = 0;
		err = 1;
	}
	e->len = err;
	mark_cut(e->query, sizeof(e->query), err);
	e->duration_ns = bpf_ktime_get_ns();
	return 0;
}

static __noinline int query_end(void *ctx)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct event *e = bpf_map_lookup_elem(&queries, &tid);
	u64 now = bpf_ktime_get_ns(), len;

	if (!e || !e->duration_ns)
		return 0; /* began before we did, or is not wanted */
	if (now - e->duration_ns >= min_ns) {
		e->time_ns = now;
		e->duration_ns = now - e->duration_ns;
		len = e->len;
		asm volatile("" : "+r"(len)); /* for the verifier: the value that is compared is sent */
		if (len > sizeof(e->query))
			len = sizeof(e->query);
		event_send(ctx, e, EVENT_HEAD(struct event, query) + len);
	}
	e->duration_ns = 0;
	return 0;
}
