// SPDX-License-Identifier: GPL-2.0-or-later
// Make functions of the kernel fail, along a given chain of calls.
#include "applet.h"
#include "elf.h"
#include "ksyms.h"
#include "../../bt/ctypes.h"
#include "../../bt/predicate.h"
#include "inject.h"
#include "inject.skel.h"
#define RODATA struct inject_bpf__rodata
#define EVENT  struct event

#include <bpf/bpf.h>
#include <fcntl.h>
#include <unistd.h>

enum { KEY_COMM = 1, KEY_CGROUP, TICKETS_MAX = 1000000, ERRNO_MAX = 4095 };

#define LIST "/sys/kernel/debug/error_injection/list"

static const struct opt opts[] = {
	FILTER_PID('p'),
	FILTER_TID('t'),
	FILTER_UID('u'),
	FILTER_COMM(KEY_COMM),
	FILTER_CGROUP(KEY_CGROUP),
	OPT_USER('e', "error", "ERRNO", "what it returns: ENOMEM, -12, true or null"),
	OPT_USER('P', "probability", "P", "how likely a call is to fail, above 0 up to 1 [1]"),
	OPT_USER_NUM('c', "count", "N", "let no more than N calls fail; without -s end then", 1,
		     TICKETS_MAX),
	LETTER('i', "interval"),
	OPT_CONST('s', sums_only, "summary", "sums by chain, not a line for each failure", true),
	OPT_CONST('K', which, "kernel-stack", "the kernel stack below each line", STACK_KERNEL),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	STACK_ROOM_OPTS,
	{ 0 }
};

/* A function that is looked for */
struct wanted {
	const char *name;  /* the user's */
	char real[256];	   /* that of the source: of "sys_mkdir", "__x64_sys_mkdir" */
	char symbol[256];  /* that of the kernel, which may have a suffix (.isra.0) */
	struct link *link; /* for its places; NULL: they do not matter */
	size_t places;
};

/* One function of a chain, as it was written */
struct spec_link {
	const char *name;      /* "": that which fails */
	const char *signature; /* NULL: the kernel's types tell */
	const char *predicate; /* NULL: none */
	size_t predicate_n;
	struct link *link;
	struct wanted *wanted; /* NULL: it is that which fails */
};

enum { ALL_LINKS = CHAINS * LINKS };

struct own {
	struct front *f;
	char function[256];
	const char *spec[CHAINS];
	struct chain chain[CHAINS];
	uint32_t nchains;
	struct spec_link read[ALL_LINKS];
	struct wanted wanted[ALL_LINKS];
	size_t nread, nwanted;
	struct predicates predicates;
	const char *caller[ALL_LINKS]; /* to be probed for their arguments */
	size_t ncallers;
	int64_t error;
	uint64_t chance, failures, failures_max;
};

static const struct mode {
	const char *word, *function, *config;
	int64_t error;
	int gfp; /* the argument that may forbid to fail; -1: none does */
} modes[] = {
	{ "kmalloc", "should_failslab", " and CONFIG_FAILSLAB", -ENOMEM, 1 },
	{ "alloc_page", "should_fail_alloc_page", " and CONFIG_FAIL_PAGE_ALLOC", 1, 0 },
	{ "bio", "should_fail_bio", "", -EIO, -1 },
};

/* By its word or by the function itself */
static const struct mode *mode_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (!strcmp(modes[i].word, name) || !strcmp(modes[i].function, name))
			return &modes[i];
	return NULL;
}

static bool is_security(const char *function)
{
	return !strncmp(function, "security_", 9);
}

/* ---- where functions are ---- */

/* The function itself, what the compiler made of it, or what it split off */
static bool is_part(const char *symbol, const char *name)
{
	size_t n = strlen(name);

	return !strncmp(symbol, name, n) && (!symbol[n] || symbol[n] == '.');
}

/* The same by the user's name: "sys_mkdir" and "SyS_mkdir" (as before 4.17) are the entry of that
 * system call. */
static bool is_named(const char *symbol, const char *name)
{
	const char *call = strncasecmp(name, "sys_", 4) ? NULL : front_syscall(symbol);

	return is_part(symbol, name) || (call && is_part(call, name + 4));
}

static void place_add(struct wanted *w, const char *symbol, uint64_t addr)
{
	if (!*w->symbol || !strchr(symbol, '.'))
		snprintf(w->symbol, sizeof(w->symbol), "%s", strstr(symbol, ".cold") ? "" : symbol);
	snprintf(w->real, sizeof(w->real), "%.*s", (int)strcspn(symbol, "."), symbol);
	if (!w->link)
		return;
	if (!addr)
		die(EXIT_FAIL, "the kernel hides the addresses of its functions: root or CAP_SYSLOG, "
			       "and sysctl kernel.kptr_restrict=1 at most, show them");
	if (w->places == PARTS)
		die(EXIT_CANNOT, "the kernel has more than %d functions '%s'", PARTS, w->name);
	w->link->part[w->places].from = addr;
	w->link->part[w->places++].len = UINT64_MAX;
}

struct search {
	struct wanted *w;
	size_t n;
};

static bool search_see(const char *symbol, uint64_t addr, const char *module, void *arg)
{
	const struct search *s = arg;

	(void)module;
	for (struct wanted *w = s->w; w < s->w + s->n; w++)
		if (is_named(symbol, w->name))
			place_add(w, symbol, addr);
	return true;
}

/* A function ends where the next one begins. */
static bool end_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	const struct search *s = arg;

	(void)name;
	(void)module;
	for (const struct wanted *w = s->w; w < s->w + s->n; w++)
		for (size_t i = 0; w->link && i < w->places; i++)
			if (addr > w->link->part[i].from &&
			    addr - w->link->part[i].from < w->link->part[i].len)
				w->link->part[i].len = addr - w->link->part[i].from;
	return true;
}

/* All at once: the kernel takes its time to list its functions. */
static void functions_find(struct wanted *w, size_t n, bool ends)
{
	struct search s = { w, n };
	int err = kallsyms_match("*", search_see, &s);

	if (!err && ends)
		err = kallsyms_match("*", end_see, &s);
	if (err)
		die(EXIT_CANNOT, "/proc/kallsyms: %s", strerror(-err));
}

/* ---- chains ---- */

/* The text in the bracket that follows, without it, and behind it; NULL: there is none. */
static const char *bracket_take(const char *spec, const char **p, size_t *n)
{
	const char *from = *p + strspn(*p, " \t"), *behind;

	if (*from != '(')
		return NULL;
	behind = front_bracket(from, spec + strlen(spec));
	if (!behind)
		die(EXIT_USAGE, "'%s': a bracket is not closed", spec);
	*n = behind - from - 2;
	*p = behind;
	return from + 1;
}

/* [FUNCTION[(SIGNATURE)]][(PREDICATE)], up to "=>", and behind that; NULL: it was the last one. */
static const char *link_read(struct own *own, const char *spec, const char *p, bool first,
			     struct spec_link *l)
{
	const char *text;
	size_t n;

	p += strspn(p, " \t");
	n = strcspn(p, " \t(=");
	l->name = bt_strndup(own->f->bt, p, n);
	if (!n && !(first && *p == '('))
		die(EXIT_USAGE, "'%s': expected a function at '%s'", spec, p);
	p += n;
	text = n ? bracket_take(spec, &p, &n) : NULL;
	if (text && n)
		l->signature = bt_strndup(own->f->bt, text, n);
	l->predicate = bracket_take(spec, &p, &l->predicate_n);
	p += strspn(p, " \t");
	if (*p && strncmp(p, "=>", 2))
		die(EXIT_USAGE, "'%s': expected '=>' at '%s'", spec, p);
	return *p ? p + 2 : NULL;
}

static void link_place(struct own *own, struct chain *c, struct spec_link *l)
{
	l->link = &c->link[0];
	if (!*l->name || (c->links == 1 && is_named(own->function, l->name)))
		return;
	if (c->links == LINKS)
		die(EXIT_USAGE, "a chain of more than %d functions", LINKS - 1);
	l->link = &c->link[c->links++];
	l->link->test = TEST_YES;
	l->wanted = &own->wanted[own->nwanted++];
	l->wanted->name = l->name;
	l->wanted->link = l->link;
}

/* An allocation that must not fail is not made to: who asks for one does not look at the result.
 * The flag was bit 15 before the kernel's types told it (6.10: include/linux/gfp_types.h). */
static uint8_t nofail_test(struct own *own)
{
	const struct mode *mode = mode_of(own->function);
	struct test t = { .op = TEST_EQ, .size = 4 };
	const char *of;
	int64_t bit = 15;

	if (!mode || mode->gfp < 0)
		return TEST_YES;
	ctype_enumerator(own->f->bt, "___GFP_NOFAIL_BIT", &bit, &of);
	t.mask = 1ULL << bit;
	t.arg = mode->gfp;
	return predicate_test(&own->predicates, &t, TEST_YES, TEST_NO);
}

static void chain_read(struct own *own, const char *spec)
{
	struct chain *c = &own->chain[own->nchains];
	const char *p = *spec ? spec : NULL;

	if (own->nchains == CHAINS)
		die(EXIT_USAGE, "more than %d chains", CHAINS);
	own->spec[own->nchains++] = spec;
	c->links = 1;
	c->link[0].test = nofail_test(own);
	for (bool first = true; p; first = false) {
		struct spec_link *l = &own->read[own->nread++];

		if (own->nread > ALL_LINKS)
			die(EXIT_USAGE, "more than %d functions", ALL_LINKS);
		p = link_read(own, spec, p, first, l);
		link_place(own, c, l);
	}
}

static void caller_add(struct own *own, const char *symbol)
{
	for (size_t i = 0; i < own->ncallers; i++)
		if (!strcmp(own->caller[i], symbol))
			return;
	own->caller[own->ncallers++] = symbol;
}

static void link_finish(struct own *own, const struct spec_link *l)
{
	const char *real = l->wanted ? l->wanted->real : own->function;
	struct front_target target = { .kind = 'p', .func = real, .spec = real };
	struct front_names names = { .target = &target, .signature = l->signature };

	if (!*real)
		die(EXIT_FAIL, "the kernel has no function '%s': it may be inlined; name one that "
			       "calls it", l->name);
	if (!l->predicate)
		return;
	l->link->test = predicate_add(own->f, &own->predicates, &names, l->predicate,
				      l->predicate_n, l->link->test);
	if (l->wanted && l->link->test != TEST_YES)
		caller_add(own, l->wanted->symbol);
}

/* ---- may it be failed, and how? ---- */

struct listed {
	const char *name;
	bool found;
	char type[16]; /* of the error: NULL, ERRNO, ERRNO_NULL, TRUE */
};

/* "should_failslab+0x0/0x10\tERRNO" */
static bool listed_see(char *text, size_t len, void *arg)
{
	struct listed *l = arg;
	size_t n = strlen(l->name);
	const char *tab = memrchr(text, '\t', len);

	if (strncmp(text, l->name, n) || (text[n] != '+' && text[n] != '\t' && text[n] != ' '))
		return true;
	l->found = true;
	if (tab)
		snprintf(l->type, sizeof(l->type), "%.*s", (int)strcspn(tab + 1, "\n"), tab + 1);
	return false;
}

/* The function by what the user calls it. What is missing in a kernel that cannot let it fail is told
 * before all else. */
static void function_look(struct own *own, const char *word, struct listed *l)
{
	const struct mode *mode = mode_of(word);
	/* lib/error-inject.c is there with CONFIG_FUNCTION_ERROR_INJECTION only. */
	struct wanted w[2] = { { .name = mode ? mode->function : word },
			       { .name = "within_error_injection_list" } };
	int fd = open(LIST, O_RDONLY | O_CLOEXEC);

	functions_find(w, 2, false);
	if (!*w[1].real && !is_security(word))
		die(EXIT_CANNOT, "this kernel lets nothing fail but functions security_*: that takes "
				 "CONFIG_FUNCTION_ERROR_INJECTION%s", mode ? mode->config : "");
	if (!*w[0].real && mode)
		die(EXIT_CANNOT, "this kernel has no function %s: that takes "
				 "CONFIG_FUNCTION_ERROR_INJECTION%s", mode->function, mode->config);
	if (!*w[0].real)
		die(EXIT_FAIL, "the kernel has no function '%s'", word);
	memcpy(own->function, w[0].real, sizeof(own->function));
	l->name = own->function;
	if (fd < 0) /* no debugfs: the kernel will tell */
		return;
	file_lines(fd, listed_see, l);
	if (!l->found && !is_security(word))
		die(EXIT_CANNOT, "%s is not among the functions that this kernel lets fail; see " LIST,
		    own->function);
}

static int64_t error_given(struct run *run)
{
	const char *text = opt_str(run, 'e');
	int64_t v = errno_number(text);

	if (!strcasecmp(text, "true"))
		return 1;
	if (!strcasecmp(text, "null"))
		return 0;
	if (!v && !parse_s64(text, &v))
		opt_bad(run, 'e', "expected a name as ENOMEM, a number, true or null");
	v = v < 0 ? v : -v;
	if (!v || v < -ERRNO_MAX)
		opt_bad(run, 'e', "expected an errno from 1 to 4095");
	return v;
}

static void error_choose(struct run *run, struct own *own, const struct listed *l)
{
	const struct mode *mode = mode_of(own->function);
	bool is_true = !strcmp(l->type, "TRUE"), is_null = !strcmp(l->type, "NULL");

	if (is_true || is_null)
		own->error = is_true;
	else
		own->error = mode ? mode->error : is_security(own->function) ? -EPERM : -EIO;
	if (!opt_on(run, 'e'))
		return;
	own->error = error_given(run);
	if ((is_true && own->error != 1) || (is_null && own->error) ||
	    (!strcmp(l->type, "ERRNO") && own->error >= 0) ||
	    (!strcmp(l->type, "ERRNO_NULL") && own->error > 0))
		opt_bad(run, 'e', bt_printf(own->f->bt, "%s fails by returning %s", own->function,
					    l->type));
}

static uint64_t chance_read(struct run *run)
{
	const char *text = opt_str(run, 'P');
	char *end = NULL;
	double p = text ? strtod(text, &end) : 1;

	if (text && (end == text || *end || !(p > 0 && p <= 1)))
		opt_bad(run, 'P', "expected a number above 0 up to 1");
	return p * 4294967296.0;
}

static struct own *own_make(struct run *run)
{
	struct own *own = xalloc(sizeof(*own));
	struct listed l = { 0 };
	struct bt_record *r;

	if (!run->argc)
		die(EXIT_USAGE, "what is to fail? Try 'inject kmalloc -p PID' or 'inject --help'");
	if (run->argc == 1 && !tasks_chosen(run))
		die(EXIT_USAGE, "for which tasks, or along which chain of calls? '(true)' is for all");
	own->f = front_new(run, 0, 0, 0);
	own->failures_max = opt_u64(run, 'c', 0);
	own->chance = chance_read(run);
	function_look(own, run->argv[0], &l);
	error_choose(run, own, &l);
	r = ctype_function(own->f->bt, own->function, NULL);
	if (r && (!r->n || r->member[r->n - 1].name[0] != '$'))
		die(EXIT_FAIL, "%s has no result that could be an error", own->function);
	for (int i = 1; i < run->argc; i++)
		chain_read(own, run->argv[i]);
	if (run->argc == 1)
		chain_read(own, "");
	if (own->nwanted)
		functions_find(own->wanted, own->nwanted, true);
	for (size_t i = 0; i < own->nread; i++)
		link_finish(own, &own->read[i]);
	return own;
}

/* ---- programs ---- */

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct own *own = run->own = run->own ? run->own : own_make(run);

	ro->filter.not_pid = getpid();
	ro->filter.any = true;
	memcpy((void *)ro->chains, own->chain, sizeof(own->chain));
	memcpy((void *)ro->tests, own->predicates.test, sizeof(own->predicates.test));
	ro->nchains = own->nchains;
	ro->error = own->error;
	ro->chance = own->chance;
	ro->limited = own->failures_max;
	ro->walk = own->nwanted;
	for (uint32_t i = 0; i < own->nchains; i++)
		ro->look |= own->chain[i].link[0].test != TEST_YES;
	map_resize(run, "tickets", own->failures_max);
	if (!own->ncallers) {
		prog_off(run, "caller");
		map_resize(run, "verdicts", 1);
	}
	prog_target(run, "by_fmod", own->function);
	prog_target(run, "by_kprobe", own->function);
	if (!own->error) /* 0 from an fmod_ret program lets the function go on. */
		prog_off(run, "by_fmod");
}

/* The function can fail by now, but none does without a ticket or a caller's verdict. */
static void attach(struct run *run)
{
	struct own *own = run->own;
	uint8_t ticket = 0;
	int err = 0;

	for (size_t i = 0; i < own->ncallers; i++) {
		err = prog_attach_kprobe(run, "caller", false, own->caller[i], 0);
		if (err)
			die(EXIT_CANNOT, "%s cannot be probed: %s", own->caller[i], strerror(-err));
	}
	for (uint64_t i = 0; i < own->failures_max && !err; i++)
		err = bpf_map_update_elem(map_fd(run, "tickets"), NULL, &ticket, BPF_ANY);
	if (err)
		die(EXIT_FAIL, "cannot count failures: %s", strerror(errno));
}

/* ---- output ---- */

static bool keep(struct run *run, void *event)
{
	struct own *own = run->own;

	(void)event;
	if (!opt_on(run, 's') && ++own->failures == own->failures_max)
		run_stop(run);
	return true;
}

static void fmt_function(struct cell *cell, const void *row)
{
	const struct own *own = cell_run(cell)->own;

	(void)row;
	cell_str(cell, own->function);
}

static void fmt_result(struct cell *cell, const void *row)
{
	const struct own *own = cell_run(cell)->own;

	(void)row;
	cell_s64(cell, own->error);
}

/* Of either row */
static void fmt_chain(struct cell *cell, const void *row)
{
	const struct own *own = cell_run(cell)->own;
	uint32_t chain = *(const uint32_t *)cell_ptr(cell, row);

	if (chain < own->nchains && *own->spec[chain])
		cell_str(cell, own->spec[chain]);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(chain, "FUNCTION", -22, fmt_function),
	COL_FMT(chain, "RESULT", 6, fmt_result),
	COL_FMT(chain, "CHAIN", 0, fmt_chain),
	COL_STACKS('K', stacks),
	{ 0 }
};

struct row {
	u32 chain, unused;
	struct sum sum;
};
#undef EVENT
#define EVENT struct row

static void sums_fill(struct run *run, void (*give)(const void *, const void *, void *), void *arg)
{
	const struct own *own = run->own;
	struct row row = { 0 };

	for (; row.chain < own->nchains; row.chain++) {
		counts_since(run, "sums", row.chain, (uint64_t *)&row.sum, 2);
		give(&row.chain, &row.sum, arg);
	}
}

static const struct col sum_cols[] = {
	COL_FMT(chain, "FUNCTION", -22, fmt_function),
	COL_FMT(chain, "RESULT", 6, fmt_result),
	COL(sum.calls, "CALLS", 10),
	COL(sum.failed, "FAILED", 10),
	COL_FMT(chain, "CHAIN", 0, fmt_chain),
	{ 0 }
};

static const struct top sums = {
	.when = 's',
	.cols = sum_cols,
	.fill = sums_fill,
	.key_size = offsetof(struct row, sum),
	.value_size = sizeof(struct sum),
	.sort = "FAILED",
};
#undef EVENT
#define EVENT struct event

static const struct probe probes[] = {
	{ "calls to fail (by fmod_ret, or CONFIG_BPF_KPROBE_OVERRIDE)", "by_fmod" },
	{ "calls to fail (by fmod_ret, or CONFIG_BPF_KPROBE_OVERRIDE)", "by_kprobe" },
	{ 0 }
};

BPF_OBJECT(inject);

APPLET(inject) = {
	.name = "inject",
	.brief = "Make functions of the kernel fail, along a given chain of calls.",
	.args = "kmalloc|bio|alloc_page|FUNCTION [CHAIN...]",
	.help = "CHAIN: [(PREDICATE) =>] FUNCTION[(SIGNATURE)[(PREDICATE)]] [=> CALLER...]\n"
		"Innermost function first; others may lie between. The first PREDICATE is of the\n"
		"function that fails. PREDICATE: C, of comparisons with constants: ARGUMENT,\n"
		"ARGUMENT->MEMBER..., these & BITS, STRCMP(ARGUMENT, \"TEXT\"), true; with && || !.\n"
		"Names and types are those of the kernel (BTF), so that no header is needed; a\n"
		"SIGNATURE gives other ones. Of several chains each may let a call fail.\n"
		"Examples:\n"
		"  inject kmalloc -c 3 -p 181 'sys_mount()'     3 allocations in mount(2)\n"
		"  inject kmalloc 'd_alloc_parallel()(STRCMP(name->name, \"bananas\"))'\n"
		"  inject bio -P 0.01 '(bio->bi_opf & 1) => ext4_writepages()'\n"
		"  inject security_inode_mkdir -e EACCES '(STRCMP(dentry->d_name.name, \"x\"))'\n"
		"  inject __x64_sys_mkdir -e EROFS -u nobody\n"
		"This lets programs and the kernel run into errors that may never have been\n"
		"tried: not for machines that matter. FUNCTION is any security_* that returns an\n"
		"error, which takes no more than BTF and fentry; or, with\n"
		"CONFIG_FUNCTION_ERROR_INJECTION, one of\n"
		LIST ", system calls among them. kmalloc\n"
		"takes CONFIG_FAILSLAB, too, alloc_page CONFIG_FAIL_PAGE_ALLOC.\n"
		"Allocations with __GFP_NOFAIL are spared, and so is this tool. What interrupts\n"
		"do while a task runs counts as the task's. Callers are found on the stack: one\n"
		"that was inlined, or ends by jumping into the next function, is not there; -K\n"
		"and stacksnoop show which ones are.\n",
	OBJECT(inject),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.top = &sums,
	.probes = probes,
	.operands = OPERANDS_OWN,
	STACK_ROOM_KEYS,
	.trial = "--comm :none: kmalloc", /* doctor must not change anything */
	.keep = keep,
	.setup = setup,
	.attach = attach,
};
