/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which applets this binary has. */
#ifndef REGISTRY_H
#define REGISTRY_H

#include "applet.h"

size_t applets_count(void);
const struct applet *applets_get(size_t i);

/* By exact name; `*alias` is set where the name is one, else NULL. NULL if there is none. */
const struct applet *applet_find(const char *name, const struct alias **alias);
/* By the name of a program, as distributions call it: /usr/sbin/opensnoop, bpf-opensnoop,
 * opensnoop-bpfcc, opensnoop.bt. */
const struct applet *applet_find_called(const char *called, const struct alias **alias);

struct name {
	const char *name, *brief;
};
/* Names and aliases, sorted; the caller frees. */
struct name *names_sorted(size_t *n);

int run_applet(const struct applet *applet, const struct alias *alias, int argc, char **argv);

#endif
