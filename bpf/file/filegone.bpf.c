// SPDX-License-Identifier: GPL-2.0-or-later
// Files that lose their name: removed, renamed, replaced by another one.
#define EVENT_MAX 20480 /* two paths, and what the verifier thinks of their lengths */
#include "events.bpf.h"
#include "gone.bpf.h"
#include "filegone.h"

static __noinline struct event *event_begin(u32 action)
{
	struct event *e = event_scratch(EVENT_HEAD(struct event, path));

	if (!e)
		return NULL;
	e->time_ns = bpf_ktime_get_ns();
	task_note(e);
	e->action = action;
	return e;
}

static int gone(void *ctx, const struct note *n)
{
	struct event *e = event_begin(n->action);
	long len;

	if (!e)
		return 0;
	len = path_of_name(e->path, n->mnt, n->dir, n->name);
	if (n->new_dir) {
		e->new_at = len;
		len += path_of_name(e->path + (len & (2 * PATH_MAX - 1)), n->mnt, n->new_dir,
				    n->new_name);
	}
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}

static int gone_call(void *ctx, u32 call, struct pt_regs *regs, long ret)
{
	struct event *e;
	long len;

	if (filtered())
		return 0;
	e = event_begin(call_action(call, regs));
	if (!e)
		return 0;
	len = call_path(e->path, call, regs, false);
	if (call >= RENAME_CALL) {
		e->new_at = len;
		len += call_path(e->path + (len & (2 * PATH_MAX - 1)), call, regs, true);
	}
	event_output(ctx, e, EVENT_HEAD(struct event, path) + len);
	return 0;
}
