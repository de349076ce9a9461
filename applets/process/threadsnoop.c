// SPDX-License-Identifier: GPL-2.0-or-later
// Trace new threads: who makes them, and with which function they start.
#include "applet.h"
#include "libs.h"
#include "usyms.h"
#include "threadsnoop.h"
#include "threadsnoop.skel.h"
#define RODATA struct threadsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('k', kthreads, "kthreads", NULL, "threads of the kernel, too"),
	OPT_USER('n', "name", NULL, "show NAME, what the thread calls itself by then"),
	OPT_USER('t', "timestamp", NULL, "show the seconds since the start"),
	OPT_USER('e', "extended-fields", NULL, "show UID, CTID (the thread that made it), OBJECT"),
	LETTER('d', "duration"),
	{ 0 }
};

/* glibc had it in libpthread until 2.34. */
static const struct lib_func functions[] = {
	{ "pthread_create", "pthread_create", NULL }, { 0 }
};
static const struct lib libs[] = { { "c", functions }, { "pthread", functions }, { 0 } };

static void attach(struct run *run)
{
	int pid = opt_u64(run, 'p', 0);

	libs_watch(run, pid, !pid, NULL, libs);
	libs_met(run, pid);
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (!run->own)
		run->own = usyms_new();
	ro->events_wakeup = 0; /* names are to be had while the process lives: that cannot wait */
	if (ro->filter.pidns_ino)
		prog_off(run, "newtask_classic");
}

/* A static program that comes later shows itself by its first thread. */
static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;

	if (e->routine)
		usyms_snapshot(run->own, e->pid);
	else if (!e->kthread)
		libs_met(run, e->pid);
	return true;
}

/* ---- columns ---- */

static void fmt_func(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	struct usyms *names = cell_run(cell)->own;
	const char *name;
	uint64_t offset;

	if (!e->routine) {
		cell_none(cell);
		return;
	}
	name = usyms_find(names, e->pid, e->routine, &offset, NULL);
	if (name && offset)
		cell_printf(cell, "%s+0x%llx", name, (unsigned long long)offset);
	else if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "0x%llx", (unsigned long long)e->routine);
}

static void fmt_object(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	struct usyms *names = cell_run(cell)->own;
	const char *object = NULL;

	if (e->routine)
		usyms_find(names, e->pid, e->routine, NULL, &object);
	if (object)
		cell_str(cell, object);
	else
		cell_none(cell);
}

static void fmt_name(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char path[32], name[64];

	snprintf(path, sizeof(path), "/proc/%u/comm", e->new_tid);
	if (file_read(path, name, sizeof(name)) > 0)
		cell_str(cell, name);
	else
		cell_none(cell); /* it has ended */
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_IF('e', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "CTID", -7),
	COL(comm, "COMM", -16),
	COL(new_tid, "TID", -7),
	COL_FMT_IF('n', new_tid, "NAME", -16, fmt_name),
	COL_FMT_IF('e', routine, "OBJECT", -24, fmt_object),
	COL_FMT(routine, "FUNC", 0, fmt_func),
	{ 0 }
};

static const struct probe probes[] = {
	{ "new threads", "newtask_classic" },
	{ "new threads", "newtask_raw" },
	{ 0 }
};

BPF_OBJECT(threadsnoop);

APPLET(threadsnoop) = {
	.name = "threadsnoop",
	.brief = "Trace new threads: who makes them, and with which function they start.",
	.help = "Examples:\n"
		"  threadsnoop              all threads of programs\n"
		"  threadsnoop -kn          those of the kernel too, with their names\n"
		"  threadsnoop -ep 181      of process 181, with the file that has the function\n"
		"FUNC is what pthread_create() was given, in glibc, musl and static programs, in\n"
		"containers too. A static program that comes later has its first thread without\n"
		"FUNC; so have threads made without a libc, as Go does, and those of 32-bit\n"
		"programs. Of processes that have ended by then FUNC is an address.\n",
	OBJECT(threadsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
	.keep = keep,
};
