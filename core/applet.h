/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one header that an applet includes: what an applet declares, and the calls its few callbacks
 * may use. The tables are constants; everything that changes lives in struct run. */
#ifndef APPLET_H
#define APPLET_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/types.h>

#include "names.h"
#include "util.h"
#include "../bpf/shared.h"

/* The kernel's names of these types: read-only data may be declared with them. */
typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s8 s8;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

struct bpf_object;
struct bpf_program;
struct run;
struct cell;

/* ---- Kinds of fields, taken from the field itself ---- */

enum kind {
	K_NONE, K_FLAG, K_U8, K_S8, K_U16, K_S16, K_U32, K_S32, K_U64, K_S64, K_STR,
	K_LIST,		/* option: comma-separated numbers into a zero-terminated array */
	K_UID,		/* option: a number or a name of /etc/passwd */
	K_CGROUP,	/* option: a cgroup v2 folder, into struct filter */
	K_MNTNS,	/* option: a mount namespace, by a pid or a file of /proc/PID/ns */
	K_CONST,	/* option: a flag that stores opt.max */
	K_TIME,		/* column: the event's time of day, HH:MM:SS */
	K_TIME_REL,	/* column: seconds since the start */
	K_STACKS,	/* column: a struct stack_ref; text has the frames below the row */
};

#define KIND(x) _Generic((x), _Bool: K_FLAG, \
	unsigned char: K_U8, signed char: K_S8, unsigned short: K_U16, short: K_S16, \
	unsigned int: K_U32, int: K_S32, unsigned long: K_U64, unsigned long long: K_U64, \
	long: K_S64, long long: K_S64, char *: K_STR, const char *: K_STR)
#define FIELD(T, f) ((T *)0)->f
#define FIELD_AT(T, f) .off = offsetof(T, f), .size = sizeof(FIELD(T, f))

/* ---- Options ----
 * A row names a letter and a long name, what stands for its argument (NULL: a flag) and its help.
 * Its target is a field of the BPF object's read-only data (RODATA is that struct, RODATA below),
 * or, for OPT_USER, just a value that the applet asks for with opt_u64() and friends.
 * A key below 32 is an option without a letter; it is still what opt_on() and COL_IF() take. */

enum opt_where { OPT_IN_RODATA, OPT_IN_USER, OPT_IN_RUN, OPT_LETTER };

struct opt {
	unsigned char key;
	unsigned char kind;	/* enum kind of the target (or of the element, see `list`) */
	unsigned char where;	/* enum opt_where */
	unsigned char elem;	/* K_LIST: the kind of an element */
	uint16_t off, size;
	const char *name, *arg, *help;
	uint64_t max;
	int32_t min;		/* range, in the user's units; both 0: that of the field */
	uint32_t scale;		/* stored = given * scale; decimals are accepted where scale > 1 */
};

#define OPT_FIELD(k, f, n, a, h) \
	.key = (k), .name = (n), .arg = (a), .help = (h), FIELD_AT(RODATA, f)
#define OPT(k, f, n, a, h) \
	{ OPT_FIELD(k, f, n, a, h), .kind = KIND(FIELD(RODATA, f)) }
#define OPT_RANGE(k, f, n, a, h, lo, hi) \
	{ OPT_FIELD(k, f, n, a, h), .kind = KIND(FIELD(RODATA, f)), .min = (lo), .max = (hi) }
#define OPT_SCALE(k, f, n, a, h, s) \
	{ OPT_FIELD(k, f, n, a, h), .kind = KIND(FIELD(RODATA, f)), .scale = (s) }
#define OPT_CONST(k, f, n, h, value) \
	{ OPT_FIELD(k, f, n, NULL, h), .kind = K_CONST, .elem = KIND(FIELD(RODATA, f)), \
	  .max = (value) }
#define OPT_LIST(k, f, n, a, h, lo, hi) \
	{ OPT_FIELD(k, f, n, a, h), .kind = K_LIST, .elem = KIND(FIELD(RODATA, f)[0]), \
	  .min = (lo), .max = (hi) }
#define OPT_USER(k, n, a, h) \
	{ .key = (k), .name = (n), .arg = (a), .help = (h), .where = OPT_IN_USER, \
	  .kind = (a) ? K_STR : K_FLAG }
#define OPT_USER_NUM(k, n, a, h, lo, hi) \
	{ .key = (k), .name = (n), .arg = (a), .help = (h), .where = OPT_IN_USER, .kind = K_U64, \
	  .min = (lo), .max = (hi) }
/* The letter that this tool has for a common option: LETTER('d', "duration"). */
#define LETTER(k, n) { .key = (k), .name = (n), .where = OPT_LETTER }

/* The filters on tasks, each with the letter that this tool has for it, or a number below 32. That
 * on cgroups brings one on mount namespaces along, which has a key of its own. */
#define FILTER_PID(k) OPT_RANGE(k, filter.pid, "pid", "PID", "this process only", 1, 4194304)
#define FILTER_TID(k) OPT_RANGE(k, filter.tid, "tid", "TID", "this thread only", 1, 4194304)
#define FILTER_UID(k) \
	{ OPT_FIELD(k, filter.uid, "uid", "USER", "this user only (number or name)"), .kind = K_UID }
#define FILTER_COMM(k) OPT(k, filter.comm, "comm", "NAME", "tasks of exactly this name only")
#define FILTER_CGROUP(k) \
	{ .key = (k), .name = "cgroup", .arg = "DIR", .kind = K_CGROUP, \
	  .help = "tasks in or below this cgroup v2 folder only", FIELD_AT(RODATA, filter) }, \
	{ .key = KEY_MNTNS, .name = "mntns", .arg = "PID", .kind = K_MNTNS, \
	  .help = "tasks in the mount namespace of this process (or file) only", \
	  FIELD_AT(RODATA, filter.mntns) }
enum { KEY_MNTNS = 127 };
/* All of them, none with a letter: 1 to 5 are taken then. */
#define FILTERS FILTER_PID(1), FILTER_TID(2), FILTER_UID(3), FILTER_COMM(4), FILTER_CGROUP(5)

/* Was the option given? `key` as in its row. An unknown key is a mistake of the applet: abort. */
bool opt_on(const struct run *run, int key);
/* Its number, or `otherwise` where it was not given. */
uint64_t opt_u64(const struct run *run, int key, uint64_t otherwise);
/* Its text, or NULL where it was not given. Points into argv. */
const char *opt_str(const struct run *run, int key);
/* All texts of an option that may come more than once. */
const char *const *opt_strs(const struct run *run, int key, size_t *n);
/* Ends with EXIT_USAGE, saying which option's value is wrong and why. */
void opt_bad(const struct run *run, int key, const char *why) __attribute__((noreturn));

/* ---- Columns ----
 * A row is a field of the event (EVENT is its struct), the header, and the width as printf has it:
 * negative is left-justified, 0 is for a last column as long as it likes. The JSON key is the
 * header in lower case with "_" for what is no letter or digit: LAT(ms) is lat_ms. */

struct col {
	const char *head;
	void (*fmt)(struct cell *cell, const void *row); /* instead of the field's plain value */
	uint32_t scale;		/* shown = field / scale */
	uint16_t off, size;
	int16_t width;
	unsigned char kind;
	unsigned char when;	/* shown with this option only; 0 always */
	unsigned char unless;	/* not with this one; 0 always */
	bool only;		/* JSON too has it with that option only */
	unsigned char decimals;
	bool rate;
};

#define COL_FIELD(f, h, w) .head = (h), .width = (w), FIELD_AT(EVENT, f)
#define COL(f, h, w) { COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)) }
#define COL_IF(k, f, h, w) { COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .when = (k) }
#define COL_FMT(f, h, w, fn) { COL_FIELD(f, h, w), .fmt = (fn) }
#define COL_FMT_IF(k, f, h, w, fn) { COL_FIELD(f, h, w), .fmt = (fn), .when = (k) }
/* A number shown divided by `s` with `d` decimals: COL_DIV(lat_ns, "LAT(ms)", 7, 1000000, 3) */
#define COL_DIV(f, h, w, s, d) \
	{ COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .scale = (s), .decimals = (d) }
#define COL_DIV_IF(k, f, h, w, s, d) \
	{ COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .scale = (s), .decimals = (d), \
	  .when = (k) }
/* Like COL_DIV_IF for what is measured with that option only: no such key in JSON without it. */
#define COL_DIV_ONLY(k, f, h, w, s, d) \
	{ COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .scale = (s), .decimals = (d), \
	  .when = (k), .only = true }
#define COL_ONLY(k, f, h, w) \
	{ COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .when = (k), .only = true }
#define COL_FMT_ONLY(k, f, h, w, fn) \
	{ COL_FIELD(f, h, w), .fmt = (fn), .when = (k), .only = true }
/* The reverse: not with that option, not in JSON either. */
#define COL_UNLESS(k, f, h, w) { COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .unless = (k) }
#define COL_FMT_UNLESS(k, f, h, w, fn) { COL_FIELD(f, h, w), .fmt = (fn), .unless = (k) }
/* A count, shown as so many a second of the interval: COL_RATE(n[READS], "READ/s", 8) */
#define COL_RATE(f, h, w) { COL_FIELD(f, h, w), .kind = KIND(FIELD(EVENT, f)), .rate = true }
/* When it happened; of what takes time, when it was over. The event's first member is __u64 time_ns,
 * of bpf_ktime_get_ns(). A tool without letters of its own for it has -T "timestamp". JSON has
 * "time" always, so these are text's (and CSV's). Key 0: always. */
#define COL_TIME(k, h) { .head = (h), .width = -8, .kind = K_TIME, .when = (k) }
#define COL_TIME_REL(k, h) { .head = (h), .width = -12, .kind = K_TIME_REL, .when = (k) }

/* Stacks that bpf/stack_store.bpf.h took, a struct stack_ref of bpf/stack.h: in text as lines below
 * the row, innermost function first; in JSON as arrays "kernel" and "user". With that option only;
 * key 0: always. */
#define COL_STACKS(k, f) \
	{ COL_FIELD(f, "STACK", 0), .kind = K_STACKS, .when = (k), .only = true }

/* What a formatter calls, exactly once. Text is made safe for terminal and JSON. */
void cell_str(struct cell *cell, const char *s);
void cell_strn(struct cell *cell, const char *s, size_t max); /* up to max bytes or a NUL */
void cell_printf(struct cell *cell, const char *fmt, ...) PRINTF(2, 3);
void cell_u64(struct cell *cell, uint64_t v);
void cell_s64(struct cell *cell, int64_t v);
void cell_f64(struct cell *cell, double v, int decimals);
void cell_none(struct cell *cell); /* "-" in text, null in JSON: there is no such value */
/* names[v], the number itself beyond `n` or where that is NULL. */
void cell_enum(struct cell *cell, const char *const *names, size_t n, uint64_t v);
/* A formatter of a string that may be empty, and then is no value. */
void fmt_text(struct cell *cell, const void *row);
const struct run *cell_run(const struct cell *cell);
/* The field that this column is of: lets one formatter serve several. */
const void *cell_ptr(const struct cell *cell, const void *row);

/* ---- Histograms ----
 * bpf/hist.bpf.h fills them. `keys` are columns over the key struct of the map `hists`; rows whose
 * option is off are no part of the key. Without any key there is the one histogram. */

enum { HIST_ALWAYS = 255 };

struct hist {
	const char *name;	/* JSON "name": what is measured, "latency" */
	unsigned char when;	/* only with this option, and in place of `top`; 0 always */
	bool from_first;	/* text leaves out the empty slots in front: sizes in bytes */
	bool linear;		/* slots are the values themselves (HIST_LINEAR of bpf/hist.bpf.h) */
	uint16_t step;		/* linear: values to a slot (HIST_STEP); 0 is 1 */
	const char *unit;	/* NULL: time, by the divisor in .rodata (hist_div) */
	const struct col *keys;	/* NULL: never split */
	unsigned char extension; /* option that adds a line of average, total and count; 0 none,
				    HIST_ALWAYS with no option at all */
};

/* ---- Rows from a map ---- shown each interval: top displays and tables of counts.
 * A row is the map's key with its value behind it, `EVENT` for the columns. Values of a per-CPU map
 * are added up as __u64s. */

/* A word for a `sort_key` option, and the header of the column that it sorts by; NULL: weight(). */
struct order { const char *word, *head; };

struct top {
	unsigned char when;	/* only with this option, and in place of events or histograms; 0
				 * always */
	const struct col *cols;	/* over its rows; NULL: the applet's */
	const char *map;	/* its entries are taken out at each report */
	/* Or, without a map, this gives them: give(key, value, arg) for each row. */
	void (*fill)(struct run *run, void (*give)(const void *key, const void *value, void *arg),
		     void *arg);
	uint32_t key_size;	/* as in `struct row { struct key key; struct value value; }` */
	uint32_t value_size;
	uint64_t maxima;	/* of a per-CPU map; bit n: of the value's nth __u64 the largest
				 * counts */
	const char *sort;	/* header of the column to sort by, largest first */
	double (*weight)(const struct run *run, const void *row); /* or by this; NULL: `sort` */
	unsigned char sort_key;	/* option that names another order, one of `orders`; 0 none */
	const struct order *orders; /* the last one is { 0 } */
	unsigned char rows_key;	/* option that limits the rows; 0 none */
	unsigned char rows_key2; /* another one, if that is not given; 0 none */
	uint32_t rows;		/* their number without it; 0 is all */
	unsigned char noclear_key; /* option against clearing the screen; 0: never clears */
	unsigned char nosummary_key; /* option against the line of time and load; 0 none */
	bool ascending;		/* the largest last */
};

/* ---- Stacks ---- bpf/stack.bpf.h fills the maps `stack_counts` and `stacks`. */

enum stacks_form {
	STACKS_ONE,	/* each sum is of one task's stacks */
	STACKS_BOTH,	/* of a task's that was woken up and of its waker's (struct stack_pair) */
	STACKS_WAKER,	/* of a waker's stacks and the name alone of whom it woke up (the same) */
};

struct stacks {
	enum stacks_form form;
	const char *unit;	/* of the values: "samples", "us" */
	uint64_t scale;		/* shown = value / scale, at least 1; smaller sums are left out */
	bool by_thread;		/* tid is part of the key: text shows it, not the process */
	/* Options of the tool, 0 where it has none: */
	unsigned char folded;	/* one line a stack, for flame graphs */
	unsigned char delimited; /* "-" between user and kernel stack */
	unsigned char annotate;	/* _[k] behind kernel functions */
	unsigned char offsets;	/* +0x.. behind names */
	unsigned char address;	/* addresses, no names */
	unsigned char storage;	/* how many stacks there is room for */
	unsigned char depth;	/* how many frames of each are kept */
};

/* The usual ones: STACK_OPTS in the options (which takes 30 and 31), STACK_KEYS in the struct. */
#define STACK_OPTS \
	OPT_CONST('U', stack_kernel, "user-stacks-only", "no kernel stacks", false), \
	OPT_CONST('K', stack_user, "kernel-stacks-only", "no user stacks", false), \
	OPT_USER('f', "folded", NULL, "one line a stack, as flame graphs are made of"), \
	OPT_USER('d', "delimited", NULL, "a line between kernel and user stack (-f: \"-\")"), \
	OPT_USER('a', "annotations", NULL, "_[k] behind kernel functions"), \
	OPT_USER('s', "offset", NULL, "how far into the function, behind its name"), \
	OPT_USER('A', "address", NULL, "addresses, not names"), \
	STACK_ROOM_OPTS
#define STACK_KEYS \
	.folded = 'f', .delimited = 'd', .annotate = 'a', .offsets = 's', .address = 'A', \
	.storage = 30, .depth = 31

/* The last two of these for a tool with COL_STACKS instead, and STACK_ROOM_KEYS in the applet. */
#define STACK_ROOM_OPTS \
	OPT_USER_NUM(30, "stack-storage-size", "N", "room for N stacks [8192]", 1, 1 << 22), \
	OPT_USER_NUM(31, "perf-max-stack-depth", "N", "keep N frames of each [127]", 1, 1024)
#define STACK_ROOM_KEYS .storage_key = 30, .depth_key = 31

/* ---- Probes ----
 * Consecutive rows with the same `what` are one choice, best first: the first row whose programs
 * all load and attach is taken. A table may have several choices, each with rows of its own. A
 * program with "?" before it may be missing (a system call that this architecture lacks); a row of
 * such alone never fails. A last row with "" means that the tool does without. Programs that no row
 * names are always needed. */

struct probe {
	const char *what;	/* named in messages: "block I/O completion" */
	const char *progs;	/* separated by spaces */
	unsigned char when;	/* only with this option; 0 always */
};

/* ---- The applet ---- */

enum operands {
	OPERANDS_NONE,
	OPERANDS_INTERVAL,	/* [INTERVAL [COUNT]] */
	OPERANDS_DURATION,	/* [DURATION] */
	OPERANDS_OWN,		/* run->argv, described by .args, checked by setup() */
	OPERANDS_SCRIPT,	/* the same; behind the first one nothing is an option of ours */
};

struct applet {
	const char *name;
	const char *brief;	/* one line, ends in a full stop; the file's title has the same words */
	const char *args;	/* for OPERANDS_OWN */
	const char *help;	/* examples and notes, lines of at most 80 */
	const char *title;	/* text said before the first output, "Tracing ... " or NULL */
	const struct opt *opts;
	const struct col *cols;
	const struct hist *hist;
	const struct top *top;
	const struct stacks *stacks;
	const struct probe *probes;
	const unsigned char *object, *object_end; /* compressed; BPF_OBJECT() fills them in */
	uint32_t event_min;	/* smallest event that the kernel side sends; EVENT_SIZE() */
	uint32_t rodata_size;
	unsigned char operands;
	unsigned char interval;	/* seconds between reports if not said; 0: one at the end */
	unsigned char stamp_key; /* option that puts the time before each report; 0 none */
	unsigned char offsets_key; /* COL_STACKS: option for NAME+0x.. in its frames; 0 none */
	unsigned char depth_key, storage_key; /* COL_STACKS: how many frames of each stack are kept,
					       * and for how many there is room; 0 none */
	bool kprobes;		/* an applet without an object that needs them: doctor says so */
	const char *trial;	/* operands with which doctor tries an applet that needs some */

	/* All may be NULL. Errors end the program by die(). */
	const struct col *(*cols_make)(struct run *run); /* for cols that depend on options' values */
	/* After open, before load; again at each attempt. Without an object: before it begins. */
	void (*setup)(struct run *run);
	void (*attach)(struct run *run); /* after load: probes that only run time knows */
	/* Of each event, and each row of `top`: false is not shown, not counted. */
	bool (*keep)(struct run *run, void *event);
	/* Text only: what stands below the row of an event. Calls text_print(). */
	void (*below)(struct run *run, const void *event);
	/* A report, each interval and at the end: calls row_print(). The columns' header is printed
	 * once, before the first. An applet may have this and no BPF object. */
	void (*tick)(struct run *run);
	/* When a report would be, behind it: events that are due by then. Calls row_event(). */
	void (*look)(struct run *run);
	int (*main)(struct run *run);	/* instead of all else; returns EXIT_* */
};

struct alias {
	const char *name;
	const char *applet;
	const char *brief;
	const char *args;	/* options put before the user's own, separated by spaces */
};

/* Declares the applet `id`. Pointers in a linker section are the registry. */
#define APPLET(id) \
	static const struct applet applet_##id; \
	static const struct applet *const applet_##id##_entry \
	__attribute__((used, retain, section("applets"))) = &applet_##id; \
	static const struct applet applet_##id
#define ALIAS(id) \
	static const struct alias alias_##id; \
	static const struct alias *const alias_##id##_entry \
	__attribute__((used, retain, section("aliases"))) = &alias_##id; \
	static const struct alias alias_##id

/* The embedded object of bpf/SUBJECT/ID.bpf.c, found on the assembler's include path. Before
 * APPLET(id), which has `OBJECT(id)` in it. */
#define BPF_OBJECT(id) \
	__asm__(".pushsection .rodata.bpf_" #id ",\"a\"\n" \
		"bpf_" #id "_start:\n.incbin \"" #id ".bpf.pack\"\nbpf_" #id "_end:\n.popsection\n"); \
	extern const unsigned char bpf_##id##_start[] __attribute__((visibility("hidden"))); \
	extern const unsigned char bpf_##id##_end[] __attribute__((visibility("hidden")))
#define OBJECT(id) \
	.object = bpf_##id##_start, .object_end = bpf_##id##_end, .rodata_size = sizeof(RODATA)
/* A fixed event; or, where its last member is a string that is sent as long as it is, EVENT_UPTO. */
#define EVENT_SIZE .event_min = sizeof(EVENT)
#define EVENT_UPTO(last) .event_min = offsetof(EVENT, last)

/* ---- One run of an applet ---- */

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_CSV };

struct run {
	const struct applet *applet;
	int argc;		/* operands, where they are the applet's own */
	char **argv;
	struct bpf_object *obj;	/* open after setup() has begun; owned by the core */
	void *rodata;		/* writable until load */
	enum format format;
	uint64_t interval_ns;	/* 0: one report at the end */
	uint64_t elapsed_ns;	/* tick(), look(): since the last, measured */
	uint64_t now_ns;	/* tick(), look(): CLOCK_MONOTONIC of it */
	bool last;		/* tick(), look(): the final one */
	void *own;		/* the applet's own state, made by its setup() */
	struct core *core;	/* what only the core touches */
};

/* The object's read-only data as its struct: RUN_RODATA(run)->min_ns = 5. Before load only. */
#define RUN_RODATA(run) ((RODATA *)(run)->rodata)

/* Print one row through the applet's columns; `row` as its EVENT. The time is that of its first
 * member time_ns if `timed`, else run->now_ns. */
void row_print(struct run *run, const void *row, bool timed);

/* The same for what the applet makes itself out of the events it gets, whose own struct EVENT is not:
 * a row that counts as an event for --count. From keep(), which then returns false, and look(). */
void row_event(struct run *run, const void *row);

/* Print a line of text outside of all tables, as a listing that an option asks for; and end well. */
void line_print(struct run *run, const char *fmt, ...) PRINTF(2, 3);
/* A part of such a line: text from elsewhere, made harmless, NULs too. */
void text_print(struct run *run, const char *text, size_t n);
/* Bytes as they are, harmless or not: where the user asks for just that. */
void bytes_print(struct run *run, const void *bytes, size_t n);
void run_end(struct run *run) __attribute__((noreturn));

/* Call `fn` whenever `fd` is readable, as long as the run lasts. After load, in attach(). */
void run_watch(struct run *run, int fd, void (*fn)(struct run *run));
/* End the run as --duration does, with its last report. */
void run_stop(struct run *run);

/* For an applet with its own main(): the header, and the time of what follows. */
void rows_begin(struct run *run);
/* What --btf names, NULL without it. */
const char *run_btf(const struct run *run);
/* Is there a filter on tasks? After open. */
bool tasks_chosen(const struct run *run);

/* A variable of .bss or .data by name, mapped into memory: reads are live. Aborts where there is
 * none, since the name is the applet's own. NULL before load. */
void *bss_var(const struct run *run, const char *name);

/* The sum over all CPUs of one entry of the per-CPU array `map`, as `n` __u64s into `sum`. */
void counts_read(const struct run *run, const char *map, uint32_t index, uint64_t *sum, size_t n);
/* The same since the last call for that entry, or since the start: what an interval saw. The kernel
 * only ever counts up, so nothing falls between two reports. */
void counts_since(struct run *run, const char *map, uint32_t index, uint64_t *sum, size_t n);

typedef void map_entry_fn(const void *key, const void *value, void *arg);
/* Call `fn` (NULL: nothing) with each entry of the hash; values of per-CPU maps are summed as __u64s
 * first. With `take` the entries are removed. In batches where the kernel has them (5.6). Dies on
 * failure. */
void map_drain(const struct run *run, const char *map, bool take, map_entry_fn *fn, void *arg);

/* File descriptor of the map, for bpf_map_update_elem() and the like. After load. */
int map_fd(const struct run *run, const char *map);
/* Before load: the number of entries, at least 1; --map-entries overrides all but 1. */
void map_resize(const struct run *run, const char *map, uint32_t entries);

/* Programs whose target is known at run time only. Before load, in setup(): */
void prog_target(struct run *run, const char *prog, const char *function); /* fentry, kprobe */
/* kprobe.multi, kprobe.session and the like: `n` functions, each with a cookie. Both arrays stay the
 * applet's and live as long as the run. */
void prog_targets(struct run *run, const char *prog, const char **functions,
		  const u64 *cookies, size_t n);
void prog_off(struct run *run, const char *prog);
/* Functions of the kernel (kfuncs) that only `prog` calls: the i-th as helper number KFUNC(i), in the
 * program itself and what is inlined there. As externs they would keep all of the object from being
 * loaded where the kernel has no BTF, even with that program off. 0 or -errno: the kernel lacks one
 * of them, or has no BTF. */
int prog_kfuncs(struct run *run, const char *prog, const char *const *functions, int n);
struct bpf_program *prog_find(const struct run *run, const char *prog);
bool prog_loaded(const struct run *run, const char *prog); /* after load, in attach() */
/* After load, in attach(). Links are the core's. 0 or -errno. `pid` 0 is every process.
 * `offset` is the file offset of the function (core/elf.h). */
int prog_attach_uprobe(struct run *run, const char *prog, bool ret, int pid, const char *path,
		       uint64_t offset, uint64_t cookie);
/* The same at `n` places of a file (cookies NULL: none): where uprobe_multi_works() (features.h) as one
 * link, which costs the kernel one wait instead of `n`; else one by one. When one place is refused, so
 * is the link, and of those one by one some may be attached. */
int prog_attach_uprobes(struct run *run, const char *prog, bool ret, int pid, const char *path,
			const unsigned long *offsets, const u64 *cookies, size_t n);
int prog_attach_kprobe(struct run *run, const char *prog, bool ret, const char *function,
		       uint64_t cookie);
/* A program in SEC("usdt") (bpf/usdt.bpf.h) to all places of a USDT probe in the file: how many, 0 when
 * the file has none, or -errno. `probe` is "PROVIDER:NAME", or with those of its arguments that the
 * program takes, in its order, from 0: "python:function__entry(0,-,1,-)" has what the probe calls
 * argument 1 as 2; "-" is 0. Several probes may have one program; the cookie, site->cookie there,
 * tells them apart. The semaphores are held, in processes that start later too. Where the kernel has
 * no cookies (before 5.15), a place that cannot be told from another is left out, and that is told. */
int prog_attach_usdt(struct run *run, const char *prog, int pid, const char *path,
		     const char *probe, uint64_t cookie);
/* One software CPU-clock (or given) perf event per online CPU, or on `cpu` alone if >= 0.
 * `period` counts events where `freq` is 0. */
void prog_attach_perf(struct run *run, const char *prog, uint32_t type, uint64_t config,
		      uint64_t freq, uint64_t period, int cpu);

#endif
