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

/* Formatters of columns over a struct tuple: COL_FMT(tuple, "SADDR", -15, fmt_saddr) */
void fmt_saddr(struct cell *cell, const void *row);
void fmt_daddr(struct cell *cell, const void *row);
void fmt_sport(struct cell *cell, const void *row);
void fmt_dport(struct cell *cell, const void *row);

#endif
