/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS messages (RFC 1035), as they come from the network: nothing in them is trusted. */
#ifndef DNS_H
#define DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As text: 253 characters at most, each up to four (\DDD), and a NUL. */
enum { DNS_NAME = 4 * 253 + 1 };

enum { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28 };
enum { DNS_IN = 1 };

struct dns {
	uint16_t id;
	bool response;
	uint8_t opcode, rcode;
	uint16_t questions, answers; /* as the header says; may be more than there are */
	char name[DNS_NAME];	/* of the (first) question, without the last dot; "." is the root */
	uint16_t type, class;	/* of the question; 0 where there is none */

	/* for dns_answer() */
	const uint8_t *packet;
	size_t size, at;
	uint16_t left;
};

struct dns_record {
	char name[DNS_NAME];
	uint16_t type, class;
	uint32_t ttl;		/* seconds */
	const uint8_t *data;	/* within the packet */
	uint16_t size;
};

/* The header and the question of a message without its two bytes of length (as UDP has it). false:
 * this is none. The packet stays the caller's, as long as dns_answer() is called. It may be cut. */
bool dns_read(struct dns *dns, const void *packet, size_t size);

/* The next record of the answer section; false when there is none, or just a part of it. */
bool dns_answer(struct dns *dns, struct dns_record *record);

/* The name that the data of a record have after `skip` bytes (CNAME, NS, PTR: 0; MX: 2). false:
 * there is none. */
bool dns_data_name(const struct dns *dns, const struct dns_record *record, size_t skip,
		   char name[DNS_NAME]);

#endif
