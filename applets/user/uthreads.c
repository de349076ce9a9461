// SPDX-License-Identifier: GPL-2.0-or-later
// Trace threads of Java and C programs that begin and end.
#include "langs.h"
#include "demangle.h"
#include "libs.h"
#include "usyms.h"
#include "uthreads.h"
#include "uthreads.skel.h"
#define RODATA struct uthreads_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	LANG_OPT("c (or none) or java"),
	LANG_PID_OPT,
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

static const struct lang_probe probed[] = {
	{ LANG_C, "pthread_create", "" },
	{ LANG_JAVA, "java_thread", "hotspot:thread__start(0,1,2,3)", THREAD_START },
	{ LANG_JAVA, "java_thread", "hotspot:thread__stop(0,1,2,3)", THREAD_STOP },
	{ 0 }
};

struct own {
	struct langs *langs;
	struct usyms *names;
};

static void setup(struct run *run)
{
	struct own *own = run->own;
	RODATA *ro = RUN_RODATA(run);
	enum lang lang;

	if (run->argc > 1)
		die(EXIT_USAGE, "too many operands");
	if (!own) {
		own = run->own = xalloc(sizeof(*own));
		own->langs = langs_setup(run, probed, true);
		own->names = usyms_new();
	}
	langs_filter(own->langs, &ro->filter);
	ro->events_wakeup = 0; /* names are to be had while the process lives: that cannot wait */
	lang = langs_lang(own->langs);
	if (lang == LANG_C || lang == LANG_NONE)
		prog_off(run, "java_thread");
	if (lang == LANG_JAVA || ro->filter.pidns_ino) {
		prog_off(run, "made_classic");
		prog_off(run, "ended_classic");
	}
	if (lang == LANG_JAVA) {
		prog_off(run, "made_raw");
		prog_off(run, "ended_raw");
		prog_off(run, "pthread_create");
	}
}

/* glibc had it in libpthread until 2.34; a static program has it itself. Where it is not, threads are
 * still seen, without their functions. */
static const struct lib_func create[] = { { "pthread_create", "pthread_create", NULL }, { 0 } };
static const struct lib libs[] = { { "pthread", create }, { "c", create }, { 0 } };

static void attach(struct run *run)
{
	struct own *own = run->own;
	enum lang lang = langs_lang(own->langs);
	int pid = langs_pid(own->langs);

	if (lang != LANG_JAVA && !libs_watch(run, pid, NULL, libs) && pid)
		libs_program(run, pid, NULL, libs);
	if (lang == LANG_JAVA)
		langs_attach(run, own->langs);
	else
		langs_try(run, own->langs);
}

static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;
	struct own *own = run->own;

	if (e->routine)
		usyms_snapshot(own->names, e->pid);
	return true;
}

static void fmt_type(struct cell *cell, const void *row)
{
	static const char *const names[] = { "start", "stop", "pthread", "exit" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->what);
}

static void fmt_runtime(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->what <= THREAD_STOP)
		cell_u64(cell, e->runtime);
	else
		cell_none(cell);
}

static void fmt_description(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	const struct own *own = cell_run(cell)->own;
	const char *name;
	char text[256];
	uint64_t offset;

	if (!e->routine) {
		fmt_text(cell, row);
		return;
	}
	name = usyms_find(own->names, e->pid, e->routine, &offset, NULL);
	name = name ? demangle(name, text, sizeof(text)) : NULL;
	if (name && offset)
		cell_printf(cell, "%s+0x%llx", name, (unsigned long long)offset);
	else if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "0x%llx", (unsigned long long)e->routine);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_FMT(runtime, "RUNTIME", 7, fmt_runtime),
	COL_FMT(what, "TYPE", -8, fmt_type),
	COL_FMT(name, "DESCRIPTION", 0, fmt_description),
	{ 0 }
};

static const struct probe probes[] = {
	{ "threads", "made_classic ended_classic" },
	{ "threads", "made_raw ended_raw" },
	{ 0 }
};

BPF_OBJECT(uthreads);

ALIAS(javathreads) = { "javathreads", "uthreads", "Trace threads of Java programs.", "-l java" };

APPLET(uthreads) = {
	.name = "uthreads",
	.brief = "Trace threads of Java and C programs that begin and end.",
	.args = "[PID]",
	.help = "Examples:\n"
		"  uthreads 181             threads of process 181\n"
		"  uthreads -l java         Java's alone, of all processes\n"
		"TYPE: start and stop are Java's, with the thread's name and, as RUNTIME, Java's\n"
		"number of it; pthread and exit those of the C library, with the function that\n"
		"pthread_create() was given, or the name that the kernel has.\n"
		LANG_HELP,
	.title = "Tracing threads... Hit Ctrl-C to end.",
	OBJECT(uthreads),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.operands = OPERANDS_OWN,
	.setup = setup,
	.attach = attach,
	.keep = keep,
};
