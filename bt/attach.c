// SPDX-License-Identifier: GPL-2.0-or-later
// Programs to their probes. What is attached is held by file descriptors and ends with them.
#include "session.h"
#include "features.h"
#include "ksyms.h"
#include "sites.h"
#include "tracefs.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/hw_breakpoint.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void hook_add(struct session *s, struct hook h)
{
	if (!(s->nhooks & (s->nhooks - 1)))
		s->hook = xrealloc(s->hook, (s->nhooks ? 2 * s->nhooks : 4) * sizeof(*s->hook));
	s->hook[s->nhooks++] = h;
}

/* Open the event; it is there and may be watched. 0, or -errno. */
static int perf_open(struct session *s, struct perf_event_attr *attr, int pid, int cpu,
		     const struct bt_prog *p, const struct bt_site *site)
{
	struct hook h = {.link = -1, .prog = p->fd, .site = site, .cookie = p->cookies};

	attr->size = sizeof(*attr);
	attr->disabled = 1;
	h.fd = syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
	if (h.fd < 0)
		return -errno;
	hook_add(s, h);
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
	err = perf_open(s, &attr, -1, 0, p, site);
	/* A function that the compiler gave a suffix (.isra.0) is found by its first name. */
	if (err == -ENOENT && kallsyms_has_func(site->func, real, sizeof(real)) &&
	    strcmp(real, site->func)) {
		attr.config1 = (uintptr_t)real;
		err = perf_open(s, &attr, -1, 0, p, site);
	}
	return err;
}

static int attach_uprobe(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = perf_type("uprobe")};

	/* format/retprobe: bit 0; format/ref_ctr_offset: from bit 32 on */
	attr.config = (site->kind == P_URETPROBE) | site->semaphore << 32;
	attr.config1 = (uintptr_t)site->path;
	attr.config2 = site->offset;
	return perf_open(s, &attr, s->bt->pid ? s->bt->pid : -1, s->bt->pid ? -1 : 0, p, site);
}

static int attach_tracepoint(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT, .sample_period = 1, .wakeup_events = 1};
	int id = tracefs_event_id(site->func);

	if (id < 0)
		return id;
	attr.config = id;
	return perf_open(s, &attr, -1, 0, p, site);
}

/* There is no way to ask beforehand. */
static int attach_raw(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	hook_add(s, (struct hook){.fd = -1,
				  .link = -1,
				  .prog = p->fd,
				  .site = site,
				  .raw = site->kind == P_RAWTP ? site->func : ""});
	return 0;
}

/* On each CPU; one that is offline has no event. */
static int perf_open_cpus(struct session *s, struct perf_event_attr *attr, const struct bt_prog *p,
			  const struct bt_site *site)
{
	int err, good = 0, last = -ENODEV;

	for (int cpu = 0; cpu < s->cpus; cpu++) {
		err = perf_open(s, attr, -1, cpu, p, site);
		good += !err;
		if (err && err != -ENODEV)
			last = err;
	}
	return good ? 0 : last;
}

static int attach_sampled(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .config = site->config};

	if (site->kind == P_HARDWARE)
		attr.type = PERF_TYPE_HARDWARE;
	if (site->kind == P_PROFILE)
		attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.freq = site->frequency;
	attr.sample_period = site->period; /* of frequency and period both */
	return perf_open_cpus(s, &attr, p, site);
}

/* Threads of that process one by one, and those that they start later; NULL: of none in particular.
 */
static int watch_threads(struct session *s, struct perf_event_attr *attr, const struct bt_prog *p,
			 const struct bt_site *site, int pid)
{
	char path[32];
	struct dirent *d;
	int err = -ESRCH, one;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	attr->inherit = 1;
	while (dir && (d = readdir(dir))) {
		if (d->d_name[0] == '.')
			continue;
		one = perf_open(s, attr, atoi(d->d_name), -1, p, site);
		err = one && one != -ESRCH ? one : err == -ESRCH ? one : err;
	}
	if (dir)
		closedir(dir);
	return err;
}

static int attach_watch(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	struct perf_event_attr attr = {.type = PERF_TYPE_BREAKPOINT,
				       .bp_type = site->config,
				       .bp_addr = site->offset,
				       .bp_len = site->period,
				       .sample_period = 1};

	/* The kernel wants this length for code, whatever the instruction's is. */
	if (site->config == HW_BREAKPOINT_X)
		attr.bp_len = sizeof(long);
	if (s->bt->pid || s->bt->child)
		return watch_threads(s, &attr, p, site, s->bt->pid ? s->bt->pid : s->bt->child);
	return perf_open_cpus(s, &attr, p, site);
}

static int attach_site(struct session *s, const struct bt_prog *p, const struct bt_site *site)
{
	switch (site->kind) {
	case P_KPROBE:
	case P_KRETPROBE:
		return attach_kprobe(s, p, site);
	case P_UPROBE:
	case P_URETPROBE:
	case P_USDT:
		return attach_uprobe(s, p, site);
	case P_TRACEPOINT:
		return attach_tracepoint(s, p, site);
	case P_RAWTP:
	case P_FENTRY:
	case P_FEXIT:
		return attach_raw(s, p, site);
	case P_WATCHPOINT:
		return attach_watch(s, p, site);
	default:
		return attach_sampled(s, p, site);
	}
}

/* All functions at once: by name; or by address, as modules' functions have to be before 6.2 and
 * names that several functions have. What has no address is left out. */
static int multi_link(struct session *s, const struct bt_prog *p, bool addresses)
{
	const char **names = xalloc(p->nsites * sizeof(*names));
	unsigned long *addrs = xalloc(p->nsites * sizeof(*addrs));
	__u64 *cookies = xalloc(p->nsites * sizeof(*cookies));
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	size_t n = 0;
	int fd;

	if (!s->ksyms)
		s->ksyms = ksyms_new();
	for (size_t i = 0; i < p->nsites; i++) {
		names[n] = p->site[i]->func;
		cookies[n] = p->site[i]->number;
		addrs[n] = addresses ? ksyms_addr(s->ksyms, names[n]) : 0;
		n += !addresses || addrs[n];
	}
	if (n < p->nsites)
		warn("%zu functions have no address and are left out", p->nsites - n);
	opts.kprobe_multi.cookies = p->cookies ? cookies : NULL;
	opts.kprobe_multi.syms = addresses ? NULL : names;
	opts.kprobe_multi.addrs = addresses ? addrs : NULL;
	opts.kprobe_multi.cnt = n;
	opts.kprobe_multi.flags = p->site[0]->kind == P_KRETPROBE ? BPF_F_KPROBE_MULTI_RETURN : 0;
	fd = bpf_link_create(p->fd, 0, BPF_TRACE_KPROBE_MULTI, &opts);
	free(names);
	free(addrs);
	free(cookies);
	return fd;
}

/* All functions of one file at once. */
static int multi_link_user(const struct session *s, const struct bt_prog *p)
{
	unsigned long *offsets = xalloc(p->nsites * sizeof(*offsets));
	unsigned long *semaphores = xalloc(p->nsites * sizeof(*semaphores));
	__u64 *cookies = xalloc(p->nsites * sizeof(*cookies));
	LIBBPF_OPTS(bpf_link_create_opts, opts);
	int fd;

	for (size_t i = 0; i < p->nsites; i++) {
		offsets[i] = p->site[i]->offset;
		semaphores[i] = p->site[i]->semaphore;
		cookies[i] = p->site[i]->number;
	}
	opts.uprobe_multi.path = p->site[0]->path;
	opts.uprobe_multi.offsets = offsets;
	opts.uprobe_multi.ref_ctr_offsets = semaphores;
	opts.uprobe_multi.cookies = p->cookies ? cookies : NULL;
	opts.uprobe_multi.cnt = p->nsites;
	opts.uprobe_multi.pid = s->bt->pid;
	opts.uprobe_multi.flags = p->site[0]->kind == P_URETPROBE; /* BPF_F_UPROBE_MULTI_RETURN */
	fd = bpf_link_create(p->fd, 0, TRACE_UPROBE_MULTI, &opts);
	free(offsets);
	free(semaphores);
	free(cookies);
	return fd;
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
	if (site_kinds[site->kind].user)
		return uprobe_error(err);
	if (site->kind == P_WATCHPOINT && (err == -EOPNOTSUPP || err == -ENODEV))
		return "this machine, or the kernel, has no hardware breakpoints";
	if (site->kind == P_WATCHPOINT && err == -ENOSPC)
		return "all hardware breakpoints are taken: there are few, four on most machines";
	if (site->kind == P_WATCHPOINT && err == -EINVAL && site->config == HW_BREAKPOINT_X &&
	    (int64_t)site->offset < 0)
		return "the kernel forbids it there; of its own code it wants kprobes for it";
	if (site->kind == P_WATCHPOINT && err == -EINVAL)
		return "this machine cannot watch that: x86 knows w, rw and x, and code only as x";
	if (site->kind == P_ITER && err == -EBADF)
		return "this one goes through a map, of which bpftrace has none to give it";
	return strerror(-err);
}

/* One of several that were written may be missing, and of those that a wildcard found, many. */
static size_t prepare_prog(struct session *s, struct bt_prog *p, struct bt_site **worst,
			   int *worst_err)
{
	bool several = p->nsites > 1 || p->probe->points->next;
	size_t good = 0;

	if (p->multi) {
		hook_add(s, (struct hook){.fd = -1,
					  .link = -1,
					  .prog = p->fd,
					  .site = p->site[0],
					  .multi = p});
		return p->nsites;
	}
	for (size_t i = 0; i < p->nsites; i++) {
		struct bt_site *site = p->site[i];
		int err = attach_site(s, p, site);

		if (!err) {
			good++;
			continue;
		}
		*worst = site;
		*worst_err = err;
		if (several)
			warn("%s: left out: %s", site->name, attach_reason(site, err));
	}
	return good;
}

static bool guess_line(const char *name, uint64_t addr, const char *module, void *arg)
{
	(void)addr, (void)module;
	guess_see(arg, name);
	return true;
}

static void guess_function(const struct bt_site *site, char text[96])
{
	struct bt_guess g;

	guess_begin(&g, site->func);
	kallsyms_match("*", guess_line, &g);
	guess_text(&g, text);
}

static bool runs_by_itself(const struct bt_prog *p)
{
	enum site_kind k = p->site[0]->kind;

	return k == P_BEGIN || k == P_END || k == P_INTERVAL || k == P_ITER;
}

static void cannot_attach(struct session *s, const struct bt_site *site, int err)
	__attribute__((noreturn));
static void cannot_attach(struct session *s, const struct bt_site *site, int err)
{
	char guess[96] = "";

	if (err == -ENOENT && (site->kind == P_KPROBE || site->kind == P_KRETPROBE))
		guess_function(site, guess);
	bt_error_status(s->bt, EXIT_CANNOT, site->point->span, "cannot attach to %s: %s%s",
			site->name, attach_reason(site, err), guess);
}

static void prepare_all(struct session *s)
{
	struct bt_site *worst = NULL;
	size_t good = 0;
	int err = 0;

	for (struct bt_prog *p = s->bt->progs; p; p = p->next) {
		if (!runs_by_itself(p))
			good += prepare_prog(s, p, &worst, &err);
		if (p->next && p->next->probe == p->probe)
			continue;
		if (!good && worst)
			cannot_attach(s, worst, err);
		good = 0;
		worst = NULL;
	}
}

bool session_prepare(struct session *s)
{
	if (setjmp(s->bt->fail))
		return false;
	prepare_all(s);
	return true;
}

/* A cookie comes with a link, and links of perf events with it (Linux 5.15). */
static int perf_on(struct hook *h)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .perf_event.bpf_cookie = h->site->number);

	if (h->cookie)
		h->link = bpf_link_create(h->prog, h->fd, BPF_PERF_EVENT, &opts);
	if ((h->cookie && h->link < 0) ||
	    (!h->cookie && ioctl(h->fd, PERF_EVENT_IOC_SET_BPF, h->prog)) ||
	    ioctl(h->fd, PERF_EVENT_IOC_ENABLE, 0))
		return -errno;
	return 0;
}

/* 0, or -errno */
static int hook_on(struct session *s, struct hook *h)
{
	if (h->multi && site_kinds[h->site->kind].user) {
		h->fd = multi_link_user(s, h->multi);
	} else if (h->multi) {
		h->fd = multi_link(s, h->multi, false);
		if (h->fd < 0)
			h->fd = multi_link(s, h->multi, true);
	} else if (h->raw) {
		h->fd = bpf_raw_tracepoint_open(*h->raw ? h->raw : NULL, h->prog);
	} else {
		return perf_on(h);
	}
	return h->fd < 0 ? -errno : 0;
}

/* The functions one by one, as some of them cannot be attached to in the quick way. */
static void multi_split(struct session *s, struct bt_prog *p)
{
	struct bt_site *worst = NULL;
	int err = 0;

	if (!session_reload_single(p))
		die(EXIT_CANNOT, "cannot load a program: %s", strerror(errno));
	if (!prepare_prog(s, p, &worst, &err) && worst)
		cannot_attach(s, worst, err);
}

static void attach_all(struct session *s)
{
	for (size_t i = 0; i < s->nhooks; i++) { /* they may become more */
		struct hook *h = &s->hook[i];
		int err = hook_on(s, h);

		if (err && h->multi)
			multi_split(s, h->multi);
		else if (err)
			cannot_attach(s, h->site, err);
		else if (s->verbose)
			warn("attached %s", h->site->name);
	}
}

bool session_attach(struct session *s)
{
	if (setjmp(s->bt->fail))
		return false;
	attach_all(s);
	return true;
}

/* Some objects a read: see iter_end() in gen.c. */
static int iter_read(struct session *s, int fd)
{
	char bytes[16];
	ssize_t n;

	while (!s->stop && !s->out->closed) {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		session_events(s);
		if (!n)
			break;
	}
	return 0;
}

static int iter_run(struct session *s, const struct bt_prog *p)
{
	int link = bpf_link_create(p->fd, 0, BPF_TRACE_ITER, NULL), err = -errno;
	int fd = link < 0 ? -1 : bpf_iter_create(link);

	if (link >= 0)
		err = fd < 0 ? -errno : iter_read(s, fd);
	if (fd >= 0)
		close(fd);
	if (link >= 0)
		close(link);
	return err;
}

static void iterate_all(struct session *s)
{
	bool only = true;

	for (const struct bt_prog *p = s->bt->progs; p; p = p->next) {
		enum site_kind k = p->site[0]->kind;
		int err = k == P_ITER ? iter_run(s, p) : 0;

		if (err)
			cannot_attach(s, p->site[0], err);
		only &= k == P_ITER || k == P_BEGIN || k == P_END;
	}
	s->stop |= only;
}

bool session_iterate(struct session *s)
{
	if (setjmp(s->bt->fail))
		return false;
	iterate_all(s);
	return true;
}

void session_detach(struct session *s)
{
	while (s->nhooks) {
		const struct hook *h = &s->hook[--s->nhooks];

		if (h->link >= 0)
			close(h->link);
		if (h->fd >= 0)
			close(h->fd);
	}
}
