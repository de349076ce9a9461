/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The current task as the owner of a socket: what is noted of it, and whether it is. */
#ifndef SOCK_TASK_BPF_H
#define SOCK_TASK_BPF_H

#include "sock.bpf.h"

static __noinline int owner_note(struct owner *owner)
{
	if (!owner)
		return 0;
	task_note(owner);
	owner->cgroup = bpf_get_current_cgroup_id();
	return 0;
}

/* Is the socket in the current task's table of files, or can it at least be there? This may take a
 * microsecond. How far it looks is what the verifier has patience for (for each round it goes back
 * through all before it); beyond that, user and namespace have to do. */
static __noinline bool current_has(struct sock *sk)
{
	enum { AT_ONCE = 16, MOST = 256 };
	struct task_struct *task = (void *)bpf_get_current_task();
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *some[AT_ONCE];
	struct file *file = BPF_CORE_READ(sk, sk_socket, file);
	u32 n = BPF_CORE_READ(table, max_fds); /* a multiple of 32 */
	u64 all = 1; /* differ */

	if (!file || !table)
		return false;
	for (u32 i = 0; i < MOST && i < n; i += AT_ONCE) {
		if (bpf_probe_read_kernel(some, sizeof(some), files + i))
			break;
		/* Without branches, each of which the verifier would follow, in each round. */
		for (int j = 0; j < AT_ONCE; j++) {
			u64 differ = (u64)some[j] ^ (u64)file;

			all &= (differ | -differ) >> 63;
		}
		if (!all)
			return true;
	}
	return n > MOST && BPF_CORE_READ(sk, sk_uid.val) == (u32)bpf_get_current_uid_gid() &&
	       BPF_CORE_READ(task, nsproxy, net_ns) == BPF_CORE_READ(sk, __sk_common.skc_net.net);
}

#endif
