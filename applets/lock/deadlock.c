// SPDX-License-Identifier: GPL-2.0-or-later
// Find locks that the threads of a process take in different orders.
#include "applet.h"
#include "features.h"
#include "elf.h"
#include "frames.h"
#include "usyms.h"
#include "deadlock.h"
#include "deadlock.skel.h"
#define RODATA struct deadlock_bpf__rodata
#define EVENT struct row

#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER('b', "binary", "PATH", "the file that has the lock functions, if not found by itself"),
	OPT_USER(1, "lock-symbols", "LIST", "functions that lock: NAME[,NAME] [those of pthreads]"),
	OPT_USER(2, "unlock-symbols", "LIST", "functions that unlock"),
	OPT_USER('g', "dump-graph", "FILE", "write all orders seen there, as JSON, at the end"),
	OPT_USER('k', "keep-going", NULL, "go on after the first report, with new cycles only"),
	OPT_USER_NUM('t', "threads", "N", "room for the origins of N threads [65536]", 1, 1 << 22),
	OPT_USER_NUM('e', "edges", "N", "room for N pairs of locks [65536]", 1, 1 << 24),
	OPT_USER_NUM('s', "stacktraces", "N", "room for N stacks [8192]", 1, 1 << 22),
	OPT_USER_NUM(31, "perf-max-stack-depth", "N", "keep N frames of each [127]", 1, 1024),
	FILTER_PID('p'),
	LETTER('d', "duration"),
	{ 0 }
};

/* Pthreads' functions, by the program that watches them. */
static const struct function {
	const char *name, *prog;
	bool ret;		/* and try_leave at its return */
} functions[] = {
	{ "pthread_mutex_lock", "lock_enter", false },
	{ "pthread_rwlock_rdlock", "lock_enter", false },
	{ "pthread_rwlock_wrlock", "lock_enter", false },
	{ "pthread_mutex_unlock", "unlock_enter", false },
	{ "pthread_rwlock_unlock", "unlock_enter", false },
	{ "pthread_mutex_timedlock", "timed_enter", true },
	{ "pthread_mutex_clocklock", "timed_enter", true },
	{ "pthread_rwlock_timedrdlock", "timed_enter", true },
	{ "pthread_rwlock_timedwrlock", "timed_enter", true },
	{ "pthread_rwlock_clockrdlock", "timed_enter", true },
	{ "pthread_rwlock_clockwrlock", "timed_enter", true },
	{ "pthread_mutex_trylock", "try_enter", true },
	{ "pthread_rwlock_tryrdlock", "try_enter", true },
	{ "pthread_rwlock_trywrlock", "try_enter", true },
	{ "pthread_cond_wait", "cond_enter", false },
	{ "pthread_cond_timedwait", "cond_enter", false },
	{ "pthread_cond_clockwait", "cond_enter", false },
	{ "pthread_mutex_destroy", "destroy_enter", false },
	{ "pthread_rwlock_destroy", "destroy_enter", false },
};

struct link {
	struct edge_key key;
	struct edge edge;
	size_t from, to;	/* numbers of locks */
};

struct row {
	uint32_t cycle, step;
	uint64_t held, wanted;
	uint32_t pid, tid;
	char comm[TASK_COMM_LEN];
	char held_at[FRAME_TEXT], wanted_at[FRAME_TEXT];
	char origin[2048];
	struct stack_ref stacks;
};

struct state {
	int pid;
	char path[PATH_MAX];	/* of the file with the functions */
	struct link *link;
	uint64_t *lock;		/* sorted: a lock's number is its place */
	size_t nlinks, nlocks;
	uint64_t *told;		/* cycles reported: hashes of their locks */
	size_t ntold;
	uint32_t cycles;
	struct frames frames;	/* large, and of no use for longer than a function */
	struct row row;
};

/* ---- finding the functions ---- */

static bool has_function(const char *path, const char *name)
{
	struct elf *e = elf_file_open(path, NULL);
	struct elf_func f;
	bool found = e && !elf_find_func(e, name, &f);

	elf_file_close(e);
	return found;
}

/* The program itself if it is static; libpthread where that is more than a name (before glibc 2.34);
 * the C library. */
static void file_find(struct run *run, struct state *s)
{
	static const char *const libs[] = { "pthread", "c" };
	const char *name = "pthread_mutex_lock", *given = opt_str(run, 'b');
	struct stat st;
	char first[128];

	if (opt_str(run, 1)) {
		snprintf(first, sizeof(first), "%.*s", (int)strcspn(opt_str(run, 1), ","),
			 opt_str(run, 1));
		name = first;
	}
	snprintf(s->path, sizeof(s->path), "/proc/%d/exe", s->pid);
	if (lstat(s->path, &st)) /* the program itself may have been deleted */
		die(EXIT_FAIL, "there is no process %d, or it has no program", s->pid);
	if (given && lib_find(*given == '/' ? s->pid : 0, given, s->path, sizeof(s->path)) &&
	    snprintf(s->path, sizeof(s->path), "%s", given) && !file_there(given))
		die(EXIT_FAIL, "%s: %s", given, strerror(errno));
	if (has_function(s->path, name))
		return;
	for (size_t i = 0; !given && i < ARRAY_LEN(libs); i++)
		if (!lib_find(s->pid, libs[i], s->path, sizeof(s->path)) &&
		    has_function(s->path, name))
			return;
	die(EXIT_FAIL, "there is no function '%s' in %s; name the file with --binary", name,
	    given ? given : "the program and its C library");
}

enum { PLACES_MAX = 64 };

/* Where one program goes. */
struct places {
	unsigned long at[PLACES_MAX];
	size_t n;
};

static bool place_add(struct places *p, struct elf *e, const char *name)
{
	struct elf_func f;

	if (elf_find_func(e, name, &f))
		return false;
	if (p->n == PLACES_MAX)
		die(EXIT_USAGE, "more than %d functions that lock or unlock", PLACES_MAX);
	p->at[p->n++] = f.offset;
	return true;
}

/* Names that the user gives. */
static void list_find(struct places *p, struct elf *e, const char *list, const char *path)
{
	char name[256];
	size_t n;

	for (const char *at = list; *at || at == list; at += n + (at[n] == ',')) {
		n = strcspn(at, ",");
		snprintf(name, sizeof(name), "%.*s", (int)n, at);
		if (!place_add(p, e, name))
			die(EXIT_FAIL, "there is no function '%s' in %s", name, path);
	}
}

static void attach(struct run *run)
{
	/* Locks last: what is seen to be locked, but not to be unlocked, would stay held. */
	static const char *const progs[] = {
		"unlock_enter", "destroy_enter", "cond_enter", "try_leave", "try_enter",
		"timed_enter", "lock_enter",
	};
	const struct state *s = run->own;
	const char *why, *locks = opt_str(run, 1), *unlocks = opt_str(run, 2);
	struct elf *e = elf_file_open(s->path, &why);

	if (!e)
		die(EXIT_FAIL, "%s: %s", s->path, why);
	for (size_t i = 0; i < ARRAY_LEN(progs); i++) {
		bool leave = !strcmp(progs[i], "try_leave");
		struct places p = { .n = 0 };
		int err;

		if (locks && !strcmp(progs[i], "unlock_enter"))
			list_find(&p, e, unlocks, s->path);
		if (locks && !strcmp(progs[i], "lock_enter"))
			list_find(&p, e, locks, s->path);
		for (size_t f = 0; !locks && f < ARRAY_LEN(functions); f++)
			if (leave ? functions[f].ret : !strcmp(functions[f].prog, progs[i]))
				place_add(&p, e, functions[f].name);
		err = p.n ? prog_attach_uprobes(run, progs[i], leave, s->pid, s->path, p.at, NULL, p.n)
			  : 0;
		if (err)
			die(EXIT_CANNOT, "the lock functions in %s cannot be probed: %s", s->path,
			    uprobe_error(err));
	}
	elf_file_close(e);
}

static void setup(struct run *run)
{
	struct state *s = run->own;
	uint64_t pid;

	if (!s) {
		s = run->own = xalloc(sizeof(*s));
		s->pid = opt_u64(run, 'p', 0);
		if (run->argc == 1 && !s->pid && parse_u64(run->argv[0], &pid) && pid < INT_MAX)
			s->pid = pid;
		if (s->pid < 1 || run->argc > 1 || (run->argc && opt_on(run, 'p')))
			die(EXIT_USAGE, "expected the number of one process");
		if (!opt_on(run, 1) != !opt_on(run, 2))
			die(EXIT_USAGE, "--lock-symbols and --unlock-symbols go together");
		file_find(run, s);
	}
	RUN_RODATA(run)->filter.pid = s->pid;
	RUN_RODATA(run)->filter.any = true;
	if (opt_on(run, 't'))
		map_resize(run, "origins", opt_u64(run, 't', 0));
	if (opt_on(run, 'e'))
		map_resize(run, "edges", opt_u64(run, 'e', 0));
	/* Stacks of edges have to stay. */
	bpf_map__set_type(bpf_object__find_map_by_name(run->obj, "stacks"), BPF_MAP_TYPE_HASH);
}

/* ---- the graph ---- */

static int u64_order(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void edge_see(const void *key, const void *value, void *arg)
{
	struct state *s = arg;

	if (!(s->nlinks & (s->nlinks - 1)))
		s->link = xrealloc(s->link, (s->nlinks ? 2 * s->nlinks : 1) * sizeof(*s->link));
	memcpy(&s->link[s->nlinks].key, key, sizeof(s->link->key));
	memcpy(&s->link[s->nlinks++].edge, value, sizeof(s->link->edge));
}

struct gone {
	uint64_t *v;
	size_t n;
};

static void gone_see(const void *key, const void *value, void *arg)
{
	struct gone *g = arg;

	(void)value;
	if (!(g->n & (g->n - 1)))
		g->v = xrealloc(g->v, (g->n ? 2 * g->n : 1) * sizeof(*g->v));
	memcpy(&g->v[g->n++], key, sizeof(*g->v));
}

/* The edges seen so far, without those of locks that were destroyed since. */
static void graph_read(struct run *run, struct state *s)
{
	struct gone gone = { .n = 0 };
	size_t n = 0;

	s->nlinks = s->nlocks = 0;
	map_drain(run, "destroyed", true, gone_see, &gone);
	map_drain(run, "edges", false, edge_see, s);
	qsort(gone.v, gone.n, sizeof(*gone.v), u64_order);
	for (size_t i = 0; i < s->nlinks; i++) {
		const struct edge_key *k = &s->link[i].key;

		if (gone.n && (bsearch(&k->held, gone.v, gone.n, sizeof(*gone.v), u64_order) ||
			       bsearch(&k->wanted, gone.v, gone.n, sizeof(*gone.v), u64_order)))
			bpf_map_delete_elem(map_fd(run, "edges"), k);
		else
			s->link[n++] = s->link[i];
	}
	s->nlinks = n;
	free(gone.v);
}

static size_t lock_number(const struct state *s, uint64_t lock)
{
	return (uint64_t *)bsearch(&lock, s->lock, s->nlocks, sizeof(lock), u64_order) - s->lock;
}

static int link_order(const void *a, const void *b)
{
	const struct link *x = a, *y = b;

	return x->from != y->from ? (x->from < y->from ? -1 : 1)
				  : x->to < y->to ? -1 : x->to > y->to;
}

/* Numbers the locks, and sorts the edges by where they begin. */
static void graph_sort(struct state *s)
{
	size_t n = 0;

	s->lock = xrealloc(s->lock, (2 * s->nlinks + 1) * sizeof(*s->lock));
	for (size_t i = 0; i < s->nlinks; i++) {
		s->lock[n++] = s->link[i].key.held;
		s->lock[n++] = s->link[i].key.wanted;
	}
	qsort(s->lock, n, sizeof(*s->lock), u64_order);
	for (size_t i = 0; i < n; i++)
		if (!i || s->lock[i] != s->lock[i - 1])
			s->lock[s->nlocks++] = s->lock[i];
	for (size_t i = 0; i < s->nlinks; i++) {
		s->link[i].from = lock_number(s, s->link[i].key.held);
		s->link[i].to = lock_number(s, s->link[i].key.wanted);
	}
	qsort(s->link, s->nlinks, sizeof(*s->link), link_order);
}

/* The shortest way from lock `a` to lock `b`, breadth first: by[x] becomes the edge that leads to x. */
static bool way_find(const struct state *s, const size_t *first, size_t a, size_t b, size_t *by,
		     size_t *queue)
{
	size_t head = 0, tail = 0;

	for (size_t i = 0; i < s->nlocks; i++)
		by[i] = SIZE_MAX;
	queue[tail++] = a;
	while (head < tail) {
		size_t at = queue[head++];

		for (size_t i = first[at]; i < first[at + 1]; i++) {
			size_t to = s->link[i].to;

			if (by[to] != SIZE_MAX || to == a)
				continue;
			by[to] = i;
			if (to == b)
				return true;
			queue[tail++] = to;
		}
	}
	return false;
}

/* Has the cycle with this set of locks been told? */
static bool cycle_told(struct state *s, uint64_t hash)
{
	for (size_t i = 0; i < s->ntold; i++)
		if (s->told[i] == hash)
			return true;
	s->told = xrealloc(s->told, (s->ntold + 1) * sizeof(*s->told));
	s->told[s->ntold++] = hash;
	return false;
}

/* ---- reports ---- */

static void origin_text(struct run *run, uint32_t tid, char *text, size_t size)
{
	static const struct frame_style plain;
	struct state *s = run->own;
	struct origin origin;
	char frame[FRAME_TEXT];
	size_t n = 0;

	text[0] = 0;
	if (bpf_map_lookup_elem(map_fd(run, "origins"), &tid, &origin))
		return;
	frames_get(run, origin.stack, false, s->pid, &s->frames);
	for (int i = 0; i < s->frames.n && n < size; i++) {
		frame_text(run, &s->frames, i, &plain, frame);
		n += snprintf(text + n, size - n, "%s%s", i ? ";" : "", frame);
	}
}

static void address_text(struct run *run, uint64_t address, char text[FRAME_TEXT])
{
	static const struct frame_style style = { .offsets = true };
	struct state *s = run->own;

	s->frames.n = 1;
	s->frames.ip[0] = address;
	s->frames.pid = s->pid;
	s->frames.kernel = false;
	frame_text(run, &s->frames, 0, &style, text);
}

static void step_print(struct run *run, const struct link *link, uint32_t step)
{
	struct state *s = run->own;
	const struct edge *e = &link->edge;
	struct row *row = &s->row;

	*row = (struct row){
		.cycle = s->cycles, .step = step, .held = link->key.held,
		.wanted = link->key.wanted, .pid = e->pid, .tid = e->tid,
		.stacks = { .user = e->stack, .pid = e->pid, .taken = STACK_USER },
	};
	memcpy(row->comm, e->comm, sizeof(row->comm));
	address_text(run, e->held_at, row->held_at);
	address_text(run, e->wanted_at, row->wanted_at);
	origin_text(run, e->tid, row->origin, sizeof(row->origin));
	row_print(run, row, false);
}

/* The edge `closing` to the lock where the way began, then the way. */
static bool cycle_print(struct run *run, size_t closing, const size_t *by)
{
	struct state *s = run->own;
	uint64_t hash = 0;
	size_t n = 0, begin = s->link[closing].to, way[256];

	for (size_t at = s->link[closing].from; n < ARRAY_LEN(way); at = s->link[by[at]].from) {
		hash += s->lock[at] * 0x9e3779b97f4a7c15 ^ s->lock[at] >> 29;
		if (at == begin)
			break;
		way[n++] = by[at];
	}
	if (cycle_told(s, hash))
		return false;
	s->cycles++;
	step_print(run, &s->link[closing], 1);
	for (uint32_t step = 2; n; step++)
		step_print(run, &s->link[way[--n]], step);
	return true;
}

/* For each edge that is part of a cycle the shortest one; each set of locks is told once. */
static bool cycles_print(struct run *run, struct state *s)
{
	size_t *first = xalloc((s->nlocks + 2) * sizeof(*first));
	size_t *by = xalloc((s->nlocks + 1) * sizeof(*by));
	size_t *queue = xalloc((s->nlocks + 1) * sizeof(*queue));
	bool any = false;

	for (size_t i = 0; i < s->nlinks; i++)
		first[s->link[i].from + 1] = i + 1;
	for (size_t i = 1; i <= s->nlocks; i++)
		first[i] = MAX(first[i], first[i - 1]);
	for (size_t i = 0; i < s->nlinks; i++)
		if (way_find(s, first, s->link[i].to, s->link[i].from, by, queue))
			any |= cycle_print(run, i, by);
	free(first);
	free(by);
	free(queue);
	return any;
}

static void stack_dump(struct run *run, struct out *o, uint64_t stack)
{
	static const struct frame_style plain;
	struct state *s = run->own;
	char text[FRAME_TEXT];

	frames_get(run, stack, false, s->pid, &s->frames);
	for (int i = 0; i < s->frames.n; i++) {
		frame_text(run, &s->frames, i, &plain, text);
		out_str(o, i ? "," : "");
		out_json(o, text, sizeof(text));
	}
}

static void graph_dump(struct run *run, struct state *s, const char *path)
{
	struct out *o = xalloc(sizeof(*o));

	out_open(o, path);
	out_str(o, "{\"nodes\":[");
	for (size_t i = 0; i < s->nlocks; i++)
		out_printf(o, "%s\"0x%llx\"", i ? "," : "", (unsigned long long)s->lock[i]);
	out_str(o, "],\"links\":[");
	for (size_t i = 0; i < s->nlinks; i++) {
		const struct link *l = &s->link[i];

		out_printf(o, "%s\n{\"source\":\"0x%llx\",\"target\":\"0x%llx\",\"tid\":%u,\"comm\":",
			   i ? "," : "", (unsigned long long)l->key.held,
			   (unsigned long long)l->key.wanted, l->edge.tid);
		out_json(o, l->edge.comm, sizeof(l->edge.comm));
		out_str(o, ",\"user\":[");
		stack_dump(run, o, l->edge.stack);
		out_str(o, "]}");
	}
	out_str(o, "\n]}\n");
	out_close(o);
	free(o);
}

static void tick(struct run *run)
{
	struct state *s = run->own;
	bool found;

	graph_read(run, s);
	graph_sort(s);
	if (run->core->common.verbose)
		warn("%zu locks, %zu pairs of them", s->nlocks, s->nlinks);
	found = cycles_print(run, s);
	if (opt_on(run, 'g') && (run->last || (found && !opt_on(run, 'k'))))
		graph_dump(run, s, opt_str(run, 'g'));
	out_flush(&run->core->out);
	if (found && !opt_on(run, 'k'))
		die(EXIT_FAIL, "process %d takes locks in orders that may deadlock", s->pid);
	if (run->last && s->cycles)
		die(EXIT_FAIL, "process %d has %u cycles in the orders of its locks", s->pid,
		    s->cycles);
}

static void lock_print(struct cell *cell, uint64_t lock)
{
	cell_printf(cell, "0x%llx", (unsigned long long)lock);
}

static void fmt_held(struct cell *cell, const void *row)
{
	lock_print(cell, ((const EVENT *)row)->held);
}

static void fmt_wanted(struct cell *cell, const void *row)
{
	lock_print(cell, ((const EVENT *)row)->wanted);
}

static const struct col cols[] = {
	COL(cycle, "CYCLE", 5),
	COL(step, "STEP", 4),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(held, "HELD", -18, fmt_held),
	COL_FMT(wanted, "WANTED", -18, fmt_wanted),
	COL(held_at, "HELD_AT", -24),
	COL(wanted_at, "WANTED_AT", -24),
	COL_FMT(origin, "MADE_BY", 0, fmt_text),
	COL_STACKS(0, stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "new threads", "thread_made" },
	{ "new threads", "" },
	{ 0 }
};

BPF_OBJECT(deadlock);

APPLET(deadlock) = {
	.name = "deadlock",
	.brief = "Find locks that the threads of a process take in different orders.",
	.args = "PID",
	.help = "Examples:\n"
		"  deadlock 181                    until the first cycle is found, or Ctrl-C\n"
		"  deadlock -k -d 60 181           all that a minute brings\n"
		"  deadlock -g orders.json 181     with the graph of all orders seen\n"
		"  deadlock --lock-symbols my_lock --unlock-symbols my_unlock --binary /opt/x 181\n"
		"Each row is a step of a cycle: while a thread had HELD, taken at HELD_AT, it wanted\n"
		"WANTED at WANTED_AT, with the stack below. MADE_BY is the stack of who made the\n"
		"thread. It exits with 1 if there is a cycle: threads that take these steps at the\n"
		"same time wait for each other forever. Mutexes and read-write locks of pthreads\n"
		"count, with tries, timeouts and conditions. A lock that guards all others in a cycle\n"
		"makes it harmless, which is not looked at.\n",
	OBJECT(deadlock),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_OWN,
	.interval = 1,
	.storage_key = 's',
	.depth_key = 31,
	.trial = "-b c 1",
	.setup = setup,
	.attach = attach,
	.tick = tick,
};
