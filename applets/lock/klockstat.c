// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long locks of the kernel are waited for and held, by who calls for them.
#include "applet.h"
#include "elf.h"
#include "frames.h"
#include "ksyms.h"
#include "klockstat.h"
#include "klockstat.skel.h"
#define RODATA struct klockstat_bpf__rodata
#define EVENT struct row

#include <fcntl.h>
#include <unistd.h>

/* Kernels may be built without the rest. */
#define LOCK_FENTRY \
	"mutex_lock_enter mutex_lock_leave mutex_lock_interruptible_enter " \
	"mutex_lock_interruptible_leave mutex_lock_killable_enter " \
	"mutex_lock_killable_leave down_read_enter down_read_leave " \
	"down_read_interruptible_enter down_read_interruptible_leave " \
	"down_read_killable_enter down_read_killable_leave down_write_enter " \
	"down_write_leave down_write_killable_enter down_write_killable_leave " \
	"mutex_trylock_leave down_read_trylock_leave down_write_trylock_leave " \
	"mutex_unlock_enter up_read_enter up_write_enter downgrade_write_enter " \
	"?rt_mutex_lock_enter ?rt_mutex_lock_leave " \
	"?rt_mutex_lock_interruptible_enter ?rt_mutex_lock_interruptible_leave " \
	"?percpu_down_write_enter ?percpu_down_write_leave " \
	"?rt_mutex_trylock_leave ?rt_mutex_unlock_enter ?percpu_up_write_enter"

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3),
	OPT_USER('c', "caller", "PREFIX", "only callers whose name begins so"),
	OPT_USER('L', "lock", "LOCK", "only this lock: a name, or 0xADDRESS"),
	OPT_USER_NUM('n', "locks", "N", "show N rows of each kind", 1, 1000000),
	OPT_USER_NUM('s', "stacks", "N", "tell callers apart by N functions, and show them [1]", 1, 64),
	OPT_USER('S', "sort", "ORDER",
		 "acq_max|acq_total|acq_count, hld_max|hld_total|hld_count, or one of each "
		 "[acq_max,hld_max]"),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end",
		     1, 1000000000),
	OPT_USER('R', "reset", NULL, "begin anew after each report"),
	OPT_USER('T', "timestamp", NULL, "say the time before each report"),
	OPT('P', by_thread, "per-thread", NULL, "by thread, too"),
	OPT_USER('C', "contention", NULL,
		 "only waits for locks that are not free: cheap, and spinlocks too (5.19)"),
	OPT_USER_NUM(30, "stack-storage-size", "N", "room for N stacks [8192]", 1, 1 << 22),
	LETTER('d', "duration"),
	{ 0 }
};

/* Frames of a stack before the caller: the program, a trampoline or what a tracepoint needs, and the
 * lock functions themselves. */
enum { FRAMES_BEFORE = 10, KEPT_MAX = 64 };

/* One caller in a report. */
struct row {
	uint64_t count, total, max, avg, lock;
	uint64_t rank;		/* what rows are sorted by */
	struct stack_ref stacks;
	uint32_t pid, tid, thread, kind, side;
	char comm[TASK_COMM_LEN];
	char caller[FRAME_TEXT];
};

enum sort_by { BY_MAX, BY_TOTAL, BY_COUNT, ORDERS };

struct locks {
	enum sort_by order[SIDES];
	bool shown[SIDES];
	struct symtab data;	/* the kernel's variables */
	bool data_read, told;
	struct row *v;
	size_t n, room;
	size_t cpus;
	struct frames frames;	/* of one stack; too large for ours */
};

/* ---- names of locks ---- */

/* "ADDRESS TYPE NAME\t[MODULE]" */
static bool data_see(char *text, size_t len, void *arg)
{
	struct symtab *t = arg;
	uint64_t addr = hex_take(&text);

	(void)len;
	if (text[0] != ' ' || !text[1] || !strchr("dDbBrRvV", text[1]) || text[2] != ' ')
		return true;
	text[3 + strcspn(text + 3, "\t")] = 0;
	/* A lock may be in the middle of something. */
	return !addr || symtab_add(t, addr, SYM_UP_TO | 4096, 0, text + 3);
}

static void data_read(struct locks *all)
{
	int fd;

	if (all->data_read)
		return;
	all->data_read = true;
	fd = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file_lines(fd, data_see, &all->data);
	symtab_finish(&all->data);
}

static uint64_t lock_parse(const struct run *run, struct locks *all, const char *text)
{
	uint64_t addr;

	if (parse_u64(text, &addr) && addr)
		return addr;
	data_read(all);
	for (size_t i = 0; i < all->data.n; i++)
		if (!strcmp(all->data.pool + all->data.v[i].name, text))
			return all->data.v[i].addr;
	if (!all->data.n)
		opt_bad(run, 'L', "this kernel does not tell where its variables are "
			"(CONFIG_KALLSYMS_ALL, kernel.kptr_restrict)");
	opt_bad(run, 'L', "the kernel has no variable of this name");
}

static void fmt_lock(struct cell *cell, const void *row)
{
	struct locks *all = cell_run(cell)->own;
	uint64_t lock = ((const EVENT *)row)->lock;
	const struct sym *sym;

	data_read(all);
	sym = symtab_find(&all->data, lock);
	if (!sym)
		cell_printf(cell, "0x%llx", (unsigned long long)lock);
	else if (sym->addr == lock)
		cell_str(cell, all->data.pool + sym->name);
	else
		cell_printf(cell, "%s+0x%llx", all->data.pool + sym->name,
			    (unsigned long long)(lock - sym->addr));
}

/* ---- options ---- */

static void order_parse(const struct run *run, struct locks *all, const char *list)
{
	static const char *const words[SIDES][ORDERS] = {
		[WAIT] = { "acq_max", "acq_total", "acq_count" },
		[HOLD] = { "hld_max", "hld_total", "hld_count" },
	};
	char item[32];
	size_t n;

	for (const char *p = list; *p || p == list; p += n + (p[n] == ',')) {
		bool known = false;

		n = strcspn(p, ",");
		snprintf(item, sizeof(item), "%.*s", (int)n, p);
		for (int i = 0; i < SIDES * ORDERS; i++) {
			if (strcmp(item, words[i / ORDERS][i % ORDERS]))
				continue;
			all->order[i / ORDERS] = i % ORDERS;
			all->shown[i / ORDERS] = known = true;
		}
		if (!known)
			opt_bad(run, 'S', "expected acq_max, acq_total, acq_count, hld_max, "
				"hld_total or hld_count");
	}
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct locks *all = run->own;

	if (!all) {
		all = run->own = xalloc(sizeof(*all));
		all->cpus = libbpf_num_possible_cpus();
		all->shown[WAIT] = all->shown[HOLD] = true;
		if (opt_str(run, 'S')) {
			all->shown[WAIT] = all->shown[HOLD] = false;
			order_parse(run, all, opt_str(run, 'S'));
		}
	}
	if (opt_str(run, 'L'))
		ro->only_lock = lock_parse(run, all, opt_str(run, 'L'));
	run->interval_ns = opt_u64(run, 'i', 0) * 1000000000;
	/* They have to stay until the end, and are no longer than the callers wanted. */
	frames_size(run, opt_u64(run, 's', 1) + FRAMES_BEFORE, opt_u64(run, 30, 0));
	bpf_map__set_type(bpf_object__find_map_by_name(run->obj, "stacks"), BPF_MAP_TYPE_HASH);
	if (opt_on(run, 'C')) {
		struct bpf_program *prog;

		bpf_object__for_each_program(prog, run->obj)
			if (strncmp(bpf_program__name(prog), "contention_", 11))
				prog_off(run, bpf_program__name(prog));
	}
}

/* ---- kprobes, one by one ---- */

static const struct {
	const char *name;
	uint32_t how;
} locks[] = {
	{ "mutex_lock", KIND_MUTEX },
	{ "mutex_lock_interruptible", KIND_MUTEX | HOW_ZERO },
	{ "mutex_lock_killable", KIND_MUTEX | HOW_ZERO },
	{ "mutex_trylock", KIND_MUTEX | HOW_ONE },
	{ "down_read", KIND_RWSEM_READ | HOW_SHARED },
	{ "down_read_interruptible", KIND_RWSEM_READ | HOW_SHARED | HOW_ZERO },
	{ "down_read_killable", KIND_RWSEM_READ | HOW_SHARED | HOW_ZERO },
	{ "down_read_trylock", KIND_RWSEM_READ | HOW_SHARED | HOW_ONE },
	{ "down_write", KIND_RWSEM_WRITE },
	{ "down_write_killable", KIND_RWSEM_WRITE | HOW_ZERO },
	{ "down_write_trylock", KIND_RWSEM_WRITE | HOW_ONE },
	{ "rt_mutex_lock", KIND_RT_MUTEX },
	{ "rt_mutex_lock_interruptible", KIND_RT_MUTEX | HOW_ZERO },
	{ "rt_mutex_trylock", KIND_RT_MUTEX | HOW_ONE },
	{ "percpu_down_write", KIND_PERCPU_WRITE },
}, unlocks[] = {
	{ "mutex_unlock", KIND_MUTEX },
	{ "up_read", KIND_RWSEM_READ | HOW_SHARED },
	{ "up_write", KIND_RWSEM_WRITE },
	{ "downgrade_write", KIND_RWSEM_WRITE | HOW_DOWNGRADE },
	{ "rt_mutex_unlock", KIND_RT_MUTEX },
	{ "percpu_up_write", KIND_PERCPU_WRITE },
};

/* Kernels with lock debugging have NAME_nested in its place. */
static bool probe_one(struct run *run, const char *prog, bool ret, const char *name, uint32_t how)
{
	char nested[64];

	snprintf(nested, sizeof(nested), "%s_nested", name);
	return !prog_attach_kprobe(run, prog, ret, name, how) ||
	       !prog_attach_kprobe(run, prog, ret, nested, how);
}

/* Trampolines have names as long as they are in use, which is over at the last report. */
static void names_read(struct run *run)
{
	static const struct frame_style plain;
	struct locks *all = run->own;
	char text[FRAME_TEXT];

	all->frames = (struct frames){ .ip = { 1 }, .n = 1, .kernel = true };
	frame_text(run, &all->frames, 0, &plain, text);
}

static void attach(struct run *run)
{
	size_t n = 0;

	names_read(run);
	if (!prog_loaded(run, "lock_kprobe"))
		return;
	/* The return first: a call that is only seen to begin would stay for nothing. */
	for (size_t i = 0; i < ARRAY_LEN(locks); i++)
		n += probe_one(run, "lock_kretprobe", true, locks[i].name, 0) &&
		     probe_one(run, "lock_kprobe", false, locks[i].name, locks[i].how);
	for (size_t i = 0; i < ARRAY_LEN(unlocks); i++)
		probe_one(run, "unlock_kprobe", false, unlocks[i].name, unlocks[i].how);
	if (!n)
		die(EXIT_CANNOT, "no lock function can be probed here");
}

/* ---- reports ---- */

static bool is_lock_function(const char *name)
{
	static const char *const begins[] = {
		"mutex_", "__mutex_", "ww_mutex_", "__ww_mutex_", "down_", "__down_", "rwsem_",
		"__rwsem_", "rt_mutex_", "__rt_mutex_", "rtlock_", "rwbase_", "rt_spin_", "rt_read_",
		"rt_write_", "percpu_", "__percpu_", "raw_spin_", "_raw_", "__raw_", "do_raw_",
		"queued_",
		"native_queued_", "__pv_queued_", "pv_queued_",
	};

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (!strncmp(name, begins[i], strlen(begins[i])))
			return true;
	return false;
}

/* The frames from the caller on, as many as were asked for. */
static void caller_cut(struct run *run, struct frames *f)
{
	static const struct frame_style plain;
	char text[FRAME_TEXT];
	int skip = 0, n = opt_u64(run, 's', 1);

	while (skip < f->n - 1) {
		frame_text(run, f, skip, &plain, text);
		if (!is_lock_function(text))
			break;
		skip++;
	}
	f->n = MIN(f->n - skip, n);
	memmove(f->ip, f->ip + skip, f->n * sizeof(*f->ip));
}

/* The cut stack gets an id of its own, by which it is printed. */
static uint64_t stack_store(struct run *run, const struct frames *f)
{
	uint64_t ip[127] = { 0 }, id = 0xcbf29ce484222325;

	if (f->lost || !f->n)
		return f->lost ? STACK_LOST : STACK_NONE;
	for (int i = 0; i < f->n && i < KEPT_MAX; i++) {
		ip[i] = f->ip[i];
		id = (id ^ ip[i]) * 0x100000001b3;
	}
	if (bpf_map_update_elem(map_fd(run, "stacks"), &id, ip, BPF_ANY))
		return STACK_LOST;
	return id;
}

static void caller_name(struct run *run, const struct frames *f, char text[FRAME_TEXT])
{
	static const struct frame_style style = { .offsets = true };

	if (f->n)
		frame_text(run, f, 0, &style, text);
	else
		snprintf(text, FRAME_TEXT, "[lost stack]");
}

static struct row *row_of(struct locks *all, const struct row *like)
{
	for (size_t i = 0; i < all->n; i++) {
		struct row *r = &all->v[i];

		if (r->stacks.kernel == like->stacks.kernel && r->side == like->side &&
		    r->kind == like->kind && r->thread == like->thread)
			return r;
	}
	if (all->n == all->room) {
		all->room = all->room * 2 + 256;
		all->v = xrealloc(all->v, all->room * sizeof(*all->v));
	}
	all->v[all->n] = *like;
	return &all->v[all->n++];
}

static void side_add(struct row *r, const struct lock_side *s)
{
	r->count += s->count;
	r->total += s->total;
	if (!r->comm[0] || s->max > r->max) {
		r->max = s->max;
		r->lock = s->lock;
		r->pid = s->pid;
		r->tid = s->tid;
		memcpy(r->comm, s->comm, sizeof(r->comm));
	}
}

/* What all CPUs have counted of one stack. */
static void key_add(struct run *run, const struct lock_key *key, const struct lock_stat *stats)
{
	struct locks *all = run->own;
	struct frames *f = &all->frames;
	struct row like = { .kind = key->kind, .thread = key->tid }, *r;

	frames_get(run, key->stack, true, 0, f);
	caller_cut(run, f);
	caller_name(run, f, like.caller);
	if (opt_str(run, 'c') && strncmp(like.caller, opt_str(run, 'c'), strlen(opt_str(run, 'c'))))
		return;
	like.stacks = (struct stack_ref){ .taken = STACK_KERNEL, .kernel = stack_store(run, f) };
	for (like.side = 0; like.side < SIDES; like.side++) {
		r = NULL;
		for (size_t cpu = 0; cpu < all->cpus; cpu++) {
			const struct lock_side *s = &stats[cpu].side[like.side];

			if (s->count && !r)
				r = row_of(all, &like);
			if (s->count)
				side_add(r, s);
		}
	}
}

static void rows_gather(struct run *run)
{
	struct locks *all = run->own;
	struct lock_stat *stats = xalloc(all->cpus * sizeof(*stats));
	int fd = map_fd(run, "lock_stats");
	struct lock_key *keys = NULL, key;
	size_t n = 0;

	/* All keys first: with -R the entries go, and a walk would begin anew. */
	while (!bpf_map_get_next_key(fd, n ? &keys[n - 1] : NULL, &key)) {
		if (!(n & (n - 1)))
			keys = xrealloc(keys, (n ? 2 * n : 1) * sizeof(*keys));
		keys[n++] = key;
		if (n > bpf_map__max_entries(bpf_object__find_map_by_name(run->obj, "lock_stats")))
			break;
	}
	for (size_t i = 0; i < n; i++) {
		if (bpf_map_lookup_elem(fd, &keys[i], stats))
			continue;
		if (opt_on(run, 'R'))
			bpf_map_delete_elem(fd, &keys[i]);
		key_add(run, &keys[i], stats);
	}
	free(keys);
	free(stats);
}

static uint64_t rank_of(const struct row *r, enum sort_by order)
{
	return order == BY_TOTAL ? r->total : order == BY_COUNT ? r->count : r->max;
}

static int row_order(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	return x->rank > y->rank ? -1 : x->rank < y->rank;
}

static void tick(struct run *run)
{
	struct locks *all = run->own;
	uint64_t shown;

	if (!all->told && prog_loaded(run, "contention_begin") && !opt_on(run, 'C'))
		warn("no lock functions can be watched here: only waits for locks that are not free "
		     "are shown (-C), and no holders");
	all->told = true;
	all->n = 0;
	rows_gather(run);
	for (uint32_t side = 0; side < SIDES; side++) {
		for (size_t i = 0; i < all->n; i++)
			all->v[i].rank = rank_of(&all->v[i], all->order[side]);
		qsort(all->v, all->n, sizeof(*all->v), row_order);
		shown = 0;
		for (size_t i = 0; i < all->n && all->shown[side]; i++) {
			struct row *r = &all->v[i];

			if (r->side != side || shown == opt_u64(run, 'n', UINT64_MAX))
				continue;
			r->avg = r->total / r->count;
			row_print(run, r, false);
			shown++;
		}
	}
}

static void fmt_side(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->side == WAIT ? "wait" : "hold");
}

static void fmt_kind(struct cell *cell, const void *row)
{
	static const char *const kinds[KINDS] = {
		[KIND_MUTEX] = "mutex", [KIND_RWSEM_READ] = "rwsem-r",
		[KIND_RWSEM_WRITE] = "rwsem-w", [KIND_RT_MUTEX] = "rt_mutex",
		[KIND_PERCPU_READ] = "percpu-r", [KIND_PERCPU_WRITE] = "percpu-w",
		[KIND_SPINLOCK] = "spinlock", [KIND_RWLOCK_READ] = "rwlock-r",
		[KIND_RWLOCK_WRITE] = "rwlock-w",
	};

	cell_enum(cell, kinds, KINDS, ((const EVENT *)row)->kind);
}

static const struct col cols[] = {
	COL_FMT(side, "TYPE", -4, fmt_side),
	COL_FMT(kind, "LOCK", -8, fmt_kind),
	COL_ONLY('P', thread, "THREAD", 7),
	COL_DIV(avg, "AVG(us)", 10, 1000, 3),
	COL(count, "COUNT", 9),
	COL_DIV(max, "MAX(us)", 12, 1000, 3),
	COL_DIV(total, "TOTAL(us)", 14, 1000, 3),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(lock, "ADDRESS", -24, fmt_lock),
	COL(caller, "CALLER", 0),
	COL_STACKS('s', stacks),
	{ 0 }
};

static const struct probe probes[] = {
	{ "lock functions", LOCK_FENTRY },
	{ "lock functions", "lock_kprobe lock_kretprobe unlock_kprobe" },
	{ "lock functions", "contention_begin contention_end" },
	{ 0 }
};

BPF_OBJECT(klockstat);

APPLET(klockstat) = {
	.name = "klockstat",
	.brief = "Show how long locks of the kernel are waited for and held, by who calls for them.",
	.help = "Examples:\n"
		"  klockstat -d 5                  for five seconds, the longest first\n"
		"  klockstat -i 1 -R -n 5          the five of each kind, each second\n"
		"  klockstat -p 181 -s 4           one process, callers of callers too\n"
		"  klockstat -L rtnl_mutex -S acq_total,hld_total\n"
		"  klockstat -C -i 1               just where locks are in the way\n"
		"Rows are of waits, then of holds. PID, TID, COMM and ADDRESS are of the longest.\n"
		"Sleeping locks: mutexes, read-write semaphores, rt_mutexes, writers of per-CPU\n"
		"ones. All of them are timed, free or not, which busy machines feel; -C does not.\n"
		"The hold of a reader that another thread ends is not seen.\n",
	.title = "Tracing locks of the kernel... Hit Ctrl-C to end.",
	OBJECT(klockstat),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.stamp_key = 'T',
	.setup = setup,
	.attach = attach,
	.tick = tick,
};
