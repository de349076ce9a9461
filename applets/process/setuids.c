// SPDX-License-Identifier: GPL-2.0-or-later
// Trace system calls that change user and group ids.
#include "applet.h"
#include "setuids.h"
#include "setuids.skel.h"
#define RODATA struct setuids_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT('x', only_failed, "failed", NULL, "only calls that failed"),
	OPT_USER('e', "extended-fields", NULL, "show TID, and the ids after the call"),
	LETTER('d', "duration"),
	{ 0 }
};

static const struct {
	const char *name, *arg[3];
} calls[CALLS] = {
	[SETUID] = { "setuid", { "uid" } },
	[SETGID] = { "setgid", { "gid" } },
	[SETREUID] = { "setreuid", { "ruid", "euid" } },
	[SETREGID] = { "setregid", { "rgid", "egid" } },
	[SETRESUID] = { "setresuid", { "ruid", "euid", "suid" } },
	[SETRESGID] = { "setresgid", { "rgid", "egid", "sgid" } },
	[SETFSUID] = { "setfsuid", { "uid" } },
	[SETFSGID] = { "setfsgid", { "gid" } },
	[SETGROUPS] = { "setgroups", { NULL } },
};

static void fmt_call(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call < CALLS)
		cell_str(cell, calls[e->call].name);
	else
		cell_u64(cell, e->call);
}

/* An id may use all 32 bits, but -1 is none: it leaves things as they are. */
static int id_print(char *to, size_t size, uint32_t id)
{
	return id == (uint32_t)-1 ? snprintf(to, size, "-1") : snprintf(to, size, "%u", id);
}

static void groups_print(char *text, size_t size, const EVENT *e)
{
	size_t n = snprintf(text, size, "groups=");

	for (uint32_t i = 0; i < MIN((uint32_t)e->arg[0], (uint32_t)GROUPS_SHOWN); i++)
		n += snprintf(text + n, size - n, "%s%u", i ? "," : "", e->group[i]);
	if ((uint32_t)e->arg[0] > GROUPS_SHOWN)
		snprintf(text + n, size - n, ",... (%u)", (uint32_t)e->arg[0]);
}

static void fmt_args(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char text[GROUPS_SHOWN * 11 + 32] = "";
	size_t n = 0;

	if (e->call == SETGROUPS)
		groups_print(text, sizeof(text), e);
	for (int i = 0; e->call < CALLS && i < 3 && calls[e->call].arg[i]; i++) {
		n += snprintf(text + n, sizeof(text) - n, "%s%s=", i ? " " : "",
			      calls[e->call].arg[i]);
		n += id_print(text + n, sizeof(text) - n, e->arg[i]);
	}
	if (e->call == SETFSUID || e->call == SETFSGID)
		snprintf(text + n, sizeof(text) - n, " prev%s=%u", calls[e->call].arg[0],
			 (uint32_t)e->ret);
	cell_str(cell, text);
}

/* Ids above 2^31 are no errors. */
static void fmt_ret(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SETFSUID || e->call == SETFSGID)
		cell_u64(cell, (uint32_t)e->ret);
	else
		cell_s64(cell, e->ret);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL_IF('e', tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL(uid, "UID", -6),
	COL_FMT(call, "SYSCALL", -9, fmt_call),
	COL_IF('e', now[REAL], "REAL", 6),
	COL_IF('e', now[EFFECTIVE], "EFFECTIVE", 9),
	COL_IF('e', now[SAVED], "SAVED", 6),
	COL_IF('e', now[FS], "FS", 6),
	COL_FMT(ret, "RET", 4, fmt_ret),
	COL_FMT(arg, "ARGS", 0, fmt_args),
	{ 0 }
};

BPF_OBJECT(setuids);

APPLET(setuids) = {
	.name = "setuids",
	.brief = "Trace system calls that change user and group ids.",
	.help = "Examples:\n"
		"  setuids               setuid, setgid, setreuid, setregid, setresuid, setresgid,\n"
		"                        setfsuid, setfsgid, setgroups\n"
		"  setuids -x -u alice   what user alice tried and was not allowed to\n"
		"  setuids -e            with real, effective, saved and file system id after it\n"
		"UID is that before the call. ARGS are numbers of the caller's user namespace, the\n"
		"other ids those of the first one. -1 leaves an id as it is. setfsuid and setfsgid\n"
		"return the id before, whether they succeed or not. Not seen are 32-bit programs\n"
		"on a 64-bit kernel.\n",
	OBJECT(setuids),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
};
