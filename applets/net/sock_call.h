/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Columns over a struct sock_call, for tools that trace calls on sockets of all families. */
#ifndef APPLETS_SOCK_CALL_H
#define APPLETS_SOCK_CALL_H

#include "net.h"
#include "../../bpf/sock_call.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/vm_sockets.h> /* glibc: behind sys/socket.h, whose types it takes */

/* The options that choose calls, and columns: the letter of --netns, the name of that for NETNS. Keys
 * 1 to 4 are taken. */
#define SOCK_CALL_OPTS(netns, show_netns) \
	FILTER_PID('p'), FILTER_TID(1), FILTER_UID('u'), FILTER_COMM(2), FILTER_CGROUP('c'), \
	FLOW_IP, FLOW_NETNS(netns), \
	OPT('a', all_families, "all-families", NULL, "not IP alone: UNIX, netlink, vsock ... too"), \
	OPT_USER('U', "print-uid", NULL, "show UID"), \
	OPT_USER(4, show_netns, NULL, "show the network namespace (inode number)"), \
	OPT_USER('t', "timestamp", NULL, "show the time in seconds since the start"), \
	OPT_USER('T', "time", NULL, "show the time of day")

#define SOCK_CALL_COLS \
	COL_TIME('T', "TIME"), \
	COL_TIME_REL('t', "TIME(s)"), \
	COL_IF('U', call.uid, "UID", -6), \
	COL(call.pid, "PID", -7), \
	COL(call.comm, "COMM", -16), \
	COL_FMT_IF(4, call, "NETNS", -10, fmt_call_netns), \
	COL(call.ret, "RET", 4)

static void fmt_call_netns(struct cell *cell, const void *row)
{
	const struct sock_call *call = cell_ptr(cell, row);

	if (call->netns)
		cell_u64(cell, call->netns);
	else
		cell_none(cell);
}

static void protocol_ip(struct cell *cell, const struct sock_call *call)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "ICMP", [IPPROTO_TCP] = "TCP", [IPPROTO_UDP] = "UDP", [33] = "DCCP",
		[IPPROTO_ICMPV6] = "ICMPv6", [115] = "L2TP", [IPPROTO_SCTP] = "SCTP",
		[IPPROTO_UDPLITE] = "UDPLITE", [262] = "MPTCP",
	};

	if (call->type == SOCK_RAW)
		cell_str(cell, "RAW");
	else
		cell_enum(cell, names, ARRAY_LEN(names), call->protocol);
}

/* IP protocols; of what is not IP the family. */
static void fmt_call_protocol(struct cell *cell, const void *row)
{
	static const char *const families[] = {
		[AF_UNIX] = "UNIX", [AF_NETLINK] = "NETLINK", [AF_PACKET] = "PACKET",
		[29] = "CAN", [30] = "TIPC", [31] = "BLUETOOTH", [38] = "ALG", [AF_VSOCK] = "VSOCK",
		[42] = "QIPCRTR", [43] = "SMC", [44] = "XDP", [45] = "MCTP",
	};
	const struct sock_call *call = cell_ptr(cell, row);

	if (call->family == AF_INET || call->family == AF_INET6)
		protocol_ip(cell, call);
	else if (!call->family)
		cell_none(cell);
	else
		cell_enum(cell, families, ARRAY_LEN(families), call->family);
}

static void fmt_call_ip(struct cell *cell, const void *row)
{
	const struct sock_call *call = cell_ptr(cell, row);

	if (call->tuple.ip)
		cell_u64(cell, call->tuple.ip);
	else
		cell_none(cell);
}

static void fmt_call_port(struct cell *cell, const void *row)
{
	const struct sock_call *call = cell_ptr(cell, row);
	const struct sockaddr_vm *vm = (const void *)call->address;

	if (call->family == AF_VSOCK && call->len >= sizeof(*vm))
		cell_port(cell, vm->svm_port == VMADDR_PORT_ANY ? 0 : vm->svm_port);
	else
		cell_port(cell, call->tuple.ip ? call->tuple.sport : call->port);
}

/* A path, or a name that begins with a NUL, for which "@" is written. */
static void address_unix(struct cell *cell, const struct sock_call *call)
{
	const struct sockaddr_un *un = (const void *)call->address;
	size_t len = MIN(call->len, sizeof(*un)) - sizeof(un->sun_family);
	char text[sizeof(un->sun_path) + 1] = "";

	memcpy(text, un->sun_path, len);
	for (size_t i = 0; !un->sun_path[0] && i < len; i++)
		if (!text[i])
			text[i] = '@';
	cell_str(cell, text);
}

static void fmt_call_address(struct cell *cell, const void *row)
{
	const struct sock_call *call = cell_ptr(cell, row);
	const struct sockaddr_vm *vm = (const void *)call->address;

	if (call->tuple.ip)
		cell_addr(cell, call->tuple.ip, call->tuple.saddr);
	else if (call->family == AF_UNIX && call->len > sizeof(sa_family_t))
		address_unix(cell, call);
	else if (call->family == AF_VSOCK && call->len >= sizeof(*vm) &&
		 vm->svm_cid != VMADDR_CID_ANY)
		cell_printf(cell, "%u", vm->svm_cid);
	else
		cell_none(cell);
}

#endif
