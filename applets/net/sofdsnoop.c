// SPDX-License-Identifier: GPL-2.0-or-later
// Trace file descriptors that are passed through UNIX sockets.
#include "applet.h"
#include "net.h"
#include "sofdsnoop.h"
#include "sofdsnoop.skel.h"
#define RODATA struct sofdsnoop_bpf__rodata
#define EVENT struct event

#include <sys/stat.h>

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID('t'), FILTER_UID(1), FILTER_COMM(2), FILTER_CGROUP(3),
	FLOW_NETNS(4),
	OPT_USER('n', "name", "TEXT", "only tasks with this in their name"),
	OPT_USER(5, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('T', "timestamp", NULL, "show the time in seconds since the start"),
	LETTER('d', "duration"),
	{ 0 }
};

static bool keep(struct run *run, void *event)
{
	const char *name = opt_str(run, 'n');

	return !name || strstr(((EVENT *)event)->comm, name);
}

static void fmt_action(struct cell *cell, const void *row)
{
	static const char *const names[] = { [SEND] = "SEND", [RECV] = "RECV" };

	cell_enum(cell, names, ARRAY_LEN(names), ((const EVENT *)row)->action);
}

/* Of what has no place in any tree, a name as /proc/PID/fd gives it. */
static void fmt_name(struct cell *cell, const void *row)
{
	const EVENT *e = row;
	unsigned long long ino = e->ino;

	if (S_ISSOCK(e->mode))
		cell_printf(cell, "socket:[%llu]", ino);
	else if (S_ISFIFO(e->mode) && e->path[0] != '/')
		cell_printf(cell, "pipe:[%llu]", ino);
	else if (!strncmp(e->path, "memfd:", 6))
		cell_printf(cell, "/%s", e->path);
	else if (e->path[0] == '[')
		cell_printf(cell, "anon_inode:%s", e->path);
	else
		fmt_text(cell, row);
}

static const struct col cols[] = {
	COL_TIME_REL('T', "TIME(s)"),
	COL_FMT(action, "ACTION", -6, fmt_action),
	COL(pid, "PID", -7),
	COL(tid, "TID", -7),
	COL(comm, "COMM", -16),
	COL_IF(5, netns, "NETNS", -10),
	COL(socket_fd, "SOCKFD", 6),
	COL(socket_ino, "SOCKET", 8),
	COL(fd, "FD", 5),
	COL_FMT(path, "NAME", 0, fmt_name),
	{ 0 }
};

#define CALLS(how) \
	"sendmsg_" how " sendmmsg_" how " recvmsg_" how " ?recvmmsg_" how " ?recvmmsg_time64_" how

static const struct probe probes[] = {
	{ "messages", CALLS("return") },
	{ "messages", CALLS("enter") " " CALLS("exit") },
	{ 0 }
};

BPF_OBJECT(sofdsnoop);

APPLET(sofdsnoop) = {
	.name = "sofdsnoop",
	.brief = "Trace file descriptors that are passed through UNIX sockets.",
	.help = "Examples:\n"
		"  sofdsnoop -p 181      sent or received by process 181\n"
		"  sofdsnoop -n dbus     by tasks with this in their name\n"
		"SOCKFD is the socket by which it goes, SOCKET its inode number, FD the number that\n"
		"what is passed has on this side. One that was sent is shown once more when it is\n"
		"received. Messages of io_uring, and of 32-bit programs on a 64-bit kernel, are not\n"
		"seen.\n",
	OBJECT(sofdsnoop),
	EVENT_UPTO(path),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.keep = keep,
};

ALIAS(spfdsnoop) = {
	.name = "spfdsnoop",
	.applet = "sofdsnoop",
	.brief = "Trace file descriptors that are passed through UNIX sockets.",
	.args = "",
};
