/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Clocks: the kernel stamps events with CLOCK_MONOTONIC (bpf_ktime_get_ns), people read wall time. */
#ifndef CLOCK_H
#define CLOCK_H

#include "util.h"

#define NSEC 1000000000ULL

/* CLOCK_MONOTONIC, ns. */
uint64_t clock_now(void);
/* The wall clock (ns since 1970) at the monotonic instant `ns`. Follows steps of the wall clock. */
uint64_t clock_wall(uint64_t ns);

enum { CLOCK_TEXT = 40 };
/* RFC 3339 in UTC with nanoseconds, 2026-01-02T03:04:05.123456789Z, of a monotonic instant. */
const char *clock_rfc3339(uint64_t ns, char text[CLOCK_TEXT]);
/* HH:MM:SS in the local time zone with `digits` (0 to 9) of a second's fraction. */
const char *clock_local(uint64_t ns, int digits, char text[CLOCK_TEXT]);

#endif
