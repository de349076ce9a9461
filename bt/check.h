/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files that check names and types share. */
#ifndef BT_CHECK_H
#define BT_CHECK_H

#include "ctypes.h"
#include "gen.h"
#include "sites.h"

struct check {
	struct bt *bt;
	struct bt_probe *probe;
	struct bt_site *site;
	bool changed;  /* a map's or variable's type got known, or larger: check all once more */
	bool final;    /* all is known that will be */
	bool per_site; /* the code is for one site: it names it, or reads its arguments */
};

/* Is its context the registers? */
static inline bool has_regs(enum site_kind k)
{
	return k == P_KPROBE || k == P_KRETPROBE || site_kinds[k].user;
}

/* A builtin variable. */
struct bt_builtin {
	const char *name, *alias;
	void (*check)(struct check *ck, struct bt_expr *e);
	void (*gen)(struct gen *g, struct bt_expr *e); /* a scalar, to R0 */
	void (*into)(struct gen *g, struct bt_expr *e, struct place to, uint32_t size); /* else */
	const struct bt_type *type; /* if check() does not set it */
	int helper;		    /* if gen() is NULL: this helper, then >> shift and & mask */
	uint8_t shift;
	uint32_t mask;
};

enum { CALL_STATEMENT = 1, CALL_MAP = 2, CALL_UNSAFE = 4 };

/* A function. */
struct bt_call {
	const char *name, *usage;
	uint8_t min, max,
		flags; /* arguments; CALL_STATEMENT: has no value; CALL_MAP: only as @x = ... */
	void (*check)(struct check *ck, struct bt_expr *e);
	void (*gen)(struct gen *g, struct bt_expr *e); /* nothing, or a scalar to R0 */
	void (*into)(struct gen *g, struct bt_expr *e, struct place to, uint32_t size);
};

extern const struct bt_builtin bt_builtins[];
extern const struct bt_call
	*const bt_call_tables[]; /* ends with NULL; each table with a nameless row */
extern const struct bt_call bt_calls[], bt_calls_out[];

void check_expr(struct check *ck, struct bt_expr *e); /* any expression */
void check_value(struct check *ck,
		 struct bt_expr *e); /* that has a value: char arrays are strings */
void check_int(struct check *ck, struct bt_expr *e, const char *what);
/* A string that is known now: a literal, or a positional parameter. */
const char *check_literal(struct check *ck, struct bt_expr *e, const char *what);
/* A number that is known now. */
int64_t check_number(struct check *ck, struct bt_expr *e, const char *what);
bool expr_const(const struct bt_expr *e, int64_t *v);
void check_map_arg(struct check *ck, struct bt_expr *e, bool keys);
void check_aggregate(struct check *ck, struct bt_expr *target, struct bt_expr *call);
const struct bt_type *type_str(struct bt *bt, uint32_t size);
void map_value_set(struct check *ck, struct bt_map *m, const struct bt_type *t,
		   struct bt_span span);
void map_key_set(struct check *ck, struct bt_expr *e);

/* One pass over one probe as it is at `site`. */
bool check_probe(struct bt *bt, struct bt_probe *probe, struct bt_site *site, bool final,
		 bool *per_site);

#endif
