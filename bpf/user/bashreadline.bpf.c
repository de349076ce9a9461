// SPDX-License-Identifier: GPL-2.0-or-later
// The string that readline() returns, or the last of the functions that it consists of: the bytes
// have just been written, so they can be read.
#define EVENT_MAX 16384
#include "events.bpf.h"
#include "bashreadline.h"

SEC("uretprobe")
int line_typed(struct pt_regs *ctx)
{
	const char *line = (const char *)PT_REGS_RC(ctx);
	struct task_struct *task;
	struct event *e;
	long len;

	if (!line || filtered()) /* NULL: end of file */
		return 0;
	e = event_scratch(EVENT_HEAD(struct event, line));
	if (!e)
		return 0;
	task = (void *)bpf_get_current_task();
	e->time_ns = bpf_ktime_get_ns();
	e->pid = current_pid_tgid() >> 32;
	e->ppid = task_pid_seen(BPF_CORE_READ(task, real_parent), true);
	e->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(e->comm, sizeof(e->comm));
	len = bpf_probe_read_user_str(e->line, sizeof(e->line), line);
	if (len < 1) {
		e->line[0] = 0;
		len = 1;
	}
	mark_cut(e->line, sizeof(e->line), len);
	event_output(ctx, e, EVENT_HEAD(struct event, line) + len);
	return 0;
}
