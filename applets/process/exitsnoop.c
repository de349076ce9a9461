// SPDX-License-Identifier: GPL-2.0-or-later
// Trace the end of processes: age, exit code or signal.
#include "applet.h"
#include "clock.h"
#include "exitsnoop.h"
#include "exitsnoop.skel.h"
#define RODATA struct exitsnoop_bpf__rodata
#define EVENT struct event

#include <sys/wait.h>

enum { TID = 1, COMM, UTC, LABEL };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(TID), FILTER_UID('u'), FILTER_COMM(COMM), FILTER_CGROUP('c'),
	OPT('x', only_failed, "failed", NULL, "only ends by a signal or with a code that is not 0"),
	OPT('T', per_thread, "threaded", NULL, "each thread, not the process when all have gone"),
	OPT_USER('t', "timestamp", NULL, "show the time of day"),
	OPT_USER(UTC, "utc", NULL, "show the time in UTC, with milliseconds"),
	OPT_USER(LABEL, "label", "TEXT", "show this text in a column of its own"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('e', "extended-fields", NULL, "show CODE, SIGNAL, DUMPED and CGROUP"),
	LETTER('d', "duration"),
	{ 0 }
};

/* --tid asks for one thread's end. */
static void setup(struct run *run)
{
	if (opt_on(run, TID))
		RUN_RODATA(run)->per_thread = true;
}

static void fmt_utc(struct cell *cell, const void *row)
{
	char text[CLOCK_TEXT];

	cell_printf(cell, "%.12s", clock_rfc3339(((const EVENT *)row)->time_ns, text) + 11);
}

static void fmt_label(struct cell *cell, const void *row)
{
	(void)row;
	cell_str(cell, opt_str(cell_run(cell), LABEL));
}

static void fmt_age(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_f64(cell, (e->time_ns - e->start_ns) / 1e9, cell_run(cell)->format ? 6 : 2);
}

static void fmt_code(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (WIFEXITED(e->status))
		cell_s64(cell, WEXITSTATUS(e->status));
	else
		cell_none(cell);
}

static void fmt_signal(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char name[SIGNAL_NAME_LEN];

	if (WTERMSIG(e->status))
		cell_str(cell, signal_name(WTERMSIG(e->status), name));
	else
		cell_none(cell);
}

static void fmt_exit(struct cell *cell, const void *row)
{
	uint32_t status = ((const EVENT *)row)->status;
	char name[SIGNAL_NAME_LEN];

	if (!status)
		cell_str(cell, "0");
	else if (WIFEXITED(status))
		cell_printf(cell, "code %d", WEXITSTATUS(status));
	else
		cell_printf(cell, "signal %d (%s)%s", WTERMSIG(status),
			    signal_name(WTERMSIG(status), name),
			    WCOREDUMP(status) ? ", core dumped" : "");
}

static const struct col cols[] = {
	COL_TIME('t', "TIME"),
	COL_FMT_ONLY(UTC, time_ns, "TIME-UTC", -12, fmt_utc),
	COL_FMT_ONLY(LABEL, time_ns, "LABEL", -12, fmt_label),
	COL_IF('U', uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL(ppid, "PPID", -7),
	COL(tid, "TID", -7),
	COL_FMT(start_ns, "AGE(s)", -8, fmt_age),
	COL_FMT_IF('e', status, "CODE", 4, fmt_code),
	COL_FMT_IF('e', status, "SIGNAL", -11, fmt_signal),
	COL_IF('e', dumped, "DUMPED", 6),
	COL_IF('e', cgroup, "CGROUP", -10),
	COL_FMT(status, "EXIT_CODE", 0, fmt_exit),
	{ 0 }
};

static const struct probe probes[] = {
	{ "process exit", "exit_classic" },
	{ "process exit", "exit_raw" },
	{ 0 }
};

BPF_OBJECT(exitsnoop);

APPLET(exitsnoop) = {
	.name = "exitsnoop",
	.brief = "Trace the end of processes: age, exit code or signal.",
	.help = "Examples:\n"
		"  exitsnoop -t -x               failures only, with the time\n"
		"  exitsnoop -p 181 -T           each thread of process 181\n"
		"  exitsnoop --utc --label web1  lines to be merged with those of other machines\n"
		"A process ends when its last thread does: TID is that one, EXIT_CODE what its\n"
		"parent gets to know. AGE counts from the fork. COMM is the name of the process.\n",
	OBJECT(exitsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
