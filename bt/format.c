// SPDX-License-Identifier: GPL-2.0-or-later
// The format strings of printf().
#include "format.h"

#include <string.h>

static int number(const char **p)
{
	int v = 0;

	while (**p >= '0' && **p <= '9' && v < 10000)
		v = v * 10 + *(*p)++ - '0';
	return v;
}

static const char *length(const char *p, struct format_spec *s)
{
	s->bytes = 8;
	if (!strncmp(p, "hh", 2))
		s->bytes = 1, p += 2;
	else if (*p == 'h')
		s->bytes = 2, p++;
	while (*p == 'l' || *p == 'z' || *p == 'j')
		p++;
	return p;
}

const char *format_next(const char *p, struct format_spec *s, const char **why)
{
	size_t n = 0;

	memset(s, 0, sizeof(*s));
	s->text = p;
	s->text_len = strcspn(p, "%");
	s->width = s->precision = -1;
	p += s->text_len;
	if (!*p)
		return p;
	p++;
	while (*p && strchr("-+ #0", *p)) {
		if (n < sizeof(s->flags) - 1)
			s->flags[n++] = *p;
		p++;
	}
	if (*p >= '1' && *p <= '9')
		s->width = number(&p);
	if (*p == '.') {
		p++;
		s->precision = number(&p);
	}
	p = length(p, s);
	if (s->width > 1000 || s->precision > 10000) {
		*why = "this width is too large";
		return NULL;
	}
	if (!*p || !strchr("diuxXopcsr%", *p)) {
		*why = *p ? "unknown conversion" : "the conversion behind % is missing";
		return NULL;
	}
	s->conv = *p++;
	if (s->conv == 'r' && (*p == 'x' || *p == 'h'))
		s->hex = *p++;
	return p;
}
