/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and ports in columns. */
#ifndef NET_H
#define NET_H

#include "applet.h"
#include "../bpf/sock.h"

/* `addr` of IP version `ip` as text, IPv6 in its short form. Anything but 4 and 6 is "-". */
void cell_addr(struct cell *cell, unsigned ip, const void *addr);

/* A port; 0, which is none or not known, is "-". */
void cell_port(struct cell *cell, unsigned port);

/* Formatters of columns over a struct tuple: COL_FMT(tuple, "SADDR", -15, fmt_saddr) */
void fmt_saddr(struct cell *cell, const void *row);
void fmt_daddr(struct cell *cell, const void *row);
void fmt_sport(struct cell *cell, const void *row);
void fmt_dport(struct cell *cell, const void *row);

/* Over a struct owner; "-" where nobody is known. */
void fmt_owner_pid(struct cell *cell, const void *row);
void fmt_owner_uid(struct cell *cell, const void *row);
void fmt_owner_comm(struct cell *cell, const void *row);
void fmt_owner_cgroup(struct cell *cell, const void *row);

/* ESTABLISHED, of a TCP state as the kernel numbers them. */
const char *tcp_state_name(uint32_t state);
/* Over a __u32 that is one; 0 is none. */
void fmt_tcp_state(struct cell *cell, const void *row);

/* Options for bpf/flow.bpf.h. */
#define FLOW_IP \
	OPT_CONST('4', only_ip, "ipv4", "IPv4 only", 4), \
	OPT_CONST('6', only_ip, "ipv6", "IPv6 only", 6)
#define FLOW_NETNS(k) \
	OPT_RANGE(k, only_netns, "netns", "INUM", \
		  "this network namespace only (the inode number of /proc/PID/ns/net)", 1, 0xffffffff)
#define FLOW_PORTS(k, list, name, help) OPT_LIST(k, list, name, "PORT[,PORT]", help, 1, 65535)

/* A column of nanoseconds (__u64) as milliseconds, 0 being "-": not known. */
void fmt_ms(struct cell *cell, const void *row);

/* For tools that include bpf/sock_owner.bpf.h: the rows of probes[], and what attach() then calls, so
 * that the owners of sockets already open are known. */
#define ACCEPT_PROBES \
	{ "accepted connections", "accept_fexit ?graft_fentry" }, \
	{ "accepted connections", "accept_enter accept_leave ?graft_kprobe" }, \
	{ "accepted connections", "?accept_exit accept4_exit" }
#define OPEN_PROBES \
	{ "sockets already open", "open_sockets" }, \
	{ "sockets already open", "" }
#define OWNER_PROBES \
	ACCEPT_PROBES, \
	{ "accepted connections", "" }, \
	OPEN_PROBES
/* With SOCK_OWNER_ONLY. Behind it the tool's own row, for where no function can be watched. */
#define GRAFT_PROBES \
	{ "accepted connections", "graft_fentry" }, \
	{ "accepted connections", "accept_fexit" }, \
	{ "accepted connections", "graft_kprobe" }, \
	{ "accepted connections", "accept_leave" }
void sockets_open(struct run *run);

/* The same for bpf/tcp_bytes.bpf.h. */
#define TCP_SENT_PROBES \
	{ "what TCP sends", "sendmsg_fexit ?sendpage_fexit" }, \
	{ "what TCP sends", "sent_length" }, \
	{ "what TCP sends", "sendmsg_enter sendmsg_leave ?sendpage_enter ?sendpage_leave" }
#define TCP_RECEIVED_PROBES \
	{ "what TCP receives", "cleanup_fentry" }, \
	{ "what TCP receives", "received_length" }, \
	{ "what TCP receives", "cleanup_kprobe" }

#endif
