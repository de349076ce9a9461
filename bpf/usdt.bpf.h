/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arguments of USDT probes, of programs in SEC("usdt") that prog_attach_usdt() attaches:
 *
 *	struct usdt_site *site = usdt_site(ctx);
 *
 *	if (!site || filtered())
 *		return 0;
 *	name = (const char *)usdt_arg(ctx, site, 0);	first argument of those asked for
 *
 * How a site has its arguments is one entry of an array, which the probe's cookie names: a lookup and,
 * for an argument, one or two reads. */
#ifndef USDT_BPF_H
#define USDT_BPF_H

#include "common.bpf.h"
#include "usdt.h"

const volatile bool usdt_cookies; /* this kernel has bpf_get_attach_cookie() (5.15) */

/* The same for all sites whose arguments are alike. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 256);
	__type(key, u32);
	__type(value, struct usdt_site);
} usdt_sites SEC(".maps");

/* Before 5.15 a site is known by its address, in programs that are loaded where they were linked; or by
 * its place in its page: that is the same in all processes, wherever a library is mapped. The core sees
 * to it that no two sites share one. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, u64);
	__type(value, u32);
} usdt_places SEC(".maps");

static __noinline struct usdt_site *usdt_site(struct pt_regs *ctx)
{
	u32 n, *known;
	u64 place;

	if (usdt_cookies) {
		n = bpf_get_attach_cookie(ctx);
	} else {
		place = PT_REGS_IP(ctx);
		known = bpf_map_lookup_elem(&usdt_places, &place);
		if (!known) {
			place %= USDT_PAGE;
			known = bpf_map_lookup_elem(&usdt_places, &place);
		}
		if (!known)
			return NULL;
		n = *known;
	}
	return bpf_map_lookup_elem(&usdt_sites, &n);
}

static __always_inline u64 usdt_reg(struct pt_regs *ctx, s16 offset)
{
	unsigned long v = 0;

	if (offset != USDT_NO_REG)
		bpf_probe_read_kernel(&v, sizeof(v), (void *)ctx + offset);
#ifdef __TARGET_ARCH_arm
	v = (u32)v;
#endif
	return v;
}

/* 0 where it cannot be had. */
static __noinline u64 usdt_arg(struct pt_regs *ctx, struct usdt_site *site, u32 n)
{
	struct usdt_arg *arg;
	u64 v, bits;
	u32 size;

	if (n >= USDT_SITE_ARGS)
		return 0;
	arg = &site->arg[n];
	if (arg->kind == USDT_NONE)
		return 0;
	v = arg->value + usdt_reg(ctx, arg->reg);
	if (arg->index != USDT_NO_REG)
		v += usdt_reg(ctx, arg->index) << (arg->scale & 63);
	size = arg->size;
	if (size < 1 || size > 8)
		size = 8;
	if (arg->kind == USDT_MEMORY) {
		const void *at = (const void *)v;

		v = 0;
		bpf_probe_read_user(&v, size, at);
	}
	bits = 64 - 8 * size;
	v <<= bits & 63;
	return arg->is_signed ? (u64)((s64)v >> (bits & 63)) : v >> (bits & 63);
}

/* The string at argument `n` into `buf`, always of `size`, NUL-terminated; argument `n` + 1 is its
 * length where the runtime has one (Java's are not terminated), 0 where it has none. Returns its
 * length with the NUL. */
static __noinline long usdt_str(struct pt_regs *ctx, struct usdt_site *site, u32 n, char *buf,
				u32 size)
{
	const char *at = (const char *)usdt_arg(ctx, site, n);
	u64 len = usdt_arg(ctx, site, n + 1);
	long err;

	if (!at)
		return 0;
	if (!len)
		return bpf_probe_read_user_str(buf, size, at);
	if (len > size - 1)
		len = size - 1;
	/* The terminator is put by cutting the read short there. */
	err = bpf_probe_read_user_str(buf, len + 1, at);
	return err;
}

#endif
