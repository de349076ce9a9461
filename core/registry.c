// SPDX-License-Identifier: GPL-2.0-or-later
// Names to applets. Each applet puts a pointer to itself into a section of its own; the linker
// marks where it starts and ends.
#include "registry.h"

#include <stdlib.h>
#include <string.h>

extern const struct applet *const __start_applets[], *const __stop_applets[];
extern const struct alias *const __start_aliases[] __attribute__((weak));
extern const struct alias *const __stop_aliases[] __attribute__((weak));

size_t applets_count(void)
{
	return __stop_applets - __start_applets;
}

const struct applet *applets_get(size_t i)
{
	return __start_applets[i];
}

static size_t aliases_count(void)
{
	return __start_aliases ? __stop_aliases - __start_aliases : 0;
}

const struct applet *applet_find(const char *name, const struct alias **alias)
{
	*alias = NULL;
	for (size_t i = 0; i < applets_count(); i++)
		if (!strcmp(applets_get(i)->name, name))
			return applets_get(i);
	for (size_t i = 0; i < aliases_count(); i++) {
		const struct alias *as;

		if (strcmp(__start_aliases[i]->name, name))
			continue;
		*alias = __start_aliases[i];
		return applet_find((*alias)->applet, &as);
	}
	return NULL;
}

const struct applet *applet_find_called(const char *called, const struct alias **alias)
{
	static const char *const suffixes[] = { "-bpfcc", ".bt" };
	char name[64];
	const char *base = strrchr(called, '/');
	size_t n;

	base = base ? base + 1 : called;
	if (!strncmp(base, "bpf-", 4))
		base += 4;
	n = strlen(base);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		size_t len = strlen(suffixes[i]);

		if (n > len && !strcmp(base + n - len, suffixes[i])) {
			n -= len;
			break;
		}
	}
	if (n >= sizeof(name))
		return NULL;
	memcpy(name, base, n);
	name[n] = 0;
	return applet_find(name, alias);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->name, ((const struct name *)b)->name);
}

struct name *names_sorted(size_t *n)
{
	struct name *all = xalloc((applets_count() + aliases_count()) * sizeof(*all));

	*n = 0;
	for (size_t i = 0; i < applets_count(); i++)
		all[(*n)++] = (struct name){ applets_get(i)->name, applets_get(i)->brief };
	for (size_t i = 0; i < aliases_count(); i++)
		all[(*n)++] = (struct name){ __start_aliases[i]->name, __start_aliases[i]->brief };
	qsort(all, *n, sizeof(*all), name_order);
	return all;
}
