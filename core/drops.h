/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why the kernel dropped a packet: the names of enum skb_drop_reason (Linux 5.17), whose numbers
 * change with every release, so that they are read from the kernel's types. */
#ifndef DROPS_H
#define DROPS_H

#include "applet.h"

/* Read them; to be called in setup(), each time. */
void drop_reasons_read(struct run *run);

/* A formatter over a __u32 that is a reason: TCP_INVALID_SEQUENCE; its number where the types have
 * no name for it; "-" for 0, which is none. */
void fmt_drop_reason(struct cell *cell, const void *row);

#endif
