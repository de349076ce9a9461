/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kinds of calls, and how many there were of each. */
enum kind_of_call {
	READS, WRITES, FSYNCS, OPENS, CREATES, UNLINKS, MKDIRS, RMDIRS, SPLICES, KINDS,
	UNLINKATS,	/* a system call that is one of UNLINKS or of RMDIRS */
};

struct counts {
	__u64 n[KINDS];
};

/* Numbers of system calls are below this, but for those of the x32 programs of x86. */
#define SYSCALLS_MAX 512
