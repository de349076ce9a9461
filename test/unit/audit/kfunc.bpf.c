// SPDX-License-Identifier: GPL-2.0-or-later
// A kernel function that no kernel has: libbpf refuses the whole object, if it is not weak.
#include "common.h"

extern int bpf_no_such_kfunc(void *p) __ksym;

SEC("tp_btf/sched_switch")
int uses(__u64 *ctx)
{
	return bpf_no_such_kfunc((void *)ctx[1]);
}

SEC("tp_btf/sched_switch")
int innocent(__u64 *ctx)
{
	sink++;
	return 0;
}
