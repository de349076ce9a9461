// SPDX-License-Identifier: GPL-2.0-or-later
// Show how long the queries of MySQL, MariaDB or PostgreSQL take, as a histogram.
#include "databases.h"
#include "dbstat.skel.h"
#define RODATA struct dbstat_bpf__rodata

static const struct opt opts[] = {
	DB_OPTS,
	OPT_SCALE('m', min_ns, "threshold", "MS", "queries of at least so many milliseconds only",
		  1000000),
	OPT_CONST('u', hist_div, "microseconds", "in microseconds, not milliseconds", 1000),
	OPT_USER_NUM('i', "interval", "SECONDS", "report that often, not just at the end", 1,
		     1000000000),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

struct own {
	u32 servers[DB_SERVERS];
};

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	db_setup(run);
	if (run->argc > 1)
		die(EXIT_USAGE, "too many operands");
	if (!run->own)
		run->own = xalloc(sizeof(struct own));
	memcpy(((struct own *)run->own)->servers, (void *)ro->servers, sizeof(ro->servers));
	if (!opt_on(run, 'u'))
		ro->hist_div = 1000000;
	run->interval_ns = opt_u64(run, 'i', 0) * 1000000000;
}

static void attach(struct run *run)
{
	db_attach(run, ((struct own *)run->own)->servers);
}

static const struct hist hist = {
	.name = "query latency",
};

BPF_OBJECT(dbstat);

APPLET(dbstat) = {
	.name = "dbstat",
	.brief = "Show how long the queries of MySQL, MariaDB or PostgreSQL take, as a histogram.",
	.args = "mysql|postgres",
	.help = "Examples:\n"
		"  dbstat postgres          all servers of PostgreSQL, when it ends\n"
		"  dbstat -u -i 5 mysql     MySQL and MariaDB, in microseconds, each five seconds\n"
		"  dbstat -m 100 -p 181 mysql   those of 100 ms and more of one server\n"
		DB_HELP,
	.title = "Tracing queries... Hit Ctrl-C to end.",
	OBJECT(dbstat),
	.opts = opts,
	.hist = &hist,
	.operands = OPERANDS_OWN,
	.trial = "postgres",
	.setup = setup,
	.attach = attach,
};
