// SPDX-License-Identifier: GPL-2.0-or-later
// Histograms over time: lines of shades, and the drawing.
#include "../../core/heatmap.h"
#include "check.h"

static struct out o;

static const char *taken(void)
{
	static char text[sizeof(o.buf) + 1];

	memcpy(text, o.buf, o.n);
	text[o.n] = 0;
	o.n = 0;
	return text;
}

static struct heat_scale scale = { .unit = "usecs" };

/* A line without its time. */
static const char *line(struct heatmap *map)
{
	heatmap_line(map, &o, false);
	return strchr(taken(), '|');
}

static void test_lines(void)
{
	struct heatmap *map = heatmap_new(&scale);
	uint64_t slots[HIST_SLOTS] = { 0 };

	slots[0] = 1;
	slots[2] = 1000;
	slots[40] = 1;	/* beyond the last field: shown in it */
	heatmap_add(map, 0, slots);
	heatmap_line(map, &o, false);
	check(strstr(taken(), "usecs     0       16      256     4K      64K     1M      16M     "
			      "256M    \n"), "the scale");
	check_str(line(map), "|..  @@                                                        ..| "
		  "1002\n", "a line");
	memset(slots, 0, sizeof(slots));
	slots[1] = 30;
	heatmap_add(map, 1000000000, slots);
	check_str(line(map), "|  ==                                                            | "
		  "30\n", "weighed against the largest before");
}

static void test_drawing(void)
{
	struct heatmap *map = heatmap_new(&scale);
	uint64_t slots[HIST_SLOTS] = { 0 };
	const char *svg;

	slots[3] = 5;
	heatmap_add(map, 0, slots);
	slots[3] = 0;
	slots[5] = 7;
	heatmap_add(map, 1000000000, slots);
	heatmap_svg(map, &o, "a<b");
	svg = taken();
	check(strstr(svg, ">a&lt;b</text>"), "the title");
	/* the slots from 3 to 5, the higher one at the top; two columns of 550 pixels */
	check(strstr(svg, "<rect x=\"90.00\" y=\"72\" width=\"550.00\" height=\"16\""), "first");
	check(strstr(svg, "<rect x=\"640.00\" y=\"40\" width=\"550.00\" height=\"16\""), "second");
	check(strstr(svg, "8 to 15 usecs: 5 of 5</title>"), "first in words");
	check(strstr(svg, "32 to 63 usecs: 7 of 7</title>"), "second in words");
}

/* A run of a day at one interval a second: columns merge, and lose nothing. */
static void test_long(void)
{
	struct heatmap *map = heatmap_new(&scale);
	uint64_t slots[HIST_SLOTS] = { [4] = 1 };
	unsigned long long sum = 0, n, all;

	for (uint64_t i = 0; i < 86400; i++)
		heatmap_add(map, i * 1000000000, slots);
	o.fd = -1;
	o.closed = true; /* only the last piece is looked at: it has the last columns */
	heatmap_svg(map, &o, "day");
	for (const char *p = taken(); (p = strstr(p, " usecs: ")); p++)
		if (sscanf(p, " usecs: %llu of %llu", &n, &all) == 2) {
			check(n == all && n && (n & (n - 1)) == 0, "a column of %llu", n);
			sum += n;
		}
	check(sum > 0, "columns");
}

int main(void)
{
	for (int i = 0; i < HIST_SLOTS; i++) {
		scale.low[i] = i ? 1ULL << i : 0;
		scale.high[i] = i == 63 ? UINT64_MAX : (2ULL << i) - 1;
	}
	test_lines();
	test_drawing();
	test_long();
	return checks_end("heatmap_test");
}
