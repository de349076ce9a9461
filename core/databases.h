/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers of databases: which files they run, and where in them queries begin and end. For applets
 * with the programs of bpf/db.bpf.h. */
#ifndef DATABASES_H
#define DATABASES_H

#include "applet.h"
#include "../bpf/db.h"

#define DB_OPTS \
	OPT_LIST('p', servers, "pid", "PID,...", "these servers (and their child processes) only", 1, \
		 4194304), \
	OPT_USER('x', "exe", "FILE", \
		 "the server's program, where none of it runs or it has another name"), \
	OPT_USER('f', "functions", NULL, "by the server's functions, even where it has USDT probes")

/* In setup(): the operand, "mysql" or "postgres". */
void db_setup(struct run *run);
/* In attach(). Ends with EXIT_CANNOT where there is no server, or nothing in it to be probed. */
void db_attach(struct run *run, const u32 servers[DB_SERVERS]);

/* What such a tool's --help has to say. */
#define DB_HELP \
	"A query of PostgreSQL is watched by its USDT probes (Debian has them compiled in), or\n" \
	"exec_simple_query(); of MySQL and MariaDB by USDT probes, which MySQL has up to 5.7, or\n" \
	"dispatch_command(). Prepared statements (the extended protocol) are not queries in\n" \
	"this sense. All processes of the server are seen, new ones too.\n"

#endif
