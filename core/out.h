/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The output: one buffer, written in large blocks, and the ways in which bytes that come from
 * elsewhere are made safe. */
#ifndef OUT_H
#define OUT_H

#include "util.h"

struct out {
	int fd;
	bool tty;
	bool closed;	/* the reader is gone (EPIPE): nothing is written any more */
	const char *name;
	size_t n;
	char buf[32768];
};

/* Standard output, or the file `path` (created, truncated, never through a symbolic link). Dies
 * where it cannot be opened. */
void out_open(struct out *o, const char *path);
/* Writes what is left and closes the file. */
void out_close(struct out *o);
/* Dies if the output cannot be written, but for a reader that went away: then o->closed. */
void out_flush(struct out *o);
void out_bytes(struct out *o, const char *s, size_t n);
void out_str(struct out *o, const char *s);
void out_printf(struct out *o, const char *fmt, ...) PRINTF(2, 3); /* up to 512 bytes */
void out_pad(struct out *o, int n);

/* Up to `max` bytes or a NUL of text from elsewhere. Control characters (also those of C1, which
 * steer terminals as well) and bytes that are no UTF-8 become \n, \t, \xNN; all else stays. */
void out_text(struct out *o, const char *s, size_t max);
/* How many columns out_text() takes for it, one a character. */
size_t out_text_width(const char *s, size_t max);
/* The same text as a JSON string with its quotes; bytes that are no UTF-8 as the text \\xNN. */
void out_json(struct out *o, const char *s, size_t max);
/* The same text as a CSV field, quoted where needed. */
void out_csv(struct out *o, const char *s, size_t max);

/* As text of XML. Control bytes and what is no UTF-8 become "?", since XML has no way to write them.
 * Up to `max` characters; what was left out shows as "..". */
void out_xml(struct out *o, const char *s, size_t max);

/* Length of the UTF-8 character at s (of at most `left` bytes), 0 if it is none. */
size_t utf8_len(const char *s, size_t left);

#endif
