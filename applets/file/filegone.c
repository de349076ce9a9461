// SPDX-License-Identifier: GPL-2.0-or-later
// Trace files that are deleted or renamed: which, by whom.
#include "applet.h"
#include "syscalls.h"
#include "filegone.h"
#include "filegone.skel.h"
#define RODATA struct filegone_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('s', "separate", NULL, "the new name of what is renamed as a column of its own"),
	LETTER('d', "duration"),
	{ 0 }
};

static const char *const action_names[] = {
	[DELETE] = "DELETE", [RMDIR] = "RMDIR", [RENAME] = "RENAME", [REPLACE] = "REPLACE",
	[EXCHANGE] = "EXCHANGE",
};

static const char *const call_names[] = { GONE_CALL_NAMES };

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	for (int compat = 0; compat < 2; compat++) {
		for (int nr = 0; nr < SYSCALLS_MAX; nr++) {
			const char *name = syscall_name(nr, compat);

			for (size_t i = 1; name && i < ARRAY_LEN(call_names); i++)
				if (!strcmp(name, call_names[i]))
					ro->gone_calls[compat][nr] = i;
		}
	}
}

static void fmt_action(struct cell *cell, const void *row)
{
	cell_enum(cell, action_names, ARRAY_LEN(action_names), ((const EVENT *)row)->action);
}

static void fmt_file(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	char both[sizeof(e->path) + 8];

	if (!e->new_at || cell_run(cell)->format == FORMAT_JSON || opt_on(cell_run(cell), 's')) {
		cell_strn(cell, e->path, sizeof(e->path));
		return;
	}
	snprintf(both, sizeof(both), "%s > %s", e->path, e->path + e->new_at);
	cell_str(cell, both);
}

static void fmt_new(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->new_at)
		cell_strn(cell, e->path + e->new_at, sizeof(e->path) - e->new_at);
	else
		cell_none(cell);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL_IF('U', uid, "UID", -6),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_FMT(action, "ACTION", -8, fmt_action),
	COL_FMT(path, "FILE", -32, fmt_file),
	COL_FMT_IF('s', path, "NEW", 0, fmt_new),
	{ 0 }
};

static const struct probe probes[] = {
	{ "deletions", GONE_FENTRY },
	{ "deletions", GONE_KPROBE },
	{ "deletions", "syscall_exit" },
	{ 0 }
};

BPF_OBJECT(filegone);

APPLET(filegone) = {
	.name = "filegone",
	.brief = "Trace files that are deleted or renamed: which, by whom.",
	.help = "Examples:\n"
		"  filegone                 who deletes files, who renames them\n"
		"  filegone -p 181          what process 181 does away with\n"
		"ACTION: DELETE a file; RMDIR a folder; RENAME, the file is there under its new\n"
		"name; REPLACE, the same, and what had the new name is gone; EXCHANGE, both are\n"
		"there, each with the other's name. Shown is what succeeded. Where no function\n"
		"can be watched (see --verbose) names are as the program gave them, made\n"
		"absolute, and a REPLACE shows as RENAME. Not seen are io_uring, the NFS server,\n"
		"and 32-bit programs on a 64-bit kernel.\n",
	OBJECT(filegone),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
