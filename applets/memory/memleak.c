// SPDX-License-Identifier: GPL-2.0-or-later
// Show what is allocated and not released, by the stack that allocated it.
#include "enums.h"
#include "frames.h"
#include "libs.h"
#include "usyms.h"
#include "memleak.h"
#include "memleak.skel.h"
#define RODATA struct memleak_bpf__rodata

#include <bpf/btf.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SORT = 10, STORAGE, DEPTH, WORDS_MAX = 256, OLDER_MS = 500 };

static const struct opt opts[] = {
	OPT_USER_NUM('p', "pid", "PID", "this process; without it, and -c, the kernel", 1, 4194304),
	OPT_USER('c', "command", "COMMAND", "start this command, with its arguments"),
	OPT_USER('O', "obj", "FILE", "the library or program that has the allocator"),
	OPT_USER('S', "symbols-prefix", "PREFIX", "of its functions: je_ for je_malloc"),
	OPT_USER('a', "show-allocs", NULL, "each allocation, too"),
	OPT_USER('t', "trace", NULL, "a row for each allocation and release, no sums"),
	OPT_USER_NUM('o', "older", "MS", "only what is that old [500; 0 once the process has ended]", 0,
		     INT32_MAX),
	OPT_USER_NUM('T', "top", "N", "show N stacks [10]", 1, INT32_MAX),
	OPT_USER(SORT, "sort", "KEY", "by size (the default) or count"),
	OPT('C', combined_only, "combined-only", NULL, "only keep sums, of any age: cheaper"),
	OPT('F', reuse_is_free, "wa-missing-free", NULL,
	    "an address given out again was released: do not tell"),
	OPT_RANGE('s', sample_rate, "sample-rate", "N", "only each Nth allocation", 1, INT32_MAX),
	OPT('z', min_size, "min-size", "BYTES", "only allocations of BYTES and more"),
	OPT('Z', max_size, "max-size", "BYTES", "only allocations of BYTES and less"),
	OPT('P', with_percpu, "percpu", NULL, "kernel: memory that each CPU has for itself, too"),
	OPT_USER_NUM(STORAGE, "stack-storage-size", "N", "room for N stacks [8192]", 1, 1 << 22),
	OPT_USER_NUM(DEPTH, "perf-max-stack-depth", "N", "keep N frames of each [127]", 1, 1024),
	{ 0 }
};

static const struct lib_func allocators[] = {
	{ "malloc", "malloc_enter", "leave", MALLOC },
	{ "calloc", "calloc_enter", "leave", CALLOC },
	{ "realloc", "realloc_enter", "leave", REALLOC },
	{ "reallocarray", "reallocarray_enter", "leave", REALLOCARRAY },
	{ "posix_memalign", "posix_memalign_enter", "leave", POSIX_MEMALIGN },
	{ "aligned_alloc", "memalign_enter", "leave", MEMALIGN },
	{ "memalign", "memalign_enter", "leave", MEMALIGN },
	{ "valloc", "valloc_enter", "leave", VALLOC },
	{ "pvalloc", "valloc_enter", "leave", VALLOC },
	{ "mmap", "mmap_enter", "leave", MMAP },
	{ "mremap", "mremap_enter", "leave", MREMAP },
	{ "free", "free_enter", NULL, FREE },
	{ "munmap", "munmap_enter", NULL, MUNMAP },
	{ 0 }
};

static const struct lib libs[] = {
	{ "c", allocators }, { "jemalloc", allocators }, { "tcmalloc", allocators },
	{ "tcmalloc_minimal", allocators }, { "mimalloc", allocators }, { 0 }
};

static const struct lib program[] = { { "", allocators }, { 0 } };

/* What is watched. */
struct leak {
	bool user;
	pid_t pid;
	pid_t child;		/* 0: none was started */
	int release;		/* a pipe: a byte lets the child begin */
	int ended;		/* becomes readable when the process ends */
	bool gone;		/* it has ended: what is left now, whatever its age, stays */
};

/* ---- a command ---- */

/* The words of a command: quotes and backslashes as in a shell, but nothing is expanded. */
static char **words_split(const struct run *run, const char *text)
{
	char **words = xalloc((WORDS_MAX + 1) * sizeof(*words));
	char *to = xalloc(strlen(text) + 1), quote = 0;
	bool within = false;
	size_t n = 0;

	for (; *text; text++) {
		if (!quote && (*text == ' ' || *text == '\t')) {
			if (within)
				*to++ = 0;
			within = false;
			continue;
		}
		if (!within) {
			if (n == WORDS_MAX)
				opt_bad(run, 'c', "has too many words");
			words[n++] = to;
			within = true;
		}
		if (quote ? *text == quote : *text == '\'' || *text == '"')
			quote = quote ? 0 : *text;
		else if (*text == '\\' && quote != '\'' && text[1])
			*to++ = *++text;
		else
			*to++ = *text;
	}
	if (quote || !n)
		opt_bad(run, 'c', quote ? "has a quote without its end" : "is no command");
	return words;
}

/* In the child, which waits until its probes are there. It ends with us. */
static void command_exec(int go, const char *path, char **words) __attribute__((noreturn));
static void command_exec(int go, const char *path, char **words)
{
	sigset_t none;
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (read(go, &byte, 1) != 1)
		_exit(127); /* something else went wrong, and has been told */
	execv(path, words);
	warn("%s: %s", path, strerror(errno));
	_exit(127);
}

/* The child stops as it ends, with its memory as it was, so that its stacks can be named. */
static void command_start(struct run *run, struct leak *leak)
{
	char **words = words_split(run, opt_str(run, 'c')), path[PATH_MAX];
	int err = program_find(words[0], path, sizeof(path)), go[2];
	sigset_t child;

	if (err)
		die(EXIT_FAIL, "%s: %s", words[0], strerror(-err));
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	leak->ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	if (leak->ended < 0 || pipe2(go, O_CLOEXEC))
		die(EXIT_FAIL, "cannot start a command: %s", strerror(errno));
	leak->pid = leak->child = fork();
	if (!leak->child)
		command_exec(go[0], path, words);
	close(go[0]);
	leak->release = go[1];
	if (leak->child < 0 || ptrace(PTRACE_SEIZE, leak->child, NULL, (void *)PTRACE_O_TRACEEXIT))
		die(EXIT_FAIL, "cannot start a command: %s", strerror(errno));
}

static void command_over(struct run *run, int status)
{
	struct leak *leak = run->own;

	if (WIFEXITED(status) && WEXITSTATUS(status))
		warn("the command ended with status %d", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		warn("the command was ended by signal %d", WTERMSIG(status));
	leak->gone = true;
	leak->child = 0;
	frames_look(run);
	run_stop(run);
}

/* Something has become of the child: it has stopped for a signal, which it gets, or for its end. */
static void command_look(struct run *run)
{
	struct leak *leak = run->own;
	struct signalfd_siginfo info;
	unsigned long last;
	int status;

	while (read(leak->ended, &info, sizeof(info)) > 0)
		;
	while (leak->child && waitpid(leak->child, &status, WNOHANG | __WALL) > 0) {
		if (!WIFSTOPPED(status)) {
			command_over(run, status);
		} else if (status >> 16 == PTRACE_EVENT_EXIT) {
			if (ptrace(PTRACE_GETEVENTMSG, leak->child, NULL, &last))
				last = 0;
			command_over(run, last); /* it goes on when we end */
		} else if (status >> 16 == PTRACE_EVENT_STOP && WSTOPSIG(status) != SIGTRAP) {
			ptrace(PTRACE_LISTEN, leak->child, NULL, NULL); /* a SIGSTOP: let it stand */
		} else {
			ptrace(PTRACE_CONT, leak->child, NULL,
			       (void *)(long)(status >> 16 ? 0 : WSTOPSIG(status)));
		}
	}
}

static void process_over(struct run *run)
{
	((struct leak *)run->own)->gone = true;
	run_stop(run);
}

/* ---- probes ---- */

static void kernel_off(struct run *run)
{
	static const char *const progs[] = {
		"kmalloc", "kmalloc_node", "cache_alloc", "cache_alloc_node", "kfree", "cache_free",
		"page_alloc", "page_free", "percpu_alloc", "percpu_free",
	};

	for (size_t i = 0; i < ARRAY_LEN(progs); i++)
		prog_off(run, progs[i]);
}

static void user_off(struct run *run)
{
	for (const struct lib_func *f = allocators; f->name; f++)
		prog_off(run, f->enter);
	prog_off(run, "enter_any");
	prog_off(run, "leave");
	prog_off(run, "process_exec");
}

/* A table of all allocations is memory, often taken at once: of this machine's a 32nd, if a million
 * would be more. */
static uint32_t room_for_allocs(void)
{
	return MIN(memory_part(32) / 96, (uint64_t)1 << 20);
}

static void options_check(const struct run *run)
{
	static const struct { int key; const char *why; } user_only[] = {
		{ 'O', "is for -p or -c" }, { 'S', "is for -p or -c" },
	};
	bool user = opt_on(run, 'p') || opt_on(run, 'c');
	const char *sort = opt_str(run, SORT);

	if (opt_on(run, 'p') && opt_on(run, 'c'))
		die(EXIT_USAGE, "-p and -c exclude each other");
	for (size_t i = 0; !user && i < ARRAY_LEN(user_only); i++)
		if (opt_on(run, user_only[i].key))
			opt_bad(run, user_only[i].key, user_only[i].why);
	if (user && opt_on(run, 'P'))
		opt_bad(run, 'P', "is for the kernel, without -p and -c");
	if (opt_on(run, 'C') && (opt_on(run, 'a') || opt_on(run, 't') || opt_on(run, 'o')))
		opt_bad(run, 'C', "keeps no single allocations, which -a, -t and -o are about");
	if (sort && strcmp(sort, "size") && strcmp(sort, "count"))
		opt_bad(run, SORT, "expected size or count");
}

/* May a table take its memory as it needs it? From BPF's own allocator (6.1): without that kernels
 * warn on the console. Not in the kernel's mode: it would be an allocation within another. */
static bool tables_grow(const struct run *run)
{
	struct btf *btf = types_read(run);
	bool there = btf && btf__find_by_name_kind(btf, "bpf_mem_alloc", BTF_KIND_STRUCT) > 0;

	btf__free(btf);
	return there;
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct bpf_map *allocs = bpf_object__find_map_by_name(run->obj, "allocs");
	struct leak *leak = run->own;

	options_check(run);
	if (!leak)
		leak = run->own = xalloc(sizeof(*leak));
	leak->user = opt_on(run, 'p') || opt_on(run, 'c');
	ro->kernel_mode = !leak->user;
	if (opt_on(run, 'c') && !leak->child)
		command_start(run, leak);
	else if (!leak->child)
		leak->pid = opt_u64(run, 'p', 0);
	ro->target = leak->pid;
	ro->trace_all = opt_on(run, 't');
	if (ro->trace_all)
		run->interval_ns = 0; /* there are no reports then */
	ro->page_bytes = getpagesize();
	if (leak->user) {
		kernel_off(run);
		libs_setup(run, "enter_any", allocators);
		if (tables_grow(run))
			bpf_map__set_map_flags(allocs, BPF_F_NO_PREALLOC);
	} else {
		user_off(run);
		map_resize(run, "calls", 1);
	}
	map_resize(run, "allocs", room_for_allocs());
	frames_setup(run, opt_u64(run, DEPTH, 0), opt_u64(run, STORAGE, 0));
	/* None may be forgotten before what it has allocated is. */
	bpf_map__set_type(bpf_object__find_map_by_name(run->obj, "stacks"), BPF_MAP_TYPE_HASH);
	if (!opt_on(run, 'C'))
		map_resize(run, "sums", 1);
	else if (opt_on(run, STORAGE))
		map_resize(run, "sums", opt_u64(run, STORAGE, 0));
}

/* The program of a command, which may have its own allocator. What is no ELF file has none. */
static unsigned command_program(struct run *run, pid_t pid, const char *prefix)
{
	char **words = words_split(run, opt_str(run, 'c')), path[PATH_MAX];
	const char *why;
	int n;

	if (program_find(words[0], path, sizeof(path)))
		return 0;
	n = lib_attach(run, path, pid, prefix, allocators, &why);
	return MAX(n, 0);
}

static void allocator_attach(struct run *run, const struct leak *leak)
{
	const char *prefix = opt_str(run, 'S'), *given = opt_str(run, 'O'), *why;
	char path[PATH_MAX];
	unsigned n;

	if (given) {
		int found, pid = *given != '/' && leak->child ? 0 : leak->pid;

		if (lib_find(pid, given, path, sizeof(path)) &&
		    lib_find(0, given, path, sizeof(path)))
			die(EXIT_FAIL, "%s: there is no such file or library", given);
		found = lib_attach(run, path, leak->pid, prefix, allocators, &why);
		if (found < 0)
			die(EXIT_CANNOT, "%s cannot be watched: %s", path, why);
		if (!found)
			die(EXIT_FAIL, "%s has no %smalloc or the like", path, prefix ? prefix : "");
		return;
	}
	n = leak->child ? command_program(run, leak->pid, prefix)
			: libs_program(run, leak->pid, prefix, program);
	n += libs_watch(run, leak->pid, leak->child, prefix, libs);
	if (!n)
		die(EXIT_FAIL, "no allocator was found in process %d; name the file that has it "
		    "with -O", leak->pid);
}

static void attach(struct run *run)
{
	struct leak *leak = run->own;

	if (!leak->user)
		return;
	if (leak->child) {
		run_watch(run, leak->ended, command_look);
	} else {
		leak->ended = syscall(SYS_pidfd_open, leak->pid, 0); /* 5.3 */
		if (leak->ended < 0)
			die(EXIT_FAIL, "process %d: %s", leak->pid, strerror(errno));
		run_watch(run, leak->ended, process_over);
	}
	allocator_attach(run, leak);
	if (leak->child && write(leak->release, "", 1) != 1)
		die(EXIT_FAIL, "cannot start the command: %s", strerror(errno));
}

/* ---- reports ---- */

/* A stack's sum, or with -a in JSON one allocation. */
struct row {
	struct event event;	/* with -t this alone */
	uint64_t bytes, allocs, address, age_ns;
	struct stack_ref stacks;
};
#define EVENT struct row

struct list {
	struct one {
		uint64_t address;
		struct alloc alloc;
	} *v;
	size_t n, room;
	uint64_t before_ns;	/* younger ones do not count */
	uint64_t image;		/* nor those of others */
};

static void alloc_see(const void *key, const void *value, void *arg)
{
	struct list *list = arg;
	struct one one;

	memcpy(&one.address, key, sizeof(one.address));
	memcpy(&one.alloc, value, sizeof(one.alloc));
	if (one.alloc.ns > list->before_ns || one.alloc.image != list->image)
		return;
	if (list->n == list->room) {
		list->room = list->room * 2 + 1024;
		list->v = xrealloc(list->v, list->room * sizeof(*list->v));
	}
	list->v[list->n++] = one;
}

static int by_stack(const void *a, const void *b)
{
	const struct one *x = a, *y = b;

	if (x->alloc.stack != y->alloc.stack)
		return x->alloc.stack < y->alloc.stack ? -1 : 1;
	return x->address < y->address ? -1 : x->address > y->address;
}

/* A stack, with the allocations list.v[first] and `n` more; with -C none. */
struct group {
	uint64_t stack, bytes, n;
	size_t first;
};

struct groups {
	struct group *v;
	size_t n;
	uint64_t image;
};

static struct group *group_add(struct groups *g, uint64_t stack, size_t first)
{
	if (!(g->n & (g->n - 1)))
		g->v = xrealloc(g->v, MAX(g->n * 2, (size_t)1) * sizeof(*g->v));
	g->v[g->n] = (struct group){ .stack = stack, .first = first };
	return &g->v[g->n++];
}

static void groups_make(struct groups *g, const struct list *list)
{
	struct group *now = NULL;

	for (size_t i = 0; i < list->n; i++) {
		const struct one *one = &list->v[i];

		if (!now || now->stack != one->alloc.stack)
			now = group_add(g, one->alloc.stack, i);
		now->bytes += one->alloc.size;
		now->n++;
	}
}

static void combined_see(const void *key, const void *value, void *arg)
{
	const struct groups *groups = arg;
	struct combined_key of;
	struct combined sum;
	struct group *group;

	memcpy(&of, key, sizeof(of));
	memcpy(&sum, value, sizeof(sum));
	if (sum.allocs <= 0 || of.image != groups->image)
		return;
	group = group_add(arg, of.stack, 0);
	group->bytes = MAX(sum.bytes, 0);
	group->n = sum.allocs;
}

static int largest(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return x->n > y->n ? -1 : x->n < y->n;
}

static int most(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return x->n != y->n ? x->n > y->n ? -1 : 1 : largest(a, b);
}

static bool rows_of_allocs(const struct run *run)
{
	return opt_on(run, 'a') && run->format != FORMAT_TEXT;
}

static void group_print(struct run *run, const struct group *g, const struct list *list)
{
	const struct leak *leak = run->own;
	struct row row = { .bytes = g->bytes, .allocs = g->n };

	row.stacks.taken = leak->user ? STACK_USER : STACK_KERNEL;
	row.stacks.pid = leak->pid;
	*(leak->user ? &row.stacks.user : &row.stacks.kernel) = g->stack;
	if (!rows_of_allocs(run))
		row_print(run, &row, false);
	for (size_t i = g->first; opt_on(run, 'a') && i < g->first + g->n; i++) {
		const struct one *one = &list->v[i];

		row.address = one->address;
		row.bytes = one->alloc.size;
		row.age_ns = run->now_ns - MIN(one->alloc.ns, run->now_ns);
		if (rows_of_allocs(run))
			row_print(run, &row, false);
		else
			line_print(run, "        address 0x%llx, %llu bytes, %llu ms old",
				   (unsigned long long)row.address, (unsigned long long)row.bytes,
				   (unsigned long long)row.age_ns / 1000000);
	}
}

static void heading_print(struct run *run, const struct groups *g, size_t shown)
{
	uint64_t bytes = 0, n = 0;
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < g->n; i++) {
		bytes += g->v[i].bytes;
		n += g->v[i].n;
	}
	line_print(run, "[%s] %llu bytes in %llu outstanding allocations from %zu stack%s%s",
		   clock_local(run->now_ns, 0, text), (unsigned long long)bytes,
		   (unsigned long long)n, g->n, g->n == 1 ? "" : "s",
		   shown < g->n ? "; the top ones are:" : "");
}

static void tick(struct run *run)
{
	const struct leak *leak = run->own;
	uint64_t older = opt_u64(run, 'o', leak->gone ? 0 : OLDER_MS) * 1000000;
	uint64_t image = *(uint64_t *)bss_var(run, "image");
	struct list list = { .before_ns = run->now_ns - MIN(older, run->now_ns), .image = image };
	const char *sort = opt_str(run, SORT);
	struct groups g = { .image = image };
	size_t shown;

	if (opt_on(run, 't'))
		return;
	if (opt_on(run, 'C')) {
		map_drain(run, "sums", false, combined_see, &g);
	} else {
		map_drain(run, "allocs", false, alloc_see, &list);
		qsort(list.v, list.n, sizeof(*list.v), by_stack);
		groups_make(&g, &list);
	}
	qsort(g.v, g.n, sizeof(*g.v), sort && *sort == 'c' ? most : largest);
	shown = MIN(g.n, (size_t)opt_u64(run, 'T', 10));
	if (run->format == FORMAT_TEXT)
		heading_print(run, &g, shown);
	for (size_t i = 0; i < shown; i++)
		group_print(run, &g.v[i], &list);
	free(list.v);
	free(g.v);
}

static void fmt_address(struct cell *cell, const void *row)
{
	cell_printf(cell, "0x%llx", *(const unsigned long long *)cell_ptr(cell, row));
}

static void fmt_what(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->event.freed ? "free" : "alloc");
}

static const struct col cols[] = {
	COL(bytes, "BYTES", 12),
	COL(allocs, "ALLOCATIONS", 12),
	COL_STACKS(0, stacks),
	{ 0 }
};

static const struct col alloc_cols[] = {
	COL_FMT(address, "ADDRESS", -18, fmt_address),
	COL(bytes, "BYTES", 12),
	COL_DIV(age_ns, "AGE(ms)", 10, 1000000, 3),
	COL_STACKS(0, stacks),
	{ 0 }
};

static const struct col trace_cols[] = {
	COL_TIME(0, "TIME"),
	COL(event.pid, "PID", -7),
	COL(event.tid, "TID", -7),
	COL(event.comm, "COMM", -16),
	COL_FMT(event.freed, "WHAT", -5, fmt_what),
	COL_FMT(event.address, "ADDRESS", -18, fmt_address),
	COL(event.size, "BYTES", 12),
	{ 0 }
};

static const struct col *cols_make(struct run *run)
{
	return opt_on(run, 't') ? trace_cols : rows_of_allocs(run) ? alloc_cols : cols;
}

/* Until 6.0 allocations on a node are apart. */
static const struct probe probes[] = {
	{ "allocations on a node", "?kmalloc_node ?cache_alloc_node" },
	{ "allocations for each CPU", "percpu_alloc percpu_free", 'P' },
	{ 0 }
};

BPF_OBJECT(memleak);

APPLET(memleak) = {
	.name = "memleak",
	.brief = "Show what is allocated and not released, by the stack that allocated it.",
	.help = "Each 5 seconds, and at the end. A process's allocator is found in the program\n"
		"itself, in the C library and in those that programs use in its place.\n"
		"Examples:\n"
		"  memleak -p 181               process 181: what is older than half a second\n"
		"  memleak -c './test -v 3' 60  a command, with arguments: what it leaves\n"
		"  memleak -p 181 -S je_ -O jemalloc    with functions named je_malloc and so on\n"
		"  memleak -P 10 3              the kernel, with memory for each CPU, three times\n"
		"Only what is allocated from now on is seen, and not in child processes. Stacks\n"
		"are of programs with frame pointers: without them they end early. A page of the\n"
		"kernel's slabs counts as a page, and its objects as objects; objects that it\n"
		"frees in bulk are taken for released once their address is given out again\n"
		"(-F: without a word about it).\n",
	OBJECT(memleak),
	.event_min = sizeof(struct event),
	.opts = opts,
	.cols = cols,
	.cols_make = cols_make,
	.probes = probes,
	.operands = OPERANDS_INTERVAL,
	.interval = 5,
	.setup = setup,
	.attach = attach,
	.tick = tick,
};
