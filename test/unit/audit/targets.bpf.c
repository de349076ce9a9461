// SPDX-License-Identifier: GPL-2.0-or-later
// Programs that do nothing, on what is there, what is not, and what types do not tell.
#include "common.h"

#define PROG(name, section) \
	SEC(section) \
	int name(void *ctx) \
	{ \
		sink++; \
		return 0; \
	}

PROG(raw_there, "raw_tp/sched_process_exit")
PROG(raw_not, "raw_tp/no_such_tracepoint")
PROG(btf_not, "tp_btf/no_such_tracepoint")
PROG(classic_there, "tp/sched/sched_switch")
PROG(classic_unknown, "tp/nowhere/no_such_tracepoint")
PROG(syscall_there, "tp/syscalls/sys_exit_openat")
PROG(syscall_no_args, "tp/syscalls/sys_enter_sync")
PROG(syscall_not, "tp/syscalls/sys_enter_no_such_call")
PROG(ksyscall_there, "ksyscall/openat")
PROG(fentry_there, "fentry/vfs_write")
PROG(fexit_not, "fexit/no_such_function")
PROG(fexit_module, "fexit/some_module:no_such_function")
PROG(kprobe_there, "kprobe/vfs_write")
PROG(kprobe_unknown, "kretprobe/no_such_function")
PROG(kprobe_pattern, "kprobe.multi/vfs_*")
PROG(at_run_time, "kprobe")
PROG(iter_there, "iter/task")
