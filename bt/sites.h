/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attach points: what they say, and what there is to attach to on this kernel. */
#ifndef BT_SITES_H
#define BT_SITES_H

#include "bt.h"

/* What is the same at all sites of a kind. */
struct site_kind_row {
	const char *name, *alias, *alias2;
	const char *form; /* of the parts behind the name, for messages */
	bool returns, user, args, kernel_args, timed;
};
extern const struct site_kind_row site_kinds[P_KINDS];

/* Split and check what the attach points say, no more: needs no kernel. */
void points_parse(struct bt *bt, struct bt_probe *probe);
/* Their sites, in probe->sites. Those of a list that are missing are told by warn(), as long as
 * there is one left. */
void sites_find(struct bt *bt, struct bt_probe *probe);
/* After the last probe. */
void sites_end(struct bt *bt);
/* The members of `args`, NULL where there are none: then why says so. */
struct bt_record *site_args(struct bt *bt, struct bt_site *site, const char **why);

/* The type of an iterator's context, NULL: there is none. */
const struct bt_type *iter_context(struct bt *bt, const char *kind);

/* Is it one name, or are there several that fit? */
bool site_is_pattern(const struct bt *bt, const char *text);
/* Attach cookies: Linux 5.15. */
bool kernel_has_cookies(struct bt *bt);
/* Can one program tell at which of the probe's several sites it runs (attach cookies, Linux 5.15)?
 * Else it needs one program a site. */
bool sites_have_cookies(struct bt *bt, const struct bt_probe *probe, enum site_kind kind);

/* -l: call `see` with each probe that fits the pattern, as KIND:... */
typedef void site_see(const char *name, void *arg);
void sites_list(struct bt *bt, const char *pattern, site_see *see, void *arg);

/* The address of a variable in the process of that probe, and its size. */
bool site_symbol(const struct bt *bt, const struct bt_site *site, const char *name, uint64_t *addr,
		 uint64_t *size);

/* The same for one of the kernel, which may hide its addresses. */
bool kernel_symbol(const char *name, uint64_t *addr);

/* The file that PATH, LIBRARY or PROGRAM means; false: there is none. */
bool site_file(const struct bt *bt, const char *name, char *path, size_t size);

#endif
