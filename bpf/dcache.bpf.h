/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lookups of names in the dentry cache. The object that includes this has
 * `static int looked_up(void *ctx, struct lookup *l)` before it.
 *
 * A lookup begins in lookup_fast() while a path is walked, or in d_lookup() for a name that is to be
 * made or removed. What is not found at once is looked for again more slowly (d_lookup(), and at last
 * d_alloc_parallel() before the file system is asked), all on behalf of the one lookup: the folder and
 * the hash of the name tell that it is the same. */
#ifndef DCACHE_BPF_H
#define DCACHE_BPF_H

#include "common.bpf.h"
#include "dcache.h"

enum stage {
	SLOW_NEXT,	/* not found by lookup_fast(): the slow way comes next */
	MISS_TOLD,	/* not found by d_lookup() either */
};

struct lookup {
	struct dentry *parent;
	u64 hash;		/* of the name, and its length */
	const unsigned char *name; /* as long as the hash says: the rest of the path follows */
	struct vfsmount *mnt;	/* NULL: not known here */
	u32 stage;		/* enum stage, for what is under way */
	u32 result;		/* for looked_up(): enum lookups, bits */
};

/* By thread: of those that did not find their name at once. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct lookup);
} slow_lookups SEC(".maps");

static __noinline int looked_up(void *ctx, struct lookup *l);

/* Is looked_up() to know more of what was found at once than that it was? */
const volatile bool names_wanted;

static __always_inline u64 name_hash(const struct qstr *name)
{
	u64 hash = 0;

	bpf_probe_read_kernel(&hash, sizeof(hash), name); /* qstr.hash_len, a union at its start */
	return hash;
}

static __always_inline u32 name_len(const struct lookup *l)
{
	return l->hash >> 32;
}

static __always_inline void slow_note(struct lookup *l, enum stage stage)
{
	u32 tid = bpf_get_current_pid_tgid();

	l->stage = stage;
	if (bpf_map_update_elem(&slow_lookups, &tid, l, BPF_ANY))
		LOST(entries);
}

/* `ret`: a dentry (a negative one knows that there is no such file), NULL or an error. */
static __noinline int fast_done(void *ctx, struct nameidata *nd, long ret)
{
	struct lookup l = {};

	/* -ECHILD: could not be done without locks; the walk begins anew, with them. */
	if (ret == -10 || filtered())
		return 0;
	l.result = LOOKUP;
	if (ret && !names_wanted)
		return looked_up(ctx, &l);
	l.parent = BPF_CORE_READ(nd, path.dentry);
	l.mnt = BPF_CORE_READ(nd, path.mnt);
	l.name = BPF_CORE_READ(nd, last.name);
	l.hash = name_hash((void *)nd + bpf_core_field_offset(nd->last));
	if (!ret) {
		slow_note(&l, SLOW_NEXT);
		l.result |= SLOW;
	}
	return looked_up(ctx, &l);
}

static __noinline int slow_done(void *ctx, struct dentry *parent, const struct qstr *name, bool found)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct lookup l = {}, *old = bpf_map_lookup_elem(&slow_lookups, &tid);

	if (filtered())
		return 0;
	l.parent = parent;
	l.hash = name_hash(name);
	l.name = BPF_CORE_READ(name, name);
	if (old && old->stage == SLOW_NEXT && old->parent == l.parent && old->hash == l.hash) {
		if (!found) /* told when the file system is asked */
			return 0;
		l.mnt = old->mnt;
		l.result = FOUND_SLOWLY;
		bpf_map_delete_elem(&slow_lookups, &tid);
		return looked_up(ctx, &l);
	}
	l.result = found ? LOOKUP | SLOW | FOUND_SLOWLY : LOOKUP | SLOW | MISS;
	if (!found)
		slow_note(&l, MISS_TOLD);
	return looked_up(ctx, &l);
}

static __noinline int file_system_asked(void *ctx, struct dentry *parent, const struct qstr *name)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct lookup l = {}, *old = bpf_map_lookup_elem(&slow_lookups, &tid);
	bool told = false;

	if (filtered())
		return 0;
	l.parent = parent;
	l.hash = name_hash(name);
	l.name = BPF_CORE_READ(name, name);
	l.result = LOOKUP | SLOW | MISS;
	if (old && old->parent == l.parent && old->hash == l.hash) {
		told = old->stage == MISS_TOLD;
		l.mnt = old->mnt;
		l.result = MISS;
		bpf_map_delete_elem(&slow_lookups, &tid);
	}
	return told ? 0 : looked_up(ctx, &l);
}

/* Until 6.0 it had two arguments more. */
static __always_inline long fast_ret(const u64 *ctx)
{
	u64 ret;

	if (bpf_core_field_exists(struct nameidata, next_seq)) {
		ret = ctx[1];
		/* Else one load from a computed place, which is refused. */
		asm volatile("" : "+r"(ret));
	} else {
		ret = ctx[3];
	}
	return ret;
}

SEC("fexit/lookup_fast")
int fast_fexit(u64 *ctx)
{
	return fast_done(ctx, (void *)ctx[0], fast_ret(ctx));
}

SEC("fexit/d_lookup")
int BPF_PROG(slow_fexit, struct dentry *parent, const struct qstr *name, struct dentry *ret)
{
	return slow_done(ctx, parent, name, ret);
}

SEC("fentry/d_alloc_parallel")
int BPF_PROG(asked_fentry, struct dentry *parent, const struct qstr *name)
{
	return file_system_asked(ctx, parent, name);
}

/* From a kprobe to its kretprobe; neither of the two functions calls the other. */
struct call {
	u64 a, b;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, u32);
	__type(value, struct call);
} calls SEC(".maps");

static __noinline int call_begins(u64 a, u64 b)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call call = { a, b };

	if (!filtered() && bpf_map_update_elem(&calls, &tid, &call, BPF_ANY))
		LOST(entries);
	return 0;
}

static __always_inline bool call_ends(struct call *call)
{
	u32 tid = bpf_get_current_pid_tgid();
	struct call *begun = bpf_map_lookup_elem(&calls, &tid);

	if (!begun)
		return false;
	*call = *begun;
	bpf_map_delete_elem(&calls, &tid);
	return true;
}

SEC("kprobe/lookup_fast")
int BPF_KPROBE(fast_kprobe, u64 nd)
{
	return call_begins(nd, 0);
}

SEC("kretprobe/lookup_fast")
int BPF_KRETPROBE(fast_kretprobe, long ret)
{
	struct call call;

	return call_ends(&call) ? fast_done(ctx, (void *)call.a, ret) : 0;
}

SEC("kprobe/d_lookup")
int BPF_KPROBE(slow_kprobe, u64 parent, u64 name)
{
	return call_begins(parent, name);
}

SEC("kretprobe/d_lookup")
int BPF_KRETPROBE(slow_kretprobe, long ret)
{
	struct call call;

	return call_ends(&call) ? slow_done(ctx, (void *)call.a, (void *)call.b, ret) : 0;
}

SEC("kprobe/d_alloc_parallel")
int BPF_KPROBE(asked_kprobe, struct dentry *parent, const struct qstr *name)
{
	return file_system_asked(ctx, parent, name);
}

#endif
