/* SPDX-License-Identifier: GPL-2.0-or-later */
struct key {
	__u32 pid;
	__u32 tid;	/* 0 where threads are summed up */
	__u32 reason;	/* as the processor numbers it */
	__u32 isa;	/* KVM_ISA_*: whose numbers these are */
};

struct value {
	__u64 count;
	__u64 ns;	/* from the exit until the guest runs again */
	__u64 timed;	/* exits that this time is of */
};

enum { KVM_ISA_VMX = 1, KVM_ISA_SVM };
enum { TIDS_MAX = 64 };
