// SPDX-License-Identifier: GPL-2.0-or-later
// Bytes by TCP session and process.
#include "flow.bpf.h"
#include "tcp_bytes.bpf.h"
#include "tcptop.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10240);
	__type(key, struct session);
	__type(value, struct traffic);
} sessions SEC(".maps");

static int moved(struct sock *sk, u64 bytes, bool sent)
{
	struct traffic *traffic, zero = {};
	struct task_struct *task = (void *)bpf_get_current_task();
	struct session key = {};

	if (filtered())
		return 0;
	tuple_read(&key.tuple, sk);
	key.netns = sock_netns(sk);
	if (flow_unwanted(&key.tuple, key.netns))
		return 0;
	key.pid = current_pid_tgid() >> 32;
	BPF_CORE_READ_STR_INTO(&key.comm, task, group_leader, comm);
	traffic = entry_get(&sessions, &key, &zero);
	if (!traffic)
		return 0;
	if (sent)
		__sync_fetch_and_add(&traffic->sent, bytes);
	else
		__sync_fetch_and_add(&traffic->received, bytes);
	return 0;
}
