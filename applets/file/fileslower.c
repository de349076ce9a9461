// SPDX-License-Identifier: GPL-2.0-or-later
// Show reads and writes of files that take long, of any file system.
#include "applet.h"
#include "filesystems.h"
#include "fileslower.skel.h"
#define RODATA struct fileslower_bpf__rodata
#define EVENT struct fs_event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT('a', fs_choice.any_file, "all-files", NULL,
	    "not only regular files: sockets, pipes, devices"),
	OPT_SCALE('m', min_ns, "min", "MS", "only those that took at least so long [10]", 1000000),
	OPT('x', only_failed, "failed", NULL, "only those that failed; shows ERR"),
	LETTER('d', "duration"),
	{ 0 }
};

static void fmt_letter(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->op == FS_WRITE ? "W" : "R");
}

static const struct col cols[] = {
	COL_TIME_REL(0, "TIME(s)"),
	COL(comm, "COMM", -16),
	COL_IF(1, pid, "PID", -7),
	COL(tid, "TID", -7),
	COL_IF(2, uid, "UID", -6),
	COL_FMT(op, "D", -1, fmt_letter),
	COL_FMT(bytes, "BYTES", -7, fs_fmt_number),
	COL_DIV(lat_ns, "LAT(ms)", 9, 1000000, 3),
	COL_IF('x', err, "ERR", 3),
	COL_FMT(path, "FILENAME", 0, fmt_text),
	{ 0 }
};

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	fs_setup(run, NULL, (struct fs_choice *)&ro->fs_choice, ro->fs_calls);
	fs_slow_setup(run, 'm', &ro->min_ns, (struct filter *)&ro->filter);
}

static const struct probe probes[] = {
	FS_PROBES(FS_MOVES),
	{ 0 }
};

BPF_OBJECT(fileslower);

APPLET(fileslower) = {
	.name = "fileslower",
	.brief = "Show reads and writes of files that take long, of any file system.",
	.args = "[MIN_MS]",
	.help = "Examples:\n"
		"  fileslower                 those that took 10 ms or longer\n"
		"  fileslower 1               1 ms or longer\n"
		"  fileslower -a -p 181       of process 181, also sockets, pipes and devices\n"
		"D: R read, W write; by read(), write(), their kin with vectors or a position,\n"
		"sendfile(), splice() and copy_file_range(). Not seen are mapped files, io_uring and\n"
		"AIO. BYTES are those moved. MIN_MS is the same as -m. What the tool itself does is\n"
		"left out.\n",
	OBJECT(fileslower),
	EVENT_UPTO(path),
	.operands = OPERANDS_OWN,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = fs_attach,
};
