// SPDX-License-Identifier: GPL-2.0-or-later
// Rows: one table of columns gives text, JSON Lines and CSV.
#include "frames.h"

#include <ctype.h>
#include <math.h>
#include <strings.h>

struct cell {
	struct run *run;
	const struct col *col;
	int width;	/* as in struct col; 0 in JSON and CSV */
};

const struct run *cell_run(const struct cell *cell)
{
	return cell->run;
}

const void *cell_ptr(const struct cell *cell, const void *row)
{
	return (const char *)row + cell->col->off;
}

static struct out *cell_out(struct cell *cell)
{
	return &cell->run->core->out;
}

void cell_strn(struct cell *cell, const char *s, size_t max)
{
	struct out *o = cell_out(cell);
	int width = 0;

	if (cell->run->format == FORMAT_JSON) {
		out_json(o, s, max);
		return;
	}
	if (cell->run->format == FORMAT_CSV) {
		out_csv(o, s, max);
		return;
	}
	if (cell->width)
		width = out_text_width(s, max);
	out_pad(o, cell->width - width);
	out_text(o, s, max);
	out_pad(o, -cell->width - width);
}

void cell_str(struct cell *cell, const char *s)
{
	cell_strn(cell, s, (size_t)-1 / 2);
}

void cell_printf(struct cell *cell, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cell_str(cell, text);
}

/* A number: the same digits in all formats, never quoted. */
static void cell_digits(struct cell *cell, const char *digits, int len)
{
	struct out *o = cell_out(cell);

	out_pad(o, cell->width - len);
	out_bytes(o, digits, len);
	out_pad(o, -cell->width - len);
}

/* The digits of v so that they end before `end`: where they begin. */
static char *digits_before(char *end, uint64_t v)
{
	do
		*--end = '0' + v % 10;
	while (v /= 10);
	return end;
}

void cell_u64(struct cell *cell, uint64_t v)
{
	char text[24], *end = text + sizeof(text), *p = digits_before(end, v);

	cell_digits(cell, p, end - p);
}

void cell_s64(struct cell *cell, int64_t v)
{
	char text[24], *end = text + sizeof(text), *p;

	p = digits_before(end, v < 0 ? -(uint64_t)v : (uint64_t)v);
	if (v < 0)
		*--p = '-';
	cell_digits(cell, p, end - p);
}

/* printf() is exact for all numbers, which takes it some thousand instructions. Here it has to look
 * only where the product is so near to the middle between two last digits that its rounding may
 * decide. */
static bool cell_f64_short(struct cell *cell, double v, int decimals)
{
	static const double scales[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };
	char text[24], *end = text + sizeof(text), *p;
	double scaled, rest;
	uint64_t n;

	if (decimals < 0 || (size_t)decimals >= ARRAY_LEN(scales) || signbit(v))
		return false;
	scaled = v * scales[decimals];
	if (!(scaled < 1e9)) /* is off by less than 1e-6; not a number comes here, too */
		return false;
	n = scaled;
	rest = scaled - n;
	if (rest > 0.5 - 1e-6 && rest < 0.5 + 1e-6)
		return false;
	n += rest > 0.5;
	if (!decimals) {
		cell_u64(cell, n);
		return true;
	}
	for (p = end; end - p < decimals; n /= 10)
		*--p = '0' + n % 10;
	*--p = '.';
	p = digits_before(p, n);
	cell_digits(cell, p, end - p);
	return true;
}

void cell_f64(struct cell *cell, double v, int decimals)
{
	char text[64];

	if (!cell_f64_short(cell, v, decimals))
		cell_digits(cell, text, snprintf(text, sizeof(text), "%.*f", decimals, v));
}

void cell_none(struct cell *cell)
{
	const char *none = cell->run->format == FORMAT_JSON ? "null"
			 : cell->run->format == FORMAT_TEXT ? "-" : "";

	cell_digits(cell, none, strlen(none));
}

void cell_enum(struct cell *cell, const char *const *names, size_t n, uint64_t v)
{
	if (v < n && names[v])
		cell_str(cell, names[v]);
	else
		cell_u64(cell, v);
}

void fmt_text(struct cell *cell, const void *row)
{
	const char *text = cell_ptr(cell, row);

	if (*text)
		cell_strn(cell, text, cell->col->size);
	else
		cell_none(cell);
}

static int64_t field_s64(const struct col *col, const void *row)
{
	const void *p = (const char *)row + col->off;

	switch (col->kind) {
	case K_FLAG:
	case K_U8: return *(const uint8_t *)p;
	case K_S8: return *(const int8_t *)p;
	case K_U16: return *(const uint16_t *)p;
	case K_S16: return *(const int16_t *)p;
	case K_U32: return *(const uint32_t *)p;
	case K_S32: return *(const int32_t *)p;
	default: return *(const int64_t *)p;
	}
}

double col_number(const struct col *col, const void *row)
{
	if (col->kind == K_NONE || col->kind >= K_STR)
		return 0;
	return col->kind == K_U64 ? (double)(uint64_t)field_s64(col, row) : field_s64(col, row);
}

static void cell_time(struct cell *cell, uint64_t ns)
{
	struct core *core = cell->run->core;
	char text[CLOCK_TEXT];
	enum stamp stamp = core->stamp;

	if (stamp == STAMP_DEFAULT)
		stamp = cell->col->kind == K_TIME_REL ? STAMP_REL : STAMP_WALL;
	if (stamp == STAMP_REL) {
		/* An event can be older than the moment when all was attached. */
		int64_t rel = ns - core->start_ns;

		snprintf(text, sizeof(text), "%.6f", rel > 0 ? rel / 1e9 : 0.0);
	} else if (stamp == STAMP_ISO) {
		clock_rfc3339(ns, text);
	} else {
		clock_local(ns, stamp == STAMP_MICRO ? 6 : 0, text);
	}
	cell_digits(cell, text, strlen(text));
}

/* Few a second are not rounded away: one in ten seconds is 0.10/s. */
static void cell_rate(struct cell *cell, double n)
{
	uint64_t ns = cell->run->elapsed_ns;
	double v = ns ? n * 1e9 / ns : 0;

	if (cell->run->format != FORMAT_TEXT)
		cell_f64(cell, v, 3);
	else
		cell_f64(cell, v, !n || v >= 99.95 ? 0 : v >= 9.995 ? 1 : 2);
}

static void cell_field(struct cell *cell, const void *row, uint64_t time_ns)
{
	const struct col *col = cell->col;

	if (col->fmt)
		col->fmt(cell, row);
	else if (col->kind == K_TIME || col->kind == K_TIME_REL)
		cell_time(cell, time_ns);
	else if (col->kind == K_STR)
		cell_strn(cell, cell_ptr(cell, row), col->size);
	else if (col->kind == K_STACKS)
		stack_ref_print(cell->run, cell_ptr(cell, row));
	else if (col->rate)
		cell_rate(cell, col_number(col, row));
	else if (col->scale)
		cell_f64(cell, col_number(col, row) / col->scale, col->decimals);
	else if (col->kind == K_FLAG && cell->run->format == FORMAT_JSON)
		out_str(cell_out(cell), field_s64(col, row) ? "true" : "false");
	else if (col->kind == K_U64)
		cell_u64(cell, field_s64(col, row));
	else
		cell_s64(cell, field_s64(col, row));
}

void cell_print(struct run *run, const struct col *col, const void *row, bool padded)
{
	struct cell cell = { .run = run, .col = col, .width = padded ? col->width : 0 };

	cell_field(&cell, row, 0);
}

/* LAT(ms) -> lat_ms, %CPU -> cpu */
static void key_make(char key[KEY_LEN], const char *head)
{
	size_t n = 0;

	for (; *head && n < KEY_LEN - 1; head++) {
		if (isalnum((unsigned char)*head))
			key[n++] = tolower((unsigned char)*head);
		else if (n && key[n - 1] != '_')
			key[n++] = '_';
	}
	while (n && key[n - 1] == '_')
		n--;
	key[n] = 0;
}

/* The applet's, or those of its table where an option asks for that. */
static const struct col *run_cols(const struct run *run)
{
	const struct top *top = run->applet->top;

	if (run->core->made_cols)
		return run->core->made_cols;
	return top && top->cols && top_on(run) ? top->cols : run->applet->cols;
}

const struct col *cols_find(const struct run *run, const char *name)
{
	char key[KEY_LEN];

	for (const struct col *col = run_cols(run); col && col->head; col++) {
		key_make(key, col->head);
		if (!strcasecmp(name, col->head) || !strcasecmp(name, key))
			return col;
	}
	return NULL;
}

static void cols_add(struct colset *set, const struct col *col)
{
	if (set->n == COLS_MAX)
		abort(); /* a table of the applet's own: a test sees it */
	key_make(set->key[set->n], col->head);
	set->col[set->n++] = col;
}

/* Text and CSV show a column with its option; JSON has all that was measured. */
static bool col_wanted(const struct run *run, const struct col *col)
{
	if (run->format == FORMAT_JSON && (col->kind == K_TIME || col->kind == K_TIME_REL))
		return false;
	if (col->unless && opt_on(run, col->unless))
		return false;
	if (!col->when || opt_on(run, col->when))
		return true;
	return run->format == FORMAT_JSON && !col->only;
}

static const struct col time_col = COL_TIME(0, "TIME");
static const struct col iso_col = { .head = "TIME", .width = -30, .kind = K_TIME };

/* In text stacks are no part of the row, but come below it. */
static void cols_choose_one(struct run *run, const struct col *col)
{
	if (run->format == FORMAT_TEXT && col->kind == K_STACKS)
		cols_add(&run->core->stack_cols, col);
	else
		cols_add(&run->core->cols, col);
}

static void cols_choose(struct run *run, const char *list)
{
	struct core *core = run->core;
	char name[64];
	size_t n;

	for (const char *p = list; *p; p += n + (p[n] == ',')) {
		const struct col *col;

		n = strcspn(p, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, p);
		col = cols_find(run, name);
		if (!col) {
			char all[512] = "";
			size_t len = 0;

			for (col = run_cols(run); col->head; col++)
				len += snprintf(all + len, sizeof(all) - len, "%s%s",
						len ? ", " : "", col->head);
			die(EXIT_USAGE, "--columns: there is no column '%s'; there are: %s", name,
			    all);
		}
		cols_choose_one(run, col);
	}
	if (!core->cols.n)
		die(EXIT_USAGE, "--columns: names no column");
}

void cols_prepare(struct run *run)
{
	struct core *core = run->core;
	const struct hist *hist = run->applet->hist;
	const struct col *col;

	if (run->applet->cols_make)
		core->made_cols = run->applet->cols_make(run);
	col = run_cols(run);
	if (core->common.columns) {
		cols_choose(run, core->common.columns);
	} else {
		if (core->stamp && run->format != FORMAT_JSON && col)
			cols_add(&core->cols, core->stamp == STAMP_ISO ? &iso_col : &time_col);
		for (; col && col->head; col++) {
			/* --timestamps replaces the tool's own form. */
			if (core->stamp && (col->kind == K_TIME || col->kind == K_TIME_REL))
				continue;
			if (col_wanted(run, col))
				cols_choose_one(run, col);
		}
	}
	if (hist && hist->keys)
		for (col = hist->keys; col->head; col++)
			if (!col->when || opt_on(run, col->when))
				cols_add(&core->keys, col);
}

void cols_header(struct run *run)
{
	struct core *core = run->core;
	struct out *o = &core->out;

	if (run->format == FORMAT_JSON || !core->cols.n)
		return;
	for (size_t i = 0; i < core->cols.n; i++) {
		const struct col *col = core->cols.col[i];
		int len = strlen(col->head);

		if (i)
			out_bytes(o, run->format == FORMAT_CSV ? "," : " ", 1);
		if (run->format == FORMAT_CSV) {
			out_str(o, core->cols.key[i]);
			continue;
		}
		out_pad(o, col->width - len);
		out_bytes(o, col->head, len);
		if (i + 1 < core->cols.n)
			out_pad(o, -col->width - len);
	}
	out_bytes(o, "\n", 1);
}

void record_begin(struct run *run, uint64_t time_ns)
{
	char text[CLOCK_TEXT];

	out_str(&run->core->out, "{\"time\":\"");
	out_str(&run->core->out, clock_rfc3339(time_ns, text));
	out_bytes(&run->core->out, "\"", 1);
}

void record_end(struct run *run)
{
	out_bytes(&run->core->out, "}\n", 2);
}

static void row_json(struct run *run, const void *row, uint64_t time_ns)
{
	struct core *core = run->core;
	struct out *o = &core->out;

	record_begin(run, time_ns);
	for (size_t i = 0; i < core->cols.n; i++) {
		struct cell cell = { .run = run, .col = core->cols.col[i] };

		out_bytes(o, ",", 1);
		if (cell.col->kind != K_STACKS) { /* that is two members with names of their own */
			out_bytes(o, "\"", 1);
			out_str(o, core->cols.key[i]);
			out_bytes(o, "\":", 2);
		}
		cell_field(&cell, row, time_ns);
	}
	record_end(run);
}

void row_print(struct run *run, const void *row, bool timed)
{
	struct core *core = run->core;
	struct out *o = &core->out;
	bool text = run->format == FORMAT_TEXT;
	uint64_t time_ns = timed ? *(const uint64_t *)row : run->now_ns;

	if (run->format == FORMAT_JSON) {
		row_json(run, row, time_ns);
		return;
	}
	for (size_t i = 0; i < core->cols.n; i++) {
		const struct col *col = core->cols.col[i];
		struct cell cell = { .run = run, .col = col };

		if (i)
			out_bytes(o, text ? " " : ",", 1);
		if (text && (i + 1 < core->cols.n || col->width > 0))
			cell.width = col->width;
		cell_field(&cell, row, time_ns);
	}
	out_bytes(o, "\n", 1);
	for (size_t i = 0; i < core->stack_cols.n; i++)
		cell_print(run, core->stack_cols.col[i], row, false);
}
