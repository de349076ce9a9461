/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the unit tests share: one line a check, and the sum. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <string.h>

static int checks_failed;

#define check(ok, ...)                                                                             \
	do {                                                                                       \
		if (!(ok)) {                                                                       \
			printf("not ok %s:%d: ", __FILE__, __LINE__);                              \
			printf(__VA_ARGS__);                                                       \
			printf("\n");                                                              \
			checks_failed++;                                                           \
		}                                                                                  \
	} while (0)

/* The same with a line for what is right, too, and a name instead of the place. */
#define OK(cond, name, ...)                                                                        \
	do {                                                                                       \
		if (cond) {                                                                        \
			printf("ok %s\n", name);                                                   \
		} else {                                                                           \
			printf("not ok %s: ", name);                                               \
			printf(__VA_ARGS__);                                                       \
			printf("\n");                                                              \
			checks_failed++;                                                           \
		}                                                                                  \
	} while (0)

#define check_str(got, want, what)                                                                 \
	check(!strcmp(got, want), "%s: expected '%s', got '%s'", what, want, got)

static inline int checks_end(const char *name)
{
	printf("%s %s\n", checks_failed ? "not ok" : "ok", name);
	return checks_failed != 0;
}

#endif
