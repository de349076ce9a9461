// SPDX-License-Identifier: GPL-2.0-or-later
// Trace new programs with their complete arguments.
#include "applet.h"
#include "execsnoop.h"
#include "execsnoop.skel.h"
#define RODATA struct execsnoop_bpf__rodata
#define EVENT struct event

#include <fcntl.h>
#include <unistd.h>

enum { MAX_ARGS = 1 };

static const struct opt opts[] = {
	FILTER_PID('p'), FILTER_TID(2), FILTER_UID('u'), FILTER_COMM(3), FILTER_CGROUP('c'),
	OPT_RANGE('P', parent, "ppid", "PID", "children of this process only", 1, 4194304),
	OPT_USER('x', "fails", NULL, "calls that failed, too"),
	OPT_USER('n', "name", "TEXT", "only programs with this in their name"),
	OPT_USER('l', "line", "TEXT", "only those with this in their arguments"),
	OPT_USER_NUM(MAX_ARGS, "max-args", "N", "show N arguments, not all", 1, 1 << 20),
	OPT_USER('q', "quote", NULL, "each argument in quotation marks"),
	OPT_USER('T', "time", NULL, "show the time of day"),
	OPT_USER('t', "timestamp", NULL, "show the seconds since the start"),
	OPT_USER('U', "print-uid", NULL, "show UID"),
	OPT_USER('C', "print-cpu", NULL, "show CPU"),
	OPT_USER('M', "print-pcomm", NULL, "show the parent's name"),
	OPT('e', exe_wanted, "extended-fields", NULL,
	    "show EXE, the real path, and FILE, as asked for"),
	LETTER('d', "duration"),
	{ 0 }
};

/* A growing text. */
struct text {
	char *s;
	size_t n, room;
};

static void text_add(struct text *t, const char *s, size_t n)
{
	if (t->n + n + 1 > t->room) {
		t->room = 2 * (t->n + n) + 64;
		t->s = xrealloc(t->s, t->room);
	}
	memcpy(t->s + t->n, s, n);
	t->n += n;
	t->s[t->n] = 0;
}

/* The arguments that the event has no room for: the process itself still has them, if it lives.
 * That it is the same one shows in that they begin in the same way. */
static bool args_rest(struct text *t, const EVENT *e, const char *args)
{
	char path[32], part[4096];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/cmdline", e->pid);
	fd = e->ret ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	while ((n = read(fd, part, sizeof(part))) > 0)
		text_add(t, part, n);
	close(fd);
	return t->n > e->args_bytes && !memcmp(t->s, args, e->args_bytes);
}

static void arg_add(struct text *line, const char *arg, size_t n, bool quote)
{
	if (line->n)
		text_add(line, " ", 1);
	if (!quote) {
		text_add(line, arg, n);
		return;
	}
	text_add(line, "\"", 1);
	for (size_t i = 0; i < n; i++) {
		if (arg[i] == '"' || arg[i] == '\\')
			text_add(line, "\\", 1);
		text_add(line, arg + i, 1);
	}
	text_add(line, "\"", 1);
}

/* All arguments as one line; "..." stands for what is missing at its end. The caller frees. */
static char *args_line(const EVENT *e, bool quote, uint64_t max)
{
	const char *args = e->data + e->exe_bytes + e->file_bytes, *end = args + e->args_bytes;
	struct text line = { 0 }, whole = { 0 };
	bool cut = e->cut;

	if (cut && args_rest(&whole, e, args)) {
		args = whole.s;
		end = args + whole.n;
		cut = false;
	}
	text_add(&line, "", 0);
	while (args < end && max--) {
		size_t n = strnlen(args, end - args);

		arg_add(&line, args, n, quote);
		args += n + 1;
	}
	if (args < end)
		text_add(&line, " ...", 4);
	else if (cut)
		text_add(&line, "...", 3);
	free(whole.s);
	return line.s;
}

static bool keep(struct run *run, void *event)
{
	const char *name = opt_str(run, 'n'), *text = opt_str(run, 'l');
	const EVENT *e = event;
	bool kept;
	char *line;

	if (name && !strstr(e->comm, name))
		return false;
	if (!text)
		return true;
	line = args_line(e, false, UINT64_MAX);
	kept = strstr(line, text);
	free(line);
	return kept;
}

static void fmt_args(struct cell *cell, const void *row)
{
	const struct run *run = cell_run(cell);
	char *line = args_line(row, opt_on(run, 'q'), opt_u64(run, MAX_ARGS, UINT64_MAX));

	cell_str(cell, line);
	free(line);
}

static void fmt_exe(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	if (e->exe_bytes)
		cell_strn(cell, e->data, e->exe_bytes);
	else
		cell_none(cell);
}

static void fmt_file(struct cell *cell, const void *row)
{
	const EVENT *e = row;

	cell_strn(cell, e->data + e->exe_bytes, e->file_bytes);
}

static const struct col cols[] = {
	COL_TIME('T', "TIME"),
	COL_TIME_REL('t', "TIME(s)"),
	COL_IF('U', uid, "UID", -6),
	COL(comm, "COMM", -16),
	COL(pid, "PID", -7),
	COL_IF('M', pcomm, "PCOMM", -16),
	COL(ppid, "PPID", -7),
	COL_IF('C', cpu, "CPU", 3),
	COL(ret, "RET", 3),
	COL_FMT_ONLY('e', data, "EXE", -24, fmt_exe),
	COL_FMT_IF('e', data, "FILE", -24, fmt_file),
	COL_FMT(data, "ARGS", 0, fmt_args),
	{ 0 }
};

static const struct probe probes[] = {
	{ "exec", "exec_classic" },
	{ "exec", "exec_raw" },
	{ "exec that fails", "execve_exit_regs execveat_exit_regs", 'x' },
	{ "exec that fails", "execve_enter execveat_enter execve_exit execveat_exit", 'x' },
	{ 0 }
};

BPF_OBJECT(execsnoop);

APPLET(execsnoop) = {
	.name = "execsnoop",
	.brief = "Trace new programs with their complete arguments.",
	.help = "Examples:\n"
		"  execsnoop -T                  every new program, with the time\n"
		"  execsnoop -x -U               also those that could not be started; by whom\n"
		"  execsnoop -P 181 -q           started by process 181; arguments in quotes\n"
		"  execsnoop -l config.xml       with this anywhere in their arguments\n"
		"Of arguments longer than 8 KB the end is asked of the process itself; \"...\"\n"
		"stands for what it could not tell any more. ARGS begins with the name that the\n"
		"program was given, FILE is what was looked for, EXE what runs (of a script\n"
		"its interpreter). COMM is the new name; of a call that failed, the old.\n",
	OBJECT(execsnoop),
	EVENT_UPTO(data),
	.opts = opts,
	.cols = cols,
	.probes = probes,
	.keep = keep,
};
