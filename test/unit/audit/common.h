/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the audit's test objects share: a few kernel types of their own, just the members read. */
#ifndef AUDIT_TEST_H
#define AUDIT_TEST_H

#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#define RELOCATED __attribute__((preserve_access_index))

struct task_struct {
	int pid, tgid;
	char comm[16];
	struct task_struct *group_leader;
} RELOCATED;

char LICENSE[] SEC("license") = "GPL";

/* Where the results go, so that nothing is optimised away. */
long sink;

#endif
