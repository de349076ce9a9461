// SPDX-License-Identifier: GPL-2.0-or-later
// Events of the RDMA connection manager (module rdma_cm), by its tracepoint (5.6). Whose id it is, and
// whether the kernel's own (NVMe, NFS ...), its structs tell, whose types are the module's (5.11).
#define EVENT_MAX 256
#include "events.bpf.h"
#include "flow.bpf.h"
#include "rdmaucma.h"

const volatile bool with_kernel;

static __always_inline void address_read(u8 *to, u16 *port, u32 *ip, const struct sock_address *a)
{
	*port = bpf_ntohs(a->port);
	if (a->family == AF_INET) {
		*ip = 4;
		*(u32 *)to = a->addr;
	} else if (a->family == AF_INET6) {
		*ip = 6;
		__builtin_memcpy(to, a->addr6, sizeof(a->addr6));
	}
}

/* A side that is not known yet has no family. */
static __noinline int addresses_read(struct tuple *t, const void *from, const void *to)
{
	struct sock_address a = {};

	if (!t)
		return 0;
	bpf_probe_read_kernel(&a, sizeof(a), from);
	address_read(t->saddr, &t->sport, &t->ip, &a);
	bpf_probe_read_kernel(&a, sizeof(a), to);
	address_read(t->daddr, &t->dport, &t->ip, &a);
	return 0;
}

static __always_inline int owner_read(struct owner *to, struct task_struct *task)
{
	to->pid = task_pid_seen(task, true);
	to->tid = task_pid_seen(task, false);
	to->uid = BPF_CORE_READ(task, cred, uid.val);
	to->cgroup = BPF_CORE_READ(task, cgroups, dfl_cgrp, kn, id);
	BPF_CORE_READ_STR_INTO(&to->comm, task, comm);
	return 0;
}

SEC("raw_tp/cm_event_handler")
int BPF_PROG(event_raw, struct rdma_id_private *private, struct rdma_cm_event *event)
{
	struct rdma_addr *addr = &private->id.route.addr;
	struct event e = { .time_ns = bpf_ktime_get_ns() };
	struct task_struct *task = NULL;

	if (!BPF_CORE_READ(private, res.kern_name))
		task = BPF_CORE_READ(private, res.task);
	if (!task && !with_kernel)
		return 0;
	if (task ? task_filtered(task) : filter.any)
		return 0;
	if (task)
		owner_read(&e.owner, task);
	addresses_read(&e.tuple, &addr->src_addr, &addr->dst_addr);
	e.netns = BPF_CORE_READ(addr, dev_addr.net, ns.inum);
	if (flow_unwanted(&e.tuple, e.netns))
		return 0;
	e.kind = BPF_CORE_READ(event, event);
	e.status = BPF_CORE_READ(event, status);
	event_send(ctx, &e, sizeof(e));
	return 0;
}

/* The record of the tracepoint behind its common fields. */
struct record {
	u32 cm_id, tos;
	unsigned long event;
	int status;
	u8 from[28], to[28];	/* sizeof(struct sockaddr_in6) */
};

SEC("tp/rdma_cma/cm_event_handler")
int event_record(void *ctx)
{
	enum { COMMON = 8 };	/* type, flags, preempt_count, pid */
	struct record *r = ctx + COMMON;
	struct event e = { .time_ns = bpf_ktime_get_ns() };

	addresses_read(&e.tuple, r->from, r->to);
	if (flow_unwanted(&e.tuple, 0))
		return 0;
	e.kind = r->event;
	e.status = r->status;
	event_send(ctx, &e, sizeof(e));
	return 0;
}
