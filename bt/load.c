// SPDX-License-Identifier: GPL-2.0-or-later
// Tables and programs into the kernel; and what its verifier says, in terms of the source text.
#include "session.h"
#include "caps.h"
#include "clock.h"
#include "ctypes.h"
#include "features.h"
#include "frames.h"
#include "sites.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

enum { LOG_SIZE = 1 << 20, NAME_MAX_BPF = 15, KEY_OLD = 512 };

static void limits_raise(void)
{
	struct rlimit all = {RLIM_INFINITY, RLIM_INFINITY}, files;

	setrlimit(RLIMIT_MEMLOCK, &all); /* before 5.11 maps counted against it */
	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
}

static void table_failed(struct session *s, const char *what) __attribute__((noreturn));
static void table_failed(struct session *s, const char *what)
{
	int err = errno;
	const char *missing = caps_missing();

	if (missing)
		die(EXIT_FAIL, "not permitted: run it as root, or with %s", missing);
	die(EXIT_FAIL, "cannot make %s: %s%s", what, strerror(err),
	    err == ENOMEM || err == E2BIG ? "; a smaller max_map_keys may help" : "");
	(void)s;
}

static int table_make(struct session *s, enum bpf_map_type type, const char *name, uint32_t key,
		      uint32_t value, uint32_t entries, uint32_t flags)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = flags);
	int fd = bpf_map_create(type, name, key, value, entries, &opts);

	if (fd < 0)
		table_failed(s, name);
	return fd;
}

/* Tables are made in full, for each CPU; a large one grows instead where programs of all kinds may
 * take memory (6.1: kernel/bpf/memalloc.c). */
static uint32_t map_flags(struct session *s, const struct bt_map *m)
{
	enum { LARGE = 4 << 20 };
	struct btf *btf = ctypes_btf(s->bt, NULL);
	uint64_t size = (uint64_t)m->entries * m->value_size * (m->per_cpu ? s->cpus : 1);

	if (!m->keyed || m->indexed || m->lru || size < LARGE || !btf ||
	    btf__find_by_name_kind(btf, "bpf_mem_alloc_init", BTF_KIND_FUNC) <= 0)
		return 0;
	return BPF_F_NO_PREALLOC;
}

static void map_make(struct session *s, struct bt_map *m)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = map_flags(s, m));
	enum bpf_map_type type;
	char name[NAME_MAX_BPF + 1] = "at_", what[128];
	size_t n = strlen(name);

	if (m->type->kind == T_NONE)
		return;
	for (const char *p = m->name + 1; *p && n < NAME_MAX_BPF; p++)
		name[n++] = *p;
	type = m->indexed ? BPF_MAP_TYPE_PERCPU_ARRAY
	       : m->lru && m->keyed
		       ? m->per_cpu ? BPF_MAP_TYPE_LRU_PERCPU_HASH : BPF_MAP_TYPE_LRU_HASH
	       : m->keyed   ? m->per_cpu ? BPF_MAP_TYPE_PERCPU_HASH : BPF_MAP_TYPE_HASH
	       : m->per_cpu ? BPF_MAP_TYPE_PERCPU_ARRAY
			    : BPF_MAP_TYPE_ARRAY;
	m->fd = bpf_map_create(type, name, m->keyed && !m->indexed ? m->key_size : 4, m->value_size,
			       m->entries, &opts);
	snprintf(what, sizeof(what), "%s (%u entries of %u bytes)", m->name, m->entries,
		 m->key_size + m->value_size);
	if (m->fd < 0 && errno == E2BIG && m->key_size > KEY_OLD)
		die(EXIT_CANNOT,
		    "%s: before Linux 5.11 keys have up to %d bytes; a smaller "
		    "max_strlen may help",
		    what, KEY_OLD);
	if (m->fd < 0)
		table_failed(s, what);
}

static bool table_used(const struct bt *bt, unsigned table)
{
	for (const struct bt_prog *p = bt->progs; p; p = p->next)
		for (size_t i = 0; i < p->code->ntables; i++)
			if (p->code->table[i].table == table)
				return true;
	return false;
}

/* A power of 2, and whole pages. */
static uint32_t ring_size(const struct bt *bt)
{
	uint32_t size = sysconf(_SC_PAGESIZE);

	while (size < bt->config.buffer_kb * 1024)
		size *= 2;
	return size;
}

static uint32_t stack_depth(const struct bt *bt)
{
	char text[32];
	uint64_t most;

	if (file_read("/proc/sys/kernel/perf_event_max_stack", text, sizeof(text)) < 1 ||
	    !parse_u64(text, &most) || !most)
		most = 127;
	return MIN(bt->stack_depth, most);
}

static int stacks_make(struct session *s, const char *name, size_t frame, uint32_t flags)
{
	uint32_t each = s->bt->stack_depth * frame;

	return table_make(s, BPF_MAP_TYPE_STACK_TRACE, name, 4, each, frames_storage(each), flags);
}

static void tables_make(struct session *s)
{
	struct bt *bt = s->bt;

	for (unsigned t = 0; t < TABLE_MAPS; t++)
		s->table[t] = -1;
	if (table_used(bt, TABLE_RING))
		s->table[TABLE_RING] =
			table_make(s, BPF_MAP_TYPE_RINGBUF, "events", 0, 0, ring_size(bt), 0);
	bt->stack_depth = stack_depth(bt);
	if (table_used(bt, TABLE_STACKS))
		s->table[TABLE_STACKS] = stacks_make(s, "stacks", sizeof(uint64_t), 0);
	if (table_used(bt, TABLE_BUILD_IDS))
		s->table[TABLE_BUILD_IDS] =
			stacks_make(s, "build_ids", sizeof(struct bpf_stack_build_id),
				    BPF_F_STACK_BUILD_ID);
	if (table_used(bt, TABLE_SCRATCH))
		s->table[TABLE_SCRATCH] = table_make(s, BPF_MAP_TYPE_PERCPU_ARRAY, "scratch", 4,
						     bt->scratch_size, bt->scratch_entries, 0);
	if (table_used(bt, TABLE_ZEROS))
		s->table[TABLE_ZEROS] = table_make(s, BPF_MAP_TYPE_ARRAY, "zeros", 4,
						   bt->zeros_size, 1, BPF_F_RDONLY_PROG);
	s->table[TABLE_STATE] = table_make(s, BPF_MAP_TYPE_ARRAY, "state", 4,
					   sizeof(struct bt_state), 1, BPF_F_MMAPABLE);
	s->state = mmap(NULL, sizeof(*s->state), PROT_READ | PROT_WRITE, MAP_SHARED,
			s->table[TABLE_STATE], 0);
	if (s->state == MAP_FAILED)
		table_failed(s, "state");
	for (size_t i = 0; i < bt->nmaps; i++)
		map_make(s, bt->map[i]);
}

/* ---- programs ---- */

static enum bpf_prog_type prog_type(enum site_kind k)
{
	switch (k) {
	case P_KPROBE:
	case P_KRETPROBE:
	case P_UPROBE:
	case P_URETPROBE:
	case P_USDT:
		return BPF_PROG_TYPE_KPROBE;
	case P_TRACEPOINT:
		return BPF_PROG_TYPE_TRACEPOINT;
	case P_FENTRY:
	case P_FEXIT:
	case P_ITER:
		return BPF_PROG_TYPE_TRACING;
	case P_PROFILE:
	case P_SOFTWARE:
	case P_HARDWARE:
	case P_WATCHPOINT:
		return BPF_PROG_TYPE_PERF_EVENT;
	default:
		return BPF_PROG_TYPE_RAW_TRACEPOINT;
	}
}

static void tables_put(struct session *s, struct bt_code *c)
{
	for (size_t i = 0; i < c->ntables; i++) {
		unsigned t = c->table[i].table;

		c->insn[c->table[i].insn].imm =
			t < TABLE_MAPS ? s->table[t] : s->bt->map[t - TABLE_MAPS]->fd;
	}
}

/* Callbacks are functions, and of functions the kernel wants types. */
static int callbacks_btf(struct bt_code *c, struct bpf_func_info *info)
{
	struct btf *btf = btf__new_empty();
	LIBBPF_OPTS(bpf_btf_load_opts, opts);
	int num, proto, fd;
	const void *raw;
	__u32 size;

	num = btf__add_int(btf, "long", 8, BTF_INT_SIGNED);
	proto = btf__add_func_proto(btf, num);
	btf__add_func_param(btf, "ctx", num);
	for (size_t i = 0; i <= c->ncallbacks; i++) {
		info[i].insn_off = i ? c->callback[i - 1] : 0;
		info[i].type_id = btf__add_func(btf, i ? "each" : "probe", BTF_FUNC_STATIC, proto);
	}
	raw = btf__raw_data(btf, &size);
	fd = bpf_btf_load(raw, size, &opts);
	btf__free(btf);
	return fd;
}

static int prog_load(struct bt_prog *p, char *log, size_t log_size)
{
	const struct bt_site *site = p->site[0];
	struct bpf_func_info info[9] = {0};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .log_buf = log, .log_size = log_size,
		    .log_level = log ? 1 : 0);
	int fd, btf_fd = -1;

	if (prog_type(site->kind) == BPF_PROG_TYPE_TRACING) {
		opts.expected_attach_type = site->kind == P_FENTRY  ? BPF_TRACE_FENTRY
					    : site->kind == P_FEXIT ? BPF_TRACE_FEXIT
								    : BPF_TRACE_ITER;
		opts.attach_btf_id = site->btf_id;
		opts.attach_btf_obj_fd = site->btf_fd;
	}
	if (p->multi)
		opts.expected_attach_type =
			site_kinds[site->kind].user ? TRACE_UPROBE_MULTI : BPF_TRACE_KPROBE_MULTI;
	if (p->code->ncallbacks) {
		btf_fd = callbacks_btf(p->code, info);
		opts.prog_btf_fd = btf_fd;
		opts.func_info = info;
		opts.func_info_cnt = p->code->ncallbacks + 1;
		opts.func_info_rec_size = sizeof(info[0]);
	}
	fd = bpf_prog_load(prog_type(site->kind), "bt", "GPL", p->code->insn, p->code->n, &opts);
	if (btf_fd >= 0)
		close(btf_fd);
	return fd;
}

/* ---- refusals ---- */

/* "12: (79) r0 = ...": the instruction that the log ends with; -1: none. The last line that is
 * neither that nor statistics says what is wrong. */
static bool log_detail(const char *line)
{
	static const char *const starts[] = {
		"processed ",	"max_states", "cur state:", "old state:", "; ",	       " ",
		"mark_precise", "last_idx",   "regs=",	    "parent",	  "from ",     "arg#",
		"frame",	"caller:",    "callee:",    "returning",  "to caller",
	};

	for (size_t i = 0; i < ARRAY_LEN(starts); i++)
		if (!strncmp(line, starts[i], strlen(starts[i])))
			return true;
	return !*line;
}

static long log_read(char *log, const char **message)
{
	long insn = -1;
	char *save = NULL;
	const char *at;

	*message = NULL;
	for (char *line = strtok_r(log, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *end;
		long i = strtol(line, &end, 10);

		if (end != line && !strncmp(end, ": (", 3))
			insn = i;
		else if ((end == line || *end != ':') && !log_detail(line))
			*message = line;
	}
	at = *message ? strstr(*message, "at insn ") : NULL;
	if (at)
		insn = strtol(at + 8, NULL, 10);
	return insn;
}

/* What it means for who wrote the program, where that is not what it says. */
static const char *log_plain(const char *message)
{
	static const struct {
		const char *says, *means;
	} known[] = {
		{"infinite loop detected", "a loop whose end the verifier cannot see"},
		{"BPF program is too large", "the verifier gave up: the loops take too many turns"},
		{"The sequence of", "the verifier gave up: the loops take too many turns"},
		{"invalid func unknown", "this kernel lacks a helper function that this needs"},
		{"unknown func", "this kernel lacks a helper function that this needs"},
		{"combined stack size", "this needs too much stack"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (strstr(message, known[i].says))
			return known[i].means;
	return message;
}

static void prog_refused(struct session *s, struct bt_prog *p, int err) __attribute__((noreturn));
static void prog_refused(struct session *s, struct bt_prog *p, int err)
{
	char *log = xalloc(LOG_SIZE);
	const char *message, *missing = caps_missing();
	struct bt_span span = p->probe->span;
	long insn;

	if (missing)
		die(EXIT_FAIL, "not permitted: run it as root, or with %s", missing);
	if ((p->site[0]->kind == P_FENTRY || p->site[0]->kind == P_FEXIT) && fentry_refused())
		bt_error_status(s->bt, EXIT_CANNOT, span,
				"this kernel refuses fentry and fexit "
				"(lockdown, or no BTF trampolines): try kprobe");
	if (p->code->ncallbacks && libbpf_probe_bpf_helper(BPF_PROG_TYPE_RAW_TRACEPOINT,
							   BPF_FUNC_for_each_map_elem, NULL) != 1)
		bt_error_status(s->bt, EXIT_CANNOT, span,
				"a loop over a map, and len(), need Linux 5.13, and one over "
				"a range whose end is not known beforehand 5.17");
	prog_load(p, log, LOG_SIZE);
	if (s->verbose)
		fprintf(stderr, "%s\n", log);
	insn = log_read(log, &message);
	if (insn >= 0 && (size_t)insn < p->code->n)
		span = (struct bt_span){p->code->at[insn], 1};
	bt_error_status(s->bt, EXIT_CANNOT, span, "the kernel refuses the program for %s here: %s",
			p->site[0]->name, message ? log_plain(message) : strerror(err));
}

/* One link serves any number of functions of the kernel (from 5.18 on) or of a file (6.6), where it
 * is better for one, too (uprobe_error() says why); but those of one process are let go by before 6.10,
 * but for its first thread. */
static bool can_be_multi(const struct session *s, const struct bt_prog *p)
{
	enum site_kind k = p->site[0]->kind;
	bool user = site_kinds[k].user;

	if (user ? (p->nsites < 2 || s->bt->pid) && !uprobe_multi_works()
		 : p->nsites < 2 || (k != P_KPROBE && k != P_KRETPROBE))
		return false;
	for (size_t i = 0; i < p->nsites; i++) {
		const struct bt_site *site = p->site[i];

		if (user ? strcmp(site->path, p->site[0]->path)
			 : site->offset || !site_is_pattern(s->bt, site->point->text))
			return false;
	}
	return true;
}

/* Of the functions that a wildcard found some may not be what fentry can do, as long as there are
 * others. */
static bool may_fail(const struct bt_prog *p)
{
	enum site_kind k = p->site[0]->kind;
	bool others = p->next && p->next->probe == p->probe;

	if (k != P_FENTRY && k != P_FEXIT)
		return false;
	for (const struct bt_prog *q = p->before; q && q->probe == p->probe; q = q->before)
		others |= q->fd >= 0;
	return others;
}

bool session_load(struct session *s)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	if (setjmp(s->bt->fail))
		return false;
	limits_raise();
	s->cpus = libbpf_num_possible_cpus();
	tables_make(s);
	for (struct bt_prog *p = s->bt->progs; p; p = p->next) {
		tables_put(s, p->code);
		p->multi = can_be_multi(s, p);
		p->fd = p->multi ? prog_load(p, NULL, 0) : -1;
		if (p->fd < 0) {
			p->multi = false;
			p->fd = prog_load(p, NULL, 0);
		}
		if (p->fd < 0 && !may_fail(p))
			prog_refused(s, p, errno);
		if (p->fd < 0) {
			warn("%s: left out: %s", p->site[0]->name, strerror(errno));
			p->nsites = 0;
		}
	}
	libbpf_set_print(print);
	s->state->start_ns = clock_now();
	return true;
}

bool session_reload_single(struct bt_prog *p)
{
	close(p->fd);
	p->multi = false;
	p->fd = prog_load(p, NULL, 0);
	return p->fd >= 0;
}

void session_run(struct session *s, const struct bt_prog *prog)
{
	uint64_t args[10] = {0};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .ctx_in = args, .ctx_size_in = sizeof(args));

	if (bpf_prog_test_run_opts(prog->fd, &opts))
		die(EXIT_CANNOT,
		    "this kernel does not run %s (BPF_PROG_TEST_RUN of raw tracepoints, "
		    "Linux 5.10): %s",
		    prog->site[0]->name, strerror(errno));
	(void)s;
}
