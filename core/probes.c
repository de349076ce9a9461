// SPDX-License-Identifier: GPL-2.0-or-later
// The ladder: which of an applet's programs are loaded and attached on this kernel. What a kernel
// claims to support and what it lets happen differ (lockdown, blacklists, functions inlined away),
// so each choice is tried for real; a cheap look first saves hopeless tries.
#include "core.h"
#include "caps.h"
#include "features.h"
#include "ksyms.h"
#include "tracefs.h"

#include <bpf/btf.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { SLOTS_MAX = 16 };

struct slot {
	const struct probe *first, *now, *end; /* rows [first, end), the one in use */
	char why[512];			/* what went wrong with the rows before `now` */
};

static struct ladder {
	struct slot slot[SLOTS_MAX];
	size_t n;
	char gone[16][64];	/* programs with "?" that did not load */
	size_t ngone;
} ladder;

/* ---- what libbpf says ---- */

static struct {
	bool verbose;
	char prog[64];		/* the program that the last complaint was about */
	char text[160];
} said;

static int libbpf_said(enum libbpf_print_level level, const char *fmt, va_list ap)
{
	char line[1024];
	va_list copy;
	const char *p;

	va_copy(copy, ap);
	vsnprintf(line, sizeof(line), fmt, copy);
	va_end(copy);
	p = strstr(line, "prog '");
	if (level == LIBBPF_WARN && p) {
		size_t n = strcspn(p + 6, "'");

		snprintf(said.prog, sizeof(said.prog), "%.*s", (int)n, p + 6);
	}
	if (level == LIBBPF_WARN) {
		p = strncmp(line, "libbpf: ", 8) ? line : line + 8;
		snprintf(said.text, sizeof(said.text), "%.*s", (int)strcspn(p, "\n"), p);
	}
	/* Objects come without the line table (libbpf/slim.c); that is no news. */
	if (!said.verbose || level == LIBBPF_DEBUG || strstr(line, "line info"))
		return 0;
	return vfprintf(stderr, fmt, ap);
}

/* ---- programs ---- */

bool probe_names(const char *list, const char *prog, bool *optional)
{
	for (const char *p = list; *p; p += strspn(p, " ")) {
		size_t n = strcspn(p, " ");
		bool q = *p == '?';

		if (strlen(prog) == n - q && !strncmp(p + q, prog, n - q)) {
			*optional = q;
			return true;
		}
		p += n;
	}
	return false;
}

/* The slot that a program belongs to, and whether its present choice wants it. */
static struct slot *prog_slot(struct ladder *l, const char *prog, bool *wanted, bool *optional)
{
	struct slot *owner = NULL;

	*wanted = false;
	*optional = false;
	for (size_t i = 0; i < l->n; i++) {
		for (const struct probe *p = l->slot[i].first; p < l->slot[i].end; p++) {
			bool q;

			if (!probe_names(p->progs, prog, &q))
				continue;
			if (p == l->slot[i].now) {
				*wanted = true;
				*optional = q;
				return &l->slot[i];
			}
			owner = &l->slot[i];
		}
	}
	if (!owner)
		*wanted = true;
	return owner;
}

static bool prog_is_off(const struct run *run, const char *prog)
{
	for (size_t i = 0; i < run->core->noff; i++)
		if (!strcmp(run->core->off[i], prog))
			return true;
	return false;
}

void prog_off(struct run *run, const char *prog)
{
	struct core *core = run->core;

	prog_find(run, prog);
	if (prog_is_off(run, prog))
		return;
	if (core->noff == ARRAY_LEN(core->off))
		abort();
	snprintf(core->off[core->noff++], sizeof(core->off[0]), "%s", prog);
}

void prog_target(struct run *run, const char *prog, const char *function)
{
	struct core *core = run->core;

	prog_find(run, prog);
	if (core->ntargets == ARRAY_LEN(core->target))
		abort();
	core->target[core->ntargets++] = (struct target){ .prog = prog, .function = function };
}

void prog_targets(struct run *run, const char *prog, const char **functions,
		  const u64 *cookies, size_t n)
{
	struct target *t = &run->core->target[run->core->ntargets];

	prog_target(run, prog, functions[0]);
	t->functions = functions;
	t->cookies = cookies;
	t->n = n;
}

int prog_kfuncs(struct run *run, const char *prog, const char *const *functions, int n)
{
	struct bpf_program *p = prog_find(run, prog);
	size_t len = bpf_program__insn_cnt(p);
	struct btf *btf = btf__parse("/sys/kernel/btf/vmlinux", NULL);
	struct bpf_insn *insn = xalloc(len * sizeof(*insn));
	int *id = xalloc(n * sizeof(*id)), err = btf ? 0 : -errno;

	for (int i = 0; !err && i < n; i++) {
		id[i] = btf__find_by_name_kind(btf, functions[i], BTF_KIND_FUNC);
		err = id[i] < 0 ? -ENOENT : 0;
	}
	memcpy(insn, bpf_program__insns(p), len * sizeof(*insn));
	for (size_t i = 0; i < len; i++) {
		unsigned f = insn[i].imm - KFUNC(0);

		if (insn[i].code != (BPF_JMP | BPF_CALL) || insn[i].src_reg || f >= (unsigned)n)
			continue;
		insn[i].src_reg = BPF_PSEUDO_KFUNC_CALL;
		insn[i].imm = id[f];
	}
	if (!err)
		err = bpf_program__set_insns(p, insn, len);
	free(id);
	free(insn);
	btf__free(btf);
	return err;
}

static const struct target *targets_of(const struct run *run, const char *prog)
{
	for (size_t i = 0; i < run->core->ntargets; i++)
		if (!strcmp(run->core->target[i].prog, prog))
			return &run->core->target[i];
	return NULL;
}

static const char *target_of(const struct run *run, const char *prog)
{
	const struct target *t = targets_of(run, prog);

	return t ? t->function : NULL;
}

bool prog_loaded(const struct run *run, const char *prog)
{
	return bpf_program__fd(prog_find(run, prog)) >= 0;
}

static bool section_is(const struct bpf_program *prog, const char *type)
{
	const char *sec = bpf_program__section_name(prog);
	size_t n = strlen(type);

	return !strncmp(sec, type, n) && (!sec[n] || sec[n] == '/');
}

static bool is_tracepoint(const struct bpf_program *prog)
{
	return section_is(prog, "tp") || section_is(prog, "tracepoint");
}

static bool is_kprobe(const struct bpf_program *prog)
{
	return section_is(prog, "kprobe") || section_is(prog, "kretprobe");
}

static bool is_fentry(const struct bpf_program *prog)
{
	return section_is(prog, "fentry") || section_is(prog, "fexit") ||
	       section_is(prog, "fmod_ret");
}

/* tp_btf, fentry, iter and their like attach by the number of a type in the kernel's own BTF. */
static bool is_by_btf(const struct bpf_program *prog)
{
	enum bpf_prog_type type = bpf_program__type(prog);

	return type == BPF_PROG_TYPE_TRACING || type == BPF_PROG_TYPE_LSM ||
	       type == BPF_PROG_TYPE_STRUCT_OPS;
}

/* A cheap look, before anything is loaded: NULL, or why this program cannot work here. */
static const char *prog_hopeless(const struct bpf_program *prog)
{
	if (is_kprobe(prog) && access("/sys/bus/event_source/devices/kprobe", F_OK) &&
	    !tracefs_has("kprobe_events"))
		return "this kernel has no kprobes (CONFIG_KPROBES)";
	/* With one such libbpf loads nothing at all, and names none; --btf is for relocation. */
	if (is_by_btf(prog) && access("/sys/kernel/btf/vmlinux", R_OK))
		return "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF)";
	if (is_fentry(prog) && fentry_refused())
		return "this kernel refuses it (lockdown)";
	if (is_tracepoint(prog) &&
	    tracefs_event_id(strchr(bpf_program__section_name(prog), '/') + 1) < 0)
		return tracefs_fd() < 0 ? "tracefs is out of reach (CAP_DAC_READ_SEARCH or root)"
					: "no such tracepoint";
	return NULL;
}

/* ---- attaching ---- */

static void link_keep(struct run *run, struct bpf_link *link)
{
	struct core *core = run->core;

	if (core->nlinks == LINKS_MAX)
		die(EXIT_FAIL, "more than %d probes at once; name fewer functions", LINKS_MAX);
	core->link[core->nlinks++] = link;
}

int link_take(struct run *run, struct bpf_link *link)
{
	if (!link)
		return -errno;
	link_keep(run, link);
	return 0;
}

static int perf_open(struct perf_event_attr *attr, int pid, int cpu)
{
	attr->size = sizeof(*attr);
	return syscall(SYS_perf_event_open, attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC);
}

/* By the event's number, read through our own view of tracefs: libbpf would want it mounted. */
static struct bpf_link *attach_tracepoint(struct bpf_program *prog)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .sample_period = 1,
					.wakeup_events = 1 };
	int id = tracefs_event_id(strchr(bpf_program__section_name(prog), '/') + 1), fd;
	struct bpf_link *link;

	if (id < 0) {
		errno = ENOENT;
		return NULL;
	}
	attr.config = id;
	fd = perf_open(&attr, -1, 0);
	if (fd < 0)
		return NULL;
	link = bpf_program__attach_perf_event(prog, fd);
	if (!link)
		close(fd);
	return link;
}

static struct bpf_link *attach_many(struct bpf_program *prog, const struct target *t)
{
	LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .syms = t->functions, .cookies = t->cookies,
		    .cnt = t->n, .retprobe = section_is(prog, "kretprobe.multi"),
		    .session = section_is(prog, "kprobe.session"));

	return bpf_program__attach_kprobe_multi_opts(prog, NULL, &opts);
}

/* A function that the compiler gave a suffix (.isra.0, .llvm.123) is found by its first name. */
static struct bpf_link *attach_kprobe(struct bpf_program *prog, const char *function)
{
	bool ret = section_is(prog, "kretprobe");
	struct bpf_link *link = bpf_program__attach_kprobe(prog, ret, function);
	char real[256];

	if (link || errno != ENOENT)
		return link;
	if (kallsyms_has_func(function, real, sizeof(real)) && strcmp(real, function))
		return bpf_program__attach_kprobe(prog, ret, real);
	errno = ENOENT;
	return NULL;
}

static struct bpf_link *attach_one(struct run *run, struct bpf_program *prog)
{
	const char *target = target_of(run, bpf_program__name(prog));
	const struct target *many = targets_of(run, bpf_program__name(prog));

	if (many && many->functions)
		return attach_many(prog, many);
	if (is_tracepoint(prog))
		return attach_tracepoint(prog);
	if (is_kprobe(prog))
		return attach_kprobe(prog, target ? target
						  : strchr(bpf_program__section_name(prog), '/') + 1);
	return bpf_program__attach(prog);
}

/* Programs whose target only run time knows: the applet's attach() sees to them. */
static bool attached_by_applet(const struct run *run, const struct bpf_program *prog)
{
	const char *sec = bpf_program__section_name(prog);

	return !strchr(sec, '/') && !target_of(run, bpf_program__name(prog)) &&
	       (is_kprobe(prog) || !strcmp(sec, "uprobe") || !strcmp(sec, "uretprobe") ||
		!strcmp(sec, "usdt") ||
		!strcmp(sec, "perf_event") || !strcmp(sec, "raw_tp") || !strcmp(sec, "kprobe.multi") ||
		!strcmp(sec, "kretprobe.multi"));
}

void uprobes_setup(struct run *run)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, run->obj)
		if ((section_is(prog, "uprobe") || section_is(prog, "uretprobe")) &&
		    uprobe_multi_works())
			bpf_program__set_expected_attach_type(prog, TRACE_UPROBE_MULTI);
}

int uprobes_link(struct run *run, const char *name, int pid, const char *path,
		 const struct bpf_uprobe_multi_opts *many)
{
	struct bpf_program *prog = prog_find(run, name);
	int err = 0;

	if (!pid)
		pid = -1;
	if (bpf_program__expected_attach_type(prog) == TRACE_UPROBE_MULTI)
		return link_take(run, bpf_program__attach_uprobe_multi(prog, pid, path, NULL, many));
	for (size_t i = 0; i < many->cnt && !err; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, one, .retprobe = many->retprobe,
			    .bpf_cookie = many->cookies ? many->cookies[i] : 0,
			    .ref_ctr_offset = many->ref_ctr_offsets ? many->ref_ctr_offsets[i] : 0);

		err = link_take(run, bpf_program__attach_uprobe_opts(prog, pid, path,
								     many->offsets[i], &one));
	}
	return err;
}

int prog_attach_uprobes(struct run *run, const char *prog, bool ret, int pid, const char *path,
			const unsigned long *offsets, const u64 *cookies, size_t n)
{
	LIBBPF_OPTS(bpf_uprobe_multi_opts, many, .offsets = offsets, .cookies = cookies, .cnt = n,
		    .retprobe = ret);

	return uprobes_link(run, prog, pid, path, &many);
}

int prog_attach_uprobe(struct run *run, const char *prog, bool ret, int pid, const char *path,
		       uint64_t offset, uint64_t cookie)
{
	const unsigned long at = offset;
	const u64 with = cookie;

	return prog_attach_uprobes(run, prog, ret, pid, path, &at, &with, 1);
}

int prog_attach_kprobe(struct run *run, const char *prog, bool ret, const char *function,
		       uint64_t cookie)
{
	LIBBPF_OPTS(bpf_kprobe_opts, opts, .retprobe = ret, .bpf_cookie = cookie);

	return link_take(run, bpf_program__attach_kprobe_opts(prog_find(run, prog), function, &opts));
}

static bool cpu_online(int cpu)
{
	char path[64], text[8];

	/* The first CPU often has no such file: it cannot go offline. */
	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return file_read(path, text, sizeof(text)) < 1 || text[0] == '1';
}

void prog_attach_perf(struct run *run, const char *name, uint32_t type, uint64_t config,
		      uint64_t freq, uint64_t period, int only)
{
	struct perf_event_attr attr = { .type = type, .config = config, .freq = freq != 0 };
	struct bpf_program *prog = prog_find(run, name);
	int cpus = libbpf_num_possible_cpus(), opened = 0;

	attr.sample_period = freq ? freq : period;
	if (only >= cpus)
		die(EXIT_FAIL, "there is no CPU %d; the last one is %d", only, cpus - 1);
	for (int cpu = MAX(only, 0); cpu < cpus && (only < 0 || cpu == only); cpu++) {
		int fd = perf_open(&attr, -1, cpu);
		struct bpf_link *link;

		if (fd < 0 && (errno == ENODEV || !cpu_online(cpu)))
			continue;
		if (fd < 0 && (errno == ENOENT || errno == EOPNOTSUPP))
			die(EXIT_CANNOT, "this machine has no such performance counter");
		link = fd < 0 ? NULL : bpf_program__attach_perf_event(prog, fd);
		if (!link)
			die(EXIT_FAIL, "cannot sample CPU %d: %s", cpu, strerror(errno));
		link_keep(run, link);
		opened++;
	}
	if (!opened)
		die(EXIT_FAIL, "CPU %d is offline", only);
}

void probes_detach(struct run *run)
{
	struct core *core = run->core;

	while (core->nlinks)
		bpf_link__destroy(core->link[--core->nlinks]);
}

/* ---- the ladder ---- */

static void ladder_make(struct ladder *l, const struct run *run)
{
	const struct probe *p = run->applet->probes;

	while (p && p->what) {
		struct slot s = { .first = p, .now = p };

		while (p->what && !strcmp(p->what, s.first->what))
			p++;
		s.end = p;
		if (l->n == SLOTS_MAX)
			abort();
		l->slot[l->n++] = s;
	}
}

static bool slot_off(const struct run *run, const struct slot *s)
{
	return s->first->when && !opt_on(run, s->first->when);
}

/* Without the rights every try fails, and it is no fault of the kernel's: say so and end. */
static void die_if_denied(void)
{
	const char *missing = caps_missing();

	if (missing)
		die(EXIT_FAIL, "not permitted: run it as root, or with %s", missing);
}

static void die_unable(const struct run *run, const struct slot *s) __attribute__((noreturn));
static void die_unable(const struct run *run, const struct slot *s)
{
	die_if_denied();
	die(EXIT_CANNOT, "this kernel does not let %s watch %s:%s; %s",
	    run->applet->name, s->first->what, s->why, unable_hint());
}

/* The present choice of the slot failed because of `prog`: on to the next, or the end. */
static void slot_next(const struct run *run, struct slot *s, const char *prog, const char *why)
{
	size_t n = strlen(s->why);

	snprintf(s->why + n, sizeof(s->why) - n, "%s %s: %s", n ? ";" : "", prog, why);
	if (run->core->common.verbose)
		warn("%s: %s: %s", s->first->what, prog, why);
	if (++s->now == s->end)
		die_unable(run, s);
}

/* A row whose programs the applet has all turned off. */
static bool row_off(const struct run *run, const struct probe *p)
{
	struct bpf_program *prog;
	bool optional;

	bpf_object__for_each_program(prog, run->obj)
		if (probe_names(p->progs, bpf_program__name(prog), &optional) &&
		    !prog_is_off(run, bpf_program__name(prog)))
			return false;
	return *p->progs;
}

/* Rows that are off are no choice while a later one is. */
static void ladder_skip_off(const struct run *run, struct ladder *l)
{
	for (struct slot *s = l->slot; s < l->slot + l->n; s++)
		while (s->now + 1 < s->end && row_off(run, s->now))
			s->now++;
}

/* Skip what a cheap look rules out. Before load, with the object open. */
static void ladder_look(struct run *run, struct ladder *l)
{
	struct bpf_program *prog;
	struct slot *s;
	bool wanted, optional, again;

	do {
		again = false;
		ladder_skip_off(run, l);
		bpf_object__for_each_program(prog, run->obj) {
			const char *name = bpf_program__name(prog), *why;

			s = prog_slot(l, name, &wanted, &optional);
			if (!wanted || optional || (s && slot_off(run, s)) ||
			    prog_is_off(run, name))
				continue;
			why = prog_hopeless(prog);
			if (why && !s)
				die(EXIT_CANNOT, "%s: %s", name, why);
			if (why) {
				slot_next(run, s, name, why);
				again = true;
			}
		}
	} while (again);
}

static bool prog_is_gone(const struct ladder *l, const char *prog)
{
	for (size_t i = 0; i < l->ngone; i++)
		if (!strcmp(l->gone[i], prog))
			return true;
	return false;
}

static void ladder_choose(struct run *run, struct ladder *l)
{
	struct bpf_program *prog;
	bool wanted, optional;

	bpf_object__for_each_program(prog, run->obj) {
		const char *name = bpf_program__name(prog);
		struct slot *s = prog_slot(l, name, &wanted, &optional);
		const char *target = target_of(run, name);

		wanted = wanted && !(s && slot_off(run, s)) && !prog_is_off(run, name) &&
			 !(optional && (prog_hopeless(prog) || prog_is_gone(l, name)));
		bpf_program__set_autoload(prog, wanted);
		if (wanted && target && is_fentry(prog))
			bpf_program__set_attach_target(prog, 0, target);
	}
}

/* An error of load or attach, as a cause: the program's own slot goes on to its next choice. */
static void ladder_failed(struct run *run, struct ladder *l, const char *name, int err)
{
	bool wanted, optional;
	struct slot *s;
	char why[128];

	snprintf(why, sizeof(why), "%s", err == -524 ? "not supported here" : strerror(-err));
	s = *name ? prog_slot(l, name, &wanted, &optional) : NULL;
	/* Only a load fails because of such a program (its function is not there): again without. */
	if (s && optional && l->ngone < ARRAY_LEN(l->gone)) {
		snprintf(l->gone[l->ngone++], sizeof(l->gone[0]), "%s", name);
		return;
	}
	if (s && wanted && !slot_off(run, s)) {
		slot_next(run, s, name, why);
		return;
	}
	die_if_denied();
	if (err == -ESRCH && !run->core->common.btf && access("/sys/kernel/btf/vmlinux", R_OK))
		die(EXIT_CANNOT, "this kernel has no BTF (CONFIG_DEBUG_INFO_BTF); give its types "
				 "with --btf FILE");
	die(EXIT_CANNOT, "cannot load %s%s%s: %s (%s)", *name ? "program " : "the programs", name,
	    *name ? "" : "", why, said.text);
}

static bool ladder_attach(struct run *run, struct ladder *l)
{
	struct bpf_program *prog;

	bpf_object__for_each_program(prog, run->obj) {
		struct bpf_link *link;
		bool wanted, optional;
		int err;

		if (bpf_program__fd(prog) < 0 || attached_by_applet(run, prog))
			continue;
		link = attach_one(run, prog);
		if (link) {
			link_keep(run, link);
			if (run->core->common.verbose)
				warn("attached %s (%s)", bpf_program__name(prog),
				     bpf_program__section_name(prog));
			continue;
		}
		err = -errno;
		prog_slot(l, bpf_program__name(prog), &wanted, &optional);
		if (optional)
			continue;
		ladder_failed(run, l, bpf_program__name(prog), err);
		return false;
	}
	return true;
}

void probes_attach(struct run *run)
{
	int err;

	said.verbose = run->core->common.verbose;
	libbpf_set_print(libbpf_said);
	ladder_make(&ladder, run);
	for (;;) {
		run->core->noff = run->core->ntargets = 0;
		object_open(run);
		ladder_look(run, &ladder);
		ladder_choose(run, &ladder);
		said.prog[0] = said.text[0] = 0;
		err = bpf_object__load(run->obj);
		if (err)
			ladder_failed(run, &ladder, said.prog, err);
		else if (ladder_attach(run, &ladder))
			break;
		probes_detach(run);
		bpf_object__close(run->obj);
	}
	run->rodata = NULL;
	if (run->applet->attach)
		run->applet->attach(run);
}

void probes_describe(struct run *run, int fd)
{
	struct bpf_program *prog;
	bool fallback = false;

	for (size_t i = 0; i < ladder.n; i++)
		fallback |= ladder.slot[i].why[0] && *ladder.slot[i].now->progs;
	dprintf(fd, fallback ? "f" : "r");
	bpf_object__for_each_program(prog, run->obj)
		if (bpf_program__fd(prog) >= 0)
			dprintf(fd, "%s ", bpf_program__name(prog));
}
