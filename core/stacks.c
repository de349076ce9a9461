// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks with their sums: as text, folded for flame graphs, or as JSON.
#include "flame.h"
#include "frames.h"

struct sum {
	struct stack_key key;
	uint64_t value;
};

struct sums {
	struct sum *v;
	size_t n, room;
};

static bool stacks_opt(const struct run *run, unsigned char key)
{
	return key && opt_on(run, key);
}

bool stacks_folded(const struct run *run)
{
	return run->applet->stacks && stacks_opt(run, run->applet->stacks->folded);
}

void stacks_setup(struct run *run)
{
	const struct stacks *st = run->applet->stacks;
	bool *user, *kernel;

	frames_setup(run, st && st->depth ? opt_u64(run, st->depth, 0) : 0,
		     st && st->storage ? opt_u64(run, st->storage, 0) : 0);
	if (!st)
		return;
	user = object_var(run, ".rodata", "stack_user", NULL);
	kernel = object_var(run, ".rodata", "stack_kernel", NULL);
	if (user && kernel && !*user && !*kernel)
		die(EXIT_USAGE, "without kernel stacks and without user stacks nothing is left");
}

/* ---- reports ---- */

static void sum_add(const void *key, const void *value, void *arg)
{
	struct sums *s = arg;

	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->v = xrealloc(s->v, s->room * sizeof(*s->v));
	}
	memcpy(&s->v[s->n].key, key, sizeof(s->v->key));
	memcpy(&s->v[s->n++].value, value, sizeof(s->v->value));
}

static int sum_order(const void *a, const void *b)
{
	const struct sum *x = a, *y = b;

	return x->value < y->value ? -1 : x->value > y->value;
}

static struct frame_style style_of(const struct run *run)
{
	const struct stacks *st = run->applet->stacks;

	return (struct frame_style){
		.address = stacks_opt(run, st->address),
		.offsets = stacks_opt(run, st->offsets),
		.kernel_tail = stacks_opt(run, st->annotate) ? "_[k]" : NULL,
	};
}

typedef void frame_fn(struct out *o, const char *text);

static void frame_fold(struct out *o, const char *text)
{
	out_bytes(o, ";", 1);
	out_text(o, text, strlen(text));
}

static void frames_each(struct run *run, const struct frames *f, bool outermost_first, frame_fn *fn)
{
	struct frame_style style = style_of(run);
	char text[FRAME_TEXT];

	if (f->lost)
		fn(&run->core->out, "[lost stack]");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, f, outermost_first ? f->n - 1 - i : i, &style, text);
		fn(&run->core->out, text);
	}
}

static void sum_json(struct run *run, const struct sum *s, const struct frames *user,
		     const struct frames *kernel)
{
	const struct stacks *st = run->applet->stacks;
	struct frame_style style = style_of(run);
	struct out *o = &run->core->out;

	record_begin(run, run->now_ns);
	out_printf(o, ",\"pid\":%u", s->key.pid);
	if (st->by_thread)
		out_printf(o, ",\"tid\":%u", s->key.tid);
	out_str(o, ",\"comm\":");
	out_json(o, s->key.comm, sizeof(s->key.comm));
	out_bytes(o, ",", 1);
	frames_json(run, kernel, &style);
	out_bytes(o, ",", 1);
	frames_json(run, user, &style);
	out_printf(o, ",\"unit\":\"%s\",\"value\":%llu", st->unit,
		   (unsigned long long)(s->value / st->scale));
	record_end(run);
}

static bool is_delimited(const struct run *run, const struct frames *user,
			 const struct frames *kernel)
{
	return stacks_opt(run, run->applet->stacks->delimited) && (user->n || user->lost) &&
	       (kernel->n || kernel->lost);
}

static void sum_folded(struct run *run, const struct sum *s, const struct frames *user,
		       const struct frames *kernel)
{
	struct out *o = &run->core->out;
	char comm[TASK_COMM_LEN];

	memcpy(comm, s->key.comm, sizeof(comm));
	for (size_t i = 0; i < sizeof(comm); i++)
		if (comm[i] == ';')
			comm[i] = ':';
	out_text(o, comm, sizeof(comm));
	frames_each(run, user, true, frame_fold);
	if (is_delimited(run, user, kernel))
		frame_fold(o, "-");
	frames_each(run, kernel, true, frame_fold);
	out_printf(o, " %llu\n", (unsigned long long)(s->value / run->applet->stacks->scale));
}

static void sum_text(struct run *run, const struct sum *s, const struct frames *user,
		     const struct frames *kernel)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;

	frames_each(run, kernel, false, frame_line);
	if (is_delimited(run, user, kernel))
		out_str(o, "    --\n");
	frames_each(run, user, false, frame_line);
	out_printf(o, "    %-16s ", "-");
	out_text(o, s->key.comm, sizeof(s->key.comm));
	out_printf(o, " (%u)\n        %llu\n\n", st->by_thread ? s->key.tid : s->key.pid,
		   (unsigned long long)(s->value / st->scale));
}

static void sum_print(struct run *run, const struct sum *s)
{
	static struct frames user, kernel;

	frames_get(run, s->key.user, false, s->key.pid, &user);
	frames_get(run, s->key.kernel, true, 0, &kernel);
	if (run->format == FORMAT_JSON)
		sum_json(run, s, &user, &kernel);
	else if (stacks_folded(run))
		sum_folded(run, s, &user, &kernel);
	else
		sum_text(run, s, &user, &kernel);
}

/* ---- trees ---- */

enum { PATH_MAX_FRAMES = 1 + 2 * FRAMES_MAX };

/* Adds the frames of one stack, the outermost first, behind the `n` that are there. */
static size_t path_add(struct run *run, const struct frames *f, struct flame_frame *path, size_t n)
{
	struct frame_style style = { .offsets = false };
	char text[FRAME_TEXT];

	for (int i = f->lost ? 0 : f->n - 1; i >= 0; i--) {
		snprintf(text, sizeof(text), "[lost stack]");
		if (!f->lost)
			frame_text(run, f, i, &style, text);
		path[n].name = xstrdup(text);
		path[n++].kind = f->kernel ? FLAME_KERNEL : FLAME_USER;
	}
	return n;
}

static void sum_grow(struct run *run, const struct sum *s, struct flame *flame)
{
	static struct frames user, kernel;
	static struct flame_frame path[PATH_MAX_FRAMES];
	char comm[TASK_COMM_LEN + 1] = "";
	size_t n = 1;

	memcpy(comm, s->key.comm, TASK_COMM_LEN);
	path[0] = (struct flame_frame){ .name = comm, .kind = FLAME_TASK };
	frames_get(run, s->key.user, false, s->key.pid, &user);
	frames_get(run, s->key.kernel, true, 0, &kernel);
	n = path_add(run, &user, path, n);
	n = path_add(run, &kernel, path, n);
	flame_add(flame, path, n, s->value);
	while (--n)
		free((char *)path[n].name);
}

/* All of the run so far, written anew with each report. */
static void flamegraph_write(struct run *run, const struct sums *sums)
{
	const struct stacks *st = run->applet->stacks;
	struct core *core = run->core;
	struct out *o = xalloc(sizeof(*o));
	char title[128];
	uint64_t total;

	if (!core->flame)
		core->flame = flame_new();
	for (size_t i = 0; i < sums->n; i++)
		sum_grow(run, &sums->v[i], core->flame);
	total = flame_total(core->flame) / st->scale;
	snprintf(title, sizeof(title), "%s: %llu %s", prog_name, (unsigned long long)total, st->unit);
	out_open(o, core->common.flamegraph);
	flame_svg(core->flame, o, title, st->unit, st->scale);
	out_close(o);
	free(o);
	if (run->format == FORMAT_TEXT && !core->common.tree && !stacks_folded(run))
		out_printf(&core->out, "%s: %llu %s in all\n", core->common.flamegraph,
			   (unsigned long long)total, st->unit);
}

static void tree_print(struct run *run, const struct sums *sums)
{
	struct flame *flame = flame_new();

	for (size_t i = 0; i < sums->n; i++)
		sum_grow(run, &sums->v[i], flame);
	out_printf(&run->core->out, "  SHARE %12s  FUNCTION\n", run->applet->stacks->unit);
	flame_tree(flame, &run->core->out, run->applet->stacks->scale);
	flame_free(flame);
}

/* ---- the store ---- */

struct ids {
	uint64_t *v;
	size_t n, room;
};

static void id_add(const void *key, const void *value, void *arg)
{
	struct ids *ids = arg;

	(void)value;
	if (ids->n == ids->room) {
		ids->room = ids->room * 2 + 1024;
		ids->v = xrealloc(ids->v, ids->room * sizeof(*ids->v));
	}
	memcpy(&ids->v[ids->n++], key, sizeof(*ids->v));
}

static void ids_of_sum(const void *key, const void *value, void *arg)
{
	const struct stack_key *k = key;

	id_add(&k->kernel, value, arg);
	id_add(&k->user, value, arg);
}

static int id_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Stacks stay in the store from report to report, since a wait may begin before one and end after
 * it. Once it is half full, those go that are in no sum of this report, nor yet of the next. */
static void store_sweep(struct run *run, const struct sums *sums)
{
	struct ids all = { .n = 0 }, used = { .n = 0 };

	map_drain(run, "stacks", false, id_add, &all);
	if (all.n > bpf_map__max_entries(bpf_object__find_map_by_name(run->obj, "stacks")) / 2) {
		for (size_t i = 0; i < sums->n; i++)
			ids_of_sum(&sums->v[i].key, NULL, &used);
		map_drain(run, "stack_counts", false, ids_of_sum, &used);
		qsort(used.v, used.n, sizeof(*used.v), id_order);
		for (size_t i = 0; i < all.n; i++)
			if (!bsearch(&all.v[i], used.v, used.n, sizeof(*used.v), id_order))
				bpf_map_delete_elem(map_fd(run, "stacks"), &all.v[i]);
	}
	free(all.v);
	free(used.v);
}

void stacks_report(struct run *run)
{
	struct sums sums = { .n = 0 };
	struct core *core = run->core;

	frames_look(run);
	map_drain(run, "stack_counts", true, sum_add, &sums);
	qsort(sums.v, sums.n, sizeof(*sums.v), sum_order);
	if (core->common.flamegraph)
		flamegraph_write(run, &sums);
	if (core->common.tree && run->format == FORMAT_TEXT)
		tree_print(run, &sums);
	else if (!core->common.flamegraph || run->format != FORMAT_TEXT || stacks_folded(run))
		for (size_t i = 0; i < sums.n && !core->out.closed; i++)
			if (sums.v[i].value >= run->applet->stacks->scale)
				sum_print(run, &sums.v[i]);
	if (!run->last)
		store_sweep(run, &sums);
	free(sums.v);
}
