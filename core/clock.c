// SPDX-License-Identifier: GPL-2.0-or-later
// Clocks, and instants as people read them.
#include "clock.h"

#include <stdio.h>
#include <time.h>

static uint64_t clock_get(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return ts.tv_sec * NSEC + ts.tv_nsec;
}

uint64_t clock_now(void)
{
	return clock_get(CLOCK_MONOTONIC);
}

uint64_t clock_wall(uint64_t ns)
{
	static uint64_t offset, taken;
	uint64_t now = clock_now();

	/* Once a second is often enough to see that somebody set the clock. */
	if (!taken || now - taken > NSEC) {
		taken = now;
		offset = clock_get(CLOCK_REALTIME) - clock_now();
	}
	return ns + offset;
}

const char *clock_rfc3339(uint64_t ns, char text[CLOCK_TEXT])
{
	/* Events come many to a second: what does not change within it is made once. */
	static uint64_t last = -1;
	static char head[24];
	uint64_t wall = clock_wall(ns);
	time_t sec = wall / NSEC;
	struct tm tm;

	if (wall / NSEC != last) {
		last = wall / NSEC;
		gmtime_r(&sec, &tm);
		strftime(head, sizeof(head), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	snprintf(text, CLOCK_TEXT, "%s.%09uZ", head, (unsigned)(wall % NSEC));
	return text;
}

const char *clock_local(uint64_t ns, int digits, char text[CLOCK_TEXT])
{
	uint64_t wall = clock_wall(ns), fraction = wall % NSEC;
	time_t sec = wall / NSEC;
	struct tm tm;
	size_t n;

	localtime_r(&sec, &tm);
	n = strftime(text, CLOCK_TEXT, "%H:%M:%S", &tm);
	for (int i = digits; i < 9; i++)
		fraction /= 10;
	if (digits)
		snprintf(text + n, CLOCK_TEXT - n, ".%0*llu", digits, (unsigned long long)fraction);
	return text;
}
