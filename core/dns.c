// SPDX-License-Identifier: GPL-2.0-or-later
// DNS messages: header, question, answers.
#include "dns.h"

#include <stdio.h>
#include <string.h>

static uint16_t u16_at(const uint8_t *p)
{
	return p[0] << 8 | p[1];
}

/* One character of a name, as zone files have it. Returns how many that became. */
static size_t char_put(char *to, uint8_t c)
{
	if (c == '.' || c == '\\')
		return sprintf(to, "\\%c", c);
	if (c <= ' ' || c >= 127)
		return sprintf(to, "\\%03u", c);
	*to = c;
	return 1;
}

/* The name at *at, which goes on behind it. Labels may go on elsewhere, but only further in front each
 * time, so that there is an end to it. */
static bool name_read(const struct dns *dns, size_t *at, char *to)
{
	size_t p = *at, limit = p, length = 0, n = 0;
	bool jumped = false;

	for (;;) {
		unsigned len;

		if (p >= dns->size)
			return false;
		len = dns->packet[p];
		if (len >= 0xc0) {
			if (p + 2 > dns->size)
				return false;
			if (!jumped)
				*at = p + 2;
			jumped = true;
			p = u16_at(dns->packet + p) & 0x3fff;
			if (p >= limit)
				return false;
			limit = p;
			continue;
		}
		length += len + 1;
		if (len > 63 || length > 255 || p + 1 + len > dns->size)
			return false;
		p++;
		if (!len)
			break;
		if (n)
			to[n++] = '.';
		for (unsigned i = 0; i < len; i++)
			n += char_put(to + n, dns->packet[p + i]);
		p += len;
	}
	if (!jumped)
		*at = p;
	if (!n)
		to[n++] = '.';
	to[n] = 0;
	return true;
}

bool dns_read(struct dns *dns, const void *packet, size_t size)
{
	const uint8_t *p = packet;

	memset(dns, 0, sizeof(*dns));
	if (size < 12)
		return false;
	dns->packet = packet;
	dns->size = size;
	dns->at = 12;
	dns->id = u16_at(p);
	dns->response = p[2] >> 7;
	dns->opcode = p[2] >> 3 & 15;
	dns->rcode = p[3] & 15;
	dns->questions = u16_at(p + 4);
	dns->answers = dns->left = u16_at(p + 6);
	for (unsigned i = 0; i < dns->questions; i++) {
		char other[DNS_NAME];

		if (!name_read(dns, &dns->at, i ? other : dns->name) || dns->at + 4 > size)
			return false;
		if (!i) {
			dns->type = u16_at(p + dns->at);
			dns->class = u16_at(p + dns->at + 2);
		}
		dns->at += 4;
	}
	return true;
}

bool dns_data_name(const struct dns *dns, const struct dns_record *r, size_t skip,
		   char name[DNS_NAME])
{
	size_t at = r->data - dns->packet + skip;

	return skip < r->size && name_read(dns, &at, name);
}

bool dns_answer(struct dns *dns, struct dns_record *r)
{
	const uint8_t *p;

	if (!dns->left || !name_read(dns, &dns->at, r->name) || dns->at + 10 > dns->size) {
		dns->left = 0;
		return false;
	}
	p = dns->packet + dns->at;
	r->type = u16_at(p);
	r->class = u16_at(p + 2);
	r->ttl = (uint32_t)u16_at(p + 4) << 16 | u16_at(p + 6);
	r->size = u16_at(p + 8);
	r->data = p + 10;
	if (dns->at + 10 + r->size > dns->size) {
		dns->left = 0;
		return false;
	}
	dns->at += 10 + r->size;
	dns->left--;
	return true;
}
