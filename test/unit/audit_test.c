// SPDX-License-Identifier: GPL-2.0-or-later
// The relocation audit on objects whose verdicts are known: audit_test [-b BTF] DIR, where DIR has
// the compiled test/unit/audit/*.bpf.c as NAME.bpf.o. Types are this kernel's without -b.
#include "../../core/audit.h"
#include "../../core/btf.h"
#include "../../core/util.h"

#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct expected {
	const char *object, *prog;
	enum audit_verdict verdict;
	const char *text;	/* is in the row's; "" where there has to be none */
} expected[] = {
	{"good", "on_switch", AUDIT_OK, ""},
	{"good", "on_read", AUDIT_OK, ""},
	{"good", "on_write", AUDIT_OK, ""},
	{"good", "on_syscall", AUDIT_OK, ""},
	{"good", "on_clock", AUDIT_OK, ""},
	{"missing", "direct", AUDIT_BAD_RELO, "struct task_struct.no_such_member: no such member"},
	{"missing", "copied", AUDIT_BAD_RELO, "task_struct.se.no_such_inner: no such member"},
	{"missing", "type", AUDIT_BAD_RELO, "struct no_such_struct: no such type"},
	{"missing", "value", AUDIT_BAD_RELO, "enum pid_type PIDTYPE_NO_SUCH: no such value"},
	{"missing", "odd", AUDIT_BAD_RELO, "struct task_struct.comm: of another type"},
	{"missing", "in_callee", AUDIT_BAD_RELO, "struct task_struct.no_such_member: no such"},
	{"missing", "in_callback", AUDIT_BAD_RELO, "struct task_struct.no_such_member: no such"},
	{"missing", "by_option", AUDIT_BAD_RELO, "struct task_struct.no_such_member: no such"},
	{"kfunc", "uses", AUDIT_NO_KFUNC, "bpf_no_such_kfunc(): no such kernel function"},
	{"kfunc", "innocent", AUDIT_NO_KFUNC, "bpf_no_such_kfunc(): no such kernel function"},
	{"guarded", "flavours", AUDIT_OK, ""},
	{"guarded", "by_type", AUDIT_OK, ""},
	{"guarded", "by_value", AUDIT_OK, ""},
	{"guarded", "by_argument", AUDIT_OK, ""},
	{"guarded", "spilled", AUDIT_OK, ""},
	{"guarded", "behind_loop", AUDIT_OK, ""},
	{"guarded", "by_kfunc", AUDIT_OK, ""},
	{"sizes", "copied", AUDIT_SIZE_DIFFERS, "task_struct.flags: 8 bytes here, 4 in the kernel"},
	{"sizes", "adjusted", AUDIT_OK, ""},
	{"sizes", "refused", AUDIT_BAD_RELO, "struct task_struct.pid: signed or of another type"},
	{"sizes", "asked", AUDIT_OK, ""},
	{"sizes", "array", AUDIT_OK, "struct task_struct.comm: 64 elements here, 16 in the kernel"},
	{"targets", "raw_there", AUDIT_OK, ""},
	{"targets", "raw_not", AUDIT_NO_TARGET, "no tracepoint no_such_tracepoint"},
	{"targets", "btf_not", AUDIT_NO_TARGET, "no tracepoint no_such_tracepoint"},
	{"targets", "classic_there", AUDIT_OK, ""},
	{"targets", "classic_unknown", AUDIT_UNKNOWN_TARGET, "no tracepoint no_such_tracepoint"},
	{"targets", "syscall_there", AUDIT_OK, ""},
	{"targets", "syscall_no_args", AUDIT_OK, ""},
	{"targets", "syscall_not", AUDIT_NO_TARGET, "no system call no_such_call"},
	{"targets", "ksyscall_there", AUDIT_OK, ""},
	{"targets", "fentry_there", AUDIT_OK, ""},
	{"targets", "fexit_not", AUDIT_NO_TARGET, "no function no_such_function"},
	{"targets", "fexit_module", AUDIT_UNKNOWN_TARGET, "no function no_such_function"},
	{"targets", "kprobe_there", AUDIT_OK, ""},
	{"targets", "kprobe_unknown", AUDIT_UNKNOWN_TARGET, "no function no_such_function"},
	{"targets", "kprobe_pattern", AUDIT_UNKNOWN_TARGET, "pattern"},
	{"targets", "at_run_time", AUDIT_OK, ""},
	{"targets", "iter_there", AUDIT_OK, ""},
};

static bool seen[ARRAY_LEN(expected)];
static int failed;

static void result(bool ok, const char *object, const char *name, const char *why)
{
	printf("%s audit %s%s%s%s%s\n", ok ? "ok" : "not ok", object, *name ? "." : "", name,
	       ok ? "" : ": ", ok ? "" : why);
	failed += !ok;
}

static void on_row(const struct audit_row *row, void *object)
{
	char why[512];

	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		const struct expected *e = &expected[i];
		bool ok;

		if (strcmp(e->object, object) || strcmp(e->prog, row->prog))
			continue;
		ok = row->verdict == e->verdict &&
			(*e->text ? !!strstr(row->text, e->text) : !*row->text);
		snprintf(why, sizeof(why), "verdict %d, not %d: %s", row->verdict, e->verdict,
			 row->text);
		result(ok, object, row->prog, why);
		seen[i] = true;
		return;
	}
	result(false, object, row->prog, "not expected at all");
}

/* A file in memory that is aligned; dies where it cannot. */
static void *slurp(const char *path, size_t *size)
{
	FILE *f = fopen(path, "re");
	struct stat st;
	void *data;

	if (!f || fstat(fileno(f), &st))
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	*size = st.st_size;
	data = xalloc(*size);
	if (fread(data, 1, *size, f) != *size)
		die(EXIT_FAIL, "%s: cannot read", path);
	fclose(f);
	return data;
}

static void test_object(const char *dir, const char *name, const struct audit_kernel *kernel)
{
	char path[4096];
	size_t size;
	void *elf;

	snprintf(path, sizeof(path), "%s/%s.bpf.o", dir, name);
	elf = slurp(path, &size);
	if (audit_object(elf, size, kernel, on_row, (void *)name) < 0)
		result(false, name, "", "not taken for an object");
	free(elf);
}

static void on_nothing(const struct audit_row *row, void *arg)
{
	(void)row;
	(void)arg;
}

/* Cut short and with bytes turned over: an error or any verdict, but no crash. */
static void test_broken(const char *dir, const struct audit_kernel *kernel)
{
	char path[4096];
	size_t size, n;
	char *elf, *copy;
	uint32_t seed = 1;

	snprintf(path, sizeof(path), "%s/missing.bpf.o", dir);
	elf = slurp(path, &size);
	for (n = 0; n < size; n += 1 + n / 16) {
		copy = memcpy(xalloc(n), elf, n);
		if (audit_object(copy, n, kernel, on_nothing, NULL) >= 0)
			result(false, "cut short", "", "taken for an object");
		free(copy);
	}
	for (int i = 0; i < 2000; i++) {
		copy = memcpy(xalloc(size), elf, size);
		for (int j = 0; j < 1 + i % 8; j++) {
			seed = seed * 1103515245 + 12345;
			copy[(seed >> 4) % size] ^= seed >> 24;
		}
		audit_object(copy, size, kernel, on_nothing, NULL);
		free(copy);
	}
	free(elf);
	result(true, "broken", "", "");
}

/* All 150 objects of a release in less than 2 s. */
static void test_speed(const char *dir, const struct btf *btf)
{
	struct timespec from, to;
	struct audit_kernel *kernel;
	char path[4096], why[64];
	size_t size;
	void *elf;
	double ms;

	snprintf(path, sizeof(path), "%s/missing.bpf.o", dir);
	elf = slurp(path, &size);
	clock_gettime(CLOCK_MONOTONIC, &from);
	kernel = audit_kernel_new(btf);
	for (int i = 0; i < 150; i++)
		audit_object(elf, size, kernel, on_nothing, NULL);
	audit_kernel_free(kernel);
	clock_gettime(CLOCK_MONOTONIC, &to);
	free(elf);
	ms = (to.tv_sec - from.tv_sec) * 1e3 + (to.tv_nsec - from.tv_nsec) / 1e6;
	snprintf(why, sizeof(why), "150 objects took %.0f ms", ms);
	result(ms < 2000, "speed", "", why);
	fprintf(stderr, "# %s\n", why);
}

/* What btf.h says of files, with raw types and things that are none. */
static void test_load(const struct btf *btf)
{
	char why[128] = "", path[] = "/tmp/audit_test.XXXXXX";
	const char *custom;
	const void *raw;
	struct btf *copy;
	uint32_t size;
	int fd = mkstemp(path);

	raw = btf__raw_data(btf, &size);
	copy = btf_load(raw, size, why, sizeof(why));
	result(copy && btf__type_cnt(copy) == btf__type_cnt(btf), "load", "raw", why);
	btf__free(copy);
	*why = 0;
	result(!btf_load(raw, size - 1, why, sizeof(why)) && strstr(why, "cut short"), "load",
	       "short", why);
	result(!btf_load(raw, 10, why, sizeof(why)), "load", "tiny", why);
	result(!btf_load_file("/nonexistent", why, sizeof(why)), "load", "absent", why);
	result(!btf_load_file("/dev/null", why, sizeof(why)), "load", "empty", why);
	result(!btf_load_file("/proc/self/exe", why, sizeof(why)) && strstr(why, ".BTF"), "load",
	       "elf without types", why);
	if (fd < 0 || write(fd, raw, size) != (ssize_t)size)
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	copy = btf_load_file(path, why, sizeof(why));
	custom = copy ? btf_custom_path(path, copy) : NULL;
	result(custom && !strcmp(custom, path), "load", "custom path", why);
	btf__free(copy);
	unlink(path);
	close(fd);
	result(btf_has_func(btf, "vfs_read") && !btf_has_func(btf, "task_struct"), "has", "func",
	       "wrong");
	result(btf_has_raw_tp(btf, "sched_switch") && !btf_has_raw_tp(btf, "no"), "has", "raw_tp",
	       "wrong");
	result(btf_has_struct(btf, "task_struct") && !btf_has_struct(btf, "no"), "has", "struct",
	       "wrong");
}

/* Types that would have libbpf go round for ever, or divide by zero. */
static void test_traps(void)
{
	enum { STRINGS = 6 };
	static const struct {
		const char *name;
		uint32_t n, words[12];
	} traps[] = {
		{"typedef of itself", 3, {1, BTF_KIND_TYPEDEF << 24, 1}},
		{"const of its const", 6, {0, BTF_KIND_CONST << 24, 2, 0, BTF_KIND_CONST << 24, 1}},
		{"array of itself", 6, {0, BTF_KIND_ARRAY << 24, 0, 1, 1, 1}},
		{"struct in itself", 6, {1, BTF_KIND_STRUCT << 24 | 1, 8, 0, 1, 0}},
		{"bit-field of pointer", 9, {0, BTF_KIND_PTR << 24, 0,
			1, 1U << 31 | BTF_KIND_STRUCT << 24 | 1, 8, 3, 1, 3 << 24}},
	};

	for (size_t i = 0; i < ARRAY_LEN(traps); i++) {
		uint32_t size = traps[i].n * 4;
		struct {
			struct btf_header h;
			char data[sizeof(traps[i].words) + STRINGS];
		} raw = {{BTF_MAGIC, BTF_VERSION, 0, sizeof(raw.h), 0, size, size, STRINGS}, ""};
		char why[128] = "";

		memcpy(raw.data, traps[i].words, size);
		memcpy(raw.data + size, "\0t\0m\0", STRINGS);
		result(!btf_load(&raw, sizeof(raw.h) + size + STRINGS, why, sizeof(why)) &&
		       strstr(why, "holds itself"), "trap", traps[i].name, why);
	}
}

/* gzip of this kernel's types, made by whoever runs the test: -z FILE. */
static void test_gzip(const char *path)
{
	char why[128] = "";
	struct btf *btf = btf_load_file(path, why, sizeof(why)), *again = NULL;
	const char *custom = btf ? btf_custom_path(path, btf) : NULL;

	result(btf, "load", "gzip", why);
	if (custom)
		again = btf__parse(custom, NULL);
	result(again && btf__type_cnt(again) == btf__type_cnt(btf), "load", "gzip custom path",
	       custom ? custom : "none");
	btf__free(again);
	btf__free(btf);
}

int main(int argc, char **argv)
{
	static const char *const objects[] = {
		"good", "missing", "guarded", "kfunc", "sizes", "targets",
	};
	struct audit_kernel *kernel;
	char why[256] = "", path[256];
	const char *file = NULL, *gzip = NULL;
	struct btf *btf;
	int opt;

	prog_name = "audit_test";
	while ((opt = getopt(argc, argv, "b:z:")) > 0)
		*(opt == 'b' ? &file : &gzip) = optarg;
	if (optind + 1 != argc)
		die(EXIT_USAGE, "usage: audit_test [-b BTF] [-z BTF.gz] DIR");
	btf = file ? btf_load_file(file, why, sizeof(why)) :
		btf_kernel(path, sizeof(path), why, sizeof(why));
	if (!btf)
		die(EXIT_CANNOT, "%s", why);
	kernel = audit_kernel_new(btf);
	for (size_t i = 0; i < ARRAY_LEN(objects); i++)
		test_object(argv[optind], objects[i], kernel);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		if (!seen[i])
			result(false, expected[i].object, expected[i].prog, "no row");
	}
	test_broken(argv[optind], kernel);
	test_speed(argv[optind], btf);
	test_load(btf);
	test_traps();
	if (gzip)
		test_gzip(gzip);
	audit_kernel_free(kernel);
	btf__free(btf);
	return failed ? EXIT_FAIL : EXIT_OK;
}
