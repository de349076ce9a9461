// SPDX-License-Identifier: GPL-2.0-or-later
// The loop: events from the kernel, intervals, a child process, signals, and the end.
#include "session.h"
#include "clock.h"
#include "sites.h"
#include "usyms.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { POLL_MS = 100, CATCH_UP = 1000 };

/* ---- actions ---- */

static const char *formatted(struct session *s, const struct bt_action *a, const void *event,
			     size_t size)
{
	bool json = s->json;

	s->json = true; /* as it is: a file's name, a command */
	s->text->n = 0;
	format_print(s, s->text, a, event, size);
	s->json = json;
	s->text->buf[MIN(s->text->n, sizeof(s->text->buf) - 1)] = 0;
	return s->text->buf;
}

static void do_printf(struct session *s, const struct bt_action *a, const void *event, size_t size)
{
	if (s->front && s->front->event && a->kind == A_PRINTF) {
		s->front->event(s, s->front_arg, a, event, size);
	} else if (a->kind == A_ERRORF) {
		fprintf(stderr, "%s", formatted(s, a, event, size));
	} else if (s->json) {
		formatted(s, a, event, size);
		json_record(s, "printf", s->text->buf, s->text->n);
	} else {
		format_print(s, s->out, a, event, size);
	}
}

static void do_time(struct session *s, const struct bt_action *a)
{
	char text[512] = "";
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	strftime(text, sizeof(text), a->fmt, &tm);
#pragma GCC diagnostic pop
	if (s->json)
		json_record(s, "time", text, strlen(text));
	else
		out_str(s->out, text);
}

static void do_cat(struct session *s, const struct bt_action *a, const void *event, size_t size)
{
	char path[4096], *text = xalloc(s->bt->config.max_cat + 1);
	int n;

	snprintf(path, sizeof(path), "%s", formatted(s, a, event, size));
	n = file_read(path, text, s->bt->config.max_cat);
	if (n < 0)
		warn("cat: %s: %s", path, strerror(-n));
	else if (s->json)
		json_record(s, "cat", text, n);
	else
		out_printf(s->out, "%s\n", text);
	free(text);
}

static void do_system(struct session *s, const struct bt_action *a, const void *event, size_t size)
{
	const char *command = formatted(s, a, event, size);
	sigset_t none;
	pid_t pid;

	out_flush(s->out);
	pid = fork();
	if (!pid) {
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	else
		warn("system: %s", strerror(errno));
}

static void do_join(struct session *s, const struct bt_action *a, const char *event, size_t size)
{
	struct out *o = s->json ? s->text : s->out;
	const char *p = event + a->fixed, *end = event + size;
	uint64_t n;

	s->text->n = 0;
	memcpy(&n, event + 8, 8);
	for (uint64_t i = 0; i < n && p < end; i++) {
		size_t len = strnlen(p, end - p);

		if (i)
			out_str(o, a->fmt);
		string_text(s, o, p, len);
		p += len + 1;
	}
	if (s->json)
		json_record(s, "join", s->text->buf, s->text->n);
	else
		out_str(o, "\n");
}

static void do_print_value(struct session *s, const struct bt_action *a, const char *event,
			   size_t size)
{
	const struct bt_type *t = a->type[0];
	struct bt_type str = {.kind = T_STR};
	const void *data = event + a->at[0];

	if (t->kind == T_STR) {
		str.size = size - MIN((size_t)a->fixed, size);
		t = &str;
		data = event + a->fixed;
	}
	if (s->json) {
		out_str(s->out, "{\"type\":\"value\",\"data\":");
		value_json(s, t, data);
		out_str(s->out, "}\n");
	} else {
		value_text(s, s->out, t, data);
		out_str(s->out, "\n");
	}
}

static void do_exit(struct session *s, const struct bt_action *a, const char *event)
{
	int64_t status;

	s->stop = true;
	if (!a->nargs)
		return;
	memcpy(&status, event + a->at[0], 8);
	s->status = status & 0xff;
}

static int event_take(void *arg, void *data, size_t size)
{
	struct session *s = arg;
	const struct bt_action *a;
	uint64_t number;

	memcpy(&number, data, sizeof(number));
	if (size < 8 || number >= s->bt->nactions)
		return 0;
	a = s->bt->action[number];
	if (size < a->fixed)
		return 0;
	switch (a->kind) {
	case A_PRINTF:
	case A_ERRORF:
		do_printf(s, a, data, size);
		break;
	case A_PRINT_MAP:
		map_print(s, a->map, a->at[0], a->at[1]);
		break;
	case A_PRINT_ENTRY:
		map_print_entry(s, a->map, (const char *)data + 8);
		break;
	case A_PRINT_VALUE:
		do_print_value(s, a, data, size);
		break;
	case A_CLEAR:
	case A_ZERO:
		map_clear(s, a->map, a->kind == A_ZERO);
		break;
	case A_TIME:
		do_time(s, a);
		break;
	case A_JOIN:
		do_join(s, a, data, size);
		break;
	case A_CAT:
		do_cat(s, a, data, size);
		break;
	case A_SYSTEM:
		do_system(s, a, data, size);
		break;
	case A_EXIT:
		do_exit(s, a, data);
		break;
	case A_SKB:
		pcap_write(s, a, data);
		break;
	case A_STRFTIME:
		break; /* no event of its own */
	}
	return 0;
}

void session_events(struct session *s)
{
	if (s->ring)
		ring_buffer__consume(s->ring);
}

/* ---- losses ---- */

static void losses_tell(struct session *s)
{
	static const struct {
		const char *key, *text;
	} kinds[] = {
		{"events", "events were lost: the buffer was full"},
		{"stacks", "stacks could not be stored"},
		{"entries",
		 "times a map was full and something went unrecorded; a larger max_map_keys "
		 "may help"},
		{"skipped",
		 "runs of a program were skipped by the kernel, as another was under way"},
	};
	uint64_t now[4] = {s->state->lost_events, s->state->lost_stacks, s->state->lost_entries,
			   s->state->lost_runs};
	const char *comma = "";

	for (struct bt_prog *p = s->bt->progs; p; p = p->next) {
		struct bpf_prog_info info = {0};
		uint32_t len = sizeof(info);

		if (!bpf_prog_get_info_by_fd(p->fd, &info, &len))
			now[3] += info.recursion_misses;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		uint64_t lost = now[i] - s->told[i];

		if (!lost)
			continue;
		warn("%llu %s", (unsigned long long)lost, kinds[i].text);
		if (!s->json)
			continue;
		out_printf(s->out, *comma ? "," : "{\"lost\":{");
		out_printf(s->out, "\"%s\":%llu", kinds[i].key, (unsigned long long)lost);
		comma = ",";
	}
	if (*comma)
		out_str(s->out, "}}\n");
	memcpy(s->told, now, sizeof(now));
}

/* ---- the loop ---- */

static void signals_take(struct session *s)
{
	struct signalfd_siginfo si;

	while (read(s->signal_fd, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo != SIGCHLD)
			s->stop = true;
		else if (s->child && waitpid(s->child, NULL, WNOHANG) == s->child)
			s->child = 0, s->stop = true;
	}
}

static void intervals_begin(struct session *s)
{
	uint64_t now = clock_now();

	for (struct bt_prog *p = s->bt->progs; p; p = p->next) {
		const struct bt_site *site = p->site[0];

		if (site->kind != P_INTERVAL)
			continue;
		p->every_ns = site->frequency ? NSEC / site->period : site->period;
		p->every_ns = MAX(p->every_ns, 1u);
		p->next_ns = now + p->every_ns;
	}
}

static uint64_t intervals_next(const struct session *s)
{
	uint64_t next = UINT64_MAX;

	for (const struct bt_prog *p = s->bt->progs; p; p = p->next)
		if (p->every_ns)
			next = MIN(next, p->next_ns);
	if (s->report_ns)
		next = MIN(next, s->report_ns);
	if (s->end_ns)
		next = MIN(next, s->end_ns);
	return next;
}

/* Those that went by while we were busy are made up for, but not without end. */
static void intervals_run(struct session *s)
{
	uint64_t now = clock_now();

	for (struct bt_prog *p = s->bt->progs; p && !s->stop; p = p->next) {
		if (!p->every_ns)
			continue;
		for (int n = 0; p->next_ns <= now && n < CATCH_UP && !s->stop; n++) {
			session_run(s, p);
			p->next_ns += p->every_ns;
			session_events(s);
		}
		if (p->next_ns <= now)
			p->next_ns = now + p->every_ns;
	}
}

static void wait_for_something(struct session *s)
{
	struct pollfd fds[3] = {{.fd = s->signal_fd, .events = POLLIN}};
	uint64_t next = intervals_next(s), now = clock_now();
	int ms = s->ring || (s->front && s->front->look) ? POLL_MS : 1000;
	nfds_t n = 1;

	if (next != UINT64_MAX)
		ms = next <= now ? 0 : MIN((uint64_t)ms, (next - now + 999999) / 1000000);
	if (s->ring)
		fds[n++] = (struct pollfd){.fd = ring_buffer__epoll_fd(s->ring), .events = POLLIN};
	/* A reader that went away shows on the pipe even if there is nothing to write. */
	if (!s->out->tty)
		fds[n++] = (struct pollfd){.fd = s->out->fd};
	poll(fds, n, ms);
	if (fds[0].revents)
		signals_take(s);
	if (!s->out->tty && fds[n - 1].revents & POLLERR)
		s->out->closed = s->stop = true;
	if (s->bt->pid && kill(s->bt->pid, 0) && errno == ESRCH)
		s->stop = true;
	/* Where its functions are is only known as long as it lives. */
	if (s->table[TABLE_STACKS] >= 0 && (s->bt->pid || s->child)) {
		if (!s->usyms)
			s->usyms = usyms_new();
		usyms_snapshot(s->usyms, s->bt->pid ? s->bt->pid : s->child);
	}
}

static void run_kind(struct session *s, enum site_kind kind)
{
	for (struct bt_prog *p = s->bt->progs; p; p = p->next)
		if (p->site[0]->kind == kind)
			session_run(s, p);
	session_events(s);
	out_flush(s->out);
}

static void report(struct session *s, bool last)
{
	if (s->front->report)
		s->front->report(s, s->front_arg, last);
	out_flush(s->out);
}

/* Front ends: reports, and the end that was asked for. */
static void front_turn(struct session *s)
{
	uint64_t now = clock_now();

	if (s->front->look && now >= s->look_ns) {
		s->front->look(s, s->front_arg);
		s->look_ns = now + NSEC / 5;
	}
	/* One that is due at the very end is the last one. */
	if (s->end_ns && now >= s->end_ns)
		s->stop = true;
	else if (s->report_ns && now >= s->report_ns && !s->stop)
		report(s, false);
	while (s->report_ns && s->report_ns <= now)
		s->report_ns += s->interval_ns;
}

static void front_begin(struct session *s)
{
	uint64_t now = clock_now();

	s->report_ns = s->interval_ns ? now + s->interval_ns : 0;
	s->end_ns = s->duration_ns ? now + s->duration_ns : 0;
	if (s->front->begun)
		s->front->begun(s, s->front_arg);
}

static void loop(struct session *s)
{
	while (!s->stop) {
		wait_for_something(s);
		session_events(s);
		if (!s->stop)
			intervals_run(s);
		if (s->front)
			front_turn(s);
		out_flush(s->out);
		s->stop |= s->out->closed;
	}
}

static int map_order(const void *a, const void *b)
{
	struct bt_map *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void maps_print(struct session *s)
{
	struct bt_map **map = xalloc((s->bt->nmaps + 1) * sizeof(*map));

	memcpy(map, s->bt->map, s->bt->nmaps * sizeof(*map));
	qsort(map, s->bt->nmaps, sizeof(*map), map_order);
	if (!s->json && s->bt->nmaps)
		out_str(s->out, "\n\n");
	for (size_t i = 0; i < s->bt->nmaps; i++)
		map_print(s, map[i], 0, 0);
	free(map);
}

static void child_start(struct session *s)
{
	if (s->child_go < 0)
		return;
	if (write(s->child_go, "", 1) != 1)
		warn("the command has ended before it began");
	close(s->child_go);
	s->child_go = -1;
}

static void child_end(struct session *s)
{
	if (!s->child)
		return;
	kill(s->child, SIGTERM);
	waitpid(s->child, NULL, 0);
}

static bool iters_are(const struct session *s)
{
	const struct bt_prog *p = s->bt->progs;

	while (p && p->site[0]->kind != P_ITER)
		p = p->next;
	return p;
}

int session_main(struct session *s)
{
	s->signal_fd = signals_open(true);
	pcap_open(s);
	if (!session_load(s) || !session_prepare(s))
		goto failed;
	if (s->table[TABLE_RING] >= 0)
		s->ring = ring_buffer__new(s->table[TABLE_RING], event_take, s, NULL);
	if (s->table[TABLE_RING] >= 0 && !s->ring)
		die(EXIT_FAIL, "cannot read events: %s", strerror(errno));
	if (s->json && !s->front)
		out_printf(s->out, "{\"type\":\"attached_probes\",\"data\":{\"probes\":%zu}}\n",
			   s->bt->nsites);
	/* What BEGIN prepares is there when the first event comes. */
	run_kind(s, P_BEGIN);
	if (!s->stop) {
		if (!session_attach(s))
			goto failed;
		intervals_begin(s);
		child_start(s);
		if (s->front)
			front_begin(s);
	}
	if (!s->stop && iters_are(s) && !session_iterate(s))
		goto failed;
	if (s->verbose)
		warn("ready");
	out_flush(s->out);
	loop(s);
	session_detach(s);
	session_events(s);
	run_kind(s, P_END);
	if (s->front)
		report(s, true);
	else if (s->bt->config.print_maps)
		maps_print(s);
	losses_tell(s);
	out_flush(s->out);
	child_end(s);
	return s->status;
failed:
	out_flush(s->out);
	fputs(s->bt->error, stderr);
	fputc('\n', stderr);
	child_end(s);
	return s->bt->status;
}
