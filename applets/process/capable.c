// SPDX-License-Identifier: GPL-2.0-or-later
// Trace checks of capabilities: who is asked for which one, and whether it has it.
#include "applet.h"
#include "capable.h"
#include "capable.skel.h"
#define RODATA struct capable_bpf__rodata
#define EVENT struct event

/* The kernel has no table of these names (they are #defines), and a newer one may have more of them. */
static const char *const names[] = {
	"CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID",
	"CAP_KILL", "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE",
	"CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN", "CAP_NET_RAW",
	"CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT",
	"CAP_SYS_PTRACE", "CAP_SYS_PACCT", "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE",
	"CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
	"CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE",
	"CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM", "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ",
	"CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE",
};

static const char *const uniques[] = { "off", "pid", "cgroup" };

enum { KEY_DENIED = 6, KEY_AUDIT };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT_USER('C', "cap", "CAP[,CAP]", "these only: SYS_ADMIN, CAP_BPF, 21"),
	OPT(KEY_DENIED, only_denied, "denied", NULL, "only what was not allowed"),
	OPT(KEY_AUDIT, only_audited, "audited", NULL,
	    "only checks whose failure counts, none that just probe"),
	OPT_USER('u', "unique", "off|pid|cgroup",
		 "each capability and verdict once a process, or a cgroup"),
	OPT_USER('K', "kernel-stack", NULL, "show the kernel stack"),
	OPT_USER('U', "user-stack", NULL, "show the user stack"),
	OPT_USER('x', "extra-fields", NULL, "show TID, INSETID and USERNS"),
	STACK_ROOM_OPTS,
	LETTER('d', "duration"),
	{ 0 }
};

static int cap_parse(const char *s)
{
	char name[72];
	uint64_t n;

	if (parse_u64(s, &n))
		return n < 64 ? (int)n : -1;
	snprintf(name, sizeof(name), "%s%s", strncasecmp(s, "CAP_", 4) ? "CAP_" : "", s);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!strcasecmp(name, names[i]))
			return i;
	return -1;
}

static uint64_t caps_parse(const struct run *run, const char *list)
{
	uint64_t caps = 0;
	char item[64];
	size_t n;
	int cap;

	for (const char *p = list; *p || p == list; p += n + (p[n] == ',')) {
		n = strcspn(p, ",");
		snprintf(item, sizeof(item), "%.*s", (int)n, p);
		cap = cap_parse(item);
		if (cap < 0)
			opt_bad(run, 'C', "expected names like SYS_ADMIN, or numbers below 64");
		caps |= 1ULL << cap;
	}
	return caps;
}

static uint32_t unique_parse(const struct run *run, const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(uniques); i++)
		if (!strcmp(word, uniques[i]))
			return i;
	opt_bad(run, 'u', "expected off, pid or cgroup");
}

static void setup(struct run *run)
{
	RODATA *ro = RUN_RODATA(run);

	if (opt_str(run, 'C'))
		ro->caps_wanted = caps_parse(run, opt_str(run, 'C'));
	if (opt_str(run, 'u'))
		ro->unique = unique_parse(run, opt_str(run, 'u'));
	ro->which = (opt_on(run, 'K') ? STACK_KERNEL : 0) | (opt_on(run, 'U') ? STACK_USER : 0);
}

static void attach(struct run *run)
{
	if (opt_on(run, KEY_AUDIT) && prog_loaded(run, "cap_tp"))
		die(EXIT_CANNOT, "--audited: this kernel lets only its tracepoint be watched, which "
		    "does not tell that");
}

static void fmt_cap(struct cell *cell, const void *row)
{
	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->cap);
}

static void opts_bit(struct cell *cell, const void *row, int bit, bool want)
{
	const EVENT *e = row;

	if (e->opts < 0)
		cell_none(cell);
	else
		cell_u64(cell, !!(e->opts & bit) == want);
}

static void fmt_audit(struct cell *cell, const void *row)
{
	opts_bit(cell, row, CHECK_NOAUDIT, false);
}

static void fmt_insetid(struct cell *cell, const void *row)
{
	opts_bit(cell, row, CHECK_INSETID, true);
}

static void fmt_verdict(struct cell *cell, const void *row)
{
	cell_str(cell, ((const EVENT *)row)->ret ? "deny" : "allow");
}

#define COLS \
	COL_TIME(0, "TIME"), \
	COL(uid, "UID", -6), \
	COL(pid, "PID", -7), \
	COL_IF('x', tid, "TID", -7), \
	COL(comm, "COMM", -16), \
	COL(cap, "CAP", 3), \
	COL_FMT(cap, "NAME", -22, fmt_cap), \
	COL_FMT(opts, "AUDIT", 5, fmt_audit), \
	COL_FMT(ret, "VERDICT", -7, fmt_verdict), \
	COL_FMT_IF('x', opts, "INSETID", 7, fmt_insetid), \
	COL_IF('x', userns, "USERNS", 10)

static const struct col cols[] = { COLS, { 0 } };
static const struct col cols_stacks[] = { COLS, COL_STACKS(0, stacks), { 0 } };

static const struct col *cols_make(struct run *run)
{
	return opt_on(run, 'K') || opt_on(run, 'U') ? cols_stacks : cols;
}

static const struct probe probes[] = {
	{ "checks of capabilities", "cap_fexit" },
	{ "checks of capabilities", "cap_enter cap_leave" },
	{ "checks of capabilities", "cap_tp" },
	{ 0 }
};

BPF_OBJECT(capable);

APPLET(capable) = {
	.name = "capable",
	.brief = "Trace checks of capabilities: who is asked for which one, and whether it has it.",
	.help = "Examples:\n"
		"  capable --denied            what was not allowed\n"
		"  capable -u pid -p 181       which capabilities a process needs, each once\n"
		"  capable -K -C SYS_ADMIN     why the kernel asks for one, by its stack\n"
		"AUDIT is 0 where the kernel only wants to know and logs no failure, INSETID 1 in\n"
		"setuid() and its like, USERNS the user namespace in which the capability is asked\n"
		"for. Where a kernel lets no function be watched, its tracepoint (6.14) does not\n"
		"tell AUDIT and INSETID. A capability that has no name here is its number.\n",
	OBJECT(capable),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.cols_make = cols_make,
	.probes = probes,
	STACK_ROOM_KEYS,
	.setup = setup,
	.attach = attach,
};
