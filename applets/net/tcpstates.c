// SPDX-License-Identifier: GPL-2.0-or-later
// Trace changes of TCP states, with the time spent in each.
#include "applet.h"
#include "net.h"
#include "tcpstates.h"
#include "tcpstates.skel.h"
#define RODATA struct tcpstates_bpf__rodata
#define EVENT struct event

#include <arpa/inet.h>
#include <ctype.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID(2), FILTER_COMM(3), FILTER_CGROUP(4),
	FLOW_IP, FLOW_NETNS(5),
	FLOW_PORTS('L', local_ports, "localport", "with these local ports only"),
	FLOW_PORTS('D', remote_ports, "remoteport", "with these remote ports only"),
	OPT_USER('w', "wide", NULL, "room for IPv6; show IP and NETNS"),
	OPT_USER('Y', "journal", NULL, "write each change to the systemd journal, too"),
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	LETTER('s', "csv"),
	{ 0 }
};

/* The socket of the journal, and where it is. */
struct journal {
	int fd;
	struct sockaddr_un at;
};

/* Is anybody there? Not connected to: a journal that is started again has a new socket. */
static struct journal *journal_open(void)
{
	struct journal *j = xalloc(sizeof(*j));
	struct timeval limit = { .tv_sec = 1 };

	j->at = (struct sockaddr_un){ AF_UNIX, "/run/systemd/journal/socket" };
	j->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (j->fd < 0 || sendto(j->fd, "", 0, MSG_NOSIGNAL, (void *)&j->at, sizeof(j->at)) < 0)
		die(EXIT_CANNOT, "-Y: no systemd journal at %s: %s", j->at.sun_path, strerror(errno));
	setsockopt(j->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	return j;
}

static void setup(struct run *run)
{
	if (opt_on(run, 'Y') && !run->own)
		run->own = journal_open();
}

/* As one line of the journal's protocol: a name of a task may be anything. */
static void comm_copy(char to[TASK_COMM_LEN], const struct owner *owner)
{
	memcpy(to, owner->pid ? owner->comm : "-", owner->pid ? TASK_COMM_LEN : 2);
	for (; *to; to++)
		if (iscntrl((unsigned char)*to))
			*to = '?';
}

/* Fields as the journal's own documentation names them (systemd.journal-fields), and some more. From
 * root it finds out the rest about OBJECT_PID, the name too. */
static void journal_write(struct run *run, const EVENT *e)
{
	const struct journal *j = run->own;
	int family = e->tuple.ip == 6 ? AF_INET6 : AF_INET, n;
	const char *inet = e->tuple.ip == 6 ? "INET6" : "INET";
	char from[INET6_ADDRSTRLEN], to[INET6_ADDRSTRLEN], comm[TASK_COMM_LEN], text[1024];
	const char *old = tcp_state_name(e->oldstate), *new = tcp_state_name(e->newstate);

	inet_ntop(family, e->tuple.saddr, from, sizeof(from));
	inet_ntop(family, e->tuple.daddr, to, sizeof(to));
	comm_copy(comm, &e->owner);
	n = snprintf(text, sizeof(text),
		     "SYSLOG_IDENTIFIER=tcpstates\nPRIORITY=5\n"
		     "MESSAGE=%s %s %u %s %u %s -> %s\n"
		     "OBJECT_%s_SOURCE_ADDRESS=%s\nOBJECT_TCP_SOURCE_PORT=%u\n"
		     "OBJECT_%s_DESTINATION_ADDRESS=%s\nOBJECT_TCP_DESTINATION_PORT=%u\n"
		     "OBJECT_TCP_OLD_STATE=%s\nOBJECT_TCP_NEW_STATE=%s\n",
		     comm, from, e->tuple.sport, to, e->tuple.dport, old, new, inet, from,
		     e->tuple.sport, inet, to, e->tuple.dport, old, new);
	if (e->span_ns) /* in microseconds */
		n += snprintf(text + n, sizeof(text) - n, "OBJECT_TCP_SPAN_TIME=%llu\n",
			      (unsigned long long)e->span_ns / 1000);
	if (e->owner.pid)
		n += snprintf(text + n, sizeof(text) - n, "OBJECT_PID=%u\n", e->owner.pid);
	if (e->owner.pid && geteuid())
		n += snprintf(text + n, sizeof(text) - n, "OBJECT_COMM=%s\n", comm);
	/* What it does not take in a second (it may be started again) is lost, as events are. */
	if (sendto(j->fd, text, n, MSG_NOSIGNAL, (void *)&j->at, sizeof(j->at)) < 0)
		((struct loss *)bss_var(run, "loss"))->events++;
}

static bool keep(struct run *run, void *event)
{
	if (run->own)
		journal_write(run, event);
	return true;
}

static void fmt_skaddr(struct cell *cell, const void *row)
{
	cell_printf(cell, "%llx", (unsigned long long)((const EVENT *)row)->skaddr);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_FMT(skaddr, "SKADDR", -16, fmt_skaddr),
	COL_FMT(owner, "PID", -7, fmt_owner_pid),
	COL_FMT(owner, "COMM", -16, fmt_owner_comm),
	COL_IF('w', netns, "NETNS", -10),
	COL_FMT_IF('w', owner, "CGROUP", -8, fmt_owner_cgroup),
	COL_IF('w', tuple.ip, "IP", -2),
	COL_FMT_UNLESS('w', tuple, "LADDR", -15, fmt_saddr),
	COL_FMT_ONLY('w', tuple, "LADDR", -39, fmt_saddr),
	COL_FMT(tuple, "LPORT", -5, fmt_sport),
	COL_FMT_UNLESS('w', tuple, "RADDR", -15, fmt_daddr),
	COL_FMT_ONLY('w', tuple, "RADDR", -39, fmt_daddr),
	COL_FMT(tuple, "RPORT", -5, fmt_dport),
	COL_FMT(oldstate, "OLDSTATE", -11, fmt_tcp_state),
	COL_FMT(newstate, "NEWSTATE", -11, fmt_tcp_state),
	COL_FMT(span_ns, "MS", 10, fmt_ms),
	{ 0 }
};

static const struct probe probes[] = { OWNER_PROBES, { 0 } };

BPF_OBJECT(tcpstates);

APPLET(tcpstates) = {
	.name = "tcpstates",
	.brief = "Trace changes of TCP states, with the time spent in each.",
	.help = "Examples:\n"
		"  tcpstates -p 181          of the sockets of process 181\n"
		"  tcpstates -L 80,443 -T    with these local ports, with the time of day\n"
		"  tcpstates -Y              to the journal: journalctl -t tcpstates -o verbose\n"
		"MS is the time in the old state, where that began after the tool. The process is\n"
		"the socket's owner, who connected, accepted or listens; with a filter by process\n"
		"the states before accept(2) are not shown.\n",
	OBJECT(tcpstates),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.keep = keep,
	.attach = sockets_open,
};
