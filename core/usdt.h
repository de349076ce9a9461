/* SPDX-License-Identifier: GPL-2.0-or-later */
/* USDT probes: places that the author of a program marked, with arguments (sys/sdt.h, dtrace). The
 * file tells of them in notes; this reads those, and where each argument is when a probe is hit.
 * The files are of those under observation: nothing in them is believed (core/elf.h). */
#ifndef CORE_USDT_H
#define CORE_USDT_H

#include "elf.h"
#include "../bpf/usdt.h"

#include <sys/types.h>

/* More than the macros of sys/sdt.h can make. */
enum { USDT_ARGS_MAX = 12 };

/* One place at which a probe is. The strings are the file's memory: only valid inside the callback. */
struct usdt_note {
	const char *provider, *name;
	const char *args;	/* "8@%rdi -4@16(%rsp)" */
	uint64_t vaddr;		/* as linked */
	uint64_t offset;	/* in the file, in bytes: what a uprobe takes */
	uint64_t semaphore;	/* in the file; 0 where there is none. Not 0 while anybody looks: the
				 * program asks for that before it makes costly arguments */
};

/* Call `cb` for each place of a probe until it returns false. 1 when stopped, else 0. */
typedef bool (*usdt_cb)(struct elf *e, const struct usdt_note *note, void *arg);
int usdt_each(struct elf *e, usdt_cb cb, void *arg);

/* Is it the probe `name`, written as in C ("query__start") or in DTrace ("query-start")? */
bool usdt_name_is(const char *probe, const char *name, size_t len);

/* Where the arguments of `note` are; returns how many. What cannot be told is USDT_NONE. */
unsigned usdt_args(struct elf *e, const struct usdt_note *note, struct usdt_arg arg[USDT_ARGS_MAX]);

/* The operand at *text, as for example "-4@16(%rsp)", of a probe at `vaddr`; steps behind it.
 * Without `e` symbols are out of reach. */
struct usdt_arg usdt_operand(struct elf *e, uint16_t machine, uint64_t vaddr, const char **text);

#endif
