/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where queries of PostgreSQL, MySQL and MariaDB begin and end, by their USDT probes or else their
 * functions. Who includes this has
 *
 *	static int query_begin(void *ctx, const char *text, u64 len);	len 0: up to a NUL
 *	static int query_end(void *ctx);
 *
 * each for the current thread, which has one query at a time. core/databases.h attaches them. */
#ifndef DB_BPF_H
#define DB_BPF_H

#include "usdt.bpf.h"
#include "db.h"

const volatile u32 servers[DB_SERVERS]; /* these processes and their children only; none: all */

enum { COM_QUERY = 3 }; /* enum_server_command of MySQL and MariaDB */

static __noinline bool db_unwanted(void)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	u32 pid, parent;

	if (filtered())
		return true;
	if (!servers[0])
		return false;
	pid = current_pid_tgid() >> 32;
	parent = task_pid_seen(BPF_CORE_READ(task, real_parent), true);
	return !list_wants(servers, pid) && !list_wants(servers, parent);
}

static __always_inline int db_begin(void *ctx, const char *text, u64 len)
{
	return db_unwanted() ? 0 : query_begin(ctx, text, len);
}

/* Argument: the text. */
SEC("usdt")
int probe_start(struct pt_regs *ctx)
{
	struct usdt_site *site = usdt_site(ctx);

	return site ? db_begin(ctx, (const char *)usdt_arg(ctx, site, 0), 0) : 0;
}

SEC("usdt")
int probe_done(struct pt_regs *ctx)
{
	return query_end(ctx);
}

/* PostgreSQL: exec_simple_query(text). */
SEC("uprobe")
int simple_query(struct pt_regs *ctx)
{
	return db_begin(ctx, (const char *)PT_REGS_PARM1(ctx), 0);
}

/* MariaDB, and MySQL up to 5.6: dispatch_command(command, thd, text, length, ...). */
SEC("uprobe")
int dispatch_text(struct pt_regs *ctx)
{
	if ((u32)PT_REGS_PARM1(ctx) != COM_QUERY)
		return 0;
	return db_begin(ctx, (const char *)PT_REGS_PARM3(ctx), (u32)PT_REGS_PARM4(ctx));
}

/* MySQL from 5.7 on: dispatch_command(thd, data, command), data beginning with text and length. */
SEC("uprobe")
int dispatch_data(struct pt_regs *ctx)
{
	struct {
		const char *text;
		u32 length;
	} data = {};

	if ((u32)PT_REGS_PARM3(ctx) != COM_QUERY)
		return 0;
	bpf_probe_read_user(&data, sizeof(data), (const void *)PT_REGS_PARM2(ctx));
	return db_begin(ctx, data.text, data.length);
}

SEC("uretprobe")
int function_return(struct pt_regs *ctx)
{
	return query_end(ctx);
}

#endif
