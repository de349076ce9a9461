// SPDX-License-Identifier: GPL-2.0-or-later
// Attach points: what they say, and what there is to attach to on this kernel.
#include "sites.h"
#include "asm.h"
#include "ctypes.h"
#include "elf.h"
#include "features.h"
#include "ksyms.h"
#include "tracefs.h"
#include "usdt.h"
#include "usyms.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/btf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <regex.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

const struct site_kind_row site_kinds[P_KINDS] = {
	[P_BEGIN] = {"BEGIN", "begin", NULL, ""},
	[P_END] = {"END", "end", NULL, ""},
	[P_KPROBE] = {"kprobe", "k", NULL, ":[MODULE:]FUNCTION[+OFFSET]", .kernel_args = true},
	[P_KRETPROBE] = {"kretprobe", "kr", NULL, ":[MODULE:]FUNCTION", .returns = true},
	[P_FENTRY] = {"fentry", "kfunc", "f", ":[MODULE:]FUNCTION", .args = true},
	[P_FEXIT] = {"fexit", "kretfunc", "fr", ":[MODULE:]FUNCTION", .args = true,
		     .returns = true},
	[P_TRACEPOINT] = {"tracepoint", "t", NULL, ":CATEGORY:EVENT", .args = true},
	[P_RAWTP] = {"rawtracepoint", "rt", NULL, ":[MODULE:]EVENT", .args = true},
	[P_UPROBE] = {"uprobe", "u", NULL, ":FILE:FUNCTION[+OFFSET]", .user = true},
	[P_URETPROBE] = {"uretprobe", "ur", NULL, ":FILE:FUNCTION", .user = true, .returns = true},
	[P_USDT] = {"usdt", "U", NULL, ":FILE:[PROVIDER:]PROBE", .user = true},
	[P_PROFILE] = {"profile", "p", NULL, ":hz|s|ms|us:NUMBER", .timed = true},
	[P_INTERVAL] = {"interval", "i", NULL, ":hz|s|ms|us:NUMBER", .timed = true},
	[P_SOFTWARE] = {"software", "s", NULL, ":EVENT[:COUNT]"},
	[P_HARDWARE] = {"hardware", "h", NULL, ":EVENT[:COUNT]"},
	[P_ITER] = {"iter", "it", NULL, ":KIND"},
	[P_WATCHPOINT] = {"watchpoint", "w", NULL, ":ADDRESS:1|2|4|8:w|rw|x"},
};

struct event_row {
	const char *name, *alias;
	uint64_t config;
	uint32_t period; /* events between two samples, where the point does not say */
};

static const struct event_row software_events[] = {
	{"alignment-faults", NULL, PERF_COUNT_SW_ALIGNMENT_FAULTS, 1},
	{"bpf-output", NULL, PERF_COUNT_SW_BPF_OUTPUT, 1},
	{"context-switches", "cs", PERF_COUNT_SW_CONTEXT_SWITCHES, 1000},
	{"cpu-clock", "cpu", PERF_COUNT_SW_CPU_CLOCK, 1000000},
	{"cpu-migrations", NULL, PERF_COUNT_SW_CPU_MIGRATIONS, 1},
	{"dummy", NULL, PERF_COUNT_SW_DUMMY, 1},
	{"emulation-faults", NULL, PERF_COUNT_SW_EMULATION_FAULTS, 1},
	{"major-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MAJ, 1},
	{"minor-faults", NULL, PERF_COUNT_SW_PAGE_FAULTS_MIN, 100},
	{"page-faults", "faults", PERF_COUNT_SW_PAGE_FAULTS, 100},
	{"task-clock", NULL, PERF_COUNT_SW_TASK_CLOCK, 1},
	{NULL, NULL, 0, 0}};

static const struct event_row hardware_events[] = {
	{"backend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_BACKEND, 1000000},
	{"branch-instructions", "branches", PERF_COUNT_HW_BRANCH_INSTRUCTIONS, 100000},
	{"branch-misses", NULL, PERF_COUNT_HW_BRANCH_MISSES, 100000},
	{"bus-cycles", NULL, PERF_COUNT_HW_BUS_CYCLES, 100000},
	{"cache-misses", NULL, PERF_COUNT_HW_CACHE_MISSES, 1000000},
	{"cache-references", NULL, PERF_COUNT_HW_CACHE_REFERENCES, 1000000},
	{"cpu-cycles", "cycles", PERF_COUNT_HW_CPU_CYCLES, 1000000},
	{"frontend-stalls", NULL, PERF_COUNT_HW_STALLED_CYCLES_FRONTEND, 1000000},
	{"instructions", NULL, PERF_COUNT_HW_INSTRUCTIONS, 1000000},
	{"ref-cycles", NULL, PERF_COUNT_HW_REF_CPU_CYCLES, 1000000},
	{NULL, NULL, 0, 0}};

/* ---- what they say ---- */

static bool is_glob(const char *s)
{
	return strpbrk(s, "*?");
}

bool site_is_pattern(const struct bt *bt, const char *s)
{
	return bt->config.regexp || is_glob(s);
}

bool kernel_has_cookies(struct bt *bt)
{
	if (!bt->cookies)
		bt->cookies = libbpf_probe_bpf_helper(BPF_PROG_TYPE_KPROBE,
						      BPF_FUNC_get_attach_cookie, NULL) == 1
				      ? 1
				      : -1;
	return bt->cookies > 0;
}

bool sites_have_cookies(struct bt *bt, const struct bt_probe *probe, enum site_kind kind)
{
	if (!probe->sites || !probe->sites->next || kind == P_RAWTP || kind == P_FENTRY ||
	    kind == P_FEXIT || kind == P_BEGIN || kind == P_END || kind == P_INTERVAL)
		return false;
	return kernel_has_cookies(bt);
}

/* $1 within an attach point. */
static const char *params_expand(struct bt *bt, const struct bt_point *pt)
{
	char text[PATH_MAX];
	size_t n = 0;

	for (const char *p = pt->text; *p && n < sizeof(text) - 1;) {
		char *end;
		unsigned long i;

		if (*p != '$' || p[1] < '1' || p[1] > '9') {
			text[n++] = *p++;
			continue;
		}
		i = strtoul(p + 1, &end, 10);
		if (i > (unsigned)bt->nparams)
			bt_error(bt, pt->span, "the program was given no parameter $%lu", i);
		n += snprintf(text + n, sizeof(text) - n, "%s", bt->params[i - 1]);
		n = MIN(n, sizeof(text) - 1);
		p = end;
	}
	return bt_strndup(bt, text, n);
}

static void kind_find(struct bt *bt, struct bt_point *pt, const char *text)
{
	size_t n = strcspn(text, ":");
	char *word = bt_strndup(bt, text, n), guess[96];
	struct bt_guess g;

	guess_begin(&g, word);
	for (size_t i = 0; i < P_KINDS; i++) {
		const struct site_kind_row *row = &site_kinds[i];

		guess_see(&g, row->name);
		if (strcmp(word, row->name) && (!row->alias || strcmp(word, row->alias)) &&
		    (!row->alias2 || strcmp(word, row->alias2)))
			continue;
		pt->kind = i;
		return;
	}
	if (!strcmp(word, "asyncwatchpoint") || !strcmp(word, "aw"))
		bt_error(bt, pt->span,
			 "asyncwatchpoint is not supported: let a uprobe print the address, and "
			 "give that to watchpoint");
	bt_error(bt, pt->span, "unknown kind of probe '%s'%s", word, guess_text(&g, guess));
}

/* A path may have colons, a C++ name has them: the first and the last part are the shortest. */
static void parts_split(struct bt *bt, struct bt_point *pt, const char *text)
{
	const char *p = strchr(text, ':'), *colon;
	size_t most = ARRAY_LEN(pt->part);

	if (pt->kind == P_UPROBE || pt->kind == P_URETPROBE)
		most = 2;
	while (p && pt->nparts < most) {
		p++;
		colon = pt->nparts + 1 < most ? strchr(p, ':') : NULL;
		pt->part[pt->nparts++] = bt_strndup(bt, p, colon ? (size_t)(colon - p) : strlen(p));
		p = colon;
	}
}

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{"s", 1000000000}, {"ms", 1000000}, {"us", 1000}, {"ns", 1}, {"m", 60000000000},
};

/* profile:hz:99, interval:s:1, interval:100ms */
static bool time_parse(const struct bt_point *pt, uint64_t *v, bool *frequency)
{
	const char *unit = pt->part[0], *num = pt->nparts > 1 ? pt->part[1] : NULL;
	char *end;

	if (!pt->nparts || pt->nparts > 2)
		return false;
	*frequency = false;
	if (pt->nparts == 1) {
		*v = strtoull(unit, &end, 10);
		if (end == unit)
			return false;
		unit = end;
	} else if (!parse_u64(num, v)) {
		return false;
	}
	if (!*v)
		return false;
	if (!strcmp(unit, "hz") || (pt->nparts == 1 && !*unit)) {
		*frequency = true;
		return *v <= 100000;
	}
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (!strcmp(unit, units[i].name))
			return !__builtin_mul_overflow(*v, units[i].ns, v);
	return false;
}

/* The length and what it is watched for, of watchpoint:ADDRESS:LENGTH:MODE. */
static bool watch_parse(const struct bt_point *pt, uint64_t *len, uint64_t *type)
{
	uint64_t n = 0, mode = 0;

	if (pt->nparts != 3 || !*pt->part[0] || !parse_u64(pt->part[1], &n))
		return false;
	for (const char *p = pt->part[2]; *p; p++)
		mode |= *p == 'r'   ? HW_BREAKPOINT_R
			: *p == 'w' ? HW_BREAKPOINT_W
			: *p == 'x' ? HW_BREAKPOINT_X
				    : HW_BREAKPOINT_INVALID << 8;
	*len = n;
	*type = mode;
	return (n == 1 || n == 2 || n == 4 || n == 8) && mode && mode < HW_BREAKPOINT_INVALID;
}

static const struct event_row *event_find(const struct bt_point *pt, struct bt_guess *g)
{
	const struct event_row *row = pt->kind == P_SOFTWARE ? software_events : hardware_events;

	guess_begin(g, pt->part[0]);
	for (; row->name; row++) {
		guess_see(g, row->name);
		if (row->alias)
			guess_see(g, row->alias);
		if (!strcmp(pt->part[0], row->name) ||
		    (row->alias && !strcmp(pt->part[0], row->alias)))
			return row;
	}
	return NULL;
}

static void form_wrong(struct bt *bt, const struct bt_point *pt) __attribute__((noreturn));
static void form_wrong(struct bt *bt, const struct bt_point *pt)
{
	bt_error(bt, pt->span, "expected %s%s", site_kinds[pt->kind].name,
		 site_kinds[pt->kind].form);
}

static void point_check(struct bt *bt, const struct bt_point *pt)
{
	size_t least = 1, most = 2;
	struct bt_guess g;
	char guess[96];
	uint64_t v;
	bool frequency;

	switch (pt->kind) {
	case P_BEGIN:
	case P_END:
		least = most = 0;
		break;
	case P_TRACEPOINT:
	case P_UPROBE:
	case P_URETPROBE:
		least = most = 2;
		break;
	case P_ITER:
		most = 1;
		break;
	case P_USDT:
		least = 2;
		most = 3;
		break;
	case P_WATCHPOINT:
		if (!watch_parse(pt, &v, &v))
			form_wrong(bt, pt);
		if (strstr(pt->part[0], "+arg"))
			bt_error(bt, pt->span,
				 "what is behind an argument cannot be watched: let a uprobe "
				 "print the address, and give that to watchpoint");
		return;
	case P_PROFILE:
	case P_INTERVAL:
		if (!time_parse(pt, &v, &frequency))
			form_wrong(bt, pt);
		return;
	default:
		break;
	}
	if (pt->nparts < least || pt->nparts > most)
		form_wrong(bt, pt);
	for (size_t i = 0; i < pt->nparts; i++)
		if (!*pt->part[i] && (pt->kind != P_USDT || i || !bt->pid))
			form_wrong(bt, pt);
	if (pt->kind != P_SOFTWARE && pt->kind != P_HARDWARE)
		return;
	if (!event_find(pt, &g))
		bt_error(bt, pt->span, "there is no %s event '%s'%s", site_kinds[pt->kind].name,
			 pt->part[0], guess_text(&g, guess));
	if (pt->nparts > 1 && (!parse_u64(pt->part[1], &v) || !v))
		form_wrong(bt, pt);
}

void points_parse(struct bt *bt, struct bt_probe *probe)
{
	for (struct bt_point *pt = probe->points; pt; pt = pt->next) {
		const char *text = params_expand(bt, pt);

		kind_find(bt, pt, text);
		parts_split(bt, pt, text);
		pt->text = text;
		point_check(bt, pt);
	}
}

/* ---- what there is ---- */

struct finder {
	struct bt *bt;
	struct bt_probe *probe;
	const struct bt_point *pt;
	struct bt_site **end;
	size_t n;
	const char *path;
	struct bt_guess guess;
	site_see *see; /* sites_list() */
	void *arg;
	const char *prefix;
	const char *pattern;
	char missing[256];
	regex_t regex;
	char **names; /* of kernel functions, before they are sites */
	size_t nnames;
	bool traced;	     /* the names are of what can be traced, all of it */
	const char **listed; /* -l */
	size_t nlisted;
};

/* From here on `fits` asks for this pattern. As in BCC, a regular expression is anchored at the
 * start. */
static void pattern_set(struct finder *f, const char *pattern)
{
	char why[128];
	int err;

	f->pattern = pattern;
	if (!f->bt->config.regexp)
		return;
	err = regcomp(&f->regex, pattern, REG_EXTENDED);
	if (!err)
		return;
	regerror(err, &f->regex, why, sizeof(why));
	bt_error_status(f->bt, EXIT_USAGE, f->pt->span, "'%s': %s", pattern, why);
}

static bool fits(const struct finder *f, const char *name)
{
	regmatch_t m;

	if (!f->bt->config.regexp)
		return glob_matches(f->pattern, name);
	return !regexec(&f->regex, name, 1, &m, 0) && !m.rm_so;
}

static void pattern_end(struct finder *f)
{
	if (f->bt->config.regexp)
		regfree(&f->regex);
}

/* `same` is another place of the same probe, or NULL. */
static struct bt_site *site_add(struct finder *f, const char *name, const struct bt_site *same)
{
	struct bt_site *s = bt_alloc(f->bt, sizeof(*s));

	if (f->bt->nsites == f->bt->config.max_probes)
		bt_error(f->bt, f->pt->span,
			 "more than %u places to attach to: be more particular, or set max_probes",
			 f->bt->config.max_probes);
	s->point = f->pt;
	s->kind = f->pt->kind;
	s->name = name;
	s->number = same ? same->number : f->bt->nsites;
	if (!same) {
		f->bt->site = bt_grow(f->bt, f->bt->site, f->bt->nsites, sizeof(*f->bt->site));
		f->bt->site[f->bt->nsites++] = s;
	}
	*f->end = s;
	f->end = &s->next;
	f->n++;
	return s;
}

static const char *last_part(const struct bt_point *pt)
{
	return pt->part[pt->nparts - 1];
}

static struct bt_site *site_of_func(struct finder *f, const char *func)
{
	struct bt_site *s;

	s = site_add(f, bt_printf(f->bt, "%s:%s", site_kinds[f->pt->kind].name, func), NULL);
	s->func = func;
	return s;
}

/* FUNCTION+OFFSET: cuts the text. */
static uint64_t offset_take(struct bt *bt, const struct bt_point *pt, char *func)
{
	char *plus = strchr(func, '+');
	uint64_t off;

	if (!plus)
		return 0;
	if (!parse_u64(plus + 1, &off))
		bt_error(bt, pt->span, "the offset behind '+' is no number");
	*plus = 0;
	return off;
}

/* "NAME" or "NAME [MODULE]": is it of the module that the point names, if it names one? */
static bool module_is(const struct bt_point *pt, const char *line)
{
	const char *module = pt->nparts > 1 ? pt->part[0] : NULL, *found = strchr(line, '[');
	size_t n = module ? strlen(module) : 0;

	if (!module)
		return true;
	if (!strcmp(module, "vmlinux"))
		return !found;
	return found && !strncmp(found + 1, module, n) && found[1 + n] == ']';
}

static bool traced_line(char *text, size_t len, void *arg)
{
	struct finder *f = arg;

	(void)len;
	if (!module_is(f->pt, text))
		return true;
	text[strcspn(text, " \t")] = 0;
	if (!fits(f, text))
		return true;
	f->names = bt_grow(f->bt, f->names, f->nnames, sizeof(*f->names));
	f->names[f->nnames++] = bt_strndup(f->bt, text, strlen(text));
	return true;
}

static bool kallsyms_line(const char *name, uint64_t addr, const char *module, void *arg)
{
	char text[512];

	(void)addr;
	snprintf(text, sizeof(text), module ? "%s [%s]" : "%s", name, module);
	return traced_line(text, 0, arg);
}

static int name_order(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A name that several functions have is one place: the kernel does not tell which is meant. */
static void functions_add(struct finder *f)
{
	if (f->nnames)
		qsort(f->names, f->nnames, sizeof(*f->names), name_order);
	for (size_t i = 0; i < f->nnames; i++)
		if (!i || strcmp(f->names[i], f->names[i - 1]))
			site_of_func(f, f->names[i]);
	f->nnames = 0;
}

static void no_kprobes(struct finder *f)
{
	if (access("/sys/bus/event_source/devices/kprobe", F_OK))
		bt_error_status(f->bt, EXIT_CANNOT, f->pt->span,
				"this kernel has no kprobes (CONFIG_KPROBES); tracepoints and "
				"functions of programs can be traced");
}

static void kprobe_find(struct finder *f)
{
	char *func = bt_printf(f->bt, "%s", last_part(f->pt));
	int fd;

	no_kprobes(f);
	if (f->pt->nparts > 1) /* its types, if there are any: kprobes work without */
		ctypes_module(f->bt, f->pt->part[0]);
	if (!site_is_pattern(f->bt, func)) {
		uint64_t off = offset_take(f->bt, f->pt, func);
		struct bt_site *s = site_of_func(f, func);

		s->offset = off;
		return;
	}
	pattern_set(f, func);
	/* Of the functions that are traced none is one that kprobes must not touch. */
	fd = tracefs_fd() < 0
		     ? -1
		     : openat(tracefs_fd(), "available_filter_functions", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file_lines(fd, traced_line, f);
	else
		kallsyms_match(f->bt->config.regexp ? "*" : func, kallsyms_line, f);
	pattern_end(f);
	functions_add(f);
}

static void fentry_site(struct finder *f, const char *func, uint32_t id)
{
	struct bt_site *s = site_of_func(f, func);

	s->btf_id = id;
	if (!ctype_is_of_module(f->bt, id, &s->btf_fd))
		s->btf_fd = 0;
}

/* Types have functions that cannot be traced, and the other way round. */
static void fentry_see(const char *name, uint32_t id, void *arg)
{
	struct finder *f = arg;

	if (fits(f, name) &&
	    (!f->traced || bsearch(&name, f->names, f->nnames, sizeof(*f->names), name_order)))
		fentry_site(f, name, id);
}

static void fentry_pattern(struct finder *f, const char *func)
{
	int fd = tracefs_fd() < 0
			 ? -1
			 : openat(tracefs_fd(), "available_filter_functions", O_RDONLY | O_CLOEXEC);

	pattern_set(f, func);
	f->traced = fd >= 0;
	if (f->traced)
		file_lines(fd, traced_line, f);
	if (f->nnames)
		qsort(f->names, f->nnames, sizeof(*f->names), name_order);
	if (f->nnames || !f->traced)
		ctype_each(f->bt, BTF_KIND_FUNC, fentry_see, f);
	pattern_end(f);
	f->nnames = 0;
}

/* The module of fentry:MODULE:FUNCTION and the like, whose types are wanted. */
static bool module_use(struct finder *f)
{
	const char *module = f->pt->part[0];

	if (f->pt->nparts < 2 || !strcmp(module, "vmlinux") || ctypes_module(f->bt, module) >= 0)
		return true;
	snprintf(f->missing, sizeof(f->missing),
		 "there are no types of a module '%.60s', or another module was named before",
		 module);
	return false;
}

/* fentry needs the types of the function, so these are what there is. */
static void fentry_find(struct finder *f)
{
	const char *func = last_part(f->pt), *why;
	uint32_t id = 0;

	if (!ctypes_btf(f->bt, &why))
		bt_error_status(f->bt, EXIT_CANNOT, f->pt->span, "%s", why);
	if (!module_use(f))
		return;
	if (site_is_pattern(f->bt, func))
		fentry_pattern(f, func);
	else if (ctype_function(f->bt, func, &id))
		fentry_site(f, func, id);
	else
		snprintf(f->missing, sizeof(f->missing), "the kernel's types have no function '%s'",
			 func);
}

static int dir_open(const char *path)
{
	return tracefs_fd() < 0 ? -1
				: openat(tracefs_fd(), path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* Call `each` for the folders of a folder of tracefs that fit; no pattern: the finder's. */
static void dirs_each(struct finder *f, const char *path, const char *pattern,
		      void (*each)(struct finder *f, const char *path, const char *name))
{
	int fd = dir_open(path);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;

	while (dir && (e = readdir(dir)))
		if (e->d_name[0] != '.' && e->d_type == DT_DIR &&
		    (pattern ? glob_matches(pattern, e->d_name) : fits(f, e->d_name)))
			each(f, path, e->d_name);
	if (dir)
		closedir(dir);
}

static void tracepoint_see(struct finder *f, const char *path, const char *name)
{
	const char *category = strrchr(path, '/') + 1;
	struct bt_site *s;
	char text[256];

	snprintf(text, sizeof(text), "tracepoint:%s:%s", category, name);
	s = site_add(f, bt_printf(f->bt, "%s", text), NULL);
	s->func = bt_printf(f->bt, "%s/%s", category, name);
}

static void category_see(struct finder *f, const char *path, const char *name)
{
	char inner[256];

	snprintf(inner, sizeof(inner), "%s/%s", path, name);
	dirs_each(f, inner, NULL, tracepoint_see);
}

static void name_guess(struct finder *f, const char *path, const char *name)
{
	(void)path;
	guess_see(&f->guess, name);
}

static void tracepoint_find(struct finder *f)
{
	const char *category = f->pt->part[0], *event = f->pt->part[1];
	char path[256], guess[96];

	if (tracefs_fd() < 0)
		bt_error_status(f->bt, EXIT_CANNOT, f->pt->span, "tracefs cannot be reached: %s",
				strerror(errno));
	if (is_glob(category) || site_is_pattern(f->bt, event)) {
		pattern_set(f, event);
		dirs_each(f, "events", category, category_see);
		pattern_end(f);
		return;
	}
	snprintf(path, sizeof(path), "events/%s", category);
	if (strchr(event, '/') || strchr(category, '/'))
		return;
	snprintf(path, sizeof(path), "%s/%s", category, event);
	if (tracefs_event_id(path) >= 0) {
		snprintf(path, sizeof(path), "events/%s", category);
		tracepoint_see(f, path, event);
		return;
	}
	snprintf(path, sizeof(path), "events/%s", category);
	if (!tracefs_has(path)) {
		guess_begin(&f->guess, category);
		dirs_each(f, "events", "*", name_guess);
		snprintf(f->missing, sizeof(f->missing), "there is no category '%s'%s", category,
			 guess_text(&f->guess, guess));
		return;
	}
	guess_begin(&f->guess, event);
	dirs_each(f, path, "*", name_guess);
	snprintf(f->missing, sizeof(f->missing), "there is no tracepoint '%s:%s'%s", category,
		 event, guess_text(&f->guess, guess));
}

/* A process in a container: its paths are not ours. */
static bool other_root(int pid)
{
	struct stat ours, its;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", pid);
	return !stat("/", &ours) && !stat(path, &its) &&
	       (ours.st_dev != its.st_dev || ours.st_ino != its.st_ino);
}

bool site_file(const struct bt *bt, const char *name, char *path, size_t size)
{
	const char *base = !strncmp(name, "lib", 3) ? name + 3 : name;

	if (strchr(name, '/')) {
		snprintf(path, size, "%s", name);
		if (bt->pid && *name == '/' && other_root(bt->pid))
			snprintf(path, size, "/proc/%d/root%s", bt->pid, name);
		return file_there(path);
	}
	return (bt->pid && !lib_find(bt->pid, name, path, size)) ||
	       !lib_find(0, name, path, size) || (base != name && !lib_find(0, base, path, size)) ||
	       !program_find(name, path, size) ||
	       (!strcmp(base, "pthread") && !lib_find(0, "c", path, size));
}

/* Where the file begins in the process of -p. */
static uint64_t load_base(const struct bt *bt, const char *path)
{
	char maps[64], line[PATH_MAX + 128], found[PATH_MAX], real[PATH_MAX];
	unsigned long long start, offset, base = 0;
	FILE *f;

	snprintf(maps, sizeof(maps), "/proc/%d/maps", bt->pid);
	f = bt->pid && realpath(path, real) ? fopen(maps, "re") : NULL;
	while (f && !base && fgets(line, sizeof(line), f))
		if (sscanf(line, "%llx-%*x %*s %llx %*s %*s %4095s", &start, &offset, found) == 3 &&
		    !offset && !strcmp(found, real))
			base = start;
	if (f)
		fclose(f);
	return base;
}

static bool symbol_find(Elf *e, Elf_Scn *scn, const char *name, uint64_t *addr, uint64_t *size)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Shdr head;
	GElf_Sym sym;

	if (!gelf_getshdr(scn, &head) || !data || !head.sh_entsize ||
	    (head.sh_type != SHT_SYMTAB && head.sh_type != SHT_DYNSYM))
		return false;
	for (size_t i = 0; i < head.sh_size / head.sh_entsize; i++) {
		const char *own;

		if (!gelf_getsym(data, i, &sym) || GELF_ST_TYPE(sym.st_info) != STT_OBJECT ||
		    !sym.st_shndx)
			continue;
		own = elf_strptr(e, head.sh_link, sym.st_name);
		if (!own || strcmp(own, name))
			continue;
		*addr = sym.st_value;
		*size = sym.st_size;
		return true;
	}
	return false;
}

bool site_symbol(const struct bt *bt, const struct bt_site *site, const char *name, uint64_t *addr,
		 uint64_t *size)
{
	int fd = open(site->path, O_RDONLY | O_CLOEXEC);
	bool found = false, moves;
	Elf_Scn *scn = NULL;
	GElf_Ehdr head;
	Elf *e;

	elf_version(EV_CURRENT);
	e = fd < 0 ? NULL : elf_begin(fd, ELF_C_READ, NULL);
	moves = !e || !gelf_getehdr(e, &head) || head.e_type == ET_DYN;
	while (e && !found && (scn = elf_nextscn(e, scn)))
		found = symbol_find(e, scn, name, addr, size);
	elf_end(e);
	if (fd >= 0)
		close(fd);
	if (found && moves) {
		uint64_t base = load_base(bt, site->path);

		*addr += base;
		found = base;
	}
	return found;
}

struct wanted {
	const char *name;
	size_t len;
	uint64_t addr;
};

/* "ffffffff81000000 D name", and for modules "\t[module]" behind it */
static bool wanted_line(char *text, size_t len, void *arg)
{
	struct wanted *w = arg;
	uint64_t addr = hex_take(&text);

	(void)len;
	if (text[0] == ' ' && text[1] && !strncmp(text + 3, w->name, w->len) &&
	    (!text[3 + w->len] || text[3 + w->len] == '\t'))
		w->addr = addr;
	return !w->addr;
}

/* ksyms.c knows functions; this is about data as well. */
bool kernel_symbol(const char *name, uint64_t *addr)
{
	struct wanted w = {.name = name, .len = strlen(name)};
	int fd;

	if (ksym_ask(name, addr))
		return *addr;
	fd = file_open_in("", "/proc/kallsyms", 0);
	if (fd >= 0)
		file_lines(fd, wanted_line, &w);
	*addr = w.addr;
	return w.addr;
}

static struct bt_site *site_of_file(struct finder *f, const char *func, uint64_t offset)
{
	struct bt_site *s = site_add(
		f, bt_printf(f->bt, "%s:%s:%s", site_kinds[f->pt->kind].name, f->path, func), NULL);

	s->func = func;
	s->path = f->path;
	s->offset = offset;
	return s;
}

static bool user_see(const struct elf_func *fn, void *arg)
{
	struct finder *f = arg;

	guess_see(&f->guess, fn->name);
	if (f->pattern && !fn->ifunc && fits(f, fn->name)) {
		for (struct bt_site *s = f->probe->sites; s; s = s->next)
			if (s->point == f->pt && s->offset == fn->offset)
				return true;
		site_of_file(f, bt_strndup(f->bt, fn->name, strlen(fn->name)), fn->offset);
	}
	return true;
}

static void user_find(struct finder *f, struct elf *e)
{
	char *func = bt_printf(f->bt, "%s", f->pt->part[1]), guess[96];
	uint64_t off, vaddr;
	struct elf_func fn;

	guess_begin(&f->guess, func);
	f->pattern = NULL;
	if (site_is_pattern(f->bt, func)) {
		pattern_set(f, func);
		elf_each_func(e, user_see, f);
		pattern_end(f);
		return;
	}
	if (parse_u64(func, &vaddr)) {
		if (!elf_vaddr_to_offset(e, vaddr, &off))
			bt_error(f->bt, f->pt->span, "%s: no code at %s", f->path, func);
		site_of_file(f, func, off);
		return;
	}
	off = offset_take(f->bt, f->pt, func);
	if (!elf_find_func(e, func, &fn)) {
		if (fn.ifunc)
			snprintf(f->missing, sizeof(f->missing),
				 "%s: %s only chooses one of several "
				 "functions when the program starts",
				 f->path, func);
		else
			site_of_file(f, func, fn.offset + off);
		return;
	}
	elf_each_func(e, user_see, f);
	snprintf(f->missing, sizeof(f->missing), "there is no function '%s' in %s%s", func, f->path,
		 guess_text(&f->guess, guess));
}

/* Since glibc 2.34 the functions of these are in libc. */
static void moved_to_libc(struct finder *f)
{
	const char *base = strrchr(f->path, '/') ? strrchr(f->path, '/') + 1 : f->path;
	char path[PATH_MAX];
	struct elf *e;

	if (f->pattern || !f->missing[0] ||
	    (strncmp(base, "libpthread", 10) && strncmp(base, "libdl", 5) &&
	     strncmp(base, "librt", 5)))
		return;
	if (!site_file(f->bt, "c", path, sizeof(path)) || !(e = elf_file_open(path, NULL)))
		return;
	f->path = bt_printf(f->bt, "%s", path);
	f->missing[0] = 0;
	user_find(f, e);
	elf_file_close(e);
}

/* Points and probes name the same file again and again. */
static struct elf *uprobe_file(struct finder *f)
{
	struct bt_file *file = &f->bt->file;
	const char *name = f->pt->part[0], *why;
	char path[PATH_MAX];

	if (file->elf && !strcmp(file->name, name))
		return file->elf;
	elf_file_close(file->elf);
	file->elf = NULL;
	if (!site_file(f->bt, name, path, sizeof(path))) {
		snprintf(f->missing, sizeof(f->missing), "there is no library or program '%s'",
			 name);
		return NULL;
	}
	file->elf = elf_file_open(path, &why);
	if (!file->elf)
		bt_error(f->bt, f->pt->span, "%.200s: %.40s", path, why);
	file->name = name;
	file->path = bt_printf(f->bt, "%s", path);
	return file->elf;
}

static void uprobe_find(struct finder *f)
{
	struct elf *e = uprobe_file(f);

	if (!e)
		return;
	f->path = f->bt->file.path;
	if (f->pt->kind == P_URETPROBE && elf_is_go(e))
		bt_error_status(f->bt, EXIT_CANNOT, f->pt->span,
				"%s is a Go program: Go moves its stacks, "
				"and a probe on a return would crash it",
				f->path);
	user_find(f, e);
	moved_to_libc(f);
}

/* ---- USDT ---- */

/* A pattern for the probes of providers that fit, too. */
static bool note_fits(const struct finder *f, const struct usdt_note *note)
{
	const char *provider = f->pt->nparts > 2 ? f->pt->part[1] : NULL, *name = last_part(f->pt);

	if (provider && !glob_matches(provider, note->provider))
		return false;
	return site_is_pattern(f->bt, name) ? fits(f, note->name)
					    : usdt_name_is(note->name, name, strlen(name));
}

static bool note_see(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct finder *f = arg;
	struct usdt_arg all[USDT_ARGS_MAX];
	const char *func, *name;
	struct bt_site *s, *same = f->probe->sites;

	guess_see(&f->guess, note->name);
	if (!note_fits(f, note))
		return true;
	func = bt_printf(f->bt, "%s:%s", note->provider, note->name);
	name = bt_printf(f->bt, "usdt:%s:%s", f->path, func);
	while (same && (same->point != f->pt || strcmp(same->name, name)))
		same = same->next;
	s = site_add(f, name, same);
	s->func = func;
	s->path = f->path;
	s->offset = note->offset;
	s->semaphore = note->semaphore;
	s->noperands = usdt_args(e, note, all);
	s->operand = bt_alloc(f->bt, sizeof(all));
	memcpy(s->operand, all, s->noperands * sizeof(*all));
	return true;
}

/* -l: each probe once, however many places it has. */
static bool note_list(struct elf *e, const struct usdt_note *note, void *arg)
{
	struct finder *f = arg;
	const char *name = bt_printf(f->bt, "usdt:%s:%s:%s", f->path, note->provider, note->name);

	(void)e;
	if (!note_fits(f, note))
		return true;
	for (size_t i = 0; i < f->nlisted; i++)
		if (!strcmp(f->listed[i], name))
			return true;
	f->listed = bt_grow(f->bt, f->listed, f->nlisted, sizeof(*f->listed));
	f->listed[f->nlisted++] = name;
	f->see(name, f->arg);
	return true;
}

static bool usdt_file(struct finder *f, const char *path, const char **why)
{
	struct elf *e = elf_file_open(path, why);

	if (!e)
		return false;
	f->path = bt_printf(f->bt, "%s", path);
	usdt_each(e, f->see ? note_list : note_see, f);
	elf_file_close(e);
	return true;
}

/* The files of a process: a file has several mappings, and each is looked at once. */
static void mapped_see(const struct mapped_file *file, void *arg)
{
	struct finder *f = arg;
	char text[PATH_MAX], root[32], *path = text;
	size_t n = snprintf(root, sizeof(root), "/proc/%d/root/", f->bt->pid);

	if (mapped_file_path(file, text, sizeof(text)))
		return;
	if (!strncmp(path, root, n) && !other_root(f->bt->pid))
		path += n - 1;
	for (size_t i = 0; i < f->nnames; i++)
		if (!strcmp(f->names[i], path))
			return;
	f->names = bt_grow(f->bt, f->names, f->nnames, sizeof(*f->names));
	f->names[f->nnames++] = bt_strndup(f->bt, path, strlen(path));
	usdt_file(f, path, NULL);
}

/* Of `file`, or of all that the process of -p has, where that is "" or "*". */
static void usdt_files(struct finder *f, const char *file)
{
	const char *why;
	char path[PATH_MAX];
	int err;

	if (f->bt->pid && (!*file || !strcmp(file, "*"))) {
		err = mapped_each(f->bt->pid, mapped_see, f);
		f->nnames = 0;
		if (err)
			snprintf(f->missing, sizeof(f->missing), "process %d: %s", f->bt->pid,
				 strerror(-err));
	} else if (!site_file(f->bt, file, path, sizeof(path))) {
		snprintf(f->missing, sizeof(f->missing), "there is no library or program '%s'%s",
			 file, strcmp(file, "*") ? "" : "; all of a process: with -p PID");
	} else if (!usdt_file(f, path, &why)) {
		snprintf(f->missing, sizeof(f->missing), "%.200s: %.40s", path, why);
	}
}

static void usdt_find(struct finder *f)
{
	const char *name = last_part(f->pt);
	bool pattern = site_is_pattern(f->bt, name);
	size_t before = f->n;
	char guess[96];

	guess_begin(&f->guess, name);
	if (pattern)
		pattern_set(f, name);
	usdt_files(f, f->pt->part[0]);
	if (pattern)
		pattern_end(f);
	if (f->n == before && !f->missing[0])
		snprintf(f->missing, sizeof(f->missing), "there is no USDT probe '%s' in %s%s",
			 strchr(strchr(f->pt->text, ':') + 1, ':') + 1,
			 f->path ? f->path : "that process", guess_text(&f->guess, guess));
}

/* A number; or a variable, of the process of -p or of the kernel. */
static void watch_find(struct finder *f)
{
	char *name = bt_printf(f->bt, "%s", f->pt->part[0]), exe[32];
	struct bt_site *s;
	uint64_t addr, size, off = 0;
	bool number = parse_u64(name, &addr);

	if (!number && f->bt->child)
		bt_error(f->bt, f->pt->span,
			 "of a command that is yet to start (-c) the address "
			 "has to be given as a number");
	if (!number)
		off = offset_take(f->bt, f->pt, name);
	snprintf(exe, sizeof(exe), "/proc/%d/exe", f->bt->pid);
	if (!number &&
	    (f->bt->pid ? !site_symbol(f->bt, &(struct bt_site){.path = exe}, name, &addr, &size)
			: !kernel_symbol(name, &addr))) {
		snprintf(f->missing, sizeof(f->missing),
			 f->bt->pid ? "the program of that process has no variable '%.100s'"
				    : "the kernel has no symbol '%.100s', or hides its address",
			 name);
		return;
	}
	addr += off;
	s = site_add(f, f->pt->text, NULL);
	s->offset = addr;
	watch_parse(f->pt, &s->period, &s->config);
	if (addr % s->period)
		bt_error(f->bt, f->pt->span, "the address %#llx is no multiple of the length",
			 (unsigned long long)addr);
}

/* ---- iterators ----
 * KIND is one for which the kernel has a function bpf_iter_KIND; its context is a struct
 * bpf_iter__KIND. */

static void iter_guess(const char *name, uint32_t id, void *arg)
{
	struct finder *f = arg;

	(void)id;
	if (!strncmp(name, "bpf_iter__", 10))
		guess_see(&f->guess, name + 10);
}

const struct bt_type *iter_context(struct bt *bt, const char *kind)
{
	return ctype_parse(bt, bt_printf(bt, "struct bpf_iter__%s", kind), NULL);
}

/* What is gone through: the last pointer in the context, each member of which is a union with a
 * number, so that all have 8 bytes. */
static bool iter_object(struct bt *bt, const struct bt_type *t, uint64_t *offset)
{
	struct bt_record *r = t->record, *both;
	bool found = false;

	record_fill(bt, r);
	for (size_t i = 1; i < r->n; i++) {
		const struct bt_member *m = &r->member[i];

		both = m->type->kind == T_RECORD ? m->type->record : NULL;
		if (both)
			record_fill(bt, both);
		if ((both && both->n && both->member[0].type->kind == T_PTR) ||
		    m->type->kind == T_PTR) {
			*offset = m->offset;
			found = true;
		}
	}
	return found;
}

static void iter_find(struct finder *f)
{
	const char *kind = f->pt->part[0], *why;
	const struct bt_type *t;
	struct bt_site *s;
	uint32_t id = 0;
	uint64_t offset;
	char guess[96];

	if (!ctypes_btf(f->bt, &why))
		bt_error_status(f->bt, EXIT_CANNOT, f->pt->span, "%s", why);
	t = iter_context(f->bt, kind);
	if (t && iter_object(f->bt, t, &offset) &&
	    ctype_function(f->bt, bt_printf(f->bt, "bpf_iter_%s", kind), &id)) {
		s = site_of_func(f, kind);
		s->btf_id = id;
		s->offset = offset;
		return;
	}
	guess_begin(&f->guess, kind);
	ctype_each(f->bt, BTF_KIND_STRUCT, iter_guess, f);
	snprintf(f->missing, sizeof(f->missing), "this kernel has no iterator '%.100s'%s", kind,
		 guess_text(&f->guess, guess));
}

static void simple_find(struct finder *f)
{
	const struct event_row *row;
	struct bt_guess g;
	struct bt_site *s = site_add(f, f->pt->text, NULL);

	switch (f->pt->kind) {
	case P_BEGIN:
	case P_END:
		s->name = site_kinds[f->pt->kind].name;
		break;
	case P_PROFILE:
	case P_INTERVAL:
		time_parse(f->pt, &s->period, &s->frequency);
		break;
	case P_RAWTP:
		s->func = last_part(f->pt);
		module_use(f);
		break;
	default:
		row = event_find(f->pt, &g);
		s->config = row->config;
		s->period = row->period;
		if (f->pt->nparts > 1)
			parse_u64(f->pt->part[1], &s->period);
	}
}

static void point_find(struct finder *f)
{
	switch (f->pt->kind) {
	case P_KPROBE:
	case P_KRETPROBE:
		kprobe_find(f);
		break;
	case P_FENTRY:
	case P_FEXIT:
		fentry_find(f);
		break;
	case P_TRACEPOINT:
		tracepoint_find(f);
		break;
	case P_UPROBE:
	case P_URETPROBE:
		uprobe_find(f);
		break;
	case P_USDT:
		usdt_find(f);
		break;
	case P_WATCHPOINT:
		watch_find(f);
		break;
	case P_ITER:
		iter_find(f);
		break;
	default:
		simple_find(f);
	}
}

static void left_out(struct bt *bt, const struct bt_point *pt, const char *why)
{
	if (bt->config.missing == 1)
		bt_error_status(bt, EXIT_CANNOT, pt->span, "%s", why);
	if (!bt->config.missing)
		warn("%s: left out: %s", pt->text, why);
}

void sites_find(struct bt *bt, struct bt_probe *probe)
{
	struct finder f = {.bt = bt, .probe = probe, .end = &probe->sites};
	const struct bt_point *gone = NULL;
	char why[256] = "";

	for (f.pt = probe->points; f.pt; f.pt = f.pt->next) {
		size_t before = f.n;

		f.missing[0] = 0;
		point_find(&f);
		if (f.n > before)
			continue;
		if (!f.missing[0])
			snprintf(f.missing, sizeof(f.missing), "nothing fits '%.200s'", f.pt->text);
		if (gone)
			left_out(bt, gone, why);
		gone = f.pt;
		memcpy(why, f.missing, sizeof(why));
	}
	if (!f.n)
		bt_error_status(bt, EXIT_CANNOT, gone->span, "%s", why);
	if (gone)
		left_out(bt, gone, why);
}

void sites_end(struct bt *bt)
{
	elf_file_close(bt->file.elf);
	bt->file.elf = NULL;
}

/* ---- args ---- */

struct format {
	struct bt *bt;
	struct bt_record *r;
	bool syscall;
};

/* A number behind a key of a line of a format file. */
static bool format_number(const char *line, const char *key, uint64_t *v)
{
	const char *p = strstr(line, key);

	if (!p)
		return false;
	*v = strtoull(p + strlen(key), NULL, 10);
	return true;
}

static const struct bt_type *field_type(struct format *f, const char *decl, const char **name,
					uint64_t size, uint64_t sign)
{
	const struct bt_type *t = ctype_declaration(f->bt, decl, name);

	if (t && t->kind == T_PTR)
		return f->syscall ? type_pointer(f->bt, type_target(f->bt, t), AS_USER)
		       : type_target(f->bt, t)->kind == T_RECORD
			       ? type_pointer(f->bt, type_target(f->bt, t), AS_KERNEL)
			       : t;
	/* A system call's argument is held in 8 bytes, whatever its type is; the lower ones count.
	 */
	if (t && t->kind == T_INT && t->size <= size)
		return t;
	if (t && t->kind == T_ARRAY && t->size == size)
		return t;
	if (t && t->kind == T_RECORD && t->size == size)
		return t;
	if (t && t->kind == T_ARRAY && t->elem->size && size % t->elem->size == 0) {
		struct bt_type *array = (struct bt_type *)type_new(f->bt, T_ARRAY, size);

		array->elem = t->elem;
		array->n = size / t->elem->size;
		array->as = AS_KERNEL;
		return array;
	}
	return type_int(f->bt, size > 4 ? 8 : size > 2 ? 4 : MAX(size, (uint64_t)1), sign);
}

/* "	field:const char * filename;	offset:24;	size:8;	signed:0;" */
static bool format_line(char *line, size_t len, void *arg)
{
	struct format *f = arg;
	char *decl = strstr(line, "field:"), *end = decl ? strchr(decl, ';') : NULL;
	struct bt_member m = {0};
	uint64_t offset, size, sign = 0;
	const char *last;

	(void)len;
	if (!end || !format_number(end, "offset:", &offset) || !format_number(end, "size:", &size))
		return true;
	format_number(end, "signed:", &sign);
	*end = 0;
	decl += 6;
	m.data_loc = !strncmp(decl, "__data_loc", 10);
	m.offset = offset;
	m.type = field_type(f, decl, &m.name, size, sign);
	if (!m.name) { /* a type that cannot be read: the name is the last word */
		end[0] = 0;
		last = strrchr(decl, ' ');
		m.name = last ? bt_strndup(f->bt, last + 1, strcspn(last + 1, "[")) : "?";
	}
	f->r->member = bt_grow(f->bt, f->r->member, f->r->n, sizeof(*f->r->member));
	f->r->member[f->r->n++] = m;
	f->r->size = MAX(f->r->size, m.offset + (uint32_t)size);
	return true;
}

static struct bt_record *format_args(struct bt *bt, const struct bt_site *site)
{
	struct format f = {.bt = bt, .r = bt_alloc(bt, sizeof(*f.r))};
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "events/%s/format", site->func);
	fd = tracefs_fd() < 0 ? -1 : openat(tracefs_fd(), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	f.syscall = !strncmp(site->func, "syscalls/", 9);
	f.r->filled = f.r->complete = true;
	file_lines(fd, format_line, &f);
	return f.r;
}

struct bt_record *site_args(struct bt *bt, struct bt_site *site, const char **why)
{
	if (!site->args) {
		*why = site_kinds[site->kind].args || bt->config.kprobe_args
			       ? "the kernel does not tell the arguments of this probe"
			       : "this kind of probe has no 'args'";
		if (site->args_sought)
			return NULL;
		site->args_sought = true;
		if (site->kind == P_TRACEPOINT)
			site->args = format_args(bt, site);
		else if (site->kind == P_FENTRY || site->kind == P_FEXIT ||
			 (site->kind == P_KPROBE && bt->config.kprobe_args))
			site->args = ctype_function(bt, site->func, NULL);
		else if (site->kind == P_RAWTP)
			site->args = ctype_raw_tracepoint(bt, site->func);
	}
	return site->args;
}

/* ---- lists ---- */

static bool list_line(char *text, size_t len, void *arg)
{
	struct finder *f = arg;
	char name[512];

	(void)len;
	text[strcspn(text, " \t")] = 0;
	snprintf(name, sizeof(name), "%s:%s", f->prefix, text);
	if (glob_matches(f->pattern, name))
		f->see(name, f->arg);
	return true;
}

static bool list_symbol(const char *name, uint64_t addr, const char *module, void *arg)
{
	char text[512];

	(void)addr, (void)module;
	snprintf(text, sizeof(text), "%s", name);
	return list_line(text, 0, arg);
}

static bool list_user(const struct elf_func *fn, void *arg)
{
	struct finder *f = arg;
	char name[PATH_MAX + 512];

	snprintf(name, sizeof(name), "%s:%s:%s", f->prefix, f->path, fn->name);
	if (glob_matches(f->pattern, fn->name))
		f->see(name, f->arg);
	return true;
}

static void list_functions(struct finder *f, const char *prefix)
{
	int fd;

	if (access("/sys/bus/event_source/devices/kprobe", F_OK))
		return;
	f->prefix = prefix;
	fd = tracefs_fd() < 0
		     ? -1
		     : openat(tracefs_fd(), "available_filter_functions", O_RDONLY | O_CLOEXEC);
	if (fd >= 0)
		file_lines(fd, list_line, f);
	else
		kallsyms_match("*", list_symbol, f);
}

static void list_file(struct finder *f, const char *pattern)
{
	const char *file = strchr(pattern, ':') + 1, *colon = strrchr(file, ':');
	char path[PATH_MAX];
	struct elf *e;
	char *name = bt_strndup(f->bt, file, colon ? (size_t)(colon - file) : strlen(file));

	if (!site_file(f->bt, name, path, sizeof(path)))
		die(EXIT_FAIL, "there is no library or program '%s'", name);
	e = elf_file_open(path, NULL);
	if (!e)
		die(EXIT_FAIL, "%s is no program or library", path);
	f->path = path;
	f->prefix = "uprobe";
	f->pattern = colon ? colon + 1 : "*";
	elf_each_func(e, list_user, f);
	elf_file_close(e);
}

/* KIND:FILE:[PROVIDER:]PATTERN, split as an attach point is. */
static void list_usdt(struct finder *f, const char *pattern)
{
	struct bt_point pt = {.kind = P_USDT, .text = pattern};

	parts_split(f->bt, &pt, pattern);
	if (pt.nparts < 2)
		pt.part[pt.nparts++] = "*";
	if (pt.nparts < 2)
		pt.part[pt.nparts++] = "*";
	f->pt = &pt;
	f->pattern = last_part(&pt);
	usdt_files(f, pt.part[0]);
	if (f->missing[0])
		die(EXIT_FAIL, "%s", f->missing);
}

static void list_events(struct finder *f, const char *kind, const struct event_row *row)
{
	char name[64];

	for (; row->name; row++) {
		snprintf(name, sizeof(name), "%s:%s:", kind, row->name);
		if (glob_matches(f->pattern, name))
			f->see(name, f->arg);
	}
}

static void list_iter(const char *name, uint32_t id, void *arg)
{
	struct finder *f = arg;
	char text[128];

	if (strncmp(name, "bpf_iter__", 10))
		return;
	snprintf(text, sizeof(text), "bpf_iter_%.100s", name + 10);
	if (!ctype_function(f->bt, text, &id))
		return;
	snprintf(text, sizeof(text), "iter:%.100s", name + 10);
	if (glob_matches(f->pattern, text))
		f->see(text, f->arg);
}

static void list_tracepoint(struct finder *f, const char *path, const char *name)
{
	char text[512];

	snprintf(text, sizeof(text), "tracepoint:%s:%s", strrchr(path, '/') + 1, name);
	if (glob_matches(f->pattern, text))
		f->see(text, f->arg);
}

static void list_category(struct finder *f, const char *path, const char *name)
{
	char inner[256];

	snprintf(inner, sizeof(inner), "%s/%s", path, name);
	dirs_each(f, inner, "*", list_tracepoint);
}

void sites_list(struct bt *bt, const char *pattern, site_see *see, void *arg)
{
	struct finder f = {.bt = bt, .see = see, .arg = arg, .pattern = pattern};

	if (!strncmp(pattern, "uprobe:", 7) || !strncmp(pattern, "u:", 2)) {
		list_file(&f, pattern);
		return;
	}
	if (!strncmp(pattern, "usdt:", 5) || !strncmp(pattern, "U:", 2)) {
		list_usdt(&f, pattern);
		return;
	}
	/* A word without a colon is sought everywhere. */
	if (!strchr(pattern, ':'))
		f.pattern = bt_printf(bt, is_glob(pattern) ? "%s" : "*%s*", pattern);
	list_events(&f, "software", software_events);
	list_events(&f, "hardware", hardware_events);
	ctype_each(bt, BTF_KIND_STRUCT, list_iter, &f);
	list_functions(&f, "kprobe");
	dirs_each(&f, "events", "*", list_category);
}
