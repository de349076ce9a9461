// SPDX-License-Identifier: GPL-2.0-or-later
// Show which processes find their files in the page cache, and which do not.
#include "common.bpf.h"
#include "cachetop.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 10240);
	__type(key, struct key);
	__type(value, struct pages_count);
} users SEC(".maps");

static __noinline void pages_add(enum pages what, s64 n)
{
	struct pages_count *c, none = {};
	struct key key = {};

	key.pid = current_pid_tgid() >> 32;
	key.uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(key.comm, sizeof(key.comm));
	c = entry_get(&users, &key, &none);
	if (c && what < PAGES)
		c->n[what] += n;
}

#include "pagecache.bpf.h"
