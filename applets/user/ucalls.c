// SPDX-License-Identifier: GPL-2.0-or-later
// Count calls of methods in Java, Perl, PHP, Python, Ruby or Tcl, and their time.
#include "langs.h"
#include "syscalls.h"
#include "ucalls.h"
#include "ucalls.skel.h"
#define RODATA struct ucalls_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	LANG_OPT("java, perl, php, python, ruby or tcl (none: with -S alone)"),
	LANG_PID_OPT,
	OPT_USER_NUM('T', "top", "N", "at most N lines", 1, 100000),
	OPT('L', measure_time, "latency", NULL, "show the time spent in them, sort by it"),
	OPT_USER('S', "syscalls", NULL, "system calls, too"),
	OPT('m', measure_time, "milliseconds", NULL, "the same as -L in milliseconds"),
	LETTER('v', "verbose"), LETTER('i', "interval"), LETTER('d', "duration"),
	{ 0 }
};

static const struct lang_probe probed[] = { LANG_METHODS, { 0 } };

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);
	struct langs *langs = run->own;

	if (!langs) {
		langs = run->own = langs_setup(run, probed, true);
		langs_interval(run);
	}
	if (langs_lang(langs) == LANG_NONE && !opt_on(run, 'S'))
		opt_bad(run, 'l', "without a language there are only system calls, -S");
	langs_filter(langs, &ro->filter);
	if (!ro->measure_time)
		prog_off(run, "returned");
	if (!opt_on(run, 'S'))
		prog_off(run, "call_exit");
	if (!opt_on(run, 'S') || !ro->measure_time)
		prog_off(run, "call_enter");
}

static void attach(struct run *run)
{
	langs_attach(run, run->own);
}

static void fmt_method(struct cell *cell, const void *row)
{
	const struct key *key = row;
	const char *name;

	if (key->call < 0) {
		lang_print(cell, &key->name);
		return;
	}
	name = syscall_name(key->call, key->compat);
	if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "[%d]", key->call);
}

static const char *const kinds[] = { "method", "syscall" };

static void fmt_kind(struct cell *cell, const void *row)
{
	cell_enum(cell, kinds, ARRAY_LEN(kinds), ((const struct key *)row)->call >= 0);
}

static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const struct row *)row)->value;

	return opt_on(run, 'L') || opt_on(run, 'm') ? v->total_ns : v->count;
}

static const struct col cols[] = {
	COL_FMT_IF('S', key, "KIND", -7, fmt_kind),
	COL_FMT(key, "METHOD", -50, fmt_method),
	COL(value.count, "CALLS", 8),
	COL_DIV_ONLY('L', value.total_ns, "TIME(us)", 14, 1000, 3),
	COL_DIV_ONLY('m', value.total_ns, "TIME(ms)", 14, 1000000, 3),
	{ 0 }
};

static const struct top top = {
	.map = "counts",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.rows_key = 'T',
	.ascending = true,
};

BPF_OBJECT(ucalls);

ALIAS(javacalls) = { "javacalls", "ucalls", "Count calls of methods in Java programs.", "-l java" };
ALIAS(perlcalls) = {
	"perlcalls", "ucalls", "Count calls of subroutines in Perl programs.", "-l perl"
};
ALIAS(phpcalls) = { "phpcalls", "ucalls", "Count calls of functions in PHP programs.", "-l php" };
ALIAS(pythoncalls) = {
	"pythoncalls", "ucalls", "Count calls of functions in Python programs.", "-l python"
};
ALIAS(rubycalls) = { "rubycalls", "ucalls", "Count calls of methods in Ruby programs.", "-l ruby" };
ALIAS(tclcalls) = { "tclcalls", "ucalls", "Count calls of procedures in Tcl programs.", "-l tcl" };

APPLET(ucalls) = {
	.name = "ucalls",
	.brief = "Count calls of methods in Java, Perl, PHP, Python, Ruby or Tcl, and their time.",
	.args = "[PID [INTERVAL]]",
	.help = "Examples:\n"
		"  ucalls 181               calls in process 181, when it ends\n"
		"  ucalls -L -T 10 181 5    the 10 with most time, each five seconds\n"
		"  ucalls -l none -S 181    its system calls alone\n"
		"The time of a call has that of the calls in it.\n"
		LANG_HELP,
	.title = "Tracing calls... Hit Ctrl-C to end.",
	OBJECT(ucalls),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.operands = OPERANDS_OWN,
	.setup = setup,
	.attach = attach,
};
