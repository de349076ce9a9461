// SPDX-License-Identifier: GPL-2.0-or-later
// Trace calls and returns of methods in Java, Perl, PHP, Python, Ruby or Tcl, live.
#include "langs.h"
#include "uflow.h"
#include "uflow.skel.h"
#define RODATA struct uflow_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	LANG_OPT("java, perl, php, python, ruby or tcl"),
	LANG_PID_OPT,
	OPT('M', want_method, "method", "PREFIX", "methods whose name begins so only"),
	OPT('C', want_class, "class", "PREFIX", "classes (packages, files) whose name begins so only"),
	OPT_USER('e', "extended-fields", NULL, "show KIND (call or return) and DEPTH"),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

static const struct lang_probe probed[] = { LANG_METHODS, { 0 } };

static void setup(struct run *run)
{
	if (run->argc > 1)
		die(EXIT_USAGE, "too many operands");
	if (!run->own)
		run->own = langs_setup(run, probed, false);
	langs_filter(run->own, &RUN_RODATA(run)->filter);
}

static void attach(struct run *run)
{
	langs_attach(run, run->own);
}

static void fmt_method(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct lang_name *name = &e->name;
	/* Deeper ones stand no further to the right than that. */
	int indent = MIN(e->depth, 40u) * 2;

	if (cell_run(cell)->format != FORMAT_TEXT)
		lang_print(cell, name);
	else
		cell_printf(cell, "%*s%s %.*s%s%.*s", indent, "", e->is_return ? "<-" : "->",
			    (int)sizeof(name->class), name->class, *name->class ? "." : "",
			    (int)sizeof(name->method), name->method);
}

static const char *const kinds[] = { "call", "return" };

static void fmt_kind(struct cell *cell, const void *row)
{
	cell_enum(cell, kinds, ARRAY_LEN(kinds), ((const EVENT *)row)->is_return);
}

static const struct col cols[] = {
	COL(cpu, "CPU", -3),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_TIME_REL(0, "TIME(s)"),
	COL_FMT_IF('e', is_return, "KIND", -6, fmt_kind),
	COL_IF('e', depth, "DEPTH", 5),
	COL_FMT(name, "METHOD", 0, fmt_method),
	{ 0 }
};

BPF_OBJECT(uflow);

ALIAS(javaflow) = {
	"javaflow", "uflow", "Trace calls and returns of methods in Java, live.", "-l java"
};
ALIAS(perlflow) = {
	"perlflow", "uflow", "Trace calls and returns of subroutines in Perl, live.", "-l perl"
};
ALIAS(phpflow) = {
	"phpflow", "uflow", "Trace calls and returns of functions in PHP, live.", "-l php"
};
ALIAS(pythonflow) = {
	"pythonflow", "uflow", "Trace calls and returns of functions in Python, live.", "-l python"
};
ALIAS(rubyflow) = {
	"rubyflow", "uflow", "Trace calls and returns of methods in Ruby, live.", "-l ruby"
};
ALIAS(tclflow) = {
	"tclflow", "uflow", "Trace calls and returns of procedures in Tcl, live.", "-l tcl"
};

APPLET(uflow) = {
	.name = "uflow",
	.brief = "Trace calls and returns of methods in Java, Perl, PHP, Python, Ruby or Tcl, live.",
	.args = "[PID]",
	.help = "Examples:\n"
		"  uflow 181                what process 181 calls\n"
		"  uflow -C Foo 181         methods of classes whose name begins with Foo\n"
		"  uflow -l python          all programs in Python\n"
		LANG_HELP,
	.title = "Tracing method calls... Hit Ctrl-C to end.",
	OBJECT(uflow),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.setup = setup,
	.attach = attach,
};
