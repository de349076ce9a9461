// SPDX-License-Identifier: GPL-2.0-or-later
// Errors as a compiler tells them, and the memory of a compilation.
#include "bt.h"
#include "procs.h"
#include "sites.h"

#include <stdio.h>
#include <stdlib.h>

enum { CHUNK = 16384 };

struct bt_chunk {
	struct bt_chunk *next;
	size_t used, size;
	_Alignas(16) char data[];
};

void bt_init(struct bt *bt, const char *name, const char *text, size_t len)
{
	memset(bt, 0, sizeof(*bt));
	bt->name = name;
	bt->text = text;
	bt->len = len;
	bt->probes_end = &bt->probes;
	bt->progs_end = &bt->progs;
	bt->pidns = own_pidns(&bt->pidns_dev);
	bt->config = (struct bt_config){
		.max_strlen = 1024,
		.key_strlen = 256,
		.max_map_keys = 4096,
		.buffer_kb = 1024,
		.max_cat = 10240,
		.max_probes = 8192,
		.trailer = "..",
		.print_maps = true,
	};
}

void bt_free(struct bt *bt)
{
	sites_end(bt);
	while (bt->memory) {
		struct bt_chunk *next = bt->memory->next;

		free(bt->memory);
		bt->memory = next;
	}
}

void *bt_alloc(struct bt *bt, size_t size)
{
	struct bt_chunk *c = bt->memory;
	void *p;

	size = (size + 15) & ~(size_t)15;
	if (!c || c->size - c->used < size) {
		size_t room = size > CHUNK ? size : CHUNK;

		c = xalloc(sizeof(*c) + room);
		c->size = room;
		c->next = bt->memory;
		bt->memory = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

char *bt_strndup(struct bt *bt, const char *s, size_t n)
{
	char *copy = bt_alloc(bt, n + 1);

	memcpy(copy, s, n);
	return copy;
}

char *bt_printf(struct bt *bt, const char *fmt, ...)
{
	char text[4096];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return bt_strndup(bt, text, strlen(text));
}

/* Doubles at powers of two: what it leaves behind is less than what is in use. */
void *bt_grow(struct bt *bt, void *v, size_t n, size_t size)
{
	void *more;

	if (n && (n < 4 || n & (n - 1)))
		return v;
	more = bt_alloc(bt, (n < 4 ? 4 : 2 * n) * size);
	if (n)
		memcpy(more, v, n * size);
	return more;
}

/* ---- places ---- */

void bt_place(const struct bt *bt, uint32_t at, unsigned *line, unsigned *col)
{
	*line = *col = 1;
	for (uint32_t i = 0; i < at && i < bt->len; i++) {
		(*col)++;
		if (bt->text[i] == '\n') {
			++*line;
			*col = 1;
		}
	}
}

/* Tabs stay, so that the caret stands below its place. Bytes that are not printable do not. */
static void line_copy(char **p, char *end, const char *from, size_t n)
{
	for (size_t i = 0; i < n && *p < end; i++) {
		unsigned char c = from[i];

		*(*p)++ = c == '\t' || (c >= ' ' && c != 127) ? c : '?';
	}
}

void bt_show(const struct bt *bt, struct bt_span span, const char *message, char *to, size_t size)
{
	uint32_t at = MIN(span.at, bt->len), from = at, until = at;
	unsigned line, col;
	char *p = to, *end = to + size - 8;
	int n;

	bt_place(bt, at, &line, &col);
	n = snprintf(to, size, "%s:%u:%u: %s\n", bt->name, line, col, message);
	p += MIN((size_t)n, size - 8);
	while (from > 0 && bt->text[from - 1] != '\n' && at - from < 400)
		from--;
	while (until < bt->len && bt->text[until] != '\n' && until - from < 500)
		until++;
	line_copy(&p, end, "    ", 4);
	line_copy(&p, end, bt->text + from, until - from);
	if (p < end)
		*p++ = '\n';
	line_copy(&p, end, "    ", 4);
	for (uint32_t i = from; i < at && p < end; i++)
		*p++ = bt->text[i] == '\t' ? '\t' : ' ';
	if (p < end)
		*p++ = '^';
	for (uint32_t i = at + 1; i < at + span.len && i < until && p < end; i++)
		*p++ = '~';
	*p = 0;
}

/* One line; the words that are meant only if they are more than an attach point. */
static void error_plain(struct bt *bt, struct bt_span span, const char *message)
{
	const char *at = bt->text + MIN(span.at, bt->len);
	size_t len = MIN((size_t)span.len, bt->len - MIN(span.at, bt->len));
	bool words = len > 1 && *at != '"' && len < 80 && !memchr(at, '\n', len);

	if (words && memmem(message, strlen(message), at, len))
		words = false;
	snprintf(bt->error, sizeof(bt->error), words ? "%s: %s: '%.*s'" : "%s: %s", prog_name,
		 message, (int)len, at);
}

static void error_make(struct bt *bt, int status, struct bt_span span, const char *fmt, va_list ap)
{
	char message[1024];

	vsnprintf(message, sizeof(message), fmt, ap);
	if (bt->config.plain)
		error_plain(bt, span, message);
	else
		bt_show(bt, span, message, bt->error, sizeof(bt->error));
	bt->status = status;
}

void bt_error(struct bt *bt, struct bt_span span, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_make(bt, EXIT_FAIL, span, fmt, ap);
	va_end(ap);
	longjmp(bt->fail, 1);
}

void bt_error_status(struct bt *bt, int status, struct bt_span span, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_make(bt, status, span, fmt, ap);
	va_end(ap);
	longjmp(bt->fail, 1);
}

/* ---- guesses ---- */

void guess_begin(struct bt_guess *g, const char *name)
{
	g->name = name;
	g->best[0] = 0;
	g->distance = strlen(name) < 4 ? 2 : 1 + MIN(strlen(name) / 3, 4UL); /* from it on, no guess */
}

/* How many letters to change, insert, leave out or swap with their neighbour; `limit` or more, where
 * it is that many at least. Only the band around the diagonal can stay below the limit. */
static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m, unsigned limit)
{
	unsigned row[3][64], least = 0, before;

	for (size_t j = 0; j <= m; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		unsigned *now = row[i % 3], *up = row[(i + 2) % 3], *upper = row[(i + 1) % 3];
		size_t from = i > limit ? i - limit : 1, to = MIN(m, i + limit);

		before = least;
		now[from - 1] = least = from > 1 ? limit : i;
		for (size_t j = from; j <= to; j++) {
			unsigned d = up[j - 1] + (a[i - 1] != b[j - 1]);

			d = MIN(d, MIN(up[j], now[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = MIN(d, upper[j - 2] + 1);
			now[j] = d;
			least = MIN(least, d);
		}
		if (to < m)
			now[to + 1] = limit;
		/* a swap looks two rows back */
		if (least >= limit && before >= limit)
			return limit;
	}
	return row[n % 3][m];
}

void guess_see(struct bt_guess *g, const char *candidate)
{
	size_t n = strlen(g->name), m = strlen(candidate);
	unsigned d;

	if (n > 62 || m > 62 || (n > m ? n - m : m - n) >= g->distance)
		return;
	d = edit_distance(g->name, n, candidate, m, g->distance);
	if (d >= g->distance)
		return;
	g->distance = d;
	snprintf(g->best, sizeof(g->best), "%s", candidate);
}

const char *guess_text(const struct bt_guess *g, char text[96])
{
	text[0] = 0;
	if (g->best[0])
		snprintf(text, 96, "; did you mean '%s'?", g->best);
	return text;
}
