// SPDX-License-Identifier: GPL-2.0-or-later
// Text from elsewhere, as terminal text, JSON and CSV; instants as people read them; numbers.
#include "../../core/clock.h"
#include "../../core/out.h"
#include "../../core/names.h"
#include "check.h"

#include <stdlib.h>
#include <time.h>

static struct out o;

static const char *taken(void)
{
	static char text[1024];

	memcpy(text, o.buf, o.n);
	text[o.n] = 0;
	o.n = 0;
	return text;
}

static void test_text(void)
{
	static const struct { const char *in, *text, *json, *csv; } cases[] = {
		{ "plain", "plain", "\"plain\"", "plain" },
		{ "", "", "\"\"", "" },
		{ "a\x1b[31mb", "a\\x1b[31mb", "\"a\\u001b[31mb\"", "a\\x1b[31mb" },
		{ "new\nline\ttab\r", "new\\nline\\ttab\\r", "\"new\\u000aline\\u0009tab\\u000d\"",
		  "new\\nline\\ttab\\r" },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
		  "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
		/* no UTF-8: stray, cut, overlong, surrogate, beyond the last */
		{ "\xff", "\\xff", "\"\\\\xff\"", "\\xff" },
		{ "x\xc3", "x\\xc3", "\"x\\\\xc3\"", "x\\xc3" },
		{ "\xc0\xaf", "\\xc0\\xaf", "\"\\\\xc0\\\\xaf\"", "\\xc0\\xaf" },
		{ "\xed\xa0\x80", "\\xed\\xa0\\x80", "\"\\\\xed\\\\xa0\\\\x80\"",
		  "\\xed\\xa0\\x80" },
		{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80", "\"\\\\xf4\\\\x90\\\\x80\\\\x80\"",
		  "\\xf4\\x90\\x80\\x80" },
		/* U+009B is CSI to a terminal; U+007F deletes */
		{ "\xc2\x9bm\x7f", "\\xc2\\x9bm\\x7f", "\"\xc2\x9bm\\u007f\"", "\\xc2\\x9bm\\x7f" },
		{ "q\"b\\c,d", "q\"b\\c,d", "\"q\\\"b\\\\c,d\"", "\"q\"\"b\\c,d\"" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		out_text(&o, cases[i].in, 100);
		check_str(taken(), cases[i].text, "text");
		out_json(&o, cases[i].in, 100);
		check_str(taken(), cases[i].json, "json");
		out_csv(&o, cases[i].in, 100);
		check_str(taken(), cases[i].csv, "csv");
	}
	out_text(&o, "longer", 3);
	check_str(taken(), "lon", "a limit");
	check(out_text_width("\xc3\xa4\n\xff", 9) == 1 + 2 + 4, "width");
}

static void test_large(void)
{
	static char big[100000];

	memset(big, 'x', sizeof(big) - 1);
	o.closed = true; /* more than the buffer holds goes to a reader that is gone */
	out_str(&o, big);
	check(o.n < sizeof(o.buf), "the buffer holds %zu", o.n);
	o.n = 0;
	o.closed = false;
}

static void test_clock(void)
{
	char text[CLOCK_TEXT];
	uint64_t now = clock_now(), offset = clock_wall(now) - now;
	uint64_t then = 1767323045123456789ULL - offset; /* 2026-01-02 03:04:05 UTC */

	/* To the microsecond: the two clocks are read one after the other. */
	clock_rfc3339(then, text);
	check(!strncmp(text, "2026-01-02T03:04:05.12345", 25) && strlen(text) == 30 &&
	      text[29] == 'Z', "rfc3339: %s", text);
	setenv("TZ", "XXX-2", 1);
	tzset();
	check_str(clock_local(then, 0, text), "05:04:05", "local");
	check(!strncmp(clock_local(then, 6, text), "05:04:05.12345", 14), "fraction: %s", text);
}

static void test_numbers(void)
{
	uint64_t u;
	int64_t s;

	check(parse_u64("18446744073709551615", &u) && u == UINT64_MAX, "largest");
	check(!parse_u64("18446744073709551616", &u), "too large");
	check(!parse_u64("-1", &u) && !parse_u64("", &u) && !parse_u64("1x", &u) &&
	      !parse_u64(" 1", &u) && !parse_u64("+1", &u), "no numbers");
	check(parse_u64("0x10", &u) && u == 16, "hexadecimal");
	check(parse_s64("-5", &s) && s == -5 && !parse_s64("-", &s) && !parse_s64("--5", &s),
	      "signed");
}

static void test_names(void)
{
	char text[SIGNAL_NAME_LEN];

	check_str(signal_name(9, text), "SIGKILL", "signal");
	check_str(signal_name(34, text), "SIGRTMIN+0", "real time");
	check_str(signal_name(64, text), "SIGRTMIN+30", "the last");
	check_str(signal_name(99, text), "99", "none");
	check_str(signal_name(-1, text), "-1", "none");
}

int main(void)
{
	o.fd = -1;
	test_text();
	test_large();
	test_clock();
	test_numbers();
	test_names();
	return checks_end("out");
}
