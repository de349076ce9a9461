/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread that goes to another NUMA node. */
struct event {
	__u64 time_ns;
	__u32 pid, tid;
	__u32 from_node, to_node;
	__u32 from_cpu, to_cpu;
	char comm[TASK_COMM_LEN];
};
