/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tracefs, whether it is mounted or not. */
#ifndef TRACEFS_H
#define TRACEFS_H

#include "util.h"

/* A folder's descriptor for openat(): where tracefs is mounted, else a private mount of our own
 * that nobody else sees and that ends with the process (fsopen, 5.2). -1: it cannot be reached,
 * errno says why. Opened once, never closed. */
int tracefs_fd(void);

bool tracefs_has(const char *file);

/* The number of an event, "sched/sched_switch". -ENOENT: the kernel has no such event. */
int tracefs_event_id(const char *event);

#endif
