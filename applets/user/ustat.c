// SPDX-License-Identifier: GPL-2.0-or-later
// Show what languages' runtimes do: calls, collections, objects, exceptions.
#include "langs.h"
#include "ustat.h"
#include "ustat.skel.h"
#define RODATA struct ustat_bpf__rodata

struct row {
	struct key key;
	struct value value;
};
#define EVENT struct row

static const struct opt opts[] = {
	LANG_OPT("java, node, perl, php, python, ruby or tcl"),
	FILTER_PID('p'),
	OPT_USER('C', "noclear", NULL, "do not clear the screen"),
	OPT_USER('S', "sort", "KEY", "by cload, excp, gc, method, objnew or thread"),
	OPT_USER_NUM('r', "maxrows", "N", "at most N lines [20]", 1, 100000),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

#define EACH(lang, probe, what) { lang, "happened", probe, what }
static const struct lang_probe probed[] = {
	EACH(LANG_JAVA, "hotspot:gc__begin", STAT_GC),
	EACH(LANG_JAVA, "hotspot:thread__start", STAT_THREAD),
	EACH(LANG_JAVA, "hotspot:class__loaded", STAT_CLASS),
	EACH(LANG_JAVA, "hotspot:object__alloc", STAT_OBJECT),
	EACH(LANG_JAVA, "hotspot:method__entry", STAT_METHOD),
	EACH(LANG_JAVA, "hotspot_jni:ExceptionOccurred__entry", STAT_EXCEPTION),
	EACH(LANG_NODE, "node:gc__start", STAT_GC),
	EACH(LANG_PERL, "perl:sub__entry", STAT_METHOD),
	EACH(LANG_PHP, "php:function__entry", STAT_METHOD),
	EACH(LANG_PHP, "php:compile__file__entry", STAT_CLASS),
	EACH(LANG_PHP, "php:exception__thrown", STAT_EXCEPTION),
	EACH(LANG_PYTHON, "python:function__entry", STAT_METHOD),
	EACH(LANG_PYTHON, "python:gc__start", STAT_GC),
	EACH(LANG_PYTHON, "python:import__find__load__start", STAT_CLASS),
	EACH(LANG_RUBY, "ruby:method__entry", STAT_METHOD),
	EACH(LANG_RUBY, "ruby:cmethod__entry", STAT_METHOD),
	EACH(LANG_RUBY, "ruby:gc__mark__begin", STAT_GC),
	EACH(LANG_RUBY, "ruby:object__create", STAT_OBJECT),
	EACH(LANG_RUBY, "ruby:string__create", STAT_OBJECT),
	EACH(LANG_RUBY, "ruby:array__create", STAT_OBJECT),
	EACH(LANG_RUBY, "ruby:hash__create", STAT_OBJECT),
	EACH(LANG_RUBY, "ruby:require__entry", STAT_CLASS),
	EACH(LANG_RUBY, "ruby:load__entry", STAT_CLASS),
	EACH(LANG_RUBY, "ruby:raise", STAT_EXCEPTION),
	EACH(LANG_TCL, "tcl:proc__entry", STAT_METHOD),
	EACH(LANG_TCL, "tcl:obj__create", STAT_OBJECT),
	{ 0 }
};

static void setup(struct run *run)
{
	if (!run->own)
		run->own = langs_setup(run, probed, false);
}

static void attach(struct run *run)
{
	langs_attach(run, run->own);
}

static void fmt_command(struct cell *cell, const void *row)
{
	char path[32], line[256];
	int n;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", ((const struct key *)row)->pid);
	n = file_read(path, line, sizeof(line));
	if (n <= 0) {
		cell_none(cell); /* it has ended */
		return;
	}
	for (int i = 0; i < n; i++)
		if (!line[i])
			line[i] = ' ';
	while (n > 1 && line[n - 1] == ' ')
		line[--n] = 0;
	cell_str(cell, line);
}

static double weight(const struct run *run, const void *row)
{
	const struct value *v = &((const struct row *)row)->value;
	double sum = 0;

	(void)run;
	for (int i = 0; i < STATS; i++)
		sum += v->n[i];
	return sum;
}

static const struct col cols[] = {
	COL(key.pid, "PID", -7),
	COL_RATE(value.n[STAT_METHOD], "METHOD/s", 10),
	COL_RATE(value.n[STAT_GC], "GC/s", 6),
	COL_RATE(value.n[STAT_OBJECT], "OBJNEW/s", 10),
	COL_RATE(value.n[STAT_CLASS], "CLOAD/s", 8),
	COL_RATE(value.n[STAT_EXCEPTION], "EXC/s", 6),
	COL_RATE(value.n[STAT_THREAD], "THR/s", 6),
	COL_FMT(key, "CMDLINE", 0, fmt_command),
	{ 0 }
};

static const struct order orders[] = {
	{ "all", NULL }, { "cload", "CLOAD/s" }, { "excp", "EXC/s" }, { "gc", "GC/s" },
	{ "method", "METHOD/s" }, { "objnew", "OBJNEW/s" }, { "thread", "THR/s" },
	{ 0 }
};

static const struct top top = {
	.map = "counts",
	.key_size = sizeof(struct key),
	.value_size = sizeof(struct value),
	.weight = weight,
	.sort_key = 'S',
	.orders = orders,
	.rows_key = 'r',
	.rows = 20,
	.noclear_key = 'C',
};

BPF_OBJECT(ustat);

ALIAS(javastat) = { "javastat", "ustat", "Show what Java programs do, live.", "-l java" };
ALIAS(nodestat) = { "nodestat", "ustat", "Show what Node programs do, live.", "-l node" };
ALIAS(perlstat) = { "perlstat", "ustat", "Show what Perl programs do, live.", "-l perl" };
ALIAS(phpstat) = { "phpstat", "ustat", "Show what PHP programs do, live.", "-l php" };
ALIAS(pythonstat) = { "pythonstat", "ustat", "Show what Python programs do, live.", "-l python" };
ALIAS(rubystat) = { "rubystat", "ustat", "Show what Ruby programs do, live.", "-l ruby" };
ALIAS(tclstat) = { "tclstat", "ustat", "Show what Tcl programs do, live.", "-l tcl" };

APPLET(ustat) = {
	.name = "ustat",
	.brief = "Show what languages' runtimes do: calls, collections, objects, exceptions.",
	.help = "Examples:\n"
		"  ustat                    all that run, each second\n"
		"  ustat -C -l java 5       Java, each five seconds\n"
		"  ustat -S gc              those that collect most garbage first\n"
		"CLOAD: classes loaded, files compiled (php), modules imported (python, ruby).\n"
		LANG_HELP,
	OBJECT(ustat),
	.opts = opts,
	.cols = cols,
	.top = &top,
	.operands = OPERANDS_INTERVAL,
	.interval = 1,
	.setup = setup,
	.attach = attach,
};
