// SPDX-License-Identifier: GPL-2.0-or-later
// Trace queries of MySQL, MariaDB or PostgreSQL that take long.
#include "databases.h"
#include "dbslower.h"
#include "dbslower.skel.h"
#define RODATA struct dbslower_bpf__rodata
#define EVENT struct event

static const struct opt opts[] = {
	DB_OPTS,
	OPT_SCALE('m', min_ns, "threshold", "MS", "queries of at least so many milliseconds only [1]",
		  1000000),
	LETTER('v', "verbose"), LETTER('d', "duration"),
	{ 0 }
};

struct own {
	u32 servers[DB_SERVERS];
};

/* Operands behind the name: PID of the server, MIN_MS. */
static void operands_take(struct run *run, RODATA *ro)
{
	uint64_t pid;
	double ms;
	char *end;

	if (run->argc > 3)
		die(EXIT_USAGE, "too many operands");
	if (run->argc > 1) {
		if (!parse_u64(run->argv[1], &pid) || !pid || pid > 4194304)
			die(EXIT_USAGE, "PID '%s': expected the number of a process", run->argv[1]);
		ro->servers[0] = pid;
	}
	if (run->argc > 2) {
		ms = strtod(run->argv[2], &end);
		if (end == run->argv[2] || *end || !(ms >= 0 && ms < 1e9))
			die(EXIT_USAGE, "MIN_MS '%s': expected a number of milliseconds", run->argv[2]);
		ro->min_ns = ms * 1e6;
	}
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	db_setup(run);
	operands_take(run, ro);
	if (!run->own)
		run->own = xalloc(sizeof(struct own));
	memcpy(((struct own *)run->own)->servers, (void *)ro->servers, sizeof(ro->servers));
}

static void attach(struct run *run)
{
	db_attach(run, ((struct own *)run->own)->servers);
}

static const struct col cols[] = {
	COL_TIME_REL(0, "TIME(s)"),
	COL(pid, "PID", -7),
	COL_DIV(duration_ns, "MS", 12, 1000000, 3),
	COL(query, "QUERY", 0),
	{ 0 }
};

BPF_OBJECT(dbslower);

ALIAS(mysqld_qslower) = {
	"mysqld_qslower", "dbslower", "Trace queries of MySQL or MariaDB that take long.", "mysql"
};

APPLET(dbslower) = {
	.name = "dbslower",
	.brief = "Trace queries of MySQL, MariaDB or PostgreSQL that take long.",
	.args = "mysql|postgres [PID [MIN_MS]]",
	.help = "Examples:\n"
		"  dbslower postgres        queries of 1 ms and more of all its servers\n"
		"  dbslower -m 0 mysql      all queries of MySQL and MariaDB\n"
		"  dbslower -x /opt/my/bin/mysqld mysql  a server elsewhere\n"
		"  mysqld_qslower 181 10    queries of 10 ms and more of one server\n"
		DB_HELP,
	.title = "Tracing slow queries... Hit Ctrl-C to end.",
	OBJECT(dbslower),
	EVENT_UPTO(query),
	.opts = opts,
	.cols = cols,
	.operands = OPERANDS_OWN,
	.trial = "postgres",
	.setup = setup,
	.attach = attach,
};
