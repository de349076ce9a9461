// SPDX-License-Identifier: GPL-2.0-or-later
// Rows taken from a map at each report: top displays and tables of counts.
#include "core.h"

struct rows {
	char *row;
	size_t n, room, size, key_size, value_size;
};

static void row_add(const void *key, const void *value, void *arg)
{
	struct rows *rows = arg;
	char *to;

	if (rows->n == rows->room) {
		rows->room = rows->room ? rows->room * 2 : 64;
		rows->row = xrealloc(rows->row, rows->room * rows->size);
	}
	to = rows->row + rows->n++ * rows->size;
	memcpy(to, key, rows->key_size);
	memcpy(to + rows->key_size, value, rows->value_size);
}

/* The order that was asked for, NULL if none was. Ends the program where there is none such. */
static const struct order *order_given(const struct run *run)
{
	const struct top *top = run->applet->top;
	const char *word = top->sort_key ? opt_str(run, top->sort_key) : NULL;
	char why[256] = "expected";
	size_t n = strlen(why);

	if (!word)
		return NULL;
	for (const struct order *o = top->orders; o->word; o++) {
		if (!strcmp(o->word, word))
			return o;
		n += snprintf(why + n, sizeof(why) - n, "%s %s",
			      o == top->orders ? "" : o[1].word ? "," : " or", o->word);
	}
	opt_bad(run, top->sort_key, why);
}

bool top_on(const struct run *run)
{
	const struct top *top = run->applet->top;

	if (!top)
		return false;
	return top->when ? opt_on(run, top->when) : !(run->applet->hist && hist_on(run));
}

void top_setup(struct run *run)
{
	const struct top *top = run->applet->top;

	if (!top)
		return;
	if (!top_on(run)) {
		if (top->map)
			map_resize(run, top->map, 1);
		return;
	}
	order_given(run);
	if (top->map && run->core->common.map_entries)
		map_resize(run, top->map, run->core->common.map_entries);
}

static const struct run *sorting;	/* qsort() passes no argument */
static const struct col *sort_col;	/* NULL: by weight */

/* Equal ones by their keys, so that they do not change places between reports. */
static int row_order(const void *a, const void *b)
{
	const struct top *top = sorting->applet->top;
	double x, y;
	int sign = top->ascending ? 1 : -1;

	if (!sort_col) {
		x = top->weight(sorting, a);
		y = top->weight(sorting, b);
	} else if (sort_col->kind == K_STR) {
		return strncmp((const char *)a + sort_col->off, (const char *)b + sort_col->off,
			       sort_col->size);
	} else {
		x = col_number(sort_col, a);
		y = col_number(sort_col, b);
	}
	return x < y ? -sign : x > y ? sign : memcmp(a, b, top->key_size);
}

static void top_sort(struct run *run, struct rows *rows)
{
	const struct top *top = run->applet->top;
	const struct order *given = order_given(run);
	const char *head = given ? given->head : top->weight ? NULL : top->sort;

	sorting = run;
	sort_col = head ? cols_find(run, head) : NULL;
	if (!sort_col && (head || !top->weight))
		abort(); /* a name of the applet's own */
	qsort(rows->row, rows->n, rows->size, row_order);
}

void top_report(struct run *run)
{
	const struct top *top = run->applet->top;
	struct rows rows = { .key_size = top->key_size, .value_size = top->value_size,
			     .size = top->key_size + top->value_size };
	size_t show = top->rows_key ? opt_u64(run, top->rows_key, top->rows) : top->rows;
	size_t kept = 0;

	if (top->rows_key2 && !opt_on(run, top->rows_key))
		show = opt_u64(run, top->rows_key2, top->rows);
	if (top->fill)
		top->fill(run, row_add, &rows);
	else
		map_drain_max(run, top->map, true, top->maxima, row_add, &rows);
	for (size_t i = 0; i < rows.n; i++) {
		char *row = rows.row + i * rows.size;

		if (run->applet->keep && !run->applet->keep(run, row))
			continue;
		memmove(rows.row + kept++ * rows.size, row, rows.size);
	}
	rows.n = kept;
	top_sort(run, &rows);
	if (!show || show > rows.n)
		show = rows.n;
	if (run->format != FORMAT_CSV || !run->core->header_done)
		cols_header(run);
	run->core->header_done = true; /* CSV has one, else no program could read it */
	for (size_t i = 0; i < show; i++) {
		/* The largest, also where they stand last. */
		size_t at = top->ascending ? rows.n - show + i : i;

		row_print(run, rows.row + at * rows.size, false);
	}
	free(rows.row);
}
