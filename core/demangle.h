/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names as programmers wrote them, of C++ and Rust. */
#ifndef CORE_DEMANGLE_H
#define CORE_DEMANGLE_H

#include <stddef.h>

/* The readable form of a mangled name, without types of parameters, cut where `size` ends: in `to`,
 * which is returned; any other name comes back as it is. */
const char *demangle(const char *name, char *to, size_t size);

#endif
