// SPDX-License-Identifier: GPL-2.0-or-later
// The command line: options as tables, their ranges, their help, and the stores into the BPF
// object's read-only data.
#include "core.h"

#include <ctype.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef CGROUP2_SUPER_MAGIC
#define CGROUP2_SUPER_MAGIC 0x63677270
#endif
#ifndef NSFS_MAGIC
#define NSFS_MAGIC 0x6e736673
#endif

enum { /* keys of the common options: beyond what a char of an applet can be */
	KEY_HELP = 128, KEY_VERSION, KEY_INTERVAL, KEY_DURATION, KEY_COUNT, KEY_JSON, KEY_CSV,
	KEY_COLUMNS, KEY_TIMESTAMPS, KEY_OUTPUT, KEY_BTF, KEY_BUFFER, KEY_PERF, KEY_ENTRIES,
	KEY_VERBOSE, KEY_FLAME, KEY_TREE, KEY_HEATMAP,
};

#define COMMON(k, f, n, a, h) \
	.key = (k), .where = OPT_IN_RUN, .name = (n), .arg = (a), .help = (h), \
	FIELD_AT(struct common, f), .kind = KIND(FIELD(struct common, f))

static const struct opt common_opts[] = {
	{ COMMON(KEY_INTERVAL, interval_ns, "interval", "SECONDS", "report each time this passes"),
	  .scale = NSEC },
	{ COMMON(KEY_DURATION, duration_ns, "duration", "SECONDS", "end after this time"),
	  .scale = NSEC },
	{ COMMON(KEY_COUNT, count, "count", "N", "end after N events, or N reports"), .min = 1,
	  .max = UINT64_MAX },
	{ COMMON(KEY_JSON, json, "json", NULL, "one JSON object a line") },
	{ COMMON(KEY_CSV, csv, "csv", NULL, "comma-separated values (tools with rows)") },
	{ COMMON(KEY_COLUMNS, columns, "columns", "LIST", "these columns only, in this order") },
	{ COMMON(KEY_TIMESTAMPS, timestamps, "timestamps", "FORM",
		 "time of each row: wall, micro, iso or rel") },
	{ COMMON(KEY_OUTPUT, output, "output", "FILE", "write there, not to standard output") },
	{ COMMON(KEY_BTF, btf, "btf", "FILE", "the kernel's types, for a kernel without BTF") },
	{ COMMON(KEY_BUFFER, buffer_kb, "buffer", "KIB", "size of the event buffer [512]"),
	  .min = 4, .max = 1 << 20 },
	{ COMMON(KEY_PERF, perf_buffer, "perf-buffer", NULL,
		 "the event transport of kernels before 5.8") },
	{ COMMON(KEY_ENTRIES, map_entries, "map-entries", "N", "room for N keys in the tables"),
	  .min = 1, .max = 1 << 24 },
	{ COMMON(KEY_HEATMAP, heatmap, "heatmap", "[FILE.svg]",
		 "a line of shades each interval, or all of it as a drawing") },
	{ COMMON(KEY_FLAME, flamegraph, "flamegraph", "FILE.svg",
		 "write the stacks as a flame graph, for a browser") },
	{ COMMON(KEY_TREE, tree, "tree", NULL, "one tree of all stacks, callees below callers") },
	{ COMMON(KEY_VERBOSE, verbose, "verbose", NULL, "say what is loaded and attached") },
	{ .key = KEY_HELP, .where = OPT_IN_USER, .kind = K_FLAG, .name = "help",
	  .help = "this text" },
	{ .key = KEY_VERSION, .where = OPT_IN_USER, .kind = K_FLAG, .name = "version",
	  .help = "the version" },
	{ 0 }
};

/* Those that make sense for what the applet prints, and whose name it has not for one of its own. */
static bool common_applies(const struct applet *a, const struct opt *common)
{
	for (const struct opt *opt = a->opts; opt && opt->name; opt++)
		if (opt->where != OPT_LETTER && !strcmp(opt->name, common->name))
			return false;
	switch (common->key) {
	case KEY_COLUMNS:
	case KEY_TIMESTAMPS:
	case KEY_CSV: return a->cols != NULL;
	case KEY_BUFFER:
	case KEY_PERF: return a->event_min != 0;
	case KEY_ENTRIES: return !a->main && a->object;
	case KEY_COUNT:
	case KEY_DURATION: return !a->main;
	case KEY_INTERVAL: return a->hist || a->top || a->stacks || a->tick;
	case KEY_HEATMAP: return a->hist != NULL;
	case KEY_FLAME:
	case KEY_TREE: return a->stacks != NULL;
	case KEY_BTF: return a->object || a->main;
	default: return true;
	}
}

static void opts_collect(struct run *run)
{
	struct core *core = run->core;
	const struct opt *opt;

	for (opt = run->applet->opts; opt && opt->name; opt++)
		if (opt->where != OPT_LETTER)
			core->opts[core->nopts++] = opt;
	for (opt = common_opts; opt->name; opt++)
		if (common_applies(run->applet, opt) && core->nopts < OPTS_MAX)
			core->opts[core->nopts++] = opt;
}

static int opt_index(const struct run *run, int key)
{
	for (size_t i = 0; i < run->core->nopts; i++)
		if (run->core->opts[i]->key == key)
			return i;
	abort(); /* an applet asks for an option that it does not have */
}

bool opt_on(const struct run *run, int key)
{
	return run->core->val[opt_index(run, key)].given;
}

uint64_t opt_u64(const struct run *run, int key, uint64_t otherwise)
{
	const struct optval *val = &run->core->val[opt_index(run, key)];

	return val->given ? val->num : otherwise;
}

const char *opt_str(const struct run *run, int key)
{
	const struct optval *val = &run->core->val[opt_index(run, key)];

	return val->given ? val->str : NULL;
}

const char *const *opt_strs(const struct run *run, int key, size_t *n)
{
	const struct optval *val = &run->core->val[opt_index(run, key)];

	*n = val->nstrs;
	return val->strs;
}

/* -p, or --pid where there is no letter */
static const char *opt_spelling(const struct opt *opt, char text[64])
{
	if (opt->key > ' ' && opt->key < 127)
		snprintf(text, 64, "-%c", opt->key);
	else
		snprintf(text, 64, "--%s", opt->name);
	return text;
}

static void opt_wrong(const struct opt *opt, const char *arg, const char *why)
	__attribute__((noreturn));
static void opt_wrong(const struct opt *opt, const char *arg, const char *why)
{
	char text[64];

	die(EXIT_USAGE, "%s '%s': %s", opt_spelling(opt, text), arg, why);
}

void opt_bad(const struct run *run, int key, const char *why)
{
	const struct optval *val = &run->core->val[opt_index(run, key)];

	opt_wrong(run->core->opts[opt_index(run, key)], val->str ? val->str : "", why);
}

/* ---- values ---- */

static const struct { int64_t min; uint64_t max; } kind_range[] = {
	[K_U8] = { 0, UINT8_MAX }, [K_S8] = { INT8_MIN, INT8_MAX },
	[K_U16] = { 0, UINT16_MAX }, [K_S16] = { INT16_MIN, INT16_MAX },
	[K_U32] = { 0, UINT32_MAX }, [K_S32] = { INT32_MIN, INT32_MAX },
	[K_U64] = { 0, UINT64_MAX }, [K_S64] = { INT64_MIN, INT64_MAX },
};

static const unsigned char kind_width[] = {
	[K_U8] = 1, [K_S8] = 1, [K_U16] = 2, [K_S16] = 2, [K_U32] = 4, [K_S32] = 4,
	[K_U64] = 8, [K_S64] = 8,
};

static uint64_t value_number(const struct opt *opt, unsigned char kind, const char *arg)
{
	int64_t min = kind_range[kind].min, v;
	uint64_t max = kind_range[kind].max, u;
	char why[96];
	bool ok;

	if (opt->min || opt->max) {
		min = opt->min;
		max = opt->max;
	}
	if (min < 0) {
		ok = parse_s64(arg, &v) && v >= min && (v < 0 || (uint64_t)v <= max);
		u = v;
	} else {
		ok = parse_u64(arg, &u) && u >= (uint64_t)min && u <= max;
	}
	if (!ok) {
		snprintf(why, sizeof(why), "expected a number from %lld to %llu", (long long)min,
			 (unsigned long long)max);
		opt_wrong(opt, arg, why);
	}
	return u;
}

/* A number with decimals in the user's unit (ms, seconds), stored in a smaller one. */
static uint64_t value_scaled(const struct opt *opt, const char *arg)
{
	char *end;
	double v;

	errno = 0;
	v = isdigit((unsigned char)*arg) || *arg == '.' ? strtod(arg, &end) : -1;
	if (v < 0 || errno || *end || v * opt->scale >= (double)kind_range[opt->kind].max)
		opt_wrong(opt, arg, "expected a number, 0 or more");
	return v * opt->scale + 0.5;
}

static void value_list(const struct opt *opt, struct optval *val, const char *arg)
{
	size_t room = opt->size / kind_width[opt->elem] - 1, n;
	char item[64];

	val->list = xrealloc(val->list, room * sizeof(*val->list));
	val->n = 0;
	for (const char *p = arg; *p || p == arg; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		snprintf(item, sizeof(item), "%.*s", (int)n, p);
		if (val->n == room) {
			snprintf(item, sizeof(item), "at most %zu numbers", room);
			opt_wrong(opt, arg, item);
		}
		val->list[val->n++] = value_number(opt, opt->elem, item);
	}
}

/* A user's number by name, from /etc/passwd: a static program has no name service. */
static uint64_t value_uid(const struct opt *opt, const char *arg)
{
	size_t len = strlen(arg);
	uint64_t uid;
	char line[1024];
	bool found = false;
	FILE *f;

	if (parse_u64(arg, &uid) && uid < UID_ANY)
		return uid;
	f = fopen("/etc/passwd", "re");
	while (!found && f && fgets(line, sizeof(line), f)) {
		char *p = line + len;

		if (strncmp(line, arg, len) || *p != ':' || !(p = strchr(p + 1, ':')))
			continue;
		p[1 + strcspn(p + 1, ":")] = 0;
		found = parse_u64(p + 1, &uid);
	}
	if (f)
		fclose(f);
	if (!found)
		opt_wrong(opt, arg, "is neither a number nor a user of /etc/passwd");
	return uid;
}

/* The id of a cgroup v2 folder is its inode number (64 bits: kernfs); its depth is the number of
 * steps up to the root of that mount. */
static void value_cgroup(const struct opt *opt, struct optval *val, const char *arg)
{
	struct stat st, up;
	struct statfs fs;
	uint32_t level = 0;
	int fd = open(arg, O_PATH | O_DIRECTORY | O_CLOEXEC), parent;

	if (fd < 0 || fstat(fd, &st) || fstatfs(fd, &fs))
		opt_wrong(opt, arg, strerror(errno));
	if ((uint32_t)fs.f_type != CGROUP2_SUPER_MAGIC)
		opt_wrong(opt, arg, "is not in a cgroup v2 file system");
	val->filter.cgroup_id = st.st_ino;
	for (;; level++, st = up) {
		parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
		close(fd);
		fd = parent;
		if (fd < 0 || fstat(fd, &up) || up.st_dev != st.st_dev || up.st_ino == st.st_ino)
			break;
	}
	if (fd >= 0)
		close(fd);
	val->filter.cgroup_level = level;
}

/* The inode number of a mount namespace: of a process, or a file as /proc/PID/ns/mnt. */
static uint64_t value_mntns(const struct opt *opt, const char *arg)
{
	char path[64];
	struct stat st;
	struct statfs fs;
	uint64_t pid;

	if (parse_u64(arg, &pid)) {
		snprintf(path, sizeof(path), "/proc/%llu/ns/mnt", (unsigned long long)pid);
		if (stat(path, &st))
			opt_wrong(opt, arg, errno == ENOENT ? "there is no such process"
							    : strerror(errno));
		return st.st_ino;
	}
	if (stat(arg, &st) || statfs(arg, &fs))
		opt_wrong(opt, arg, strerror(errno));
	if ((uint32_t)fs.f_type != NSFS_MAGIC)
		opt_wrong(opt, arg, "is no namespace: expected a pid or /proc/PID/ns/mnt");
	return st.st_ino;
}

static void value_parse(const struct opt *opt, struct optval *val, const char *arg)
{
	val->given = true;
	val->str = arg;
	if (opt->kind == K_STR) {
		val->strs = xrealloc(val->strs, (val->nstrs + 1) * sizeof(*val->strs));
		val->strs[val->nstrs++] = arg;
	}
	switch (opt->kind) {
	case K_FLAG:
	case K_CONST:
		val->num = opt->kind == K_FLAG ? 1 : opt->max;
		break;
	case K_STR:
		if (opt->where == OPT_IN_RODATA && strlen(arg) >= opt->size) {
			char why[48];

			snprintf(why, sizeof(why), "at most %u bytes", opt->size - 1);
			opt_wrong(opt, arg, why);
		}
		break;
	case K_LIST: value_list(opt, val, arg); break;
	case K_UID: val->num = value_uid(opt, arg); break;
	case K_CGROUP: value_cgroup(opt, val, arg); break;
	case K_MNTNS: val->num = value_mntns(opt, arg); break;
	default:
		val->num = opt->scale ? value_scaled(opt, arg) : value_number(opt, opt->kind, arg);
	}
}

/* ---- parsing ---- */

/* An exact long name, or a beginning that only one option has. */
static int opt_by_name(const struct core *core, const char *name, size_t len)
{
	int found = -1;

	for (size_t i = 0; i < core->nopts; i++) {
		const char *n = core->opts[i]->name;

		if (strncmp(n, name, len))
			continue;
		if (!n[len])
			return i;
		if (found >= 0)
			die(EXIT_USAGE, "--%.*s could be --%s or --%s", (int)len, name,
			    core->opts[found]->name, n);
		found = i;
	}
	return found;
}

/* The letter of an option: its own, or the one that the applet gives to a common option. */
static unsigned char opt_letter(const struct applet *a, const struct opt *opt)
{
	if (opt->where != OPT_IN_RUN)
		return opt->key > ' ' && opt->key < KEY_MNTNS ? opt->key : 0;
	for (const struct opt *row = a->opts; row && row->name; row++)
		if (row->where == OPT_LETTER && !strcmp(row->name, opt->name))
			return row->key;
	return 0;
}

static int opt_by_letter(const struct run *run, unsigned char c)
{
	for (size_t i = 0; i < run->core->nopts; i++)
		if (opt_letter(run->applet, run->core->opts[i]) == c)
			return i;
	/* One more letter for a common option */
	for (const struct opt *row = run->applet->opts; row && row->name; row++)
		if (row->where == OPT_LETTER && row->key == c)
			return opt_by_name(run->core, row->name, strlen(row->name));
	return -1;
}

static void unknown_option(const char *arg, int len) __attribute__((noreturn));
static void unknown_option(const char *arg, int len)
{
	die(EXIT_USAGE, "unknown option '%.*s'; try '%s --help'", len, arg, prog_name);
}

/* The value of an option whose metavar is in brackets may be left out; one in the next word ends
 * as the metavar does: [FILE.svg] */
static const char *arg_optional(const struct opt *opt, const char *next)
{
	const char *end = strchr(opt->arg, '.');
	size_t len = strcspn(end, "]"), n = next ? strlen(next) : 0;

	return n > len && !strncmp(next + n - len, end, len) ? next : NULL;
}

static void parse_long(struct core *core, char **argv, int *i)
{
	const char *name = argv[*i] + 2, *eq = strchr(name, '=');
	int at = opt_by_name(core, name, eq ? (size_t)(eq - name) : strlen(name));
	const char *arg = eq ? eq + 1 : NULL;

	if (at < 0)
		unknown_option(argv[*i], strcspn(argv[*i], "="));
	if (!core->opts[at]->arg && arg)
		die(EXIT_USAGE, "--%s takes no value", core->opts[at]->name);
	if (core->opts[at]->arg && *core->opts[at]->arg == '[' && !arg) {
		arg = arg_optional(core->opts[at], argv[*i + 1]);
		*i += arg != NULL;
		arg = arg ? arg : "";
	}
	if (core->opts[at]->arg && !arg && !(arg = argv[++*i]))
		die(EXIT_USAGE, "--%s needs a value: %s", core->opts[at]->name,
		    core->opts[at]->arg);
	value_parse(core->opts[at], &core->val[at], arg);
}

static void parse_letters(struct run *run, char **argv, int *i)
{
	struct core *core = run->core;

	for (const char *p = argv[*i] + 1; *p; p++) {
		char dashed[3] = { '-', *p, 0 };
		const char *arg = NULL;
		int at = opt_by_letter(run, *p);

		if (at < 0 && *p == 'h')
			at = opt_by_name(core, "help", 4);
		else if (at < 0 && *p == 'v')
			at = opt_by_name(core, "verbose", 7);
		if (at < 0)
			unknown_option(dashed, 2);
		if (core->opts[at]->arg) {
			arg = p[1] ? p + 1 : argv[++*i];
			if (!arg)
				die(EXIT_USAGE, "%s needs a value: %s", dashed,
				    core->opts[at]->arg);
		}
		value_parse(core->opts[at], &core->val[at], arg);
		if (arg)
			return;
	}
}

static void store_number(void *to, size_t size, uint64_t num)
{
	switch (size) {
	case 1: *(uint8_t *)to = num; break;
	case 2: *(uint16_t *)to = num; break;
	case 4: *(uint32_t *)to = num; break;
	default: *(uint64_t *)to = num;
	}
}

static void common_settle(struct run *run)
{
	static const char *const stamps[] = { "", "wall", "micro", "iso", "rel" };
	struct core *core = run->core;
	struct common *c = &core->common;

	for (size_t i = 0; i < core->nopts; i++) {
		const struct opt *opt = core->opts[i];
		void *to = (char *)c + opt->off;

		if (opt->where != OPT_IN_RUN || !core->val[i].given)
			continue;
		if (opt->kind == K_STR)
			*(const char **)to = core->val[i].str;
		else
			store_number(to, opt->size, core->val[i].num);
	}
	if (c->json && c->csv)
		die(EXIT_USAGE, "--json and --csv exclude each other");
	run->format = c->json ? FORMAT_JSON : c->csv ? FORMAT_CSV : FORMAT_TEXT;
	if (c->timestamps) {
		for (size_t i = 1; i < ARRAY_LEN(stamps); i++)
			if (!strcmp(c->timestamps, stamps[i]))
				core->stamp = i;
		if (!core->stamp)
			die(EXIT_USAGE, "--timestamps '%s': expected wall, micro, iso or rel",
			    c->timestamps);
	}
}

static uint64_t operand_number(const char *what, const char *arg)
{
	char *end;
	double v = isdigit((unsigned char)*arg) || *arg == '.' ? strtod(arg, &end) : -1;

	if (v <= 0 || *end || v > 1e9)
		die(EXIT_USAGE, "%s '%s': expected a number above 0", what, arg);
	return v * NSEC + 0.5;
}

static void operands_settle(struct run *run)
{
	struct core *core = run->core;
	int max = run->applet->operands == OPERANDS_INTERVAL ? 2
		: run->applet->operands == OPERANDS_DURATION ? 1 : 0;

	run->interval_ns = core->common.interval_ns ? core->common.interval_ns
						    : run->applet->interval * NSEC;
	if (core->common.heatmap && !run->interval_ns)
		run->interval_ns = NSEC;
	if (run->applet->operands >= OPERANDS_OWN)
		return;
	if (run->argc > max)
		die(EXIT_USAGE, "unexpected operand '%s'; try '%s --help'", run->argv[max],
		    prog_name);
	if (max == 1 && run->argc)
		core->common.duration_ns = operand_number("duration", run->argv[0]);
	if (max == 2 && run->argc)
		run->interval_ns = operand_number("interval", run->argv[0]);
	if (run->argc == 2 && (!parse_u64(run->argv[1], &core->common.count) || !core->common.count))
		die(EXIT_USAGE, "count '%s': expected a whole number above 0", run->argv[1]);
}

void opts_parse(struct run *run, int argc, char **argv)
{
	struct core *core = run->core;
	bool all = false; /* the rest is the script's, whatever it looks like */

	opts_collect(run);
	run->argv = xalloc((argc + 1) * sizeof(*argv));
	for (int i = 0; i < argc; i++) {
		if (all) {
			run->argv[run->argc++] = argv[i];
		} else if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				run->argv[run->argc++] = argv[i];
		} else if (!strncmp(argv[i], "--", 2)) {
			parse_long(core, argv, &i);
		} else if (argv[i][0] == '-' && argv[i][1]) {
			parse_letters(run, argv, &i);
		} else {
			run->argv[run->argc++] = argv[i];
			all = run->applet->operands == OPERANDS_SCRIPT;
		}
	}
	if (opt_on(run, KEY_HELP) || opt_on(run, KEY_VERSION)) {
		out_open(&core->out, NULL);
		if (opt_on(run, KEY_HELP))
			opts_help(run, &core->out);
		else
			out_printf(&core->out, "%s (bpftools) %s\n", run->applet->name, VERSION);
		out_flush(&core->out);
		exit(EXIT_OK);
	}
	common_settle(run);
	operands_settle(run);
}

/* ---- the stores ---- */

static void store_pid_exists(const struct opt *opt, const struct optval *val)
{
	if (kill(val->num, 0) && errno == ESRCH)
		die(EXIT_FAIL, "%s %s: there is no such process", opt->name, val->str);
}

static void store_string(const struct opt *opt, const struct optval *val, char *to)
{
	memset(to, 0, opt->size);
	memcpy(to, val->str, strnlen(val->str, opt->size - 1));
}

void opts_store(struct run *run)
{
	for (size_t i = 0; i < run->core->nopts; i++) {
		const struct opt *opt = run->core->opts[i];
		const struct optval *val = &run->core->val[i];
		char *to = (char *)run->rodata + opt->off;

		if (opt->where != OPT_IN_RODATA || !val->given)
			continue;
		if (opt->kind == K_STR) {
			store_string(opt, val, to);
		} else if (opt->kind == K_LIST) {
			for (size_t n = 0; n < val->n; n++)
				store_number(to + n * kind_width[opt->elem],
					     kind_width[opt->elem], val->list[n]);
		} else if (opt->kind == K_CGROUP) {
			((struct filter *)to)->cgroup_id = val->filter.cgroup_id;
			((struct filter *)to)->cgroup_level = val->filter.cgroup_level;
		} else {
			store_number(to, opt->size, val->num);
		}
		if (!strcmp(opt->name, "pid") || !strcmp(opt->name, "tid"))
			store_pid_exists(opt, val);
	}
}

/* ---- help ---- */

static void help_option(struct out *o, const struct opt *opt, unsigned char letter)
{
	char text[64];
	int n = 0;

	if (letter)
		n = snprintf(text, sizeof(text), "  -%c, ", letter);
	else
		n = snprintf(text, sizeof(text), "      ");
	n += snprintf(text + n, sizeof(text) - n, "--%s%s%s", opt->name, opt->arg ? " " : "",
		      opt->arg ? opt->arg : "");
	out_printf(o, n > 27 ? "%s\n%28s%s\n" : "%-28s%s%s\n", text, n > 27 ? "" : opt->help,
		   n > 27 ? opt->help : "");
}

void opts_help(const struct run *run, struct out *o)
{
	static const char *const operands[] = {
		[OPERANDS_NONE] = "", [OPERANDS_INTERVAL] = " [INTERVAL [COUNT]]",
		[OPERANDS_DURATION] = " [DURATION]", [OPERANDS_OWN] = " ", [OPERANDS_SCRIPT] = " ",
	};
	const struct applet *a = run->applet;

	const struct alias *alias = run->core->alias;

	out_printf(o, "%s: %s\n\nusage: %s [OPTIONS]%s%s\n", alias ? alias->name : a->name,
		   alias ? alias->brief : a->brief, prog_name,
		   operands[a->operands], a->operands >= OPERANDS_OWN ? a->args : "");
	for (size_t i = 0; i < run->core->nopts; i++) {
		const struct opt *opt = run->core->opts[i];

		if (!i || opt == common_opts || (run->core->opts[i - 1]->key < 128 && opt->key >= 128))
			out_str(o, opt->key >= 128 ? "\nCommon options:\n" : "\nOptions:\n");
		help_option(o, opt, opt_letter(a, opt));
	}
	if (a->help) {
		out_str(o, "\n");
		out_str(o, a->help);
	}
}
