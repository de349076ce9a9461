// SPDX-License-Identifier: GPL-2.0-or-later
// Put the kernel's tracing back to how it is when nobody uses it.
#include "applet.h"
#include "core.h"
#include "tracefs.h"
#define EVENT struct state

#include <fcntl.h>
#include <unistd.h>

static const struct opt opts[] = {
	OPT_USER('F', "force", NULL, "reset what other tools may be using, too"),
	OPT_USER('n', "dry-run", NULL, "change nothing, just tell"),
	OPT_USER('q', "quiet", NULL, "print nothing but what failed"),
	LETTER('v', "verbose"),
	{ 0 }
};

/* Files of tracefs, in the order in which they are reset: events before the probes that made them.
 * Lines that begin with "#" are comments. */
static const struct file {
	const char *name;
	const char *idle;	/* what it has then; NULL: nothing */
	bool forced;		/* with -F only: who uses tracing sets these, and leaves none behind */
} files[] = {
	{ "tracing_on", "1", true },
	{ "current_tracer", "nop", true },
	{ "events/enable", "0", true },
	{ "set_event_pid", NULL, true },
	{ "set_ftrace_filter", NULL, true },
	{ "set_ftrace_notrace", NULL, true },
	{ "set_graph_function", NULL, true },
	{ "set_graph_notrace", NULL, true },
	{ "set_ftrace_pid", "no pid", true },
	{ "tracing_thresh", "0", true },
	{ "kprobe_events", NULL, false },
	{ "uprobe_events", NULL, false },
	{ "trace", NULL, false },
};

struct state {
	char file[32];
	char state[16];
	uint32_t lines;		/* that are not as they should be */
	char value[256];	/* the first of them */
	char error[128];
};

/* The lines that are no comment and not what is there without use. -errno where it cannot be read. */
static int file_look(const struct file *f, struct state *s)
{
	int fd = openat(tracefs_fd(), f->name, O_RDONLY | O_CLOEXEC);
	FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!in)
		return -errno;
	s->lines = 0;
	s->value[0] = 0;
	while ((n = getline(&line, &room, in)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = 0;
		if (!line[0] || line[0] == '#' || (f->idle && !strcmp(line, f->idle)))
			continue;
		if (!s->lines++)
			snprintf(s->value, sizeof(s->value), "%s", line);
	}
	free(line);
	fclose(in);
	return 0;
}

/* Opening it for writing anew clears a list; a value is written then. 0 or -errno. */
static int file_reset(const struct file *f)
{
	int fd = openat(tracefs_fd(), f->name, O_WRONLY | O_TRUNC | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	/* "no pid" is only how an empty list is shown. */
	if (f->idle && strcmp(f->idle, "no pid") && write(fd, f->idle, strlen(f->idle)) < 0)
		err = -errno;
	if (close(fd) && !err)
		err = -errno;
	return err;
}

static void state_set(struct state *s, const char *state, int err)
{
	snprintf(s->state, sizeof(s->state), "%s", state);
	if (err)
		snprintf(s->error, sizeof(s->error), "%s",
			 err == -EBUSY ? "somebody uses it" : strerror(-err));
}

/* False: something is left that is not as it should be. */
static bool file_handle(const struct run *run, const struct file *f, struct state *s)
{
	struct state after = { .lines = 0 };
	int err;

	snprintf(s->file, sizeof(s->file), "%s", f->name);
	err = file_look(f, s);
	/* A kernel in lockdown lets nobody in, so that nobody has left anything there. */
	if (err == -ENOENT || err == -EPERM) {
		state_set(s, err == -EPERM ? "refused" : "absent", 0);
		return true;
	}
	if (err) {
		state_set(s, "failed", err);
		return false;
	}
	if (!s->lines) {
		state_set(s, "idle", 0);
		return true;
	}
	if (opt_on(run, 'n') || (f->forced && !opt_on(run, 'F'))) {
		state_set(s, "in use", 0);
		return false;
	}
	err = file_reset(f);
	/* The trace may have new lines by now, if tracing goes on. */
	if (!err && strcmp(f->name, "trace") && !file_look(f, &after) && after.lines)
		err = -EBUSY;
	state_set(s, err ? "failed" : "reset", err);
	return !err;
}

static int reset(struct run *run)
{
	bool all_well = true, verbose = run->core->common.verbose;

	if (tracefs_fd() < 0)
		die(errno == ENODEV ? EXIT_CANNOT : EXIT_FAIL, "tracefs is out of reach: %s",
		    errno == ENODEV ? "this kernel has none (CONFIG_TRACING)" : strerror(errno));
	if (!opt_on(run, 'q'))
		rows_begin(run);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct state s = { .lines = 0 };
		bool well = file_handle(run, &files[i], &s);

		all_well &= well;
		if (s.error[0])
			warn("%s: %s", s.file, s.error);
		if (!opt_on(run, 'q') && (verbose || s.lines || s.error[0]))
			row_print(run, &s, false);
	}
	return all_well ? EXIT_OK : EXIT_FAIL;
}

static const struct col cols[] = {
	COL(file, "FILE", -20),
	COL(state, "STATE", -7),
	COL(lines, "LINES", 6),
	COL_FMT(value, "FIRST", 0, fmt_text),
	{ 0 }
};

APPLET(reset_trace) = {
	.name = "reset_trace",
	.brief = "Put the kernel's tracing back to how it is when nobody uses it.",
	.help = "For what a tracer that crashed has left behind in tracefs.\n"
		"Examples:\n"
		"  reset-trace -n     what is there\n"
		"  reset-trace        removes probes and clears the trace; tells what else is set\n"
		"  reset-trace -F     resets tracers, filters and events, too\n"
		"  reset-trace -qF    the same for scripts: nothing but what failed is printed\n"
		"Shown are files that are not as they should be, with -v all of them. It exits with\n"
		"1 where something is left in use. BPF programs leave nothing behind.\n",
	.opts = opts,
	.cols = cols,
	.main = reset,
};

/* The name that people know. */
ALIAS(reset_trace) = {
	.name = "reset-trace",
	.applet = "reset_trace",
	.args = "",
	.brief = "Put the kernel's tracing back to how it is when nobody uses it.",
};
