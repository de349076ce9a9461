/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The format strings of printf(). */
#ifndef BT_FORMAT_H
#define BT_FORMAT_H

#include "util.h"

struct format_spec {
	const char *text; /* what stands before it, as it is */
	size_t text_len;
	char flags[8];
	int width, precision; /* -1: none */
	char conv;	      /* 0 at the end of the format: just text; '%' is a percent sign */
	char hex;	      /* %rx, %rh: 'x' or 'h' */
	unsigned char bytes;  /* %hhd, %hd: that much of the number counts; 8 */
};

/* The next one, and where the format goes on behind it. NULL: *why says what is wrong at `p`. */
const char *format_next(const char *p, struct format_spec *s, const char **why);

#endif
