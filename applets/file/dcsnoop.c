// SPDX-License-Identifier: GPL-2.0-or-later
// Trace lookups of names that the dentry cache does not have.
#include "applet.h"
#include "bpf/dcache.h"
#include "dcsnoop.h"
#include "dcsnoop.skel.h"
#define RODATA struct dcsnoop_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID('u'), FILTER_COMM(1), FILTER_CGROUP('c'),
	OPT('a', all, "all", NULL, "all lookups, also of names that are found"),
	LETTER('d', "duration"),
	{ 0 }
};

static void setup(struct run *run)
{
	RUN_RODATA(run)->names_wanted = opt_on(run, 'a');
}

static const struct col cols[] = {
	COL_TIME_REL(0, "TIME(s)"),
	COL(pid, "PID", -7),
	COL(comm, "COMM", -16),
	COL(type, "T", -1),
	COL(path, "FILE", 0),
	{ 0 }
};

static const struct probe probes[] = {
	DCACHE_PROBES,
	{ 0 }
};

BPF_OBJECT(dcsnoop);

APPLET(dcsnoop) = {
	.name = "dcsnoop",
	.brief = "Trace lookups of names that the dentry cache does not have.",
	.help = "Examples:\n"
		"  dcsnoop            names for which a file system has to be asked\n"
		"  dcsnoop -a -p 181  all lookups of process 181\n"
		"A lookup is one part of a path; FILE is the path up to there. T: M missed, R\n"
		"found (a reference), which is also said of a name known not to exist.\n",
	OBJECT(dcsnoop),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
};
