// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks with their sums: as text, folded for flame graphs, or as JSON.
#include "flame.h"
#include "frames.h"

/* Of STACKS_ONE just the target is there. */
struct sum {
	struct stack_pair key;
	uint64_t value;
};

struct sums {
	struct sum *v;
	size_t n, room, key_size;
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
	unsigned char depth = st ? st->depth : run->applet->depth_key;
	unsigned char storage = st ? st->storage : run->applet->storage_key;
	bool *user, *kernel;

	frames_setup(run, depth ? opt_u64(run, depth, 0) : 0,
		     storage ? opt_u64(run, storage, 0) : 0);
	if (!st)
		return;
	user = object_var(run, ".rodata", "stack_user", NULL);
	kernel = object_var(run, ".rodata", "stack_kernel", NULL);
	if (user && kernel && !*user && !*kernel)
		die(EXIT_USAGE, "without kernel stacks and without user stacks nothing is left");
}

/* ---- reports ---- */

static size_t key_size(const struct run *run)
{
	return run->applet->stacks->form == STACKS_ONE ? sizeof(struct stack_key)
						       : sizeof(struct stack_pair);
}

static void sum_add(const void *key, const void *value, void *arg)
{
	struct sums *s = arg;

	if (s->n == s->room) {
		s->room = s->room ? s->room * 2 : 256;
		s->v = xrealloc(s->v, s->room * sizeof(*s->v));
	}
	memset(&s->v[s->n].key, 0, sizeof(s->v->key));
	memcpy(&s->v[s->n].key, key, s->key_size);
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

/* The stacks of one task of a sum, with their frames. */
struct side {
	const struct stack_key *key;
	struct frames user, kernel;
};

static void side_get(struct run *run, const struct stack_key *key, struct side *side)
{
	side->key = key;
	frames_get(run, key->user, false, key->pid, &side->user);
	frames_get(run, key->kernel, true, 0, &side->kernel);
}

/* Members of a JSON object, without its braces. */
static void side_json(struct run *run, const struct side *side, bool stacks)
{
	const struct stacks *st = run->applet->stacks;
	struct frame_style style = style_of(run);
	struct out *o = &run->core->out;

	out_printf(o, "\"pid\":%u", side->key->pid);
	if (st->by_thread)
		out_printf(o, ",\"tid\":%u", side->key->tid);
	out_str(o, ",\"comm\":");
	out_json(o, side->key->comm, sizeof(side->key->comm));
	if (!stacks)
		return;
	out_bytes(o, ",", 1);
	frames_json(run, &side->kernel, &style);
	out_bytes(o, ",", 1);
	frames_json(run, &side->user, &style);
}

static void sum_json(struct run *run, const struct sum *s, const struct side *target,
		     const struct side *waker)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;

	record_begin(run, run->now_ns);
	out_bytes(o, ",", 1);
	side_json(run, target, st->form != STACKS_WAKER);
	if (waker) {
		out_str(o, ",\"waker\":{");
		side_json(run, waker, true);
		out_bytes(o, "}", 1);
	}
	out_printf(o, ",\"unit\":\"%s\",\"value\":%llu", st->unit,
		   (unsigned long long)(s->value / st->scale));
	record_end(run);
}

static bool is_delimited(const struct run *run, const struct side *side)
{
	return stacks_opt(run, run->applet->stacks->delimited) &&
	       (side->user.n || side->user.lost) && (side->kernel.n || side->kernel.lost);
}

static void comm_fold(struct out *o, const struct stack_key *key)
{
	char comm[TASK_COMM_LEN];

	memcpy(comm, key->comm, sizeof(comm));
	for (size_t i = 0; i < sizeof(comm); i++)
		if (comm[i] == ';')
			comm[i] = ':';
	out_text(o, comm, sizeof(comm));
}

/* The task, then its frames from the outermost inward. */
static void side_fold(struct run *run, const struct side *side)
{
	struct out *o = &run->core->out;

	comm_fold(o, side->key);
	frames_each(run, &side->user, true, frame_fold);
	if (is_delimited(run, side))
		frame_fold(o, "-");
	frames_each(run, &side->kernel, true, frame_fold);
}

static void sum_folded(struct run *run, const struct sum *s, const struct side *target,
		       const struct side *waker)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;

	side_fold(run, st->form == STACKS_WAKER ? waker : target);
	if (st->form == STACKS_BOTH) { /* the waker's upside down, so that both wakes and waits meet */
		frame_fold(o, "--");
		frames_each(run, &waker->kernel, false, frame_fold);
		frames_each(run, &waker->user, false, frame_fold);
	}
	if (waker) {
		out_bytes(o, ";", 1);
		comm_fold(o, st->form == STACKS_WAKER ? target->key : waker->key);
	}
	out_printf(o, " %llu\n", (unsigned long long)(s->value / st->scale));
}

static void side_lines(struct run *run, const struct side *side)
{
	frames_each(run, &side->kernel, false, frame_line);
	if (is_delimited(run, side))
		out_str(&run->core->out, "    --\n");
	frames_each(run, &side->user, false, frame_line);
}

static void side_name(struct run *run, const char *role, const struct side *side)
{
	struct out *o = &run->core->out;

	out_printf(o, "    %-16s ", role);
	out_text(o, side->key->comm, sizeof(side->key->comm));
	out_printf(o, " (%u)\n", run->applet->stacks->by_thread ? side->key->tid : side->key->pid);
}

static void sum_text(struct run *run, const struct sum *s, const struct side *target,
		     const struct side *waker)
{
	const struct stacks *st = run->applet->stacks;

	switch (st->form) {
	case STACKS_ONE:
		side_lines(run, target);
		side_name(run, "-", target);
		break;
	case STACKS_BOTH:
		side_name(run, "waker:", waker);
		frames_each(run, &waker->user, true, frame_line);
		frames_each(run, &waker->kernel, true, frame_line);
		out_str(&run->core->out, "    --               --\n");
		side_lines(run, target);
		side_name(run, "target:", target);
		break;
	case STACKS_WAKER:
		side_name(run, "target:", target);
		side_lines(run, waker);
		side_name(run, "waker:", waker);
		break;
	}
	out_printf(&run->core->out, "        %llu\n\n", (unsigned long long)(s->value / st->scale));
}

static void sum_print(struct run *run, const struct sum *s)
{
	static struct side target, waker;
	const struct side *other = NULL;

	side_get(run, &s->key.target, &target);
	if (run->applet->stacks->form != STACKS_ONE) {
		side_get(run, &s->key.waker, &waker);
		other = &waker;
	}
	if (run->format == FORMAT_JSON)
		sum_json(run, s, &target, other);
	else if (stacks_folded(run))
		sum_folded(run, s, &target, other);
	else
		sum_text(run, s, &target, other);
}

/* ---- trees ---- */

struct path {
	struct flame_frame frame[4 + 4 * FRAMES_MAX];
	size_t n;
};

static void path_push(struct path *path, const char *name, size_t max, enum flame_kind kind)
{
	char *copy = xalloc(strnlen(name, max) + 1);

	memcpy(copy, name, strnlen(name, max));
	path->frame[path->n++] = (struct flame_frame){ .name = copy, .kind = kind };
}

/* The frames of one stack, the outermost first or last. */
static void path_stack(struct run *run, const struct frames *f, bool outermost_first,
		       struct path *path)
{
	enum flame_kind kind = f->kernel ? FLAME_KERNEL : FLAME_USER;
	struct frame_style style = { .offsets = false };
	char text[FRAME_TEXT];

	if (f->lost)
		path_push(path, "[lost stack]", SIZE_MAX, kind);
	for (int i = 0; i < f->n; i++) {
		frame_text(run, f, outermost_first ? f->n - 1 - i : i, &style, text);
		path_push(path, text, sizeof(text), kind);
	}
}

static void path_side(struct run *run, const struct side *side, struct path *path)
{
	path_push(path, side->key->comm, TASK_COMM_LEN, FLAME_TASK);
	path_stack(run, &side->user, true, path);
	path_stack(run, &side->kernel, true, path);
}

/* As in folded output. */
static void sum_grow(struct run *run, const struct sum *s, struct flame *flame)
{
	static struct side target, waker;
	static struct path path;
	enum stacks_form form = run->applet->stacks->form;

	side_get(run, &s->key.target, &target);
	if (form != STACKS_ONE)
		side_get(run, &s->key.waker, &waker);
	path_side(run, form == STACKS_WAKER ? &waker : &target, &path);
	if (form == STACKS_BOTH) {
		path_push(&path, "--", SIZE_MAX, FLAME_TASK);
		path_stack(run, &waker.kernel, false, &path);
		path_stack(run, &waker.user, false, &path);
		path_push(&path, waker.key->comm, TASK_COMM_LEN, FLAME_TASK);
	} else if (form == STACKS_WAKER) {
		path_push(&path, target.key->comm, TASK_COMM_LEN, FLAME_TASK);
	}
	flame_add(flame, path.frame, path.n, s->value);
	while (path.n)
		free((char *)path.frame[--path.n].name);
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
	size_t n, room, key_size; /* of stack_counts */
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
	struct ids *ids = arg;
	const struct stack_key *k = key, *end = (const void *)((const char *)key + ids->key_size);

	for (; k < end; k++) {
		id_add(&k->kernel, value, arg);
		id_add(&k->user, value, arg);
	}
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
	struct ids all = { .n = 0 }, used = { .key_size = key_size(run) };

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
	struct sums sums = { .key_size = key_size(run) };
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
