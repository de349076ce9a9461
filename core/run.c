// SPDX-License-Identifier: GPL-2.0-or-later
// One run of an applet from its command line to its last report. Every way of ending (signal,
// duration, count, reader gone) goes through the same end.
#include "frames.h"

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* From the first signal on a second one ends the program at once: the last report may be long. */
static void signals_release(int fd)
{
	struct signalfd_siginfo first;
	sigset_t set;

	while (read(fd, &first, sizeof(first)) > 0)
		; /* else it would end us now */

	sigfillset(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void report_heading(struct run *run)
{
	const struct applet *a = run->applet;
	struct out *o = &run->core->out;
	char text[CLOCK_TEXT], load[64];

	if (run->format != FORMAT_TEXT)
		return;
	if (a->top && a->top->noclear_key && !opt_on(run, a->top->noclear_key) && o->tty)
		out_str(o, "\033[H\033[2J");
	if (a->top && a->top->nosummary_key && opt_on(run, a->top->nosummary_key))
		return;
	if (a->top && a->top->noclear_key) {
		if (file_read("/proc/loadavg", load, sizeof(load)) < 0)
			load[0] = 0;
		out_printf(o, "%s%s loadavg: %s\n\n", run->core->reports++ && !o->tty ? "\n" : "",
			   clock_local(run->now_ns, 0, text), load);
	} else if (run->core->common.heatmap) {
		return; /* its lines have the time */
	} else if (run->core->stamp || (a->stamp_key && opt_on(run, a->stamp_key))) {
		if (run->core->stamp == STAMP_ISO)
			clock_rfc3339(run->now_ns, text);
		else
			clock_local(run->now_ns, run->core->stamp == STAMP_MICRO ? 6 : 0, text);
		out_printf(o, "%s\n", text);
	}
}

static bool run_reports(const struct run *run)
{
	const struct applet *a = run->applet;

	return hist_on(run) || top_on(run) || a->stacks || a->tick;
}

static void report(struct run *run, uint64_t since)
{
	const struct applet *a = run->applet;
	struct core *core = run->core;

	run->now_ns = clock_now();
	run->elapsed_ns = run->now_ns - since;
	if (run_reports(run)) {
		report_heading(run);
		if (hist_on(run))
			hist_report(run);
		if (top_on(run))
			top_report(run);
		if (a->stacks)
			stacks_report(run);
		if (a->tick)
			a->tick(run);
		if (core->common.count && (!a->event_min || a->tick || top_on(run)) &&
		    ++core->count >= core->common.count)
			core->counted = core->stop = true;
	}
	if (a->look)
		a->look(run);
	loss_report(run);
	out_flush(&core->out);
	if (core->out.closed)
		core->stop = true;
}

/* Milliseconds until `ns`, at least 0, at most `most`. */
static int until(uint64_t ns, uint64_t now, int most)
{
	uint64_t ms = ns <= now ? 0 : (ns - now + 999999) / 1000000;

	return ms > (uint64_t)most ? most : (int)ms;
}

static void wait_for_something(struct run *run, bool events, uint64_t wake_ns)
{
	struct core *core = run->core;
	struct pollfd fds[3 + WATCHES_MAX] = { { .fd = core->signal_fd, .events = POLLIN } };
	nfds_t n = 1;

	for (size_t i = 0; i < core->nwatches; i++)
		fds[n++] = (struct pollfd){ .fd = core->watch[i].fd, .events = POLLIN };
	if (core->ring)
		fds[n++] = (struct pollfd){ .fd = ring_buffer__epoll_fd(core->ring), .events = POLLIN };
	if (core->perf)
		fds[n++] = (struct pollfd){ .fd = perf_buffer__epoll_fd(core->perf), .events = POLLIN };
	/* A reader that went away shows on the pipe even if there is nothing to write. */
	if (!core->out.tty)
		fds[n++] = (struct pollfd){ .fd = core->out.fd };
	/* Few events do not wake us (bpf/events.bpf.h): look for them ten times a second. */
	poll(fds, n, until(wake_ns, clock_now(), events ? 100 : 60000));
	if (fds[0].revents)
		core->stop = true;
	if (!core->out.tty && fds[n - 1].revents & POLLERR)
		core->out.closed = core->stop = true;
	for (size_t i = 0; i < core->nwatches; i++)
		if (fds[1 + i].revents)
			core->watch[i].fn(run);
}

void run_watch(struct run *run, int fd, void (*fn)(struct run *run))
{
	struct core *core = run->core;

	if (core->nwatches == WATCHES_MAX)
		abort();
	core->watch[core->nwatches++] = (struct watch){ .fd = fd, .fn = fn };
}

void run_stop(struct run *run)
{
	run->core->stop = true;
}

static void loop(struct run *run, bool events)
{
	struct core *core = run->core;
	uint64_t since = core->start_ns, end = UINT64_MAX, next = UINT64_MAX;

	if (core->common.duration_ns)
		end = core->start_ns + core->common.duration_ns;
	if (run->interval_ns)
		next = core->start_ns + run->interval_ns;
	while (!core->stop) {
		uint64_t now;

		wait_for_something(run, events, MIN(end, next));
		if (events) {
			events_poll(run);
			out_flush(&core->out);
			core->stop |= core->out.closed;
		}
		now = clock_now();
		/* One that is due at the very end is the last one. */
		if (now >= next && now < end && !core->stop) {
			report(run, since);
			since = run->now_ns;
			/* Intervals that went by unused are not made up for. */
			while (next <= now)
				next += run->interval_ns;
		}
		if (now >= end)
			core->stop = true;
	}
	signals_release(core->signal_fd);
	probes_detach(run);
	frames_look(run);
	if (events)
		events_poll(run); /* what is in the buffer still counts */
	run->last = true;
	/* After the number of reports asked for, the rest is not one more. */
	if (core->counted && run_reports(run))
		loss_report(run);
	else
		report(run, since);
	out_flush(&core->out);
}

/* Before 5.11 maps counted against the memory lock limit. A probe takes two descriptors. */
static void limits_raise(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY }, files;

	setrlimit(RLIMIT_MEMLOCK, &all);
	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_cur >= 4 * LINKS_MAX)
		return;
	all.rlim_cur = 4 * LINKS_MAX;
	all.rlim_max = MAX(all.rlim_cur, files.rlim_max);
	files.rlim_cur = files.rlim_max; /* all that goes without CAP_SYS_RESOURCE */
	if (setrlimit(RLIMIT_NOFILE, &all))
		setrlimit(RLIMIT_NOFILE, &files);
}

static void run_trace(struct run *run)
{
	const struct applet *a = run->applet;
	struct core *core = run->core;
	bool events;

	limits_raise();
	core->signal_fd = signals_open(false);
	if (a->object)
		probes_attach(run);
	else if (a->setup)
		a->setup(run);
	events = a->object && events_open(run);
	if (a->object)
		frames_open(run);
	core->start_ns = run->now_ns = clock_now();
	if (core->common.verbose)
		warn("ready");
	if (a->title && run->format == FORMAT_TEXT && !stacks_folded(run))
		out_printf(&core->out, "%s\n", a->title);
	if (!top_on(run) && !hist_on(run))
		cols_header(run);
	out_flush(&core->out);
	loop(run, events);
}

void rows_begin(struct run *run)
{
	run->now_ns = clock_now();
	cols_header(run);
}

void line_print(struct run *run, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	out_text(&run->core->out, text, sizeof(text));
	out_bytes(&run->core->out, "\n", 1);
}

void text_print(struct run *run, const char *text, size_t n)
{
	for (size_t len; n; text += len, n -= len) {
		len = strnlen(text, n);
		out_text(&run->core->out, text, len);
		if (len < n) {
			out_str(&run->core->out, "\\0");
			len++;
		}
	}
}

void bytes_print(struct run *run, const void *bytes, size_t n)
{
	out_bytes(&run->core->out, bytes, n);
}

void run_end(struct run *run)
{
	out_flush(&run->core->out);
	exit(EXIT_OK);
}

const char *run_btf(const struct run *run)
{
	return run->core->common.btf;
}

static char **args_split(const char *args, int argc, char **argv, int *n)
{
	char **all = xalloc((strlen(args) + argc + 1) * sizeof(*all));
	char *word = xstrdup(args), *save = NULL;

	*n = 0;
	for (word = strtok_r(word, " ", &save); word; word = strtok_r(NULL, " ", &save))
		all[(*n)++] = word;
	for (int i = 0; i < argc; i++)
		all[(*n)++] = argv[i];
	return all;
}

int run_applet(const struct applet *applet, const struct alias *alias, int argc, char **argv)
{
	static struct core core;
	struct run run = { .applet = applet, .core = &core };

	core.alias = alias;
	if (alias)
		argv = args_split(alias->args ? alias->args : "", argc, argv, &argc);
	opts_parse(&run, argc, argv);
	cols_prepare(&run);
	out_open(&core.out, core.common.output);
	if (applet->main) {
		int status = applet->main(&run);

		out_flush(&core.out);
		return status;
	}
	run_trace(&run);
	bpf_object__close(run.obj);
	return EXIT_OK;
}
