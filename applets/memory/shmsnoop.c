// SPDX-License-Identifier: GPL-2.0-or-later
// Trace calls on System V shared memory, with their arguments and results.
#include "applet.h"
#include "shmsnoop.h"
#include "shmsnoop.skel.h"
#define RODATA struct shmsnoop_bpf__rodata
#define EVENT struct event

#include <sys/ipc.h>
#include <sys/shm.h>

enum { FIELDS = 6 };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT_USER('n', "name", "TEXT", "only tasks with this in their name"),
	OPT('x', only_failed, "failed", NULL, "only calls that failed"),
	OPT_USER(FIELDS, "fields", NULL, "show each argument in a column of its own, too"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const call_names[] = {
	[SHMGET] = "shmget", [SHMAT] = "shmat", [SHMDT] = "shmdt", [SHMCTL] = "shmctl",
};

struct flag {
	unsigned value;
	const char *name;
};

static const struct flag get_flags[] = {
	{ IPC_CREAT, "IPC_CREAT" }, { IPC_EXCL, "IPC_EXCL" }, { SHM_HUGETLB, "SHM_HUGETLB" },
	{ SHM_NORESERVE, "SHM_NORESERVE" },
};

static const struct flag at_flags[] = {
	{ SHM_RDONLY, "SHM_RDONLY" }, { SHM_RND, "SHM_RND" }, { SHM_REMAP, "SHM_REMAP" },
	{ SHM_EXEC, "SHM_EXEC" },
};

static const char *const commands[] = {
	[IPC_RMID] = "IPC_RMID", [IPC_SET] = "IPC_SET", [IPC_STAT] = "IPC_STAT",
	[IPC_INFO] = "IPC_INFO", [SHM_LOCK] = "SHM_LOCK", [SHM_UNLOCK] = "SHM_UNLOCK",
	[SHM_STAT] = "SHM_STAT", [SHM_INFO] = "SHM_INFO",
	[15] = "SHM_STAT_ANY", /* 4.17; some C libraries give it another number */
};

enum { TEXT = 128 };

/* IPC_CREAT|0600: the names, then what is left: the mode of shmget(), in octal, or unknown bits. */
static void flags_text(char text[TEXT], unsigned flags, const struct flag *names, size_t n, bool mode)
{
	size_t len = 0;

	text[0] = 0;
	for (size_t i = 0; i < n; i++) {
		if (!(flags & names[i].value))
			continue;
		len += snprintf(text + len, TEXT - len, "%s%s", len ? "|" : "", names[i].name);
		flags &= ~names[i].value;
	}
	if (flags || !len)
		snprintf(text + len, TEXT - len, mode ? "%s%#o" : flags ? "%s%#x" : "%s%u",
			 len ? "|" : "", flags);
}

static bool flags_of(char text[TEXT], const EVENT *e)
{
	if (e->call == SHMGET)
		flags_text(text, e->args[2], get_flags, ARRAY_LEN(get_flags), true);
	else if (e->call == SHMAT)
		flags_text(text, e->args[2], at_flags, ARRAY_LEN(at_flags), false);
	else
		return false;
	return true;
}

static bool keep(struct run *run, void *event)
{
	const EVENT *e = event;
	const char *name = opt_str(run, 'n');

	return !name || strstr(e->comm, name);
}

static void fmt_call(struct cell *cell, const void *row)
{
	cell_enum(cell, call_names, ARRAY_LEN(call_names), ((const EVENT *)row)->call);
}

/* An address is no error, and none of the last 4095 ones can be one. */
static int errno_of(const EVENT *e)
{
	return e->ret < 0 && e->ret >= -4095 ? -e->ret : 0;
}

static void fmt_ret(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SHMAT && !errno_of(e))
		cell_printf(cell, "%#llx", (unsigned long long)e->ret);
	else
		cell_s64(cell, errno_of(e) ? -1 : e->ret);
}

static void fmt_err(struct cell *cell, const void *row)
{
	cell_s64(cell, errno_of(row));
}

static void fmt_args(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	unsigned long long a = e->args[0], b = e->args[1], c = e->args[2];
	char flags[TEXT];

	flags_of(flags, e);
	if (e->call == SHMGET)
		cell_printf(cell, "key: %#x, size: %llu, shmflg: %s", (unsigned)a, b, flags);
	else if (e->call == SHMAT)
		cell_printf(cell, "shmid: %d, shmaddr: %#llx, shmflg: %s", (int)a, b, flags);
	else if (e->call == SHMDT)
		cell_printf(cell, "shmaddr: %#llx", a);
	else if (b < ARRAY_LEN(commands) && commands[b])
		cell_printf(cell, "shmid: %d, cmd: %s, buf: %#llx", (int)a, commands[b], c);
	else
		cell_printf(cell, "shmid: %d, cmd: %d, buf: %#llx", (int)a, (int)b, c);
}

static void fmt_key(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SHMGET)
		cell_printf(cell, "%#x", (unsigned)e->args[0]);
	else
		cell_none(cell);
}

static void fmt_size(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SHMGET)
		cell_u64(cell, e->args[1]);
	else
		cell_none(cell);
}

static void fmt_shmid(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SHMAT || e->call == SHMCTL)
		cell_s64(cell, (int)e->args[0]);
	else if (e->call == SHMGET && !errno_of(e))
		cell_s64(cell, e->ret);
	else
		cell_none(cell);
}

/* Where it is attached, as far as that is known: of shmat() where it came to be. */
static void fmt_addr(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call == SHMDT)
		cell_printf(cell, "%#llx", (unsigned long long)e->args[0]);
	else if (e->call == SHMAT)
		cell_printf(cell, "%#llx",
			    (unsigned long long)(errno_of(e) ? e->args[1] : (uint64_t)e->ret));
	else
		cell_none(cell);
}

static void fmt_cmd(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->call != SHMCTL)
		cell_none(cell);
	else
		cell_enum(cell, commands, ARRAY_LEN(commands), e->args[1]);
}

static void fmt_flags(struct cell *cell, const void *row)
{
	char flags[TEXT];

	if (flags_of(flags, row))
		cell_str(cell, flags);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_UNLESS('t', pid, "PID", -7),
	COL_IF('t', tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(call, "SYS", -6, fmt_call),
	COL_FMT(ret, "RET", 14, fmt_ret),
	COL_FMT(ret, "ERR", 3, fmt_err),
	COL_FMT_IF(FIELDS, args, "KEY", -10, fmt_key),
	COL_FMT_IF(FIELDS, args, "SIZE", 10, fmt_size),
	COL_FMT_IF(FIELDS, args, "SHMID", 7, fmt_shmid),
	COL_FMT_IF(FIELDS, args, "ADDR", 14, fmt_addr),
	COL_FMT_IF(FIELDS, args, "CMD", -10, fmt_cmd),
	COL_FMT_IF(FIELDS, args, "FLAGS", -16, fmt_flags),
	COL_FMT(args, "ARGs", 0, fmt_args),
	{ 0 }
};

static const struct probe probes[] = {
	{ "system calls", "shmget_enter shmget_exit shmat_enter shmat_exit shmdt_enter shmdt_exit "
			  "shmctl_enter shmctl_exit" },
	{ 0 }
};

BPF_OBJECT(shmsnoop);

APPLET(shmsnoop) = {
	.name = "shmsnoop",
	.brief = "Trace calls on System V shared memory, with their arguments and results.",
	.help = "Examples:\n"
		"  shmsnoop -T          with the time of day\n"
		"  shmsnoop -x          calls that failed, ERR is the reason\n"
		"A call is shown when it returns. Key, addresses and flags are as the program gave\n"
		"them, the mode in octal. Not seen are 32-bit programs on a 64-bit kernel.\n",
	OBJECT(shmsnoop),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.keep = keep,
};
