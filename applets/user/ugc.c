// SPDX-License-Identifier: GPL-2.0-or-later
// Trace pauses for garbage collection in Java, Node, Python or Ruby.
#include "langs.h"
#include "ugc.h"
#include "ugc.skel.h"
#define RODATA struct ugc_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	LANG_OPT("java, node, python or ruby"),
	LANG_PID_OPT,
	OPT_USER('m', "milliseconds", NULL, "pauses in milliseconds, not microseconds"),
	OPT_SCALE('M', min_ns, "minimum", "MS", "pauses of at least so many milliseconds only",
		  1000000),
	OPT_SCALE('t', min_ns, "time", "US", "the same in microseconds", 1000),
	OPT_USER('F', "filter", "TEXT", "those with TEXT in their description only"),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

static const struct lang_probe probed[] = {
	{ LANG_JAVA, "begun", "hotspot:gc__begin(0)", GC_JAVA },
	{ LANG_JAVA, "ended", "hotspot:gc__end", GC_JAVA },
	{ LANG_JAVA, "begun", "hotspot:mem__pool__gc__begin(0,1,2,3,5,7)", GC_JAVA_POOL },
	{ LANG_JAVA, "ended", "hotspot:mem__pool__gc__end(0,1,2,3,5,7)", GC_JAVA_POOL },
	{ LANG_NODE, "begun", "node:gc__start(0,1)", GC_NODE },
	{ LANG_NODE, "ended", "node:gc__done", GC_NODE },
	{ LANG_PYTHON, "begun", "python:gc__start(0)", GC_PYTHON },
	{ LANG_PYTHON, "ended", "python:gc__done(0)", GC_PYTHON },
	{ LANG_RUBY, "begun", "ruby:gc__mark__begin", GC_RUBY_MARK },
	{ LANG_RUBY, "ended", "ruby:gc__mark__end", GC_RUBY_MARK },
	{ LANG_RUBY, "begun", "ruby:gc__sweep__begin", GC_RUBY_SWEEP },
	{ LANG_RUBY, "ended", "ruby:gc__sweep__end", GC_RUBY_SWEEP },
	{ 0 }
};

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

static void describe(const EVENT *e, char *text, size_t size)
{
	size_t n;

	switch (e->kind) {
	case GC_JAVA:
		snprintf(text, size, e->begin[0] & 1 ? "full collection" : "collection");
		break;
	case GC_JAVA_POOL:
		n = snprintf(text, size, "%s %s: %lld -> %lld bytes", e->manager, e->pool,
			     (long long)e->begin[0], (long long)e->end);
		if (e->begin[1] >= 0) /* else it may grow as it likes */
			snprintf(text + n, size - n, " of %lld", (long long)e->begin[1]);
		break;
	case GC_NODE: /* the other types of V8's GCType have other numbers in each version */
		snprintf(text, size, e->begin[0] == 1 ? "scavenge" : "type %lld, flags %lld",
			 (long long)e->begin[0], (long long)e->begin[1]);
		break;
	case GC_PYTHON:
		snprintf(text, size, "generation %lld: %lld objects", (long long)e->begin[0],
			 (long long)e->end);
		break;
	default:
		snprintf(text, size, e->kind == GC_RUBY_MARK ? "mark" : "sweep");
	}
}

static bool keep(struct run *run, void *event)
{
	const char *text = opt_str(run, 'F');
	char about[256];

	if (!text)
		return true;
	describe(event, about, sizeof(about));
	return strstr(about, text);
}

static void fmt_description(struct cell *cell, const void *row)
{
	char text[256];

	describe(row, text, sizeof(text));
	cell_str(cell, text);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(cpu, "CPU", -3),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	{ COL_FIELD(duration_ns, "PAUSE(us)", 12), .kind = K_U64, .scale = 1000, .decimals = 3,
	  .unless = 'm' },
	COL_DIV_ONLY('m', duration_ns, "PAUSE(ms)", 10, 1000000, 3),
	COL_FMT(kind, "DESCRIPTION", 0, fmt_description),
	{ 0 }
};

BPF_OBJECT(ugc);

ALIAS(javagc) = { "javagc", "ugc", "Trace pauses for garbage collection in Java.", "-l java" };
ALIAS(nodegc) = { "nodegc", "ugc", "Trace pauses for garbage collection in Node.", "-l node" };
ALIAS(pythongc) = { "pythongc", "ugc", "Trace pauses for garbage collection in Python.", "-l python" };
ALIAS(rubygc) = { "rubygc", "ugc", "Trace pauses for garbage collection in Ruby.", "-l ruby" };

APPLET(ugc) = {
	.name = "ugc",
	.brief = "Trace pauses for garbage collection in Java, Node, Python or Ruby.",
	.args = "[PID]",
	.help = "Examples:\n"
		"  ugc 181                  pauses of process 181\n"
		"  ugc -M 10 -l java        those of Java programs that take 10 ms and more\n"
		"  ugc -F 'generation 2'    the large ones of Python programs\n"
		"TIME is when it was over. Of Java's pools, collected within a collection: manager,\n"
		"pool, bytes in use before and after.\n"
		LANG_HELP,
	.title = "Tracing garbage collections... Hit Ctrl-C to end.",
	OBJECT(ugc),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.setup = setup,
	.attach = attach,
	.keep = keep,
};
