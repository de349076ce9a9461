/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this process may do. */
#ifndef CAPS_H
#define CAPS_H

#include "util.h"

/* NULL if the process has what BPF tracing asks for, else the names of the missing capabilities:
 * CAP_BPF and CAP_PERFMON (5.8), for both of which CAP_SYS_ADMIN stands in. Static memory. */
const char *caps_missing(void);
/* Is the capability (linux/capability.h) in force? */
bool caps_has(int cap);

#endif
