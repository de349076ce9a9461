/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runtimes of languages by their USDT probes: where they are, in one process or in all. For applets
 * with programs in SEC("usdt"). */
#ifndef LANGS_H
#define LANGS_H

#include "applet.h"
#include "../bpf/lang.h"

enum lang {
	LANG_C, LANG_JAVA, LANG_NODE, LANG_PERL, LANG_PHP, LANG_PYTHON, LANG_RUBY, LANG_TCL, LANGS,
	LANG_NONE = LANGS, LANG_ANY,
};

/* Which program for which probe; the last one is { 0 }. */
struct lang_probe {
	unsigned char lang;
	const char *prog, *probe; /* as prog_attach_usdt() takes them; "": the applet does */
	u64 cookie;
	bool extended;	/* the runtime has to be started in a special way for it: that is told */
};

/* Calls and returns of methods, for the programs `called` and `returned`: class, its length,
 * method, its length (bpf/lang.bpf.h). */
#define LANG_METHODS \
	LANG_METHOD(LANG_JAVA, "hotspot:method", "(1,2,3,4)", true), \
	LANG_METHOD(LANG_PERL, "perl:sub", "(3,-,0,-)", false), \
	LANG_METHOD(LANG_PHP, "php:function", "(3,-,0,-)", true), \
	LANG_METHOD(LANG_PYTHON, "python:function", "(0,-,1,-)", true), \
	LANG_METHOD(LANG_RUBY, "ruby:method", "(0,-,1,-)", false), \
	LANG_METHOD(LANG_RUBY, "ruby:cmethod", "(0,-,1,-)", false), \
	LANG_METHOD(LANG_TCL, "tcl:proc", "(-,-,0,-)", false), \
	LANG_METHOD(LANG_TCL, "tcl:cmd", "(-,-,0,-)", false)
#define LANG_METHOD(lang, probe, args, extended) \
	{ lang, "called", probe "__entry" args, 0, extended }, \
	{ lang, "returned", probe "__return" args, 0, false }

struct langs;

/* In setup(), once: what the option -l LANGUAGE (which may be missing; `none` where it may be
 * "none") and the first operand, PID, say; the option KEY_LANG_PID is the same as the operand. */
enum { KEY_LANG_PID = 'p' };
#define LANG_PID_OPT \
	OPT_USER_NUM(KEY_LANG_PID, "pid", "PID", "the same as the operand PID", 1, 4194304)
#define LANG_OPT(words) OPT_USER('l', "language", "LANGUAGE", "programs in " words " only")
struct langs *langs_setup(struct run *run, const struct lang_probe *probes, bool none);
/* The second operand, INTERVAL, of those that have one. */
void langs_interval(struct run *run);
enum lang langs_lang(const struct langs *langs);
int langs_pid(const struct langs *langs);	/* 0: all processes */
/* The filter of the object: that process. */
void langs_filter(const struct langs *langs, struct filter *filter);

/* In attach(): that process, or all, those that come later within a second. Ends
 * with EXIT_CANNOT where a process that was named has no such probes. Nothing is done for
 * LANG_NONE, and for LANG_C, whose functions the applet probes itself. */
void langs_attach(struct run *run, struct langs *langs);
/* The same, but a process without such probes is no failure. */
void langs_try(struct run *run, struct langs *langs);
/* "class.method" */
void lang_print(struct cell *cell, const struct lang_name *name);

/* What such a tool's --help has to say. */
#define LANG_HELP \
	"Probes have to be compiled into the runtime: Debian's java, python3, ruby and php\n" \
	"have them, its perl, tcl and node do not. Calls and objects: start java with\n" \
	"-XX:+ExtendedDTraceProbes, php with USE_ZEND_DTRACE=1 in its environment; Python\n" \
	"tells of all up to 3.10, of 3.11 under a profiler only. Without PID all processes\n" \
	"are watched, those that come later after a second.\n"

#endif
