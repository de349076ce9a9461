// SPDX-License-Identifier: GPL-2.0-or-later
// Trace signals: who sends which one to whom.
#include "applet.h"
#include "sigsnoop.h"
#include "sigsnoop.skel.h"
#define RODATA struct sigsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_RANGE('T', target, "tpid", "PID", "signals to this process only", 1, 4194304),
	OPT_USER('s', "signal", "SIG[,SIG]", "these signals only: 9,TERM,SIGUSR1,RTMIN+2"),
	OPT('x', only_failed, "failed", NULL, "only where RESULT is not 0"),
	OPT_USER('k', "kill", NULL, "the system calls kill, tkill, rt_sigqueueinfo, ..."),
	OPT_USER('n', "name", NULL, "show the signal's name"),
	OPT_USER('e', "extended-fields", NULL, "show UID, TID, TTID, CODE, CALL and TARGETS"),
	LETTER('d', "duration"),
	{ 0 }
};

/* A number, or a name with or without SIG; -1 if it is neither. */
static int signal_parse(const char *s)
{
	char name[SIGNAL_NAME_LEN];
	uint64_t n;

	if (parse_u64(s, &n))
		return n < SIGNALS ? (int)n : -1;
	for (int sig = 1; sig < SIGNALS; sig++) {
		signal_name(sig, name);
		if (!strcmp(s, name) || (!strncmp(name, "SIG", 3) && !strcmp(s, name + 3)))
			return sig;
	}
	return -1;
}

static void setup(struct run *run)
{
	const char *list = opt_str(run, 's');
	char item[32];
	size_t n;
	int sig;

	if (opt_on(run, 'k'))
		prog_off(run, "signal_made");
	for (const char *p = list; p && (*p || p == list); p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		snprintf(item, sizeof(item), "%.*s", (int)n, p);
		sig = signal_parse(item);
		if (sig < 0)
			opt_bad(run, 's', "expected numbers from 0 to 64, or names like SIGTERM");
		RUN_RODATA(run)->some_signals = true;
		RUN_RODATA(run)->signals[sig] = true;
	}
}

static void fmt_name(struct cell *cell, const void *row)
{
	char name[SIGNAL_NAME_LEN];

	cell_str(cell, signal_name(((const EVENT *)row)->sig, name));
}

/* The target of a descriptor is known only if a signal went there. */
static void fmt_tpid(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == CALL_PIDFD && !e->targets)
		cell_none(cell);
	else
		cell_s64(cell, e->tpid);
}

static void fmt_ttid(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->ttid)
		cell_s64(cell, e->ttid);
	else
		cell_none(cell);
}

static void fmt_tcomm(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->targets == 1)
		cell_strn(cell, e->tcomm, sizeof(e->tcomm));
	else
		cell_none(cell);
}

static void fmt_code(struct cell *cell, const void *row)
{
	static const char *const from_user[] = {
		"SI_USER", "SI_QUEUE", "SI_TIMER", "SI_MESGQ", "SI_ASYNCIO", "SI_SIGIO", "SI_TKILL",
	};
	const EVENT *e = row;

	if (!e->targets)
		cell_none(cell);
	else if (e->si_code <= 0 && -(int64_t)e->si_code < (int64_t)ARRAY_LEN(from_user))
		cell_str(cell, from_user[-e->si_code]);
	else if (e->si_code == 0x80)
		cell_str(cell, "SI_KERNEL");
	else
		cell_printf(cell, "%d", e->si_code);
}

static void fmt_call(struct cell *cell, const void *row)
{
	static const char *const calls[] = {
		[CALL_KILL] = "kill", [CALL_TKILL] = "tkill", [CALL_TGKILL] = "tgkill",
		[CALL_SIGQUEUE] = "rt_sigqueueinfo", [CALL_TGSIGQUEUE] = "rt_tgsigqueueinfo",
		[CALL_PIDFD] = "pidfd_send_signal",
	};
	const EVENT *e = row;

	if (e->call && e->call < ARRAY_LEN(calls))
		cell_str(cell, calls[e->call]);
	else
		cell_none(cell);
}

/* What became of a signal has words for people, numbers for programs. */
static void fmt_result(struct cell *cell, const void *row)
{
	static const char *const words[] = {
		[RESULT_DELIVERED] = "0", [RESULT_IGNORED] = "ignored",
		[RESULT_PENDING] = "pending", [RESULT_OVERFLOW] = "overflow",
		[RESULT_LOSE_INFO] = "no info",
	};
	const EVENT *e = row;

	if (!e->call && cell_run(cell)->format == FORMAT_TEXT &&
	    (size_t)e->result < ARRAY_LEN(words))
		cell_str(cell, words[e->result]);
	else
		cell_s64(cell, e->result);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_IF('e', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL(sig, "SIG", 3),
	COL_FMT_IF('n', sig, "SIGNAL", -11, fmt_name),
	COL_FMT(tpid, "TPID", -7, fmt_tpid),
	COL_FMT_IF('e', ttid, "TTID", -7, fmt_ttid),
	COL_FMT(tcomm, "TCOMM", -16, fmt_tcomm),
	COL_FMT_IF('e', si_code, "CODE", -10, fmt_code),
	COL_FMT_IF('e', call, "CALL", -17, fmt_call),
	COL_IF('e', targets, "TARGETS", 7),
	COL_FMT(result, "RESULT", -8, fmt_result),
	{ 0 }
};

static const struct probe probes[] = {
	{ "system calls that send signals",
	  "signal_sent kill_enter kill_exit tkill_enter tkill_exit tgkill_enter tgkill_exit "
	  "rt_sigqueueinfo_enter rt_sigqueueinfo_exit rt_tgsigqueueinfo_enter "
	  "rt_tgsigqueueinfo_exit pidfd_send_signal_enter pidfd_send_signal_exit", 'k' },
	{ 0 }
};

BPF_OBJECT(sigsnoop);

APPLET(sigsnoop) = {
	.name = "sigsnoop",
	.brief = "Trace signals: who sends which one to whom.",
	.help = "Examples:\n"
		"  sigsnoop -n -s KILL,TERM      those two, with their names\n"
		"  sigsnoop -T 181               whatever is sent to process 181\n"
		"  sigsnoop -k -x                system calls that could not send (killsnoop -x)\n"
		"RESULT is 0 for a signal that was delivered; 1 ignored, 2 pending (the same one\n"
		"is already), 3 overflow (lost), 4 no info (it came without its siginfo). With -k\n"
		"it is what the call returned, 0 or -errno, and TPID is below 1 where a group was\n"
		"meant, as in kill(2): TARGETS says how many got it (with -T: if that one did).\n"
		"Timers send from interrupts: PID and COMM are those of whoever was interrupted.\n",
	OBJECT(sigsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};

ALIAS(killsnoop) = {
	.name = "killsnoop",
	.applet = "sigsnoop",
	.brief = "Trace system calls that send signals.",
	.args = "-k",
};
