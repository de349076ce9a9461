// SPDX-License-Identifier: GPL-2.0-or-later
// Trace calls of the resolver: the name, the result, how long it took.
#include "applet.h"
#include "libs.h"
#include "net.h"
#include "usyms.h"
#include "gethostlatency.h"
#include "gethostlatency.skel.h"
#define RODATA struct gethostlatency_bpf__rodata
#define EVENT struct event

#include <limits.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	OPT_USER('l', "libc", "PATH", "watch this C library or program only"),
	{ 0 }
};

static const struct lib_func resolvers[] = {
	{ "getaddrinfo", "getaddrinfo_enter", "leave", GETADDRINFO },
	{ "gethostbyname", "gethostbyname_enter", "leave", GETHOSTBYNAME },
	{ "gethostbyname2", "gethostbyname2_enter", "leave", GETHOSTBYNAME2 },
	{ "gethostbyname_r", "gethostbyname_r_enter", "leave", GETHOSTBYNAME_R },
	{ "gethostbyname2_r", "gethostbyname2_r_enter", "leave", GETHOSTBYNAME2_R },
	{ "gethostbyaddr", "gethostbyaddr_enter", "leave", GETHOSTBYADDR },
	{ "gethostbyaddr_r", "gethostbyaddr_r_enter", "leave", GETHOSTBYADDR_R },
	{ 0 }
};

static const struct lib libcs[] = { { "c", resolvers }, { 0 } };

static void setup(struct run *run)
{
	libs_setup(run, "enter_any", resolvers);
}

static void attach(struct run *run)
{
	int pid = opt_u64(run, 'p', 0), n;
	const char *given = opt_str(run, 'l'), *why;
	char path[PATH_MAX];

	if (!given) {
		if (pid)
			libs_program(run, pid, NULL, libcs);
		/* None yet is no fault: what comes later is watched. */
		libs_watch(run, pid, !pid, NULL, libcs);
		return;
	}
	if (lib_find(*given == '/' ? pid : 0, given, path, sizeof(path)))
		die(EXIT_FAIL, "%s: there is no such file or library", given);
	n = lib_attach(run, path, pid, NULL, resolvers, &why);
	if (n < 0)
		die(EXIT_CANNOT, "%s cannot be watched: %s", path, why);
	if (!n)
		die(EXIT_FAIL, "%s has none of getaddrinfo, gethostbyname and the like", path);
}

static void fmt_func(struct cell *cell, const void *row)
{
	cell_str(cell, resolvers[MIN(((const EVENT *)row)->resolver, RESOLVERS - 1)].name);
}

/* As netdb.h has them: of both C libraries the numbers are the same. */
static void fmt_result(struct cell *cell, const void *row)
{
	static const char *const eai[] = {
		NULL, "EAI_BADFLAGS", "EAI_NONAME", "EAI_AGAIN", "EAI_FAIL", "EAI_NODATA",
		"EAI_FAMILY", "EAI_SOCKTYPE", "EAI_SERVICE", "EAI_ADDRFAMILY", "EAI_MEMORY",
		"EAI_SYSTEM", "EAI_OVERFLOW",
	};
	static const char *const host[] = {
		NULL, "HOST_NOT_FOUND", "TRY_AGAIN", "NO_RECOVERY", "NO_DATA",
	};
	const EVENT *e = row;
	uint32_t code = e->error < 0 ? -(uint32_t)e->error : (uint32_t)e->error;
	const char *name = NULL;

	if (e->outcome == EAI && code < ARRAY_LEN(eai))
		name = eai[code];
	else if (e->outcome == H_ERRNO && code < ARRAY_LEN(host))
		name = host[code];
	if (e->outcome == FOUND)
		cell_str(cell, "ok");
	else if (e->outcome == FAILED)
		cell_str(cell, "failed");
	else if (e->outcome == ERRNO)
		cell_str(cell, "ERANGE"); /* the only one that is sent */
	else if (name)
		cell_str(cell, name);
	else
		cell_printf(cell, "%d", e->error);
}

static bool is_reverse(const EVENT *e)
{
	return e->resolver == GETHOSTBYADDR || e->resolver == GETHOSTBYADDR_R;
}

/* Of a reverse lookup it is what is looked up, not what was found. */
static void fmt_address(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_addr(cell, is_reverse(e) ? 0 : e->ip, e->address);
}

static void fmt_host(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (is_reverse(e))
		cell_addr(cell, e->ip, e->address);
	else
		fmt_text(cell, row);
}

static const struct col cols[] = {
	COL_TIME(0, "TIME"),
	COL(pid, "PID", -7),
	COL_IF(1, tid, "TID", -7),
	COL_IF(2, uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL_DIV(lat_ns, "LAT(ms)", 10, 1000000, 3),
	COL_FMT(resolver, "FUNC", -15, fmt_func),
	COL_FMT(outcome, "RESULT", -14, fmt_result),
	COL_FMT(address, "ADDRESS", -15, fmt_address),
	COL_FMT(host, "HOST", 0, fmt_host),
	{ 0 }
};

BPF_OBJECT(gethostlatency);

APPLET(gethostlatency) = {
	.name = "gethostlatency",
	.brief = "Trace calls of the resolver: the name, the result, how long it took.",
	.help = "Watched are the C libraries of this system and of all processes, those in\n"
		"containers and those that start later, too.\n"
		"Examples:\n"
		"  gethostlatency                all of them\n"
		"  gethostlatency -p 181         one process, also if it is a static program\n"
		"  gethostlatency -l ./server    a program that has the C library in itself\n"
		"ADDRESS is the first that was found. Programs that ask DNS servers by\n"
		"themselves, as those in Go do, call none of these functions.\n",
	OBJECT(gethostlatency),
	EVENT_UPTO(host),
	.opts = opts,
	.cols = cols,
	.setup = setup,
	.attach = attach,
};
