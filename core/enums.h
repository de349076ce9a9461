/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of an enum of the running kernel, from its types: lists that change between versions need no
 * table of ours. */
#ifndef ENUMS_H
#define ENUMS_H

#include "applet.h"

struct enum_names;
struct btf;

/* The types of the kernel that the run is on, or those that --btf names; NULL where there are none,
 * which the core will complain of when it loads the programs. For setup(); the caller frees them with
 * btf__free(). */
struct btf *types_read(const struct run *run);

/* The names of `enum name`, without the prefix that all of them have, in lower case:
 * enum_read(run, "wb_reason", "WB_REASON_"). NULL where the kernel has no such enum, or no types.
 * Lives as long as the process. For setup(). */
struct enum_names *enum_read(const struct run *run, const char *name, const char *prefix);
/* The name of v, NULL if it has none. `names` may be NULL. */
const char *enum_name(const struct enum_names *names, uint64_t v);
/* The same into a cell; the number itself where it has no name. */
void cell_enum_read(struct cell *cell, const struct enum_names *names, uint64_t v);

#endif
