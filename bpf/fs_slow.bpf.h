/* SPDX-License-Identifier: GPL-2.0-or-later */
/* fs_done() of tools that list slow operations: an event for each. */
#ifndef FS_SLOW_BPF_H
#define FS_SLOW_BPF_H

#define FS_PLACES
#include "events.bpf.h"
#include "fs.bpf.h"

const volatile __u64 min_ns;
const volatile bool only_failed;

static __noinline int fs_done(void *ctx, struct fs_call *call, u64 now, int err)
{
	const struct path *path = call->path;
	struct fs_event *e;

	if (now - call->ns < min_ns || (only_failed && !err))
		return 0;
	e = event_scratch(EVENT_HEAD(struct fs_event, path));
	if (!e)
		return 0;
	e->time_ns = now;
	e->lat_ns = now - call->ns;
	e->offset = call->offset;
	e->bytes = call->bytes;
	e->err = err;
	e->op = call->op;
	task_note(e);
	event_output(ctx, e, EVENT_HEAD(struct fs_event, path) +
		     path_resolve(e->path, BPF_CORE_READ(path, mnt), BPF_CORE_READ(path, dentry)));
	return 0;
}

#endif
