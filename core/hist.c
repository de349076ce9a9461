// SPDX-License-Identifier: GPL-2.0-or-later
// Histograms: taken from the kernel's per-CPU maps, printed as bars or as JSON buckets.
#include "core.h"
#include "heatmap.h"

struct entry {
	void *key;	/* NULL: the only histogram */
	struct hist_value v;
	uint64_t total;
};

struct entries {
	struct entry *e;
	size_t n, room;
	size_t key_size;
};

bool hist_on(const struct run *run)
{
	const struct applet *a = run->applet;

	if (!a->hist)
		return false;
	if (a->hist->when)
		return opt_on(run, a->hist->when);
	return !(a->top && a->top->when && opt_on(run, a->top->when));
}

/* Without the option that splits it there is no key, and the map of the keyed ones is kept small:
 * it is memory for each CPU. With one, as many as 16 MB hold, 10240 at most. */
void hist_setup(struct run *run)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "hists");
	uint32_t want = run->core->common.map_entries;
	size_t each = sizeof(struct hist_value) * libbpf_num_possible_cpus();

	if (!map)
		return;
	if (!want)
		want = MAX(MIN(10240U, MIN(16ULL << 20, memory_part(64)) / each), 256U);
	bpf_map__set_max_entries(map, run->core->keys.n && hist_on(run) ? want : 1);
}

static void entry_add(const void *key, const void *value, void *arg)
{
	struct entries *all = arg;
	struct entry *e;

	if (all->n == all->room) {
		all->room = all->room ? all->room * 2 : 16;
		all->e = xrealloc(all->e, all->room * sizeof(*all->e));
	}
	e = &all->e[all->n++];
	memcpy(&e->v, value, sizeof(e->v));
	e->key = NULL;
	e->total = 0;
	for (int i = 0; i < HIST_SLOTS; i++)
		e->total += e->v.slots[i];
	if (key) {
		e->key = xalloc(all->key_size);
		memcpy(e->key, key, all->key_size);
	}
}

/* The one histogram is never cleared in the kernel, where an addition could fall between reading
 * and clearing: what was there at the last report is taken off instead. */
static void entry_add_one(struct run *run, struct entries *all)
{
	struct hist_value now;

	counts_since(run, "hist_one", 0, (uint64_t *)&now, sizeof(now) / sizeof(uint64_t));
	entry_add(NULL, &now, all);
}

static int entry_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	return x->total < y->total ? -1 : x->total > y->total;
}

static const char *hist_unit(const struct run *run, uint64_t *div)
{
	uint64_t *value = object_var(run, ".rodata", "hist_div", NULL);

	*div = value && !run->applet->hist->linear ? *value : 1;
	if (run->applet->hist->unit)
		return run->applet->hist->unit;
	return *div == 1000000 ? "msecs" : *div == 1000 ? "usecs" : *div == 1 ? "nsecs" : "secs";
}

static uint64_t slot_low(const struct run *run, int slot)
{
	if (run->applet->hist->linear)
		return (uint64_t)slot * MAX(run->applet->hist->step, 1);
	return slot ? 1ULL << slot : 0;
}

static uint64_t slot_high(const struct run *run, int slot)
{
	if (slot == HIST_SLOTS - 1)
		return UINT64_MAX;
	return run->applet->hist->linear ? slot_low(run, slot + 1) - 1 : (2ULL << slot) - 1;
}

static int slot_last(const struct entry *e)
{
	int last = HIST_SLOTS - 1;

	while (last >= 0 && !e->v.slots[last])
		last--;
	return last;
}

static int slot_first(const struct run *run, const struct entry *e)
{
	int first = 0, last = slot_last(e);

	while (run->applet->hist->from_first && first < last && !e->v.slots[first])
		first++;
	return first;
}

static const char stars[] = "****************************************";

/* Rows of ranges, "4 -> 7"; wide ones when numbers are too long for the usual width. */
static void hist_bars(struct run *run, const struct entry *e, const char *unit, uint64_t most)
{
	int last = slot_last(e), wide = last > 32, width = wide ? 20 : 40;
	struct out *o = &run->core->out;

	out_printf(o, wide ? "%15s%-29s : count     distribution\n"
			   : "%5s%-18s : count     distribution\n", "", unit);
	for (int i = slot_first(run, e); i <= last; i++)
		out_printf(o, wide ? "%20llu -> %-20llu : %-8llu |%-20.*s|\n"
				   : "%10llu -> %-10llu : %-8llu |%-40.*s|\n",
			   (unsigned long long)slot_low(run, i),
			   (unsigned long long)slot_high(run, i), (unsigned long long)e->v.slots[i],
			   (int)((double)e->v.slots[i] / most * width), stars);
}

/* Rows of single values; the last slot has all that is larger, too. */
static void hist_values(struct run *run, const struct entry *e, const char *unit, uint64_t most)
{
	struct out *o = &run->core->out;

	out_printf(o, "%5s%-13s : count     distribution\n", "", unit);
	for (int i = slot_first(run, e), last = slot_last(e); i <= last; i++)
		out_printf(o, "%8s%d%-*s : %-8llu |%-40.*s|\n", "", i, i > 9 ? 8 : 9,
			   i == HIST_SLOTS - 1 ? "+" : "", (unsigned long long)e->v.slots[i],
			   (int)((double)e->v.slots[i] / most * 40), stars);
}

static void hist_draw(struct run *run, const struct entry *e, const char *unit)
{
	uint64_t most = 1;

	for (int i = 0; i < HIST_SLOTS; i++)
		most = MAX(most, e->v.slots[i]);
	if (run->applet->hist->linear && run->applet->hist->step < 2)
		hist_values(run, e, unit, most);
	else
		hist_bars(run, e, unit, most);
}

static bool hist_extended(const struct run *run)
{
	unsigned char key = run->applet->hist->extension;

	return key == HIST_ALWAYS || (key && opt_on(run, key));
}

static void hist_text(struct run *run, const struct entry *e, const char *unit, uint64_t div)
{
	struct colset *keys = &run->core->keys;
	struct out *o = &run->core->out;
	bool open = false; /* is a line begun? */

	out_bytes(o, "\n", 1);
	for (size_t i = 0; e->key && i < keys->n; i++) {
		/* Its frames are lines of their own, below what stands before it. */
		if (keys->col[i]->kind == K_STACKS) {
			out_str(o, open ? "\n" : "");
			cell_print(run, keys->col[i], e->key, false);
			open = false;
			continue;
		}
		/* "pid = 12 bash": a column of width 1 stands bare behind the one before. */
		if (keys->col[i]->width == 1)
			out_bytes(o, " ", 1);
		else
			out_printf(o, "%s%s = ", open ? ", " : "", keys->col[i]->head);
		cell_print(run, keys->col[i], e->key, false);
		open = true;
	}
	out_str(o, open ? "\n" : "");
	hist_draw(run, e, unit);
	if (hist_extended(run))
		out_printf(o, "\navg = %llu %s, total: %llu %s, count: %llu\n",
			   (unsigned long long)(e->total ? e->v.sum / div / e->total : 0), unit,
			   (unsigned long long)(e->v.sum / div), unit,
			   (unsigned long long)e->total);
}

static void hist_json(struct run *run, const struct entry *e, const char *unit, uint64_t div)
{
	struct colset *keys = &run->core->keys;
	struct out *o = &run->core->out;
	int last = slot_last(e);
	bool first = true;

	record_begin(run, run->now_ns);
	out_printf(o, ",\"name\":\"%s\",\"key\":%s", run->applet->hist->name, e->key ? "{" : "null");
	for (size_t i = 0; e->key && i < keys->n; i++) {
		out_str(o, i ? "," : "");
		if (keys->col[i]->kind != K_STACKS)
			out_printf(o, "\"%s\":", keys->key[i]);
		cell_print(run, keys->col[i], e->key, false);
	}
	out_printf(o, "%s,\"unit\":\"%s\",\"buckets\":[", e->key ? "}" : "", unit);
	for (int i = 0; i <= last; i++) {
		if (!e->v.slots[i])
			continue;
		out_printf(o, "%s{\"lo\":%llu,\"hi\":%llu,\"count\":%llu}", first ? "" : ",",
			   (unsigned long long)slot_low(run, i), (unsigned long long)slot_high(run, i),
			   (unsigned long long)e->v.slots[i]);
		first = false;
	}
	out_printf(o, "],\"total\":%llu,\"sum\":%llu", (unsigned long long)e->total,
		   (unsigned long long)(e->v.sum / div));
	record_end(run);
}

static struct heatmap *heatmap_of(struct run *run, const char *unit, uint64_t div)
{
	struct heat_scale scale = { .unit = unit };

	for (int i = 0; i < HIST_SLOTS; i++) {
		scale.low[i] = slot_low(run, i);
		scale.high[i] = slot_high(run, i);
	}
	/* Of nanoseconds those below 256 are of less interest than seconds. */
	scale.first = !run->applet->hist->unit && div == 1 ? 8 : 0;
	return heatmap_new(&scale);
}

/* All histograms of this report in one. */
static void heat_report(struct run *run, const struct entries *all, const char *unit, uint64_t div)
{
	struct core *core = run->core;
	uint64_t slots[HIST_SLOTS] = { 0 };
	struct out *o;

	if (!core->heatmap)
		core->heatmap = heatmap_of(run, unit, div);
	for (size_t i = 0; i < all->n; i++)
		for (int s = 0; s < HIST_SLOTS; s++)
			slots[s] += all->e[i].v.slots[s];
	heatmap_add(core->heatmap, run->now_ns, slots);
	if (run->format == FORMAT_TEXT)
		heatmap_line(core->heatmap, &core->out, core->out.tty);
	if (!*core->common.heatmap)
		return;
	o = xalloc(sizeof(*o));
	out_open(o, core->common.heatmap);
	heatmap_svg(core->heatmap, o, prog_name);
	out_close(o);
	free(o);
}

void hist_report(struct run *run)
{
	struct entries all = { .n = 0 };
	uint64_t div;
	const char *unit = hist_unit(run, &div);

	if (run->core->keys.n) {
		all.key_size = bpf_map__key_size(bpf_object__find_map_by_name(run->obj, "hists"));
		map_drain(run, "hists", true, entry_add, &all);
		qsort(all.e, all.n, sizeof(*all.e), entry_order);
	} else {
		entry_add_one(run, &all);
	}
	if (run->core->common.heatmap)
		heat_report(run, &all, unit, div);
	for (size_t i = 0; i < all.n; i++) {
		if (run->core->common.heatmap && run->format == FORMAT_TEXT)
			; /* its line has been printed */
		else if (run->format == FORMAT_JSON)
			hist_json(run, &all.e[i], unit, div);
		else
			hist_text(run, &all.e[i], unit, div);
		free(all.e[i].key);
	}
	free(all.e);
}
