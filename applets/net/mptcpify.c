// SPDX-License-Identifier: GPL-2.0-or-later
// Make the TCP sockets of programs MPTCP ones, as long as it runs.
#include "applet.h"
#include "mptcpify.h"
#include "mptcpify.skel.h"
#include "net.h"
#define RODATA struct mptcpify_bpf__rodata
#define EVENT struct event

#include <bpf/bpf.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER('t', "targets", "NAME[,NAME]", "of tasks and processes of these names only"),
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'),
	FLOW_IP, FLOW_NETNS(3),
	OPT_USER(4, "print-netns", NULL, "show the network namespace (inode number)"),
	OPT_USER('T', "timestamp", NULL, "show the time of day"),
	{ 0 }
};

/* A name is as long as the kernel keeps it: "chromium-browser" is a task "chromium-browse". */
static void targets_set(struct run *run, char *names)
{
	RODATA *ro = RUN_RODATA(run);
	char *save = NULL;
	size_t n = 0;

	memset(ro->targets, 0, sizeof(ro->targets));
	for (char *w = strtok_r(names, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		if (n == TARGETS)
			opt_bad(run, 't', "too many names");
		snprintf(ro->targets[n++], sizeof(ro->targets[0]), "%s", w);
	}
	if (!n)
		opt_bad(run, 't', "expected a name");
}

static void setup(struct run *run)
{
	char *names;

	if (!opt_on(run, 't'))
		return;
	names = xstrdup(opt_str(run, 't'));
	targets_set(run, names);
	free(names);
}

/* 0 or the errno with which the kernel refuses such a socket. */
static int refused(int family)
{
	enum { MPTCP = 262 };
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, MPTCP);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

/* Where none can be made, none is asked for: the program would get no socket at all. */
static void attach(struct run *run)
{
	int v4 = refused(AF_INET), v6 = refused(AF_INET6);
	struct refusal where = { .ip = 4 };
	struct stat st;
	u8 yes = 1;

	if (v4 == EPROTONOSUPPORT)
		die(EXIT_CANNOT, "this kernel has no MPTCP (CONFIG_MPTCP)");
	if (stat("/proc/self/ns/net", &st))
		die(EXIT_FAIL, "/proc/self/ns/net: %s", strerror(errno));
	where.netns = st.st_ino;
	if (v4) {
		warn("no MPTCP in this network namespace: %s; see sysctl net.mptcp.enabled",
		     strerror(v4));
		bpf_map_update_elem(map_fd(run, "refusals"), &where, &yes, BPF_ANY);
	}
	where.ip = 6;
	if (v6)
		bpf_map_update_elem(map_fd(run, "refusals"), &where, &yes, BPF_ANY);
}

static void fmt_fd(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->compat || e->ret < 0)
		cell_none(cell);
	else
		cell_s64(cell, e->ret);
}

static void fmt_err(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->compat)
		cell_none(cell);
	else
		cell_s64(cell, e->ret < 0 ? -e->ret : 0);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL(pid, "PID", -7),
	COL(comm, "COMM", -16),
	COL_IF(4, netns, "NETNS", -10),
	COL(ip, "IP", -2),
	COL_FMT(ret, "FD", 5, fmt_fd),
	COL_FMT(ret, "ERR", 3, fmt_err),
	{ 0 }
};

static const struct probe probes[] = {
	{ "the protocol of new sockets", "convert socket_exit" },
	{ 0 }
};

BPF_OBJECT(mptcpify);

APPLET(mptcpify) = {
	.name = "mptcpify",
	.brief = "Make the TCP sockets of programs MPTCP ones, as long as it runs.",
	.title = "TCP sockets become MPTCP ones until Ctrl-C.",
	.help = "Examples:\n"
		"  mptcpify -t curl,iperf3    sockets of these programs\n"
		"  mptcpify -c /sys/fs/cgroup/system.slice/nginx.service\n"
		"This changes what programs do: each TCP socket that they make becomes an MPTCP one,\n"
		"which speaks TCP with peers that know no better. Shown is each such socket, with its\n"
		"descriptor, or the errno with which the program got none; where a network namespace\n"
		"has no MPTCP that happens once. Sockets stay what they are when this ends. It takes\n"
		"Linux 6.6.\n",
	OBJECT(mptcpify),
	EVENT_SIZE,
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.setup = setup,
	.attach = attach,
	.trial = "-t :none:", /* doctor must not change anything */
};
