// SPDX-License-Identifier: GPL-2.0-or-later
// Stored stacks and the names of their frames.
#include "frames.h"
#include "demangle.h"
#include "features.h"
#include "ksyms.h"
#include "usyms.h"

#include <unistd.h>

enum { DEPTH_DEFAULT = 127, STORAGE_DEFAULT = 8192 };

/* Lives as long as the run. */
struct names {
	struct ksyms *kernel;
	struct usyms *user;
	struct ring_buffer *news; /* NULL: no user stacks in this run */
	bool warned;
};

/* ---- before load ---- */

/* How deep stacks may be: what the kernel allows is an administrator's setting. */
static uint32_t depth_allowed(uint64_t asked)
{
	static const char path[] = "/proc/sys/kernel/perf_event_max_stack";
	uint64_t depth = asked ? asked : DEPTH_DEFAULT, most;
	char text[32];

	if (file_read(path, text, sizeof(text)) < 1 || !parse_u64(text, &most) || depth <= most)
		return depth;
	if (asked)
		die(EXIT_FAIL, "this system takes stacks of %llu frames at most; "
			       "sysctl kernel.perf_event_max_stack raises that",
		    (unsigned long long)most);
	return most ? most : 1;
}

uint32_t frames_storage(size_t each)
{
	return MIN(memory_part(32) / each, (uint64_t)STORAGE_DEFAULT);
}

static bool has_stacks(const struct colset *set)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->col[i]->kind == K_STACKS)
			return true;
	return false;
}

bool frames_wanted(const struct run *run)
{
	const struct core *core = run->core;

	return run->applet->stacks || core->stack_cols.n || has_stacks(&core->cols) ||
	       has_stacks(&core->keys);
}

/* Maps that no program of this run uses, of a type that every kernel has. */
static void news_off(struct run *run)
{
	struct bpf_map *news = bpf_object__find_map_by_name(run->obj, "stack_news");

	map_resize(run, "stack_procs", 1);
	map_resize(run, "stack_news", 1);
	bpf_map__set_type(news, BPF_MAP_TYPE_ARRAY);
	bpf_map__set_key_size(news, sizeof(uint32_t));
	bpf_map__set_value_size(news, sizeof(uint32_t));
}

/* For bpf/stack_walk.bpf.h. Where the kernel's unwinder has other tables, or cannot be asked where they
 * are, it unwinds itself. */
static void orc_find(struct run *run)
{
	static const struct {
		const char *var, *symbol;
	} table[] = {
		{ "orc_ips", "__start_orc_unwind_ip" },
		{ "orc_ips_end", "__stop_orc_unwind_ip" },
		{ "orc_entries", "__start_orc_unwind" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		uint64_t *to = object_var(run, ".rodata", table[i].var, NULL);

		if (!to || !ksym_ask(table[i].symbol, to))
			return;
	}
}

void frames_size(struct run *run, uint32_t depth, uint64_t storage)
{
	size_t each = depth * sizeof(uint64_t);

	*(uint32_t *)object_var(run, ".rodata", "stack_depth", NULL) = depth;
	map_resize(run, "stacks", storage ? storage : frames_storage(each));
	bpf_map__set_value_size(bpf_object__find_map_by_name(run->obj, "stacks"), each);
	bpf_map__set_value_size(bpf_object__find_map_by_name(run->obj, "stack_scratch"), each);
}

void frames_setup(struct run *run, uint64_t depth_asked, uint64_t storage)
{
	struct bpf_map *stacks = bpf_object__find_map_by_name(run->obj, "stacks");

	if (!stacks)
		return;
	if (!frames_wanted(run) || !ring_exists())
		news_off(run);
	else
		*(bool *)object_var(run, ".rodata", "stack_tell", NULL) = true;
	if (!frames_wanted(run)) {
		map_resize(run, "stacks", 1);
		return;
	}
	frames_size(run, depth_allowed(depth_asked), storage);
	orc_find(run);
	/* Stacks of events are printed at once: the least recently used may go. */
	if (!run->applet->stacks && !run->applet->hist)
		bpf_map__set_type(stacks, BPF_MAP_TYPE_LRU_HASH);
}

/* ---- while it runs ---- */

/* A process that has stacks, or has called exec since. Its mappings are read while it lives, so that
 * what has ended by the time of the report still has names. */
static int proc_met(void *ctx, void *data, size_t size)
{
	struct names *names = ctx;
	struct stack_proc *met = data;

	(void)size;
	usyms_forget(names->user, met->pid);
	usyms_snapshot(names->user, met->pid);
	return 0;
}

static struct names *names_of(struct run *run)
{
	struct names *names = run->core->names;

	if (!names) {
		names = run->core->names = xalloc(sizeof(*names));
		names->kernel = ksyms_new();
		names->user = usyms_new();
	}
	return names;
}

void frames_open(struct run *run)
{
	struct bpf_map *news = bpf_object__find_map_by_name(run->obj, "stack_news");
	struct names *names;

	if (!news || bpf_map__type(news) != BPF_MAP_TYPE_RINGBUF)
		return;
	names = names_of(run);
	names->news = ring_buffer__new(bpf_map__fd(news), proc_met, names, NULL);
	if (!names->news)
		die(EXIT_FAIL, "cannot map the buffer of new processes: %s", strerror(errno));
	run_watch(run, ring_buffer__epoll_fd(names->news), frames_look);
}

void frames_look(struct run *run)
{
	struct names *names = run->core->names;
	int err = names && names->news ? ring_buffer__consume(names->news) : 0;

	if (err < 0 && err != -EINTR)
		die(EXIT_FAIL, "cannot read the buffer of new processes: %s", strerror(-err));
}

/* ---- one stack ---- */

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
static bool is_machinery(const char *name, const char *module)
{
	static const char *const begins[] = { "bpf_trace_run", "__bpf_trace_", "__traceiter_",
					      "bpf_trampoline_", "bpf_prog_", "__probestub_" };

	if (module && !strcmp(module, "bpf"))
		return true;
	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* Programs have no names with net.core.bpf_jit_kallsyms=0, and on riscv64. */
static void machinery_cut(struct names *names, struct frames *f)
{
	int n = 0;

	for (int i = 0; i < f->n - 1; i++) {
		const char *module = NULL, *name = kernel_name(names, f->ip[i], NULL, &module);

		if (name && !is_machinery(name, module))
			break;
		if (name)
			n = i + 1;
	}
	f->n -= n;
	memmove(f->ip, f->ip + n, f->n * sizeof(*f->ip));
}

void frames_get(struct run *run, uint64_t id, bool kernel, uint32_t pid, struct frames *f)
{
	struct bpf_map *map = bpf_object__find_map_by_name(run->obj, "stacks");
	int depth = bpf_map__value_size(map) / sizeof(uint64_t);

	f->n = 0;
	f->kernel = kernel;
	f->pid = pid;
	f->lost = id == STACK_LOST ||
		  (id != STACK_NONE && bpf_map_lookup_elem(bpf_map__fd(map), &id, f->ip));
	while (id != STACK_NONE && !f->lost && f->n < depth && f->ip[f->n])
		f->n++;
	if (kernel)
		machinery_cut(names_of(run), f);
}

/* Is that the entry of an interrupt or a fault? Then the address before it is of the very instruction
 * that was interrupted, maybe the first of its function. */
static bool is_interrupt(struct names *names, uint64_t ip)
{
	/* x86; arm64 since 5.11, and before */
	static const char *const begins[] = { "asm_", "el1h_64_", "el1_irq", "el1_sync" };
	const char *name = kernel_name(names, ip - 1, NULL, NULL);

	for (size_t i = 0; name && i < ARRAY_LEN(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* But for the innermost they are mostly return addresses, behind the call: one byte less is in the
 * caller for sure. */
void frame_text(struct run *run, const struct frames *f, int i, const struct frame_style *style,
		char text[FRAME_TEXT])
{
	struct names *names = names_of(run);
	bool called = i > 0 && !(f->kernel && is_interrupt(names, f->ip[i - 1]));
	uint64_t offset, ip = f->ip[i] - called;
	const char *tail = f->kernel && style->kernel_tail ? style->kernel_tail : "";
	const char *object = NULL;
	char plain_name[FRAME_TEXT];
	const char *name = f->kernel ? kernel_name(names, ip, &offset, &object)
				     : usyms_find(names->user, f->pid, ip, &offset, &object);

	if (name && !f->kernel)
		name = demangle(name, plain_name, sizeof(plain_name));
	if (style->address)
		snprintf(text, FRAME_TEXT, "0x%llx%s", (unsigned long long)f->ip[i], tail);
	else if (!name)
		snprintf(text, FRAME_TEXT, "[%s]%s", object ? object : "unknown", tail);
	else if (style->offsets)
		snprintf(text, FRAME_TEXT, "%s+0x%llx%s", name,
			 (unsigned long long)offset + (i > 0), tail);
	else
		snprintf(text, FRAME_TEXT, "%s%s", name, tail);
	for (char *p = strchr(text, ';'); p; p = strchr(p, ';'))
		*p = ':';
}

void frame_line(struct out *o, const char *text)
{
	out_pad(o, 4);
	out_text(o, text, strlen(text));
	out_bytes(o, "\n", 1);
}

void frames_json(struct run *run, const struct frames *f, const struct frame_style *style)
{
	struct out *o = &run->core->out;
	char text[FRAME_TEXT];

	out_printf(o, "\"%s\":%s", f->kernel ? "kernel" : "user", f->lost ? "null" : "[");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, f, i, style, text);
		out_str(o, i ? "," : "");
		out_json(o, text, sizeof(text));
	}
	out_str(o, f->lost ? "" : "]");
}

/* ---- a stack_ref ---- */

static const struct frame_style plain;

/* How the frames of COL_STACKS are written. */
static const struct frame_style *style_of(const struct run *run)
{
	static const struct frame_style offsets = { .offsets = true };
	unsigned char key = run->applet->offsets_key;

	return key && opt_on(run, key) ? &offsets : &plain;
}


static void ref_lines(struct run *run, const struct frames *f)
{
	char text[FRAME_TEXT];

	if (f->lost)
		frame_line(&run->core->out, "[lost stack]");
	for (int i = 0; i < f->n; i++) {
		frame_text(run, f, i, style_of(run), text);
		frame_line(&run->core->out, text);
	}
}

/* As far as it fits. */
static size_t ref_join(struct run *run, const struct frames *f, char *to, size_t used, size_t size)
{
	char text[FRAME_TEXT] = "[lost stack]";

	for (int i = f->lost ? -1 : 0; i < f->n && used < size; i++) {
		if (i >= 0)
			frame_text(run, f, i, style_of(run), text);
		used += snprintf(to + used, size - used, "%s%s", used ? ";" : "", text);
	}
	return MIN(used, size - 1);
}

void stack_ref_print(struct run *run, const struct stack_ref *ref)
{
	static struct frames kernel, user;
	struct out *o = &run->core->out;

	frames_get(run, ref->kernel, true, 0, &kernel);
	frames_get(run, ref->user, false, ref->pid, &user);
	if (run->format == FORMAT_JSON) {
		if (ref->taken & STACK_KERNEL)
			frames_json(run, &kernel, style_of(run));
		if (ref->taken == (STACK_KERNEL | STACK_USER))
			out_bytes(o, ",", 1);
		if (ref->taken & STACK_USER)
			frames_json(run, &user, style_of(run));
	} else if (run->format == FORMAT_CSV) {
		char text[16384] = "";
		size_t n = ref_join(run, &kernel, text, 0, sizeof(text));

		ref_join(run, &user, text, n, sizeof(text));
		out_csv(o, text, sizeof(text));
	} else {
		ref_lines(run, &kernel);
		ref_lines(run, &user);
	}
}
