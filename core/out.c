// SPDX-License-Identifier: GPL-2.0-or-later
// The output buffer and the taming of text from elsewhere.
#include "out.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void out_open(struct out *o, const char *path)
{
	o->fd = STDOUT_FILENO;
	o->name = "standard output";
	o->n = 0;
	o->closed = false;
	if (path) {
		o->name = path;
		o->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY,
			     0644);
		if (o->fd < 0)
			die(EXIT_FAIL, "%s: %s", path,
			    errno == ELOOP ? "is a symbolic link; name the file itself"
					   : strerror(errno));
	}
	o->tty = isatty(o->fd);
}

void out_close(struct out *o)
{
	out_flush(o);
	if (close(o->fd) && !o->closed)
		die(EXIT_FAIL, "cannot write to %s: %s", o->name, strerror(errno));
}

void out_flush(struct out *o)
{
	size_t done = 0;

	while (done < o->n && !o->closed) {
		ssize_t n = write(o->fd, o->buf + done, o->n - done);

		if (n >= 0) {
			done += n;
		} else if (errno == EAGAIN) {
			poll(&(struct pollfd){ .fd = o->fd, .events = POLLOUT }, 1, 1000);
		} else if (errno == EPIPE) {
			o->closed = true;
		} else if (errno != EINTR) {
			die(EXIT_FAIL, "cannot write to %s: %s", o->name, strerror(errno));
		}
	}
	o->n = 0;
}

void out_bytes(struct out *o, const char *s, size_t n)
{
	while (n) {
		size_t part = MIN(n, sizeof(o->buf) - o->n);

		memcpy(o->buf + o->n, s, part);
		o->n += part;
		s += part;
		n -= part;
		if (o->n == sizeof(o->buf))
			out_flush(o);
	}
}

void out_str(struct out *o, const char *s)
{
	out_bytes(o, s, strlen(s));
}

void out_printf(struct out *o, const char *fmt, ...)
{
	char text[512];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_bytes(o, text, MIN((size_t)n, sizeof(text) - 1));
}

void out_pad(struct out *o, int n)
{
	static const char spaces[] = "                ";

	for (; n > 0; n -= sizeof(spaces) - 1)
		out_bytes(o, spaces, MIN((size_t)n, sizeof(spaces) - 1));
}

/* The ranges of RFC 3629: neither overlong forms nor surrogates nor beyond U+10FFFF. */
size_t utf8_len(const char *str, size_t left)
{
	const unsigned char *s = (const unsigned char *)str;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return 0;
	len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (left < len)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

/* How many bytes from here on are plain ASCII, almost always all; of JSON, that a string has as it
 * is. */
static size_t plain_len(const char *s, size_t left, bool json)
{
	size_t n = 0;

	while (n < left && s[n] >= 0x20 && s[n] < 0x7f && !(json && (s[n] == '"' || s[n] == '\\')))
		n++;
	return n;
}

/* The next piece of a text: `len` bytes of it, which are fine as they are, or one byte to escape. */
struct piece {
	size_t len;
	size_t width;	/* columns, where it is not to be escaped */
	bool escape;
};

static struct piece piece_next(const char *s, size_t left)
{
	unsigned char c = *s;
	size_t len = plain_len(s, left, false);

	if (len)
		return (struct piece){ .len = len, .width = len };
	len = c < 0x20 || c == 0x7f ? 0 : utf8_len(s, left);
	if (!len || (c == 0xc2 && (unsigned char)s[1] < 0xa0))
		return (struct piece){ .len = 1, .escape = true };
	return (struct piece){ .len = len, .width = 1 };
}

static size_t escape_byte(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";

	to[0] = '\\';
	to[1] = c == '\n' ? 'n' : c == '\t' ? 't' : c == '\r' ? 'r' : 'x';
	to[2] = hex[c >> 4];
	to[3] = hex[c & 15];
	return to[1] == 'x' ? 4 : 2;
}

void out_text(struct out *o, const char *s, size_t max)
{
	size_t n = strnlen(s, max);
	struct piece p;
	char esc[4];

	for (size_t i = 0; i < n; i += p.len) {
		p = piece_next(s + i, n - i);
		if (p.escape)
			out_bytes(o, esc, escape_byte(esc, s[i]));
		else
			out_bytes(o, s + i, p.len);
	}
}

size_t out_text_width(const char *s, size_t max)
{
	size_t n = strnlen(s, max), width = 0;
	struct piece p;
	char esc[4];

	for (size_t i = 0; i < n; i += p.len) {
		p = piece_next(s + i, n - i);
		width += p.escape ? escape_byte(esc, s[i]) : p.width;
	}
	return width;
}

void out_json(struct out *o, const char *s, size_t max)
{
	size_t n = strnlen(s, max), len;

	out_bytes(o, "\"", 1);
	for (size_t i = 0; i < n; i += len) {
		unsigned char c = s[i];

		len = plain_len(s + i, n - i, true);
		if (len) {
			out_bytes(o, s + i, len);
			continue;
		}
		len = utf8_len(s + i, n - i);
		if (!len) {
			out_printf(o, "\\\\x%02x", c);
			len = 1;
		} else if (c == '"' || c == '\\') {
			out_printf(o, "\\%c", c);
		} else if (c < 0x20 || c == 0x7f) {
			out_printf(o, "\\u%04x", c);
		} else {
			out_bytes(o, s + i, len);
		}
	}
	out_bytes(o, "\"", 1);
}

void out_csv(struct out *o, const char *s, size_t max)
{
	size_t n = strnlen(s, max);

	if (!memchr(s, ',', n) && !memchr(s, '"', n)) {
		out_text(o, s, n);
		return;
	}
	out_bytes(o, "\"", 1);
	for (size_t i = 0; i < n;) {
		const char *quote = memchr(s + i, '"', n - i);
		size_t len = quote ? (size_t)(quote - s) - i : n - i;

		out_text(o, s + i, len);
		if (quote)
			out_bytes(o, "\"\"", 2);
		i += len + (quote != NULL);
	}
	out_bytes(o, "\"", 1);
}

void out_xml(struct out *o, const char *s, size_t max)
{
	size_t left = strlen(s), len, chars = 0, all = 0;

	for (size_t i = 0; i < left; i += len ? len : 1, all++)
		len = utf8_len(s + i, left - i);
	for (; *s && chars < (all > max ? max - 2 : all); s += len, left -= len, chars++) {
		len = utf8_len(s, left);
		if (!len || (unsigned char)*s < 0x20 || *s == 0x7f) {
			out_str(o, "?");
			len = 1;
		} else if (*s == '<') {
			out_str(o, "&lt;");
		} else if (*s == '>') {
			out_str(o, "&gt;");
		} else if (*s == '&') {
			out_str(o, "&amp;");
		} else {
			out_bytes(o, s, len);
		}
	}
	if (all > max)
		out_str(o, "..");
}
