// SPDX-License-Identifier: GPL-2.0-or-later
// New objects, by the runtime's probes; and memory blocks of the C library, by its functions.
#include "usdt.bpf.h"
#include "uobjnew.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 16384);
	__type(key, struct key);
	__type(value, struct value);
} counts SEC(".maps");

static const struct value no_value;

/* Atomic, as a task that runs a probe may be preempted by another on the same CPU. */
static __noinline int count(const struct key *key, u64 bytes)
{
	struct value *v = entry_get(&counts, key, &no_value);

	if (!v)
		return 0;
	__sync_fetch_and_add(&v->count, 1);
	__sync_fetch_and_add(&v->bytes, bytes);
	return 0;
}

/* Arguments: class, its length, bytes. Of what is no class the last one alone. */
SEC("usdt")
int made(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);
	struct key key = {};

	if (!site || filtered())
		return 0;
	key.kind = site->cookie;
	if (key.kind == OBJECT_CLASS)
		mark_cut(key.class, sizeof(key.class),
			 usdt_str(ctx, site, 0, key.class, sizeof(key.class)));
	return count(&key, usdt_arg(ctx, site, 2));
}

/* Above 1 KB sizes are rounded up to an eighth of a power of two, so that there are not too many. */
static __noinline int block(u64 size)
{
	struct key key = { .kind = OBJECT_BLOCK };
	u64 step = 1;

	if (filtered())
		return 0;
	for (int i = 10; i < 48; i++) {
		if (size >> i)
			step = 1ULL << (i - 3);
	}
	key.size = (size + step - 1) & -step;
	return count(&key, size);
}

SEC("uprobe")
int block_malloc(struct pt_regs *ctx)
{
	return block(PT_REGS_PARM1(ctx));
}

/* realloc(), aligned_alloc(), memalign() */
SEC("uprobe")
int block_second(struct pt_regs *ctx)
{
	return block(PT_REGS_PARM2(ctx));
}

SEC("uprobe")
int block_third(struct pt_regs *ctx)
{
	return block(PT_REGS_PARM3(ctx));
}

SEC("uprobe")
int block_calloc(struct pt_regs *ctx)
{
	return block(PT_REGS_PARM1(ctx) * PT_REGS_PARM2(ctx));
}
