/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the kernel dropped a packet: the names of enum skb_drop_reason (Linux 5.17), whose numbers
 * change with every release, so that they are read from the kernel's types; and those of its
 * subsystems (6.4), numbers from 1 << 16 on, in enums NAME_drop_reason of their modules' types. */
#ifndef DROPS_H
#define DROPS_H

#include "applet.h"

/* Read them; to be called in setup(), each time. Those of modules are read when one comes up. */
void drop_reasons_read(struct run *run);

/* The name of a reason: TCP_INVALID_SEQUENCE; NULL where the types have none for it. */
const char *drop_reason_name(const struct run *run, uint32_t reason);
/* The reason of that name, in letters of any case; 0 where there is none. */
uint32_t drop_reason_find(const struct run *run, const char *name);
/* The next larger number that is the reason of a drop, of the kernel itself or of a module that is
 * loaded; 0: there is none. From 0 on it goes through all. */
uint32_t drop_reason_next(const struct run *run, uint32_t reason);

/* A formatter over a __u32 that is a reason; its number where there is no name; "-" for 0, which is
 * none. */
void fmt_drop_reason(struct cell *cell, const void *row);

#endif
