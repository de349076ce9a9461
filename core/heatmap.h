/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Histograms over time: a line each interval on a terminal, or one drawing of all. */
#ifndef HEATMAP_H
#define HEATMAP_H

#include "out.h"
#include "../bpf/shared.h"

/* What the slots mean. */
struct heat_scale {
	const char *unit;
	uint64_t low[HIST_SLOTS], high[HIST_SLOTS]; /* each slot's values, in that unit */
	int first;		/* text: slots below this are shown with it; it has room for 32 */
};

struct heatmap;

struct heatmap *heatmap_new(const struct heat_scale *scale);
/* One interval, which ended at the monotonic instant `time_ns`. */
void heatmap_add(struct heatmap *map, uint64_t time_ns, const uint64_t slots[HIST_SLOTS]);
/* The interval added last, as a line: its time, a field for each slot, darker (or with a denser sign,
 * where there are no colours) for more, and how many there were. A scale goes before it now and
 * then. Counts are weighed by their logarithm against the largest so far. */
void heatmap_line(struct heatmap *map, struct out *o, bool colours);
/* All of them as a self-contained SVG: time from left to right, values from bottom to top. */
void heatmap_svg(const struct heatmap *map, struct out *o, const char *title);

#endif
