/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the arguments of a USDT probe are, as core/usdt.c reads it from the probe's file and
 * bpf/usdt.bpf.h takes them. */
#ifndef USDT_H
#define USDT_H

#ifndef __bpf__
#include <linux/types.h>
#endif

#define USDT_NO_REG (-1)
#define USDT_PAGE 4096		/* before 5.15: see usdt_site() */

enum usdt_kind {
	USDT_NONE,	/* out of reach: a register that the kernel does not show, a lost symbol */
	USDT_VALUE,	/* value + register + (index << scale) */
	USDT_MEMORY,	/* what is at that address */
};

struct usdt_arg {
	__s64 value;
	__s16 reg, index;	/* offsets in struct pt_regs, or USDT_NO_REG */
	__u8 kind;
	__u8 scale;
	__u8 size;		/* in bytes: 1, 2, 4, 8 */
	__u8 is_signed;
};

/* One place in the code at which a probe is. */
enum { USDT_SITE_ARGS = 8 };

struct usdt_site {
	__u64 cookie;		/* the applet's own, of prog_attach_usdt() */
	struct usdt_arg arg[USDT_SITE_ARGS];
};

#endif
