/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stacks merged into a tree from the outermost frame inward: drawn as a flame graph, or as text. */
#ifndef FLAME_H
#define FLAME_H

#include "out.h"

enum flame_kind { FLAME_TASK, FLAME_USER, FLAME_KERNEL }; /* what a frame is, for its colour */

struct flame_frame {
	const char *name;	/* copied; any bytes */
	enum flame_kind kind;
};

struct flame;

struct flame *flame_new(void);
void flame_free(struct flame *flame); /* NULL is fine */
/* Adds `value` to the path of `n` frames, the outermost first. */
void flame_add(struct flame *flame, const struct flame_frame *frames, size_t n, uint64_t value);
uint64_t flame_total(const struct flame *flame);

/* One self-contained SVG: zoom by a click, search by a regular expression, no outside resources; it
 * is readable without scripts too. `unit` names the values, divided by `scale`. */
void flame_svg(struct flame *flame, struct out *o, const char *title, const char *unit,
	       uint64_t scale);
/* Lines of share, value and function, callees below their callers, the largest first; shares below
 * 0.1 % are left out, and counted in a line of their own. */
void flame_tree(struct flame *flame, struct out *o, uint64_t scale);

#endif
