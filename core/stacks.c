// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks with their sums: as text, folded for flame graphs, or as JSON. Names are looked up here,
// when something is printed, and not before.
#include "core.h"
#include "ksyms.h"
#include "usyms.h"
#include "../bpf/stack.h"

enum { DEPTH_MAX = 1024 };

struct sum {
	struct stack_key key;
	uint64_t value;
};

struct sums {
	struct sum *v;
	size_t n, room;
};

struct frames {
	uint64_t ip[DEPTH_MAX];
	int n;
	bool lost;	/* the id is there but its stack is not */
};

struct names {
	struct ksyms *kernel;
	struct usyms *user;
	bool warned;
};

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

static void frames_get(struct run *run, int fd, int32_t id, struct frames *f)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "stacks");
	uint32_t key = id, depth = bpf_map__value_size(map) / sizeof(uint64_t);

	f->n = 0;
	f->lost = id < 0 && id != STACK_NONE;
	if (id < 0)
		return;
	if (depth > DEPTH_MAX || bpf_map_lookup_elem(fd, &key, f->ip)) {
		f->lost = true;
		return;
	}
	while (f->n < (int)depth && f->ip[f->n])
		f->n++;
}

static const char *frame_name(struct names *names, bool kernel, pid_t pid, uint64_t ip,
			      uint64_t *offset, const char **object)
{
	int err;

	*object = NULL;
	*offset = 0;
	if (!kernel) {
		if (!names->user)
			names->user = usyms_new();
		return usyms_find(names->user, pid, ip, offset, object);
	}
	if (!names->kernel)
		names->kernel = ksyms_new();
	err = ksyms_load(names->kernel);
	if (err && !names->warned) {
		names->warned = true;
		warn("no names of kernel functions: %s", err == -EPERM
		     ? "kernel.kptr_restrict hides them, CAP_SYSLOG shows them" : strerror(-err));
	}
	return err ? NULL : ksyms_find(names->kernel, ip, offset, object);
}

static bool stacks_opt(const struct run *run, unsigned char key)
{
	return key && opt_on(run, key);
}

/* One frame as a word that has no ";" in it, which would end it in folded output. */
static void frame_text(struct run *run, struct names *names, const struct sum *s, bool kernel,
		       uint64_t ip, char *text, size_t size)
{
	const struct stacks *st = run->applet->stacks;
	uint64_t offset;
	const char *object, *name = frame_name(names, kernel, s->key.pid, ip, &offset, &object);
	const char *tail = kernel && stacks_opt(run, st->annotate) ? "_[k]" : "";

	if (stacks_opt(run, st->address))
		snprintf(text, size, "0x%llx", (unsigned long long)ip);
	else if (!name && object)
		snprintf(text, size, "[%s]%s", object, tail);
	else if (!name)
		snprintf(text, size, "[unknown]%s", tail);
	else if (stacks_opt(run, st->offsets))
		snprintf(text, size, "%s+0x%llx%s", name, (unsigned long long)offset, tail);
	else
		snprintf(text, size, "%s%s", name, tail);
	for (char *p = strchr(text, ';'); p; p = strchr(p, ';'))
		*p = ':';
}

typedef void frame_fn(struct out *o, const char *text);

static void frame_line(struct out *o, const char *text)
{
	out_pad(o, 4);
	out_text(o, text, strlen(text));
	out_bytes(o, "\n", 1);
}

static void frame_fold(struct out *o, const char *text)
{
	out_bytes(o, ";", 1);
	out_text(o, text, strlen(text));
}

static void frames_each(struct run *run, struct names *names, const struct sum *s,
			const struct frames *f, bool kernel, bool outermost_first, frame_fn *fn)
{
	char text[512];

	if (f->lost)
		fn(&run->core->out, "[lost stack]");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, names, s, kernel, f->ip[outermost_first ? f->n - 1 - i : i], text,
			   sizeof(text));
		fn(&run->core->out, text);
	}
}

static void frames_json(struct run *run, struct names *names, const struct sum *s,
			const struct frames *f, bool kernel)
{
	struct out *o = &run->core->out;
	char text[512];

	out_printf(o, ",\"%s\":[", kernel ? "kernel" : "user");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, names, s, kernel, f->ip[i], text, sizeof(text));
		out_str(o, i ? "," : "");
		out_json(o, text, sizeof(text));
	}
	out_str(o, "]");
}

static void sum_print(struct run *run, struct names *names, const struct sum *s,
		      const struct frames *user, const struct frames *kernel)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;
	unsigned long long value = s->value / st->scale;
	bool both = (user->n || user->lost) && (kernel->n || kernel->lost);

	if (run->format == FORMAT_JSON) {
		record_begin(run, run->now_ns);
		out_printf(o, ",\"pid\":%u,\"tid\":%u,\"comm\":", s->key.pid, s->key.tid);
		out_json(o, s->key.comm, sizeof(s->key.comm));
		frames_json(run, names, s, kernel, true);
		frames_json(run, names, s, user, false);
		out_printf(o, ",\"unit\":\"%s\",\"value\":%llu", st->unit, value);
		record_end(run);
	} else if (stacks_opt(run, st->folded)) {
		out_text(o, s->key.comm, sizeof(s->key.comm));
		frames_each(run, names, s, user, false, true, frame_fold);
		if (both && stacks_opt(run, st->delimited))
			frame_fold(o, "-");
		frames_each(run, names, s, kernel, true, true, frame_fold);
		out_printf(o, " %llu\n", value);
	} else {
		frames_each(run, names, s, kernel, true, false, frame_line);
		if (both && stacks_opt(run, st->delimited))
			out_str(o, "    --\n");
		frames_each(run, names, s, user, false, false, frame_line);
		out_pad(o, 4);
		out_printf(o, "%-16s ", "-");
		out_text(o, s->key.comm, sizeof(s->key.comm));
		out_printf(o, " (%u)\n        %llu\n\n", st->by_thread ? s->key.tid : s->key.pid,
			   value);
	}
}

void stacks_report(struct run *run)
{
	struct names names = { .warned = false };
	struct sums sums = { .n = 0 };
	int fd = map_fd(run, "stacks");
	static struct frames user, kernel;

	map_drain(run, "stack_counts", true, sum_add, &sums);
	qsort(sums.v, sums.n, sizeof(*sums.v), sum_order);
	for (size_t i = 0; i < sums.n; i++) {
		const struct sum *s = &sums.v[i];

		if (s->value < run->applet->stacks->scale)
			continue;
		frames_get(run, fd, s->key.user, &user);
		frames_get(run, fd, s->key.kernel, &kernel);
		sum_print(run, &names, s, &user, &kernel);
	}
	free(sums.v);
	ksyms_free(names.kernel);
	usyms_free(names.user);
	/* The next interval begins with an empty store, or it would fill up. */
	if (!run->last)
		map_drain(run, "stacks", true, NULL, NULL);
}
