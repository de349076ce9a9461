// SPDX-License-Identifier: GPL-2.0-or-later
// Trace sleeps that programs ask for: how long they wanted, how long it took.
#include "applet.h"
#include "naptime.h"
#include "naptime.skel.h"
#define RODATA struct naptime_bpf__rodata
#define EVENT struct event

#include <time.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_SCALE('m', min_ns, "min", "MS", "only sleeps that took at least so long", 1000000),
	OPT('x', only_failed, "failed", NULL, "only those that were interrupted or refused"),
	OPT_USER('e', "extended-fields", NULL, "show UID, TID, CALL, CLOCK and ABS"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const clocks[] = {
	[CLOCK_REALTIME] = "realtime", [CLOCK_MONOTONIC] = "monotonic",
	[CLOCK_PROCESS_CPUTIME_ID] = "process_cpu", [CLOCK_THREAD_CPUTIME_ID] = "thread_cpu",
	[CLOCK_BOOTTIME] = "boottime", [8 /* CLOCK_REALTIME_ALARM */] = "realtime_alarm",
	[9 /* CLOCK_BOOTTIME_ALARM */] = "boottime_alarm", [CLOCK_TAI] = "tai",
};

static int64_t clock_read(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts))
		return 0;
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

/* Clocks of CPU time, which tick at a pace of their own. */
static bool clock_is_cpu(int32_t clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

/* What was asked for, as a duration. That of an absolute time is from the begin of the sleep on, by
 * how far that clock is from the kernel's own, now. */
static void fmt_wanted(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	int64_t ns = e->wanted_ns, start = e->time_ns - e->slept_ns;

	if (!e->known || (e->absolute && clock_is_cpu(e->clock))) {
		cell_none(cell);
		return;
	}
	if (e->absolute)
		ns -= start + clock_read(e->clock) - clock_read(CLOCK_MONOTONIC);
	cell_f64(cell, MAX(ns, 0) / 1e9, cell_run(cell)->format == FORMAT_TEXT ? 3 : 9);
}

/* ERESTARTNOHAND and ERESTART_RESTARTBLOCK never leave the kernel: the caller sees EINTR, or nothing
 * if the sleep is gone on with. */
static void fmt_err(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_s64(cell, e->ret == -514 || e->ret == -516 ? EINTR : -e->ret);
}

static void fmt_call(struct cell *cell, const void *row)
{
	static const char *const calls[] = {
		[NANOSLEEP] = "nanosleep", [CLOCK_NANOSLEEP] = "clock_nanosleep",
		[RESTART] = "restart_syscall",
	};

	cell_enum(cell, calls, ARRAY_LEN(calls), ((const EVENT *)row)->call);
}

static void fmt_clock(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->clock < 0)
		cell_s64(cell, e->clock);
	else
		cell_enum(cell, clocks, ARRAY_LEN(clocks), e->clock);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(ppid, "PPID", -7),
	COL(pcomm, "PCOMM", -16),
	COL_IF('e', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT_IF('e', call, "CALL", -15, fmt_call),
	COL_FMT_IF('e', clock, "CLOCK", -11, fmt_clock),
	COL_IF('e', absolute, "ABS", -5),
	COL_FMT(wanted_ns, "SECONDS", 10, fmt_wanted),
	COL_DIV(slept_ns, "SLEPT", 10, 1000000000, 3),
	COL_FMT(ret, "ERR", 3, fmt_err),
	{ 0 }
};

static const struct probe probes[] = {
	{ "sleeps", "nanosleep_enter nanosleep_exit clock_nanosleep_enter clock_nanosleep_exit "
		"?nanosleep_time32_enter ?nanosleep_time32_exit "
		"?clock_nanosleep_time32_enter ?clock_nanosleep_time32_exit "
		"restart_enter restart_exit" },
	{ 0 }
};

BPF_OBJECT(naptime);

APPLET(naptime) = {
	.name = "naptime",
	.brief = "Trace sleeps that programs ask for: how long they wanted, how long it took.",
	.help = "Examples:\n"
		"  naptime               all\n"
		"  naptime -m 1000 -e    of a second or longer, with call and clock\n"
		"  naptime -x -p 181     those of process 181 that were cut short\n"
		"A sleep is shown when it is over: nanosleep and clock_nanosleep. SECONDS is what\n"
		"was asked for, until when in case of an absolute time; SLEPT what it took. ERR 4\n"
		"(EINTR) was interrupted; where the kernel goes on with it by itself, as after a\n"
		"stop, the rest is a line of its own. select and poll with a timeout are no sleeps\n"
		"here. Not seen are 32-bit programs on a 64-bit kernel.\n",
	OBJECT(naptime),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
};
