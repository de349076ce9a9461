// SPDX-License-Identifier: GPL-2.0-or-later
// Stacks with their sums: as text, folded for flame graphs, or as JSON. Names are looked up here,
// when something is printed, and not before.
#include "core.h"
#include "ksyms.h"
#include "usyms.h"
#include "../bpf/stack.h"

#include <unistd.h>

enum { DEPTH_DEFAULT = 127, DEPTH_MAX = 1024, STORAGE_DEFAULT = 8192, PROCS_MAX = 4096 };

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
	bool lost;	/* there was a stack, but it is not in the store */
};

/* Lives as long as the run. */
struct names {
	struct ksyms *kernel;
	struct usyms *user;
	struct proc_seen {
		uint32_t pid;
		uint64_t mm;
	} *proc;	/* whose mappings have been read, by pid % PROCS_MAX */
	bool warned;
};

static bool stacks_opt(const struct run *run, unsigned char key)
{
	return key && opt_on(run, key);
}

bool stacks_folded(const struct run *run)
{
	return run->applet->stacks && stacks_opt(run, run->applet->stacks->folded);
}

/* ---- before load ---- */

/* How deep stacks may be: what the kernel allows is an administrator's setting. */
static uint32_t depth_wanted(const struct run *run)
{
	static const char path[] = "/proc/sys/kernel/perf_event_max_stack";
	unsigned char key = run->applet->stacks->depth;
	uint64_t depth = key ? opt_u64(run, key, DEPTH_DEFAULT) : DEPTH_DEFAULT, most;
	char text[32];

	if (file_read(path, text, sizeof(text)) < 1 || !parse_u64(text, &most) || depth <= most)
		return depth;
	if (stacks_opt(run, key))
		die(EXIT_FAIL, "this system takes stacks of %llu frames at most; "
			       "sysctl kernel.perf_event_max_stack raises that",
		    (unsigned long long)most);
	return most ? most : 1;
}

/* The store is memory that is taken at once: a small machine gives a 32nd of what it has. */
static uint32_t storage_wanted(const struct run *run, size_t each)
{
	unsigned char key = run->applet->stacks->storage;
	uint64_t memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	uint64_t n = MIN(memory / 32 / each, (uint64_t)STORAGE_DEFAULT);

	return key ? opt_u64(run, key, n) : n;
}

void stacks_setup(struct run *run)
{
	const struct stacks *st = run->applet->stacks;
	bool *user, *kernel;
	uint32_t *depth;

	if (!st)
		return;
	user = object_var(run, ".rodata", "stack_user", NULL);
	kernel = object_var(run, ".rodata", "stack_kernel", NULL);
	if (user && kernel && !*user && !*kernel)
		die(EXIT_USAGE, "without kernel stacks and without user stacks nothing is left");
	depth = object_var(run, ".rodata", "stack_depth", NULL);
	*depth = depth_wanted(run);
	map_resize(run, "stacks", storage_wanted(run, *depth * sizeof(uint64_t)));
	bpf_map__set_value_size(bpf_object__find_map_by_name(run->obj, "stacks"),
				*depth * sizeof(uint64_t));
	bpf_map__set_value_size(bpf_object__find_map_by_name(run->obj, "stack_scratch"),
				*depth * sizeof(uint64_t));
}

/* ---- while it runs ---- */

/* A process that has stacks. Its mappings are read while it lives, and again after an exec, so that
 * what has ended by the time of the report still has names. */
static void proc_see(const void *key, const void *value, void *arg)
{
	struct names *names = arg;
	struct proc_seen *p, now;

	memcpy(&now.pid, key, sizeof(now.pid));
	memcpy(&now.mm, value, sizeof(now.mm));
	p = &names->proc[now.pid % PROCS_MAX];
	if (!now.pid || (p->pid == now.pid && p->mm == now.mm))
		return;
	if (p->pid == now.pid)
		usyms_forget(names->user, now.pid);
	*p = now;
	usyms_snapshot(names->user, now.pid);
}

void stacks_look(struct run *run)
{
	struct names *names = run->core->names;

	if (!names) {
		names = run->core->names = xalloc(sizeof(*names));
		names->proc = xalloc(PROCS_MAX * sizeof(*names->proc));
		names->kernel = ksyms_new();
		names->user = usyms_new();
	}
	if (bpf_object__find_map_by_name(run->obj, "stack_procs"))
		map_drain(run, "stack_procs", true, proc_see, names);
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

static void frames_get(struct run *run, uint64_t id, struct frames *f)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "stacks");
	int depth = bpf_map__value_size(map) / sizeof(uint64_t);

	f->n = 0;
	f->lost = id == STACK_LOST ||
		  (id != STACK_NONE && bpf_map_lookup_elem(bpf_map__fd(map), &id, f->ip));
	while (id != STACK_NONE && !f->lost && f->n < depth && f->ip[f->n])
		f->n++;
}

static const char *kernel_name(struct names *names, uint64_t ip, uint64_t *offset,
			       const char **module)
{
	int err = ksyms_load(names->kernel);

	if (err && !names->warned) {
		names->warned = true;
		warn("no names of kernel functions: %s", err == -EPERM
		     ? "kernel.kptr_restrict hides them, CAP_SYSLOG shows them" : strerror(-err));
	}
	return err ? NULL : ksyms_find(names->kernel, ip, offset, module);
}

/* What a tracepoint or a trampoline puts between the kernel's function and the program. */
static bool is_machinery(struct names *names, uint64_t ip)
{
	static const char *const begins[] = { "bpf_trace_run", "__bpf_trace_", "__traceiter_",
					      "bpf_trampoline_", "bpf_prog_", "__probestub_" };
	const char *module = NULL, *name = kernel_name(names, ip, NULL, &module);

	if (name && module && !strcmp(module, "bpf"))
		return true;
	for (size_t i = 0; name && i < ARRAY_LEN(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

static void machinery_cut(struct names *names, struct frames *f)
{
	int n = 0;

	while (n < f->n - 1 && is_machinery(names, f->ip[n]))
		n++;
	f->n -= n;
	memmove(f->ip, f->ip + n, f->n * sizeof(*f->ip));
}

/* The `i`th frame as a word that has no ";" in it, which would end it in folded output. But for the
 * innermost they are return addresses, behind the call: one byte less is in the caller for sure. */
static void frame_text(struct run *run, const struct sum *s, const struct frames *f, int i,
		       bool kernel, char *text, size_t size)
{
	const struct stacks *st = run->applet->stacks;
	struct names *names = run->core->names;
	uint64_t offset, ip = f->ip[i] - (i > 0);
	const char *object = NULL, *tail = kernel && stacks_opt(run, st->annotate) ? "_[k]" : "";
	const char *name = kernel ? kernel_name(names, ip, &offset, &object)
				  : usyms_find(names->user, s->key.pid, ip, &offset, &object);

	if (stacks_opt(run, st->address))
		snprintf(text, size, "0x%llx%s", (unsigned long long)f->ip[i], tail);
	else if (!name)
		snprintf(text, size, "[%s]%s", object ? object : "unknown", tail);
	else if (stacks_opt(run, st->offsets))
		snprintf(text, size, "%s+0x%llx%s", name, (unsigned long long)offset + (i > 0),
			 tail);
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

static void frames_each(struct run *run, const struct sum *s, const struct frames *f, bool kernel,
			bool outermost_first, frame_fn *fn)
{
	char text[512];

	if (f->lost)
		fn(&run->core->out, "[lost stack]");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, s, f, outermost_first ? f->n - 1 - i : i, kernel, text,
			   sizeof(text));
		fn(&run->core->out, text);
	}
}

/* Innermost first; null for a stack that was lost. */
static void frames_json(struct run *run, const struct sum *s, const struct frames *f, bool kernel)
{
	struct out *o = &run->core->out;
	char text[512];

	out_printf(o, ",\"%s\":%s", kernel ? "kernel" : "user", f->lost ? "null" : "[");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, s, f, i, kernel, text, sizeof(text));
		out_str(o, i ? "," : "");
		out_json(o, text, sizeof(text));
	}
	out_str(o, f->lost ? "" : "]");
}

static void sum_json(struct run *run, const struct sum *s, const struct frames *user,
		     const struct frames *kernel)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;

	record_begin(run, run->now_ns);
	out_printf(o, ",\"pid\":%u", s->key.pid);
	if (st->by_thread)
		out_printf(o, ",\"tid\":%u", s->key.tid);
	out_str(o, ",\"comm\":");
	out_json(o, s->key.comm, sizeof(s->key.comm));
	frames_json(run, s, kernel, true);
	frames_json(run, s, user, false);
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
	frames_each(run, s, user, false, true, frame_fold);
	if (is_delimited(run, user, kernel))
		frame_fold(o, "-");
	frames_each(run, s, kernel, true, true, frame_fold);
	out_printf(o, " %llu\n", (unsigned long long)(s->value / run->applet->stacks->scale));
}

static void sum_text(struct run *run, const struct sum *s, const struct frames *user,
		     const struct frames *kernel)
{
	const struct stacks *st = run->applet->stacks;
	struct out *o = &run->core->out;

	frames_each(run, s, kernel, true, false, frame_line);
	if (is_delimited(run, user, kernel))
		out_str(o, "    --\n");
	frames_each(run, s, user, false, false, frame_line);
	out_printf(o, "    %-16s ", "-");
	out_text(o, s->key.comm, sizeof(s->key.comm));
	out_printf(o, " (%u)\n        %llu\n\n", st->by_thread ? s->key.tid : s->key.pid,
		   (unsigned long long)(s->value / st->scale));
}

static void sum_print(struct run *run, const struct sum *s)
{
	static struct frames user, kernel;

	frames_get(run, s->key.user, &user);
	frames_get(run, s->key.kernel, &kernel);
	machinery_cut(run->core->names, &kernel);
	if (run->format == FORMAT_JSON)
		sum_json(run, s, &user, &kernel);
	else if (stacks_folded(run))
		sum_folded(run, s, &user, &kernel);
	else
		sum_text(run, s, &user, &kernel);
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

	stacks_look(run);
	map_drain(run, "stack_counts", true, sum_add, &sums);
	qsort(sums.v, sums.n, sizeof(*sums.v), sum_order);
	for (size_t i = 0; i < sums.n && !run->core->out.closed; i++)
		if (sums.v[i].value >= run->applet->stacks->scale)
			sum_print(run, &sums.v[i]);
	if (!run->last)
		store_sweep(run, &sums);
	free(sums.v);
}
