/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and ports in columns. */
#ifndef NET_H
#define NET_H

#include "applet.h"
#include "../bpf/sock.h"

/* `addr` of IP version `ip` as text, IPv6 in its short form. Anything but 4 and 6 is "-". */
void cell_addr(struct cell *cell, unsigned ip, const void *addr);

/* A port; 0, which is none or not known, is "-". */
void cell_port(struct cell *cell, unsigned port);

/* Defines the formatters of the columns over a struct tuple, `member` of the row's type T. */
#define TUPLE_FORMATTERS(T, member) \
	static void fmt_saddr(struct cell *cell, const void *row) \
	{ \
		const struct tuple *t = &((const T *)row)->member; \
		cell_addr(cell, t->ip, t->saddr); \
	} \
	static void fmt_daddr(struct cell *cell, const void *row) \
	{ \
		const struct tuple *t = &((const T *)row)->member; \
		cell_addr(cell, t->ip, t->daddr); \
	} \
	static void fmt_sport(struct cell *cell, const void *row) \
	{ \
		cell_port(cell, ((const T *)row)->member.sport); \
	} \
	static void fmt_dport(struct cell *cell, const void *row) \
	{ \
		cell_port(cell, ((const T *)row)->member.dport); \
	} \
	struct tuple

#endif
