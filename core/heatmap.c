// SPDX-License-Identifier: GPL-2.0-or-later
// Histograms over time, as lines of shades and as a drawing.
#include "heatmap.h"
#include "clock.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SLOTS = 32, SCALE_EVERY = 20, LEVELS = 8, COLUMNS_MAX = 2400 };

struct column {
	uint64_t time_ns;	/* its end */
	uint64_t total;
	uint32_t slots[HIST_SLOTS];
};

struct heatmap {
	struct heat_scale scale;
	struct column *column;
	size_t n;
	unsigned per, filling;	/* intervals in each column; in the last one so far */
	struct column last;	/* the interval added last */
	unsigned lines;
	uint64_t most;		/* in a slot of one interval */
};

struct heatmap *heatmap_new(const struct heat_scale *scale)
{
	struct heatmap *map = xalloc(sizeof(*map));

	map->scale = *scale;
	map->per = 1;
	map->column = xalloc(COLUMNS_MAX * sizeof(*map->column));
	return map;
}

static uint32_t add32(uint64_t a, uint64_t b)
{
	return MIN(a + b, (uint64_t)UINT32_MAX);
}

static void column_merge(struct column *to, const struct column *from)
{
	to->time_ns = from->time_ns;
	to->total += from->total;
	for (int i = 0; i < HIST_SLOTS; i++)
		to->slots[i] = add32(to->slots[i], from->slots[i]);
}

/* A long run has columns of two intervals, then of four, ... */
static void columns_halve(struct heatmap *map)
{
	for (size_t i = 0; i < map->n / 2; i++) {
		map->column[i] = map->column[2 * i];
		column_merge(&map->column[i], &map->column[2 * i + 1]);
	}
	map->n /= 2;
	map->per *= 2;
}

void heatmap_add(struct heatmap *map, uint64_t time_ns, const uint64_t slots[HIST_SLOTS])
{
	memset(&map->last, 0, sizeof(map->last));
	map->last.time_ns = time_ns;
	for (int i = 0; i < HIST_SLOTS; i++) {
		map->last.slots[i] = add32(slots[i], 0);
		map->last.total += slots[i];
		map->most = MAX(map->most, slots[i]);
	}
	if (map->n && map->filling < map->per) {
		column_merge(&map->column[map->n - 1], &map->last);
		map->filling++;
		return;
	}
	if (map->n == COLUMNS_MAX)
		columns_halve(map);
	map->column[map->n++] = map->last;
	map->filling = 1;
}

/* 0 for nothing, else 1 to LEVELS by the logarithm. */
static int level(uint64_t count, uint64_t most)
{
	if (!count)
		return 0;
	if (most < 2)
		return LEVELS;
	return 1 + (int)(log(count) / log(most) * (LEVELS - 1) + 0.5);
}

/* 64, 4K, 2M: slots are powers of two, or small numbers. */
static const char *amount(uint64_t v, char text[24])
{
	static const char suffix[] = " KMGTPE";
	int i = 0;

	for (; v >= 1024; v /= 1024)
		i++;
	snprintf(text, 24, i ? "%llu%c" : "%llu", (unsigned long long)v, suffix[i]);
	return text;
}

/* ---- lines ---- */

static void scale_line(const struct heatmap *map, struct out *o)
{
	char text[24];

	out_printf(o, "%-8s  ", map->scale.unit);
	for (int i = 0; i < TEXT_SLOTS; i += 4)
		out_printf(o, "%-8s", amount(map->scale.low[map->scale.first + i], text));
	out_str(o, "\n");
}

void heatmap_line(struct heatmap *map, struct out *o, bool colours)
{
	static const char signs[LEVELS + 1] = " .:-=+*#@";
	static const unsigned char colour[LEVELS + 1] = { 0, 17, 18, 54, 90, 126, 196, 208, 226 };
	const struct heat_scale *scale = &map->scale;
	char text[CLOCK_TEXT];

	if (map->lines++ % SCALE_EVERY == 0)
		scale_line(map, o);
	out_printf(o, "%-8s |", clock_local(map->last.time_ns, 0, text));
	for (int i = 0; i < TEXT_SLOTS; i++) {
		uint64_t count = map->last.slots[scale->first + i];
		int l;

		for (int j = 0; i == 0 && j < scale->first; j++)
			count += map->last.slots[j];
		for (int j = scale->first + TEXT_SLOTS; i == TEXT_SLOTS - 1 && j < HIST_SLOTS; j++)
			count += map->last.slots[j];
		l = MIN(level(count, map->most), LEVELS);
		if (colours && l)
			out_printf(o, "\033[48;5;%dm  \033[0m", colour[l]);
		else
			out_printf(o, "%c%c", colours ? ' ' : signs[l], colours ? ' ' : signs[l]);
	}
	out_printf(o, "| %llu\n", (unsigned long long)map->last.total);
}

/* ---- SVG ---- */

enum { WIDTH = 1200, LEFT = 90, RIGHT = 10, TOP = 40, ROW = 16, BOTTOM = 30 };

struct extent {
	int low, high;	/* slots in use */
	uint64_t most;
};

static struct extent extent_of(const struct heatmap *map)
{
	struct extent e = { .low = HIST_SLOTS - 1, .high = 0, .most = 1 };

	for (size_t i = 0; i < map->n; i++) {
		for (int s = 0; s < HIST_SLOTS; s++) {
			if (!map->column[i].slots[s])
				continue;
			e.low = MIN(e.low, s);
			e.high = MAX(e.high, s);
			e.most = MAX(e.most, (uint64_t)map->column[i].slots[s]);
		}
	}
	e.low = MIN(e.low, e.high);
	return e;
}

static void cells_draw(const struct heatmap *map, const struct extent *e, struct out *o)
{
	static const char *const fill[LEVELS + 1] = { "", "#fff3cf", "#fee1a0", "#fdc66b", "#fba140",
						      "#f47a2a", "#e04e1f", "#b92a1c", "#7a1016" };
	double w = (double)(WIDTH - LEFT - RIGHT) / MAX(map->n, 1);
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < map->n; i++) {
		const struct column *c = &map->column[i];

		clock_local(c->time_ns, 0, text);
		for (int s = e->low; s <= e->high; s++) {
			if (!c->slots[s])
				continue;
			out_printf(o, "<rect x=\"%.2f\" y=\"%d\" width=\"%.2f\" height=\"%d\" "
				   "fill=\"%s\"><title>%s, %llu to ", LEFT + i * w,
				   TOP + (e->high - s) * ROW, w, ROW,
				   fill[MIN(level(c->slots[s], e->most), LEVELS)], text,
				   (unsigned long long)map->scale.low[s]);
			if (map->scale.high[s] == UINT64_MAX)
				out_str(o, "...");
			else
				out_printf(o, "%llu", (unsigned long long)map->scale.high[s]);
			out_printf(o, " %s: %u of %llu</title></rect>\n", map->scale.unit,
				   c->slots[s], (unsigned long long)c->total);
		}
	}
}

static void axes_draw(const struct heatmap *map, const struct extent *e, struct out *o)
{
	char text[CLOCK_TEXT];
	int marks = map->n < 8 ? (int)map->n : 8;

	for (int s = e->low; s <= e->high; s++)
		out_printf(o, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", LEFT - 6,
			   TOP + (e->high - s) * ROW + 12, amount(map->scale.low[s], text));
	out_printf(o, "<text x=\"4\" y=\"%d\">%s</text>\n", TOP - 8, map->scale.unit);
	for (int i = 0; i < marks; i++)
		out_printf(o, "<text x=\"%.1f\" y=\"%d\">%s</text>\n",
			   LEFT + (double)i / marks * (WIDTH - LEFT - RIGHT),
			   TOP + (e->high - e->low + 1) * ROW + 18,
			   clock_local(map->column[i * map->n / marks].time_ns, 0, text));
}

void heatmap_svg(const struct heatmap *map, struct out *o, const char *title)
{
	struct extent e = extent_of(map);
	int height = TOP + (e.high - e.low + 1) * ROW + BOTTOM;

	out_printf(o, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
		   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
		   "viewBox=\"0 0 %d %d\">\n", WIDTH, height, WIDTH, height);
	out_str(o, "<style>text{font:12px monospace}</style>\n");
	out_printf(o, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>\n"
		   "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#f6f6f4\"/>\n"
		   "<text x=\"%d\" y=\"24\" text-anchor=\"middle\" style=\"font-size:16px\">",
		   WIDTH, height, LEFT, TOP, WIDTH - LEFT - RIGHT, (e.high - e.low + 1) * ROW,
		   WIDTH / 2);
	out_xml(o, title, 140);
	out_str(o, "</text>\n");
	cells_draw(map, &e, o);
	axes_draw(map, &e, o);
	out_str(o, "</svg>\n");
}
