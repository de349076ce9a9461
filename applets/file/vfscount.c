// SPDX-License-Identifier: GPL-2.0-or-later
// Count calls of the functions of the file system layer, vfs_*.
#include "applet.h"
#include "elf.h"
#include "ksyms.h"
#include "tracefs.h"
#include "vfscount.h"
#include "vfscount.skel.h"
#define RODATA struct vfscount_bpf__rodata

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <fcntl.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	LETTER('i', "interval"),
	{ 0 }
};

struct func {
	char *name;
	uint64_t addr;	/* 0: hidden */
	bool traced;	/* ftrace knows it: it can be attached with others at once */
};

struct funcs {
	struct func v[FUNCS_MAX];
	size_t n;
	bool cookies;
	const char *names[FUNCS_MAX]; /* of the traced ones, with their cookies */
	u64 cookie[FUNCS_MAX];
	size_t traced;
};

/* A row is a function and its calls since the last report. */
struct row {
	const struct func *func;
	uint64_t count;
};
#define EVENT struct row

/* ---- finding them ---- */

static bool func_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct funcs *all = arg;

	(void)module;
	/* Not where a compiler has put the part that is rarely run: it is none by itself. */
	if (strstr(name, ".cold"))
		return true;
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->v[i].name, name))
			return true;
	if (all->n == FUNCS_MAX)
		return false;
	all->v[all->n++] = (struct func){ .name = xstrdup(name), .addr = addr };
	return true;
}

/* "NAME" or "NAME [MODULE]" */
static bool traced_see(char *text, size_t len, void *arg)
{
	struct funcs *all = arg;

	(void)len;
	if (strncmp(text, "vfs_", 4))
		return true;
	text[strcspn(text, " \t")] = 0;
	for (size_t i = 0; i < all->n; i++)
		if (!strcmp(all->v[i].name, text))
			all->v[i].traced = true;
	return true;
}

static struct funcs *funcs_find(void)
{
	struct funcs *all = xalloc(sizeof(*all));
	int fd;

	kallsyms_match("vfs_*", func_see, all);
	if (!all->n)
		die(EXIT_CANNOT, "the kernel tells no functions vfs_* (/proc/kallsyms)");
	fd = tracefs_fd() < 0 ? -1 : openat(tracefs_fd(), "available_filter_functions",
					    O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file_lines(fd, traced_see, all);
	for (size_t i = 0; i < all->n; i++) {
		if (!all->v[i].traced)
			continue;
		all->names[all->traced] = all->v[i].name;
		all->cookie[all->traced++] = i;
	}
	all->cookies = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE, BPF_FUNC_get_attach_cookie,
					       NULL) == 1;
	return all;
}

/* ---- probing them ---- */

static void setup(struct run *run)
{
	struct funcs *all = run->own;

	if (!all)
		all = run->own = funcs_find();
	RUN_RODATA(run)->cookies = all->cookies;
	if (all->traced)
		prog_targets(run, "funcs_multi", all->names, all->cookie, all->traced);
	else
		prog_off(run, "funcs_multi");
}

/* What is hit is the function's first byte, or the one after it on x86. */
static void place_note(struct run *run, uint64_t addr, uint32_t at)
{
	for (uint64_t ip = addr; ip < addr + 2; ip++)
		if (bpf_map_update_elem(map_fd(run, "places"), &ip, &at, BPF_ANY))
			die(EXIT_FAIL, "cannot note the functions: %s", strerror(errno));
}

static void attach(struct run *run)
{
	struct funcs *all = run->own;
	size_t refused = 0;

	if (prog_loaded(run, "funcs_multi")) {
		refused = all->n - all->traced;
	} else {
		for (size_t i = 0; i < all->n; i++) {
			const struct func *f = &all->v[i];

			if (!all->cookies && !f->addr)
				die(EXIT_FAIL, "the kernel hides addresses (kernel.kptr_restrict)");
			if (!all->cookies)
				place_note(run, f->addr, i);
			refused += prog_attach_kprobe(run, "func_kprobe", false, f->name,
						      all->cookies ? i : 0) != 0;
		}
	}
	if (refused == all->n)
		die(EXIT_CANNOT, "this kernel lets none of the %zu functions be probed", all->n);
	if (refused)
		warn("%zu of %zu functions cannot be probed and are left out", refused, all->n);
}

/* ---- telling them ---- */

static int by_count(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? -1 : 1;
	return strcmp(x->func->name, y->func->name);
}

static void tick(struct run *run)
{
	const struct funcs *all = run->own;
	struct row rows[FUNCS_MAX];
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		uint64_t count;

		counts_since(run, "counts", i, &count, 1);
		if (count)
			rows[n++] = (struct row){ .func = &all->v[i], .count = count };
	}
	qsort(rows, n, sizeof(*rows), by_count);
	for (size_t i = 0; i < n; i++)
		row_print(run, &rows[i], false);
}

static void fmt_addr(struct cell *cell, const void *row)
{
	const struct func *f = ((const EVENT *)row)->func;

	if (f->addr)
		cell_printf(cell, "%016llx", (unsigned long long)f->addr);
	else
		cell_none(cell);
}

static void fmt_func(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->func->name);
}

static const struct col cols[] = {
	COL_FMT(func, "ADDR", -16, fmt_addr),
	COL_FMT(func, "FUNC", -26, fmt_func),
	COL(count, "COUNT", 8),
	{ 0 }
};

static const struct probe probes[] = {
	{ "vfs functions", "funcs_multi" },
	{ "vfs functions", "func_kprobe" },
	{ 0 }
};

BPF_OBJECT(vfscount);

APPLET(vfscount) = {
	.name = "vfscount",
	.brief = "Count calls of the functions of the file system layer, vfs_*.",
	.help = "Examples:\n"
		"  vfscount 10               for ten seconds\n"
		"  vfscount -i 1 -p 181      each second, those of process 181\n"
		"Functions that were not called are left out, the busiest comes last. What\n"
		"compilers put into its callers is not seen. Rates of the calls of most\n"
		"interest: vfsstat.\n",
	.title = "Tracing vfs_* functions... Hit Ctrl-C to end.",
	OBJECT(vfscount),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_DURATION,
	.setup = setup,
	.attach = attach,
	.tick = tick,
};
