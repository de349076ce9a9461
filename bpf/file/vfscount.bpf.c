// SPDX-License-Identifier: GPL-2.0-or-later
// Calls of each function of a list, counted by its place in there, which is the probe's cookie.
#include "common.bpf.h"
#include "vfscount.h"

const volatile bool cookies;	/* this kernel has bpf_get_attach_cookie() (5.15) */

/* Only ever counted up: user space takes differences, so that nothing falls between two reports. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, FUNCS_MAX);
	__type(key, u32);
	__type(value, u64);
} counts SEC(".maps");

/* Without cookies: from the address that was hit. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2 * FUNCS_MAX);
	__type(key, u64);
	__type(value, u32);
} places SEC(".maps");

static __always_inline int called(struct pt_regs *ctx)
{
	u64 ip = 0, *n;
	u32 at, *place;

	if (filtered())
		return 0;
	if (cookies) {
		at = bpf_get_attach_cookie(ctx);
	} else {
		ip = PT_REGS_IP(ctx);
		place = bpf_map_lookup_elem(&places, &ip);
		at = place ? *place : FUNCS_MAX;
	}
	n = bpf_map_lookup_elem(&counts, &at);
	if (n)
		++*n;
	else
		LOST(entries);
	return 0;
}

SEC("kprobe.multi")
int funcs_multi(struct pt_regs *ctx)
{
	return called(ctx);
}

SEC("kprobe")
int func_kprobe(struct pt_regs *ctx)
{
	return called(ctx);
}
