/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of the soft interrupts, as this kernel has them: the first words of the lines of
 * /proc/softirqs, in the order of their numbers. */
#ifndef SOFTIRQ_NAMES_H
#define SOFTIRQ_NAMES_H

#include "applet.h"

#include <ctype.h>

enum { SOFTIRQS_MAX = 32 };

struct softirq_names {
	char name[SOFTIRQS_MAX][16]; /* "": there is none of that number */
};

/* For setup(), which may run again: into run->own. */
static void softirq_names_read(struct run *run)
{
	struct softirq_names *names = run->own;
	char line[4096];
	size_t n = 0;
	FILE *f;

	if (names)
		return;
	run->own = names = xalloc(sizeof(*names));
	f = fopen("/proc/softirqs", "re");
	if (!f)
		die(EXIT_FAIL, "/proc/softirqs: %s", strerror(errno));
	while (n < SOFTIRQS_MAX && fgets(line, sizeof(line), f)) {
		char *colon = strchr(line, ':'), *word = line + strspn(line, " ");

		if (!colon)
			continue; /* the heading, or the rest of a long line */
		*colon = 0;
		for (char *p = word; *p; p++)
			*p = tolower((unsigned char)*p);
		snprintf(names->name[n++], sizeof(names->name[0]), "%s", word);
	}
	fclose(f);
}

/* A formatter of a column over the number, a u32. */
static void fmt_softirq(struct cell *cell, const void *row)
{
	const struct softirq_names *names = cell_run(cell)->own;
	uint32_t n = *(const uint32_t *)cell_ptr(cell, row);

	if (n < SOFTIRQS_MAX && names->name[n][0])
		cell_str(cell, names->name[n]);
	else
		cell_u64(cell, n);
}

#endif
