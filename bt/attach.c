// SPDX-License-Identifier: GPL-2.0-or-later
// Programs to their probes. What is attached is held by file descriptors and ends with them.
#include "session.h"
#include "ksyms.h"
#include "sites.h"
#include "tracefs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void fd_keep(struct session *s, int fd)
{
	if (!(s->nfds & (s->nfds - 1)))
		s->fd = xrealloc(s->fd, (s->nfds ? 2 * s->nfds : 4) * sizeof(*s->fd));
	s->fd[s->nfds++] = fd;
}

/* 0, or -errno */
static int perf_attach(struct session *s, struct perf_event_attr *attr, int pid, int cpu, int prog)
{
	int fd, err;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (ioctl(fd, PERF_EVENT_IOC_SET_BPF, prog) || ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)) {
		err = -errno;
		close(fd);
		return err;
	}
	fd_keep(s, fd);
	return 0;
}

/* The kinds of perf events that have no fixed number. */
static int perf_type(const char *name)
{
	char path[64], text[16];
	uint64_t v;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	return file_read(path, text, sizeof(text)) > 0 && parse_u64(text, &v) ? (int)v : -1;
}

static int attach_kprobe(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = perf_type("kprobe")};
	char real[256];
	int err;

	attr.config = site->kind == P_KRETPROBE; /* format/retprobe: bit 0 */
	attr.config1 = (uintptr_t)site->func;
	attr.config2 = site->offset;
	err = perf_attach(s, &attr, -1, 0, p->fd);
	/* A function that the compiler gave a suffix (.isra.0) is found by its first name. */
	if (err == -ENOENT && kallsyms_has_func(site->func, real, sizeof(real)) &&
	    strcmp(real, site->func)) {
		attr.config1 = (uintptr_t)real;
		err = perf_attach(s, &attr, -1, 0, p->fd);
	}
	return err;
}

static int attach_uprobe(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = perf_type("uprobe")};

	attr.config = site->kind == P_URETPROBE;
	attr.config1 = (uintptr_t)site->path;
	attr.config2 = site->offset;
	return perf_attach(s, &attr, s->bt->pid ? s->bt->pid : -1, s->bt->pid ? -1 : 0, p->fd);
}

static int attach_tracepoint(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .sample_period = 1, .wakeup_events = 1};
	int id = tracefs_event_id(site->func);

	if (id < 0)
		return id;
	attr.config = id;
	return perf_attach(s, &attr, -1, 0, p->fd);
}

static int attach_raw(struct session *s, const struct bt_prog *p, const char *name)
{
	int fd = bpf_raw_tracepoint_open(name, p->fd);

	if (fd < 0)
		return -errno;
	fd_keep(s, fd);
	return 0;
}

/* On each CPU; one that is offline has no event. */
static int attach_sampled(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .config = site->config};
	int err, good = 0, last = -ENODEV;

	if (site->kind == P_HARDWARE)
		attr.type = PERF_TYPE_HARDWARE;
	if (site->kind == P_PROFILE)
		attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.freq = site->frequency;
	attr.sample_period = site->period; /* of frequency and period both */
	for (int cpu = 0; cpu < s->cpus; cpu++) {
		err = perf_attach(s, &attr, -1, cpu, p->fd);
		good += !err;
		if (err && err != -ENODEV)
			last = err;
	}
	return good ? 0 : last;
}

static int attach_site(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	switch (site->kind) {
	case P_KPROBE:
	case P_KRETPROBE:
		return attach_kprobe(s, p, site);
	case P_UPROBE:
	case P_URETPROBE:
		return attach_uprobe(s, p, site);
	case P_TRACEPOINT:
		return attach_tracepoint(s, p, site);
	case P_RAWTP:
		return attach_raw(s, p, site->func);
	case P_FENTRY:
	case P_FEXIT:
		return attach_raw(s, p, NULL);
	default:
		return attach_sampled(s, p, site);
	}
}

/* All functions at once; false: one by one, then. */
static bool attach_multi(struct session *s, struct bt_prog *p)
{
	const char **names = xalloc(p->nsites * sizeof(*names));
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int fd;

	for (size_t i = 0; i < p->nsites; i++)
		names[i] = p->site[i]->func;
	opts.kprobe_multi.syms = names;
	opts.kprobe_multi.cnt = p->nsites;
	opts.kprobe_multi.flags = p->site[0]->kind == P_KRETPROBE ? BPF_F_KPROBE_MULTI_RETURN : 0;
	fd = bpf_link_create(p->fd, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	free(names);
	if (fd < 0)
		return false;
	fd_keep(s, fd);
	s->attached += p->nsites;
	return true;
}

static const char *attach_reason(const struct bt_site *site, int err)
{
	if (err == -ENOENT && (site->kind == P_KPROBE || site->kind == P_KRETPROBE))
		return "the kernel has no such function";
	if (err == -ENOENT && site->kind == P_RAWTP)
		return "the kernel has no such tracepoint";
	if ((err == -EINVAL || err == -EILSEQ) &&
	    (site->kind == P_KPROBE || site->kind == P_KRETPROBE))
		return "the kernel forbids a probe there";
	if ((err == -ENOENT || err == -EOPNOTSUPP) && site->kind == P_HARDWARE)
		return "this machine has no such performance counter";
	return strerror(-err);
}

static void guess_function(struct bt *bt, const struct bt_site *site, char text[96]);

/* One of several that were written may fail, and of those that a wildcard found, many. */
static void attach_prog(struct session *s, struct bt_prog *p, size_t *failed,
			struct bt_site **worst, int *worst_err)
{
	if (p->multi && attach_multi(s, p))
		return;
	if (p->multi && !session_reload_single(p))
		die(EXIT_CANNOT, "cannot load a program: %s", strerror(errno));
	for (size_t i = 0; i < p->nsites; i++) {
		struct bt_site *site = p->site[i];
		int err = attach_site(s, p, site);

		if (!err) {
			s->attached++;
			if (s->verbose)
				warn("attached %s", site->name);
			continue;
		}
		++*failed;
		*worst = site;
		*worst_err = err;
		if (s->bt->probes->next || p->nsites > 1 || p->probe->points->next)
			warn("%s: left out: %s", site->name, attach_reason(site, err));
	}
}

static bool guess_line(const char *name, uint64_t addr, const char *module, void *arg)
{
	(void)addr, (void)module;
	guess_see(arg, name);
	return true;
}

static void guess_function(struct bt *bt, const struct bt_site *site, char text[96])
{
	struct bt_guess g;

	(void)bt;
	guess_begin(&g, site->func);
	kallsyms_match("*", guess_line, &g);
	guess_text(&g, text);
}

static bool runs_by_itself(const struct bt_prog *p)
{
	enum site_kind k = p->site[0]->kind;

	return k == P_BEGIN || k == P_END || k == P_INTERVAL;
}

static void attach_all(struct session *s)
{
	struct bt_probe *probe = NULL;
	size_t good = 0, failed = 0;
	struct bt_site *worst = NULL;
	char guess[96] = "";
	int err = 0;

	for (struct bt_prog *p = s->bt->progs; p; p = p->next) {
		size_t before = s->attached;

		if (p->probe != probe)
			good = failed = 0;
		probe = p->probe;
		if (runs_by_itself(p)) {
			s->attached++;
			continue;
		}
		attach_prog(s, p, &failed, &worst, &err);
		good += s->attached - before;
		if (good || !failed || (p->next && p->next->probe == probe))
			continue;
		if (err == -ENOENT && (worst->kind == P_KPROBE || worst->kind == P_KRETPROBE))
			guess_function(s->bt, worst, guess);
		bt_error_status(s->bt, EXIT_CANNOT, worst->point->span, "cannot attach to %s: %s%s",
				worst->name, attach_reason(worst, err), guess);
	}
}

bool session_attach(struct session *s)
{
	if (setjmp(s->bt->fail))
		return false;
	attach_all(s);
	return true;
}

void session_detach(struct session *s)
{
	while (s->nfds)
		close(s->fd[--s->nfds]);
}
