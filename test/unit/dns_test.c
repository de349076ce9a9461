// SPDX-License-Identifier: GPL-2.0-or-later
// DNS messages: good ones, cut ones, and those that want to lead a reader astray.
#include "../../core/dns.h"
#include "check.h"

#include <stdlib.h>

#define HEADER(answers) "\x12\x34\x81\x83\0\1\0" answers "\0\0\0\0"
#define QUESTION "\3www\7example\4test\0\0\1\0\1"

static void test_answer(void)
{
	/* Names by pointers: the second one into the record before it. */
	static const char packet[] = HEADER("\2") QUESTION
		"\xc0\x0c\0\5\0\1\0\0\x0e\x10\0\x08\5alias\xc0\x18"
		"\xc0\x2e\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3";
	struct dns_record r;
	struct dns dns;
	char name[DNS_NAME];

	check(dns_read(&dns, packet, sizeof(packet) - 1), "a good message is refused");
	check(dns.id == 0x1234 && dns.response && dns.rcode == 3 && !dns.opcode, "header");
	check(dns.questions == 1 && dns.answers == 2, "counts");
	check(dns.type == DNS_A && dns.class == DNS_IN, "question");
	check_str(dns.name, "www.example.test", "question");
	check(dns_answer(&dns, &r), "no first record");
	check_str(r.name, "www.example.test", "first record");
	check(r.type == DNS_CNAME && r.ttl == 3600 && r.size == 8, "first record's members");
	check(dns_data_name(&dns, &r, 0, name), "no name in the first record's data");
	check_str(name, "alias.test", "first record's data");
	check(!dns_data_name(&dns, &r, 8, name), "a name beyond the data");
	check(dns_answer(&dns, &r), "no second record");
	check_str(r.name, "alias.test", "second record");
	check(r.type == DNS_A && r.ttl == 60 && r.size == 4 && !memcmp(r.data, "\n\1\2\3", 4),
	      "second record's members");
	check(!dns_answer(&dns, &r), "a third record");
}

/* Cut anywhere, it is read without reaching beyond: memory of exactly that size, for a sanitizer. */
static void test_cut(void)
{
	static const char packet[] = HEADER("\2") QUESTION
		"\xc0\x0c\0\5\0\1\0\0\x0e\x10\0\x08\5alias\xc0\x18"
		"\xc0\x2e\0\1\0\1\0\0\0\x3c\0\4\x0a\1\2\3";
	size_t question = 12 + sizeof(QUESTION) - 1;

	for (size_t n = 0; n < sizeof(packet) - 1; n++) {
		struct dns_record r;
		struct dns dns;
		int records = 0;
		char *copy = malloc(n ? n : 1);
		bool ok;

		memcpy(copy, packet, n);
		ok = dns_read(&dns, copy, n);
		check(ok == (n >= question), "cut to %zu bytes: read is %d", n, ok);
		while (ok && dns_answer(&dns, &r))
			records++;
		check(records == (n >= question + 20), "cut to %zu bytes: %d records", n, records);
		free(copy);
	}
}

static void bad(const char *packet, size_t size, const char *what)
{
	struct dns dns;

	check(!dns_read(&dns, packet, size), "%s is taken", what);
}

#define BAD(packet, what) bad(packet, sizeof(packet) - 1, what)

static void test_names(void)
{
	static const char odd[] = HEADER("\0") "\4a.\\\x01\0\0\1\0\1";
	static const char root[] = HEADER("\0") "\0\0\2\0\1";
	char many[12 + 256 + 4] = HEADER("\0");
	struct dns dns;

	BAD(HEADER("\0") "\xc0\x0c\0\1\0\1", "a name that is itself");
	BAD(HEADER("\0") "\1a\xc0\x0c\0\1\0\1", "a name that goes on with itself");
	BAD(HEADER("\0") "\xc0\x20\0\1\0\1", "a name that goes on further back");
	BAD(HEADER("\0") "\x80" "abc\0\0\1\0\1", "a label of an unknown kind");
	check(dns_read(&dns, odd, sizeof(odd) - 1), "odd characters are refused");
	check_str(dns.name, "a\\.\\\\\\001", "odd characters");
	check(dns_read(&dns, root, sizeof(root) - 1), "the root is refused");
	check_str(dns.name, ".", "the root");
	/* 127 labels of one character are the most: 255 bytes with the end. */
	for (int i = 0; i < 128; i++)
		memcpy(many + 12 + 2 * i, "\1x", 2);
	memcpy(many + 12 + 254, "\0\0\1\0\1", 5);
	check(dns_read(&dns, many, 12 + 259), "the longest name is refused");
	check(strlen(dns.name) == 253, "the longest name has %zu characters", strlen(dns.name));
	bad(many, 12 + 100, "a name without an end");
}

int main(void)
{
	test_answer();
	test_cut();
	test_names();
	return checks_end("dns_test");
}
