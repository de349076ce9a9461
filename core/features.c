// SPDX-License-Identifier: GPL-2.0-or-later
// What this kernel and this process can do, by trying.
#include "features.h"
#include "btf.h"
#include "btf_min.h"
#include "caps.h"
#include "tracefs.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

enum { FEATURES_MAX = 24 };

static struct feature list[FEATURES_MAX];
static size_t count;

static void add(const char *name, bool there, const char *fmt, ...) PRINTF(3, 4);
static void add(const char *name, bool there, const char *fmt, ...)
{
	struct feature *f = &list[count++];
	va_list ap;

	f->name = name;
	f->there = there;
	va_start(ap, fmt);
	vsnprintf(f->detail, sizeof(f->detail), fmt, ap);
	va_end(ap);
}

/* exit with 0: the smallest program there is */
static const struct bpf_insn nothing[] = {
	{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
	{ .code = BPF_JMP | BPF_EXIT },
};

static int prog_load(enum bpf_prog_type type, enum bpf_attach_type attach, int btf_id)
{
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = attach,
		    .attach_btf_id = btf_id);

	return bpf_prog_load(type, "probe", "GPL", nothing, ARRAY_LEN(nothing), &opts);
}

/* The name goes onto the program's stack, the result from there to where the context is. */
bool ksym_ask(const char *name, uint64_t *addr)
{
	enum { KSYM_MAX = 256, RESULT = -8, NAME = RESULT - KSYM_MAX };
	LIBBPF_OPTS(bpf_prog_load_opts, load, .prog_flags = BPF_F_SLEEPABLE);
	LIBBPF_OPTS(bpf_test_run_opts, run, .ctx_in = addr, .ctx_size_in = sizeof(*addr));
	static const struct bpf_insn ask[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1 },
		{ .code = BPF_ST | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_10, .off = RESULT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_1, .imm = NAME },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_3 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_X, .dst_reg = BPF_REG_4, .src_reg = BPF_REG_10 },
		{ .code = BPF_ALU64 | BPF_ADD | BPF_K, .dst_reg = BPF_REG_4, .imm = RESULT },
		{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_kallsyms_lookup_name },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_1, .src_reg = BPF_REG_10,
		  .off = RESULT },
		{ .code = BPF_STX | BPF_MEM | BPF_DW, .dst_reg = BPF_REG_6, .src_reg = BPF_REG_1 },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct bpf_insn code[KSYM_MAX / 4 + 1 + ARRAY_LEN(ask)];
	int fd, err, len = strlen(name) + 1, n = 0;

	*addr = 0;
	if (len > KSYM_MAX)
		return false;
	for (int i = 0; i < len; i += 4) {
		int32_t word = 0;

		memcpy(&word, name + i, MIN(len - i, 4));
		code[n++] = (struct bpf_insn){ .code = BPF_ST | BPF_MEM | BPF_W,
					       .dst_reg = BPF_REG_10,
					       .off = NAME + i,
					       .imm = word };
	}
	code[n++] = (struct bpf_insn){ .code = BPF_ALU64 | BPF_MOV | BPF_K,
				       .dst_reg = BPF_REG_2, .imm = len };
	memcpy(code + n, ask, sizeof(ask));
	fd = bpf_prog_load(BPF_PROG_TYPE_SYSCALL, "symbol", "GPL", code, n + ARRAY_LEN(ask), &load);
	if (fd < 0)
		return false;
	err = bpf_prog_test_run_opts(fd, &run);
	close(fd);
	return !err;
}

/* One result from a chain of two descriptors: 0 or -errno. */
static int closed(int prog, int link)
{
	int err = link < 0 ? -errno : 0;

	if (link >= 0)
		close(link);
	close(prog);
	return err;
}

/* A function that exists to be tried on (net/bpf/test_run.c, since 5.5) and never runs. */
static int try_fentry(const struct btf *btf)
{
	int id = btf ? btf__find_by_name_kind(btf, "bpf_fentry_test1", BTF_KIND_FUNC) : -ENOENT;
	int prog;

	if (id < 0)
		return -ENOENT;
	prog = prog_load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, id);
	return prog < 0 ? -errno : closed(prog, bpf_raw_tracepoint_open(NULL, prog));
}

static int try_tp_btf(const struct btf *btf)
{
	int id = btf ? btf__find_by_name_kind(btf, "btf_trace_sched_process_exit",
					      BTF_KIND_TYPEDEF) : -ENOENT;
	int prog;

	if (id < 0)
		return -ENOENT;
	prog = prog_load(BPF_PROG_TYPE_TRACING, BPF_TRACE_RAW_TP, id);
	return prog < 0 ? -errno : closed(prog, bpf_raw_tracepoint_open(NULL, prog));
}

static int try_raw_tp(void)
{
	int prog = prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0);

	return prog < 0 ? -errno : closed(prog, bpf_raw_tracepoint_open("sched_process_exit", prog));
}

static int pmu_type(const char *name)
{
	char path[96], text[16];
	uint64_t type;

	snprintf(path, sizeof(path), "/sys/bus/event_source/devices/%s/type", name);
	if (file_read(path, text, sizeof(text)) < 1 || !parse_u64(text, &type))
		return -1;
	return type;
}

static int try_perf(struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	fd = syscall(SYS_perf_event_open, attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int try_kprobe(void)
{
	struct perf_event_attr attr = { .type = pmu_type("kprobe"),
					.kprobe_func = (uintptr_t)"do_exit" };

	return (int)attr.type < 0 ? -ENODEV : try_perf(&attr);
}

static int try_kprobe_multi(void)
{
	static const char *const syms[] = { "do_exit" };
	LIBBPF_OPTS(bpf_link_create_opts, opts, .kprobe_multi.syms = (const char **)syms,
		    .kprobe_multi.cnt = 1);
	int prog = prog_load(BPF_PROG_TYPE_KPROBE, BPF_TRACE_KPROBE_MULTI, 0);

	return prog < 0 ? -errno
			: closed(prog, bpf_link_create(prog, 0, BPF_TRACE_KPROBE_MULTI, &opts));
}

static int try_map(enum bpf_map_type type, uint32_t entries)
{
	int fd = bpf_map_create(type, NULL, 0, 0, entries, NULL);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

/* none [integrity] confidentiality: the word in brackets is in force */
static void lockdown(void)
{
	char text[128], *open, *close;

	if (file_read("/sys/kernel/security/lockdown", text, sizeof(text)) < 0) {
		add("lockdown", true, "unknown: securityfs is not mounted, or the kernel has none");
		return;
	}
	open = strchr(text, '[');
	close = open ? strchr(open, ']') : NULL;
	if (close)
		*close = 0;
	add("lockdown", !close || !strcmp(open + 1, "none"), "%s", close ? open + 1 : text);
}

bool jit_off(void)
{
	char text[16];

	return file_read("/proc/sys/net/core/bpf_jit_enable", text, sizeof(text)) > 0 &&
	       text[0] == '0';
}

const char *unable_hint(void)
{
	char text[16];

	if (jit_off())
		return "its JIT is " JIT_OFF_HINT;
	if (file_read("/proc/sys/kernel/perf_event_paranoid", text, sizeof(text)) > 0 &&
	    atoi(text) > 2 && !caps_has(21 /* CAP_SYS_ADMIN */))
		return "kernel.perf_event_paranoid above 2 keeps perf events from all but root";
	return "'bpftools doctor' says more";
}

static const char *cause(int err, const char *missing)
{
	if (!err)
		return "tried, works";
	if (err == -EPERM || err == -EACCES)
		return caps_missing() ? "not permitted: not enough capabilities"
				      : "refused: by lockdown or a security module";
	if (err == -ENODEV || err == -ENOENT || err == -EINVAL || err == -524 || err == -EOPNOTSUPP)
		return missing;
	return strerror(-err);
}

static void measure(void)
{
	struct perf_event_attr cycles = { .type = PERF_TYPE_HARDWARE };
	struct perf_event_attr clock = { .type = PERF_TYPE_SOFTWARE };
	char path[256], why[160];
	struct utsname uts;
	struct btf *btf;
	int err;

	uname(&uts);
	btf = btf_kernel(path, sizeof(path), why, sizeof(why));
	add("kernel", true, "%s %s", uts.release, uts.machine);
	add("capabilities", !caps_missing(), "%s%s", caps_missing() ? "missing " : "enough",
	    caps_missing() ? caps_missing() : "");
	add("BTF", btf != NULL, "%s", btf ? path : why);
	lockdown();
	add("JIT", !jit_off(), "%s", jit_off() ? JIT_OFF_HINT : "on");
	add("tracefs", tracefs_fd() >= 0, "%s", tracefs_fd() >= 0
	    ? file_there("/sys/kernel/tracing/events") ? "mounted" : "not mounted; mounted privately"
	    : "out of reach: mount it on /sys/kernel/tracing; CAP_DAC_READ_SEARCH or root reads it");
	err = try_raw_tp();
	add("raw_tp", !err, "%s", cause(err, "CONFIG_BPF_EVENTS"));
	err = try_tp_btf(btf);
	add("tp_btf", !err, "%s", cause(err, "needs BTF (CONFIG_DEBUG_INFO_BTF)"));
	err = try_fentry(btf);
	add("fentry", !err, "%s", cause(err, "CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS; "
					     "from 5.5 on x86, 6.0 on arm64"));
	err = try_kprobe();
	add("kprobe", !err, "%s", cause(err, "CONFIG_KPROBES"));
	err = try_kprobe_multi();
	add("kprobe.multi", !err, "%s", cause(err, "CONFIG_FPROBE, from 5.18"));
	add("uprobe", pmu_type("uprobe") >= 0, "%s",
	    pmu_type("uprobe") >= 0 ? "announced" : "CONFIG_UPROBE_EVENTS");
	err = try_map(BPF_MAP_TYPE_RINGBUF, getpagesize());
	add("ring buffer", !err, "%s", cause(err, "from 5.8; the perf buffer serves"));
	err = try_perf(&clock);
	add("sampling", !err, "%s", cause(err, "CONFIG_PERF_EVENTS"));
	err = try_perf(&cycles);
	add("PMU", !err, "%s", cause(err, "no hardware counters on this (virtual) machine"));
	btf__free(btf);
}

const struct feature *features(size_t *n)
{
	if (!count)
		measure();
	*n = count;
	return list;
}

/* The id of the first function in the kernel's types; 0 if there is none. Walking the records is a
 * hundred times quicker than having libbpf index them all. */
static uint32_t first_function(const char *raw, size_t size)
{
	const struct btf_header *h = (const void *)raw;
	const char *p, *end;
	uint32_t id = 1, len;

	if (size < sizeof(*h) || h->magic != BTF_MAGIC)
		return 0;
	p = raw + h->hdr_len + h->type_off;
	end = p + h->type_len;
	if (end > raw + size)
		return 0;
	for (; p + sizeof(struct btf_type) <= end; id++, p += len) {
		if (btf_kind((const struct btf_type *)p) == BTF_KIND_FUNC)
			return id;
		len = btf_record_len((const struct btf_type *)p);
		if (!len)
			return 0;
	}
	return 0;
}

bool fentry_refused(void)
{
	static int answer = -1;
	struct stat st;
	int fd, prog;
	char *raw;

	if (answer >= 0)
		return answer;
	answer = 0;
	fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	if (fstat(fd, &st)) {
		close(fd);
		return false;
	}
	raw = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0); /* 6.16 */
	close(fd);
	if (raw == MAP_FAILED)
		return false;
	prog = prog_load(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, first_function(raw, st.st_size));
	if (prog >= 0)
		close(prog);
	answer = prog < 0 && errno == EPERM;
	munmap(raw, st.st_size);
	return answer;
}

/* Of a path that is no regular file, which is looked at after the flags and before the process. */
static bool uprobe_multi_try(void)
{
	const unsigned long offset = 0;
	LIBBPF_OPTS(bpf_link_create_opts, opts, .uprobe_multi.path = "/",
		    .uprobe_multi.offsets = &offset, .uprobe_multi.cnt = 1);
	int prog = prog_load(BPF_PROG_TYPE_KPROBE, TRACE_UPROBE_MULTI, 0), err;

	if (prog < 0)
		return false;
	err = bpf_link_create(prog, -1, TRACE_UPROBE_MULTI, &opts) < 0 ? errno : 0;
	if (err != EBADF) {
		close(prog);
		return false;
	}
	/* It is there; those that filter right refuse a negative pid at once. */
	opts.uprobe_multi.pid = -1;
	err = bpf_link_create(prog, -1, TRACE_UPROBE_MULTI, &opts) < 0 ? errno : 0;
	close(prog);
	return err == EINVAL;
}

bool uprobe_multi_works(void)
{
	static int answer = -1;

	if (answer < 0)
		answer = uprobe_multi_try();
	return answer;
}

const char *uprobe_error(int err)
{
	if (err == -EACCES || err == -EPERM)
		return "this kernel wants CAP_SYS_ADMIN for it";
	return strerror(-err);
}
