/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is told of: the cookies of the probes. */
enum gc_kind { GC_JAVA, GC_JAVA_POOL, GC_NODE, GC_PYTHON, GC_RUBY_MARK, GC_RUBY_SWEEP };

/* One pause. */
struct event {
	__u64 time_ns;		/* when it was over */
	__u64 duration_ns;
	__s64 begin[2];		/* java: whether all is collected; pools: bytes in use, at most;
				 * node: type, flags; python: generation */
	__s64 end;		/* pools: bytes in use then; python: objects collected */
	__u32 pid, tid, cpu, kind;
	char comm[TASK_COMM_LEN];
	char manager[40], pool[40];
};
