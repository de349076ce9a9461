/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Conditions as BCC writes them, for programs that are made in advance: to a table
 * (bpf/predicate.h). */
#ifndef BT_PREDICATE_H
#define BT_PREDICATE_H

#include "front.h"
#include "../bpf/predicate.h"

struct predicates {
	struct test test[TESTS];
	uint32_t n;
};

/* One more test, which leads to `yes` or `no`: its number. Ends the program where there is no room. */
uint8_t predicate_test(struct predicates *all, const struct test *t, uint8_t yes, uint8_t no);

/* The C expression, whose names are arguments of the function nm->target. Where to begin: a test, or
 * `yes` or TEST_NO where that is known beforehand. What is wrong with it ends the program. */
uint8_t predicate_add(struct front *f, struct predicates *all, const struct front_names *nm,
		      const char *text, size_t n, uint8_t yes);

#endif
