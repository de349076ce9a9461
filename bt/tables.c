// SPDX-License-Identifier: GPL-2.0-or-later
// Whole maps: read from the kernel, sorted, printed; cleared.
#include "session.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { BAR = 52 };

struct entry {
	char *key, *value; /* value: of all CPUs together */
	double order;
};

struct entries {
	struct entry *v;
	size_t n, room;
};

static uint64_t cell(const void *value, size_t i)
{
	uint64_t v;

	memcpy(&v, (const char *)value + i * 8, 8);
	return v;
}

static void cell_set(void *value, size_t i, uint64_t v)
{
	memcpy((char *)value + i * 8, &v, 8);
}

static bool above(const struct bt_type *t, uint64_t a, uint64_t b)
{
	return t->sign ? (int64_t)a > (int64_t)b : a > b;
}

/* One CPU's part of an aggregation to the sum. */
static void part_add(const struct bt_type *t, void *sum, const void *part)
{
	bool better;

	if (t->kind == T_MIN || t->kind == T_MAX) {
		if (!cell(part, 1))
			return;
		better = t->kind == T_MAX ? above(t, cell(part, 0), cell(sum, 0))
					  : above(t, cell(sum, 0), cell(part, 0));
		if (!cell(sum, 1) || better)
			memcpy(sum, part, 16);
		return;
	}
	for (size_t i = 0; i < type_room(t) / 8; i++)
		cell_set(sum, i, cell(sum, i) + cell(part, i));
}

static int64_t average(const struct bt_type *t, const void *value)
{
	uint64_t n = cell(value, 0), sum = cell(value, 1);

	if (!n)
		return 0;
	return t->sign ? (int64_t)sum / (int64_t)n : (int64_t)(sum / n);
}

static double number_of(const struct bt_type *t, uint64_t v)
{
	return t->sign ? (double)(int64_t)v : (double)v;
}

/* What entries are sorted by. */
static double order_of(const struct bt_type *t, const void *value)
{
	double sum = 0;

	switch (t->kind) {
	case T_HIST:
	case T_LHIST:
		for (uint32_t i = 0; i < t->n; i++)
			sum += cell(value, i);
		return sum;
	case T_AVG:
		return average(t, value);
	case T_STATS:
		return cell(value, 0);
	case T_COUNT:
		return cell(value, 0);
	case T_INT:
	case T_SUM:
	case T_MIN:
	case T_MAX:
		return number_of(t, cell(value, 0));
	default:
		return 0;
	}
}

/* ---- reading ---- */

static void entry_add(struct entries *all, const struct bt_map *m, const void *key, const char *raw,
		      int cpus)
{
	uint32_t room = type_room(m->type), skip = m->keyed ? 0 : 8;
	struct entry *e;
	bool any = m->keyed && !m->indexed;

	for (int c = 0; c < (m->per_cpu ? cpus : 1); c++)
		any |= cell(raw + (size_t)c * m->value_size, 0) != 0;
	if (!any)
		return;
	if (all->n == all->room) {
		all->room = all->room ? all->room * 2 : 64;
		all->v = xrealloc(all->v, all->room * sizeof(*all->v));
	}
	e = &all->v[all->n++];
	e->key = xalloc(m->key_size + 1);
	memcpy(e->key, key, m->key_size);
	e->value = xalloc(room);
	if (!m->per_cpu) {
		memcpy(e->value, raw + skip, room);
	} else {
		for (int c = 0; c < cpus; c++)
			part_add(m->type, e->value, raw + (size_t)c * m->value_size + skip);
	}
	e->order = order_of(m->type, e->value);
}

/* Text is sorted as text where the values say nothing. */
static int entry_order(const void *a, const void *b, void *arg)
{
	const struct entry *x = a, *y = b;
	const struct bt_map *m = arg;

	if (x->order != y->order)
		return x->order < y->order ? -1 : 1;
	if (m->nkeys && m->key[0]->kind == T_INT) {
		uint64_t k = cell(x->key, 0), l = cell(y->key, 0);

		if (k != l)
			return above(m->key[0], k, l) ? 1 : -1;
	}
	return memcmp(x->key, y->key, m->key_size);
}

/* One value; with `take` it is gone then, and nothing that is counted falls between (from 5.14 on,
 * before that a moment between the two calls). */
static int entry_read(const struct bt_map *m, const void *key, void *raw, bool take)
{
	int err;

	if (!take)
		return bpf_map_lookup_elem(m->fd, key, raw);
	if (!bpf_map_lookup_and_delete_elem(m->fd, key, raw))
		return 0;
	err = bpf_map_lookup_elem(m->fd, key, raw);
	return err ? err : bpf_map_delete_elem(m->fd, key);
}

/* An entry may vanish while we look: then the next key is the first one again, and we end. */
static struct entries map_read(struct session *s, const struct bt_map *m, bool take)
{
	struct entries all = {0};
	size_t each = m->per_cpu ? (size_t)m->value_size * s->cpus : m->value_size;
	char *raw = xalloc(each), *key = xalloc(m->key_size + 8), *next = xalloc(m->key_size + 8);
	uint32_t limit = m->entries;
	bool first = true;

	if (!m->keyed) {
		if (!bpf_map_lookup_elem(m->fd, &(uint32_t){0}, raw))
			entry_add(&all, m, key, raw, s->cpus);
	} else {
		while (limit-- && !bpf_map_get_next_key(m->fd, first ? NULL : key, next)) {
			memcpy(key, next, m->key_size);
			first = take;
			if (!entry_read(m, key, raw, take))
				entry_add(&all, m, key, raw, s->cpus);
		}
	}
	/* musl has no qsort_r before 1.2.3 */
	qsort_r(all.v, all.n, sizeof(*all.v), entry_order, (void *)m);
	free(raw);
	free(key);
	free(next);
	return all;
}

static void entries_free(struct entries *all)
{
	for (size_t i = 0; i < all->n; i++) {
		free(all->v[i].key);
		free(all->v[i].value);
	}
	free(all->v);
}

/* ---- histograms ---- */

struct range {
	int64_t lo, hi;
	bool open_lo, open_hi;
}; /* [lo, hi) */

static struct range hist_range(const struct bt_type *t, uint32_t i)
{
	uint32_t bits = t->step, power;
	uint64_t step;

	if (!i)
		return (struct range){0, 0, true, false};
	i--;
	if (i < 1u << bits)
		return (struct range){i, i + 1, false, false};
	power = (i >> bits) - 1 + bits;
	step = 1ULL << (power - bits);
	return (struct range){
		.lo = (1ULL << power) + (i & ((1 << bits) - 1)) * step,
		.hi = (1ULL << power) + ((i & ((1 << bits) - 1)) + 1) * step,
	};
}

static struct range lhist_range(const struct bt_type *t, uint32_t i)
{
	if (!i)
		return (struct range){0, t->min, true, false};
	return (struct range){
		.lo = t->min + (int64_t)(i - 1) * t->step,
		.hi = t->min + (int64_t)i * t->step,
		.open_hi = i == t->n - 1,
	};
}

static struct range slot_range(const struct bt_type *t, uint32_t i)
{
	return t->kind == T_HIST ? hist_range(t, i) : lhist_range(t, i);
}

/* 1024 is 1K, as far as it comes out even. */
static const char *bound_text(int64_t v, char text[24])
{
	static const char units[] = " KMGTPE";
	int u = 0;

	while (v && v % 1024 == 0 && u < 6) {
		v /= 1024;
		u++;
	}
	snprintf(text, 24, u ? "%lld%c" : "%lld", (long long)v, units[u]);
	return text;
}

static void slot_bar(struct session *s, const struct bt_type *t, uint32_t i, uint64_t n,
		     uint64_t most)
{
	struct range r = slot_range(t, i);
	char lo[24], hi[24], label[64], bar[BAR + 1];
	int len = most ? (int)(n * BAR / most) : 0;

	if (r.open_lo)
		snprintf(label, sizeof(label), "(..., %s)", bound_text(r.hi, hi));
	else if (r.open_hi)
		snprintf(label, sizeof(label), "[%s, ...)", bound_text(r.lo, lo));
	else if (r.hi == r.lo + 1 && t->kind == T_HIST)
		snprintf(label, sizeof(label), "[%s]", bound_text(r.lo, lo));
	else
		snprintf(label, sizeof(label), "[%s, %s)", bound_text(r.lo, lo),
			 bound_text(r.hi, hi));
	memset(bar, '@', len);
	bar[len] = 0;
	out_printf(s->out, "%-16s%8llu |%-*s|\n", label, (unsigned long long)n, BAR, bar);
}

static bool slots_used(const struct bt_type *t, const void *value, uint32_t *first, uint32_t *last,
		       uint64_t *most)
{
	*first = t->n;
	*last = 0;
	*most = 0;
	for (uint32_t i = 0; i < t->n; i++) {
		if (!cell(value, i))
			continue;
		*first = MIN(*first, i);
		*last = i;
		*most = MAX(*most, cell(value, i));
	}
	return *first < t->n;
}

static void hist_text(struct session *s, const struct bt_type *t, const void *value,
		      uint32_t divisor)
{
	uint32_t first, last;
	uint64_t most;

	if (!slots_used(t, value, &first, &last, &most))
		return;
	for (uint32_t i = first; i <= last; i++)
		slot_bar(s, t, i, cell(value, i) / divisor, most / divisor);
}

static void hist_json(struct session *s, const struct bt_type *t, const void *value)
{
	uint32_t first, last;
	uint64_t most;
	bool comma = false;

	out_str(s->out, "[");
	if (!slots_used(t, value, &first, &last, &most))
		last = 0, first = 1;
	for (uint32_t i = first; i <= last; i++) {
		struct range r = slot_range(t, i);

		out_printf(s->out, "%s{", comma ? "," : "");
		comma = true;
		if (!r.open_lo)
			out_printf(s->out, "\"min\":%lld,", (long long)r.lo);
		if (!r.open_hi)
			out_printf(s->out, "\"max\":%lld,", (long long)(r.hi - 1));
		out_printf(s->out, "\"count\":%llu}", (unsigned long long)cell(value, i));
	}
	out_str(s->out, "]");
}

/* ---- one entry ---- */

static bool is_hist(const struct bt_type *t)
{
	return t->kind == T_HIST || t->kind == T_LHIST;
}

static void number_out(struct session *s, const struct bt_type *t, uint64_t v, uint32_t divisor)
{
	if (t->sign)
		out_printf(s->out, "%lld", (long long)v / (long long)divisor);
	else
		out_printf(s->out, "%llu", (unsigned long long)v / divisor);
}

static void entry_value(struct session *s, const struct bt_type *t, const char *value,
			uint32_t divisor)
{
	switch (t->kind) {
	case T_COUNT:
	case T_SUM:
	case T_MIN:
	case T_MAX:
		number_out(s, t, cell(value, 0), divisor);
		break;
	case T_AVG:
		number_out(s, t, average(t, value), divisor);
		break;
	case T_INT:
		if (divisor > 1)
			number_out(s, t, cell(value, 0), divisor);
		else if (s->json)
			value_json(s, t, value);
		else
			value_text(s, s->out, t, value);
		break;
	case T_STATS:
		out_printf(s->out,
			   s->json ? "{\"count\":%llu,\"average\":" : "count %llu, average ",
			   (unsigned long long)cell(value, 0));
		number_out(s, t, average(t, value), 1);
		out_str(s->out, s->json ? ",\"total\":" : ", total ");
		number_out(s, t, cell(value, 1), 1);
		if (s->json)
			out_str(s->out, "}");
		break;
	default:
		if (s->json)
			value_json(s, t, value);
		else
			value_text(s, s->out, t, value);
	}
}

static void entry_text(struct session *s, struct bt_map *m, const struct entry *e, uint32_t divisor)
{
	const char *key = e->key;

	out_str(s->out, m->name);
	for (size_t i = 0; i < m->nkeys; i++) {
		out_str(s->out, i ? ", " : "[");
		value_text(s, s->out, m->key[i], key);
		key += type_room(m->key[i]);
	}
	out_str(s->out, m->nkeys ? "]: " : ": ");
	if (is_hist(m->type)) {
		out_str(s->out, "\n");
		hist_text(s, m->type, e->value, divisor);
	} else {
		entry_value(s, m->type, e->value, divisor);
	}
	out_str(s->out, "\n");
}

static void map_json(struct session *s, struct bt_map *m, const struct entries *all, size_t from,
		     uint32_t divisor)
{
	out_printf(s->out, "{\"type\":\"%s\",\"data\":{",
		   is_hist(m->type)					? "hist"
		   : m->type->kind == T_STATS || m->type->kind == T_AVG ? "stats"
									: "map");
	out_json(s->out, m->name, strlen(m->name));
	out_str(s->out, m->keyed ? ":{" : ":");
	for (size_t i = from; i < all->n; i++) {
		if (i > from)
			out_str(s->out, ",");
		if (m->keyed) {
			key_json(s, m, all->v[i].key);
			out_str(s->out, ":");
		}
		if (is_hist(m->type))
			hist_json(s, m->type, all->v[i].value);
		else
			entry_value(s, m->type, all->v[i].value, divisor);
	}
	out_str(s->out, m->keyed ? "}}}\n" : "}}\n");
}

void map_print(struct session *s, struct bt_map *m, uint32_t top, uint32_t divisor)
{
	struct entries all;
	size_t from;

	if (m->fd < 0)
		return;
	all = map_read(s, m, false);
	from = top && top < all.n ? all.n - top : 0;
	divisor = divisor ? divisor : 1;
	if (s->json && (all.n || m->keyed)) {
		map_json(s, m, &all, from, divisor);
	} else if (!s->json) {
		for (size_t i = from; i < all.n; i++)
			entry_text(s, m, &all.v[i], divisor);
		if (all.n && m->type->kind == T_STATS)
			out_str(s->out, "\n");
	}
	entries_free(&all);
}

void map_each(struct session *s, struct bt_map *m, bool take, size_t top, map_entry_see *see,
	      void *arg)
{
	struct entries all;

	if (m->fd < 0)
		return;
	all = map_read(s, m, take && m->keyed && !m->indexed);
	for (size_t i = top && top < all.n ? all.n - top : 0; i < all.n; i++)
		see(arg, m, all.v[i].key, all.v[i].value);
	entries_free(&all);
}

uint64_t hist_slot(const struct bt_type *t, const void *value, uint32_t i, int64_t *lo, int64_t *hi)
{
	struct range r = slot_range(t, i);

	*lo = r.open_lo ? INT64_MIN : r.lo;
	*hi = r.open_hi ? INT64_MAX : r.hi - 1;
	return cell(value, i);
}

void map_print_entry(struct session *s, struct bt_map *m, const void *key)
{
	size_t each = m->per_cpu ? (size_t)m->value_size * s->cpus : m->value_size;
	struct entries all = {0};
	char *raw = xalloc(each);

	if (m->fd >= 0 && !bpf_map_lookup_elem(m->fd, key, raw))
		entry_add(&all, m, key, raw, s->cpus);
	if (s->json)
		map_json(s, m, &all, 0, 1);
	else if (all.n)
		entry_text(s, m, all.v, 1);
	entries_free(&all);
	free(raw);
}

/* ---- clearing ---- */

void map_clear(struct session *s, struct bt_map *m, bool zero)
{
	size_t each = m->per_cpu ? (size_t)m->value_size * s->cpus : m->value_size;
	char *nothing, *key, *next;
	uint32_t limit = m->entries;
	bool first = true;

	if (m->fd < 0)
		return;
	nothing = xalloc(each);
	key = xalloc(m->key_size + 8);
	next = xalloc(m->key_size + 8);
	if (!m->keyed) {
		for (int c = 0; zero && c < (m->per_cpu ? s->cpus : 1); c++)
			cell_set(nothing + (size_t)c * m->value_size, 0, 1);
		bpf_map_update_elem(m->fd, &(uint32_t){0}, nothing, BPF_ANY);
	} else if (zero || m->indexed) {
		while (limit-- && !bpf_map_get_next_key(m->fd, first ? NULL : key, next)) {
			memcpy(key, next, m->key_size);
			first = false;
			bpf_map_update_elem(m->fd, key, nothing, BPF_EXIST);
		}
	} else {
		while (limit-- && !bpf_map_get_next_key(m->fd, NULL, key))
			bpf_map_delete_elem(m->fd, key);
	}
	free(nothing);
	free(key);
	free(next);
}
