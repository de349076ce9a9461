// SPDX-License-Identifier: GPL-2.0-or-later
// Names of C++ and Rust, by libiberty.
#include "demangle.h"

#include <demangle.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>

const char *demangle(const char *name, char *to, size_t size)
{
	char *plain = NULL;

	/* Rust has both forms: its older one is C++'s with a hash behind, so it is asked first. */
	if (!strncmp(name, "_R", 2) || !strncmp(name, "_ZN", 3))
		plain = rust_demangle(name, DMGL_NO_OPTS);
	if (!plain && !strncmp(name, "_Z", 2))
		plain = cplus_demangle_v3(name, DMGL_NO_OPTS);
	if (!plain)
		return name;
	snprintf(to, size, "%s", plain);
	free(plain);
	return to;
}
