// SPDX-License-Identifier: GPL-2.0-or-later
// Kernel and user symbols, libraries and programs. Build with core/{elf,ksyms,usyms,util}.c. What
// this machine does not show (no root, no other process to look at) is "ok NAME # skip".
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../core/elf.h"
#include "../../core/ksyms.h"
#include "../../core/usyms.h"
#include "../../core/util.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SKIP(name, why) printf("ok %s # skip %s\n", name, why)

__attribute__((noinline)) int landmark(int n)
{
	return n * 3 + 1;
}

static const char *str(const char *s)
{
	return s ? s : "nothing";
}

static void nap_ms(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static void test_symtab(void)
{
	struct symtab t = {};
	const struct sym *s;
	char name[32], *giant = xalloc(SYM_NAME_MAX * 2);
	unsigned x = 1, bad = 0;

	for (unsigned i = 0; i < 5000; i++) {
		x = x * 1664525 + 1013904223;
		snprintf(name, sizeof(name), "f%u", x >> 20);
		symtab_add(&t, (uint64_t)(x >> 20) * 16, 8, 0, name);
	}
	symtab_finish(&t);
	for (size_t i = 1; i < t.n; i++)
		bad += t.v[i - 1].addr >= t.v[i].addr;
	OK(!bad, "table sorted, each address once", "%u not", bad);
	for (size_t i = 0; i < t.n; i++) {
		s = symtab_find(&t, t.v[i].addr + 7);
		snprintf(name, sizeof(name), "f%u", (unsigned)(t.v[i].addr / 16));
		bad += !s || strcmp(t.pool + s->name, name) || symtab_find(&t, t.v[i].addr + 8);
	}
	OK(!bad, "table found by address, within the size only", "%u not", bad);
	symtab_free(&t);

	symtab_add(&t, 100, 100, 8, "outer");
	symtab_add(&t, 120, 10, 8, "inner");
	symtab_add(&t, 100, 100, 9, "better");
	symtab_add(&t, 300, 50 | SYM_UP_TO, 0, "label");
	symtab_finish(&t);
	s = symtab_find(&t, 150);
	OK(s && !strcmp(t.pool + s->name, "better"), "nested symbols and ranks", "%s",
	   s ? t.pool + s->name : "none");
	s = symtab_find(&t, 125);
	OK(s && !strcmp(t.pool + s->name, "inner"), "the inner one", "%s",
	   s ? t.pool + s->name : "none");
	OK(symtab_find(&t, 349) && !symtab_find(&t, 350) && !symtab_find(&t, 99), "bounds", " ");
	memset(giant, 'g', SYM_NAME_MAX * 2 - 1);
	symtab_add(&t, 1, 1, 0, giant);
	symtab_finish(&t);
	s = symtab_find(&t, 1);
	OK(s && !strcmp(t.pool + s->name + SYM_NAME_MAX - 4, "g..."), "giant name cut with a mark",
	   " ");
	symtab_free(&t);
	t.max = 4096;
	for (x = 0; x < 100000 && symtab_add(&t, x, 1, 0, "name"); x++)
		;
	OK(x < 500, "table has a limit", "%u taken", x);
	symtab_free(&t);
	free(giant);
}

static bool name_count(const char *name, uint64_t addr, const char *module, void *arg)
{
	unsigned *n = arg;

	(void)addr;
	(void)module;
	*n += !strncmp(name, "vfs_", 4);
	return true;
}

static void test_ksyms(void)
{
	struct ksyms *ks = ksyms_new();
	struct timespec a, b;
	char real[128] = "";
	uint64_t addr, off = 0;
	const char *name, *module = "?";
	unsigned n = 0;
	int err;

	clock_gettime(CLOCK_MONOTONIC, &a);
	err = ksyms_load(ks);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("# kallsyms read in %.1f ms\n",
	       (b.tv_sec - a.tv_sec) * 1e3 + (b.tv_nsec - a.tv_nsec) / 1e6);
	if (err && err != -EPERM) {
		SKIP("kernel symbols", strerror(-err));
		ksyms_free(ks);
		return;
	}
	OK(ksyms_has(ks, "vfs_read") && !ksyms_has(ks, "no_such_function") && !ksyms_has(ks, ""),
	   "kernel has vfs_read", "wrong");
	addr = ksyms_addr(ks, "vfs_read");
	if (err == -EPERM) {
		OK(!addr && !ksyms_find(ks, ~0ULL << 30, NULL, NULL), "hidden addresses", "shown");
		SKIP("kernel addresses", "hidden");
	} else {
		name = ksyms_find(ks, addr + 3, &off, &module);
		OK(name && !strcmp(name, "vfs_read") && off == 3 && !module, "vfs_read by address",
		   "%s+%llu [%s]", str(name), (unsigned long long)off, str(module));
		OK(!ksyms_find(ks, 0x1000, &off, NULL), "no kernel function in user space",
		   "found");
		OK(!ksyms_find(ks, ~0ULL, &off, NULL), "nor at the end", "found");
	}
	OK(kallsyms_has_func("vfs_read", NULL, 0) && !kallsyms_has_func("vfs_rea", NULL, 0) &&
	   !kallsyms_has_func("", real, sizeof(real)), "stream has vfs_read", "wrong");
	OK(kallsyms_has_func("vfs_read", real, sizeof(real)) && !strcmp(real, "vfs_read"),
	   "exact before suffixed", "%s", real);
	OK(!kallsyms_match("vfs_*", name_count, &n) && n > 10, "match vfs_*", "%u", n);
	ksyms_free(ks);
}

struct suffixed {
	char plain[128], real[128];
};

static bool suffixed_see(const char *name, uint64_t addr, const char *module, void *arg)
{
	struct suffixed *s = arg;

	(void)addr;
	(void)module;
	if (strstr(name, ".cold") || strlen(name) >= sizeof(s->real))
		return true;
	strcpy(s->real, name);
	snprintf(s->plain, sizeof(s->plain), "%.*s", (int)strcspn(name, "."), name);
	return kallsyms_has_func(s->plain, NULL, 0); /* not that one: it is there in plain, too */
}

static void test_suffix(void)
{
	struct suffixed s = {};
	char real[128] = "";

	if (kallsyms_match("*.isra.0", suffixed_see, &s) || !*s.plain) {
		SKIP("suffix", "no such function");
		return;
	}
	OK(!kallsyms_has_func(s.plain, NULL, 0), "suffix not taken unasked", "%s", s.plain);
	OK(kallsyms_has_func(s.plain, real, sizeof(real)) &&
	   !strncmp(real, s.plain, strlen(s.plain)) && strchr(real, '.'), "suffix taken when asked",
	   "%s for %s", real, s.plain);
}

/* kptr_restrict and the like, as a user without rights sees them */
static void test_hidden(void)
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		struct ksyms *ks;
		bool has;
		int err;

		if (setuid(65534))
			_exit(9);
		ks = ksyms_new();
		err = ksyms_load(ks);
		has = ksyms_addr(ks, "vfs_read");
		_exit(err == -EPERM ? has : err ? 8 : !has);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) > 7)
		SKIP("hidden addresses are told", "cannot become another user");
	else
		OK(!status, "hidden addresses are told", "status %x", status);
}

static void test_self(void)
{
	struct usyms *us = usyms_new();
	const char *dso = NULL, *name;
	uint64_t off = 0, at = (uintptr_t)landmark;
	char exe[PATH_MAX] = "";

	if (readlink("/proc/self/exe", exe, sizeof(exe) - 1) < 0)
		exe[0] = 0;
	name = usyms_find(us, getpid(), at + 2, &off, &dso);
	OK(name && !strcmp(name, "landmark") && off == 2, "own function", "%s+%llu", str(name),
	   (unsigned long long)off);
	OK(dso && !strcmp(dso, exe), "own file", "%s, not %s", str(dso), exe);
	name = usyms_find(us, getpid(), (uintptr_t)getenv, &off, &dso);
	OK(name && strstr(name, "getenv"), "a libc function", "%s in %s", str(name), str(dso));
	name = usyms_find(us, getpid(), (uintptr_t)&at, &off, &dso);
	OK(!name, "no function on the stack", "%s", name);
	OK(!usyms_find(us, getpid(), 16, &off, &dso) && !dso, "nothing at 16", "%s", str(dso));
	OK(!usyms_find(us, 0, at, &off, &dso) && !usyms_find(us, -1, at, &off, &dso),
	   "no such process", "found");
	OK(usyms_snapshot(us, 2) == -ESRCH || getpid() < 3, "kernel thread", "has maps");
	usyms_forget(us, getpid());
	name = usyms_find(us, getpid(), at, &off, NULL);
	OK(name && !strcmp(name, "landmark") && !off, "after forgetting", "%s", str(name));
	usyms_free(us);
}

static void test_vdso(void)
{
	uint64_t base = getauxval(AT_SYSINFO_EHDR), off;
	struct usyms *us = usyms_new();
	const char *name = NULL, *dso = NULL;

	if (!base) {
		SKIP("vdso", "there is none");
		usyms_free(us);
		return;
	}
	for (uint64_t at = base; at < base + 8192 && !(name && strstr(name, "gettime")); at += 16)
		name = usyms_find(us, getpid(), at, &off, &dso);
	OK(name && !strcmp(str(dso), "[vdso]"), "vdso", "%s in %s", str(name), str(dso));
	usyms_free(us);
}

/* A child that has copied the program, deleted the copy and runs on from it; then it dies. */
static void test_deleted_and_dead(void)
{
	char dir[] = "/tmp/syms_test.XXXXXX", copy[64], cmd[128];
	struct usyms *us = usyms_new();
	const char *name, *dso;
	struct map { uint64_t start, end, pgoff; } m = {};
	uint64_t off = 0, at = 0;
	struct elf_func f;
	struct elf *e;
	pid_t pid;
	char line[512];
	FILE *maps;
	int unused = 0;

	if (!mkdtemp(dir))
		die(EXIT_FAIL, "mkdtemp: %s", strerror(errno));
	snprintf(copy, sizeof(copy), "%s/copy", dir);
	snprintf(cmd, sizeof(cmd), "cp /proc/%d/exe %s", getpid(), copy);
	if (system(cmd))
		die(EXIT_FAIL, "cannot copy myself");
	pid = fork();
	if (!pid) {
		execl(copy, copy, "--sleep", NULL);
		_exit(1);
	}
	nap_ms(200);
	unlink(copy);
	rmdir(dir);
	snprintf(line, sizeof(line), "/proc/%d/maps", pid);
	maps = fopen(line, "r");
	while (maps && fgets(line, sizeof(line), maps))
		if (strstr(line, " r-xp ") && strstr(line, copy) &&
		    sscanf(line, "%" SCNx64 "-%" SCNx64 " %*s %" SCNx64, &m.start, &m.end,
			   &m.pgoff) == 3)
			break;
	if (maps)
		fclose(maps);
	e = elf_file_open("/proc/self/exe", NULL);
	if (e && !elf_find_func(e, "landmark", &f))
		at = m.start + f.offset - m.pgoff;
	elf_file_close(e);
	name = usyms_find(us, pid, at + 1, &off, &dso);
	if (!name && geteuid())
		SKIP("deleted program", "needs rights");
	else
		OK(name && !strcmp(name, "landmark") && off == 1 && dso && !strcmp(dso, copy),
		   "deleted program", "%s+%llu in %s", str(name), (unsigned long long)off,
		   str(dso));
	usyms_free(us);

	/* maps taken while it lived, symbols asked for afterwards; its file is the libc of all */
	us = usyms_new();
	OK(!usyms_snapshot(us, pid), "snapshot", "failed");
	kill(pid, SIGKILL);
	waitpid(pid, &unused, 0);
	name = usyms_find(us, pid, at, &off, &dso);
	OK(!name && dso && !strcmp(dso, copy), "dead process: the file is known", "%s in %s",
	   str(name), str(dso));
	usyms_free(us);

	us = usyms_new();
	pid = fork();
	if (!pid) {
		pause();
		_exit(0);
	}
	nap_ms(50);
	usyms_snapshot(us, pid);
	kill(pid, SIGKILL);
	waitpid(pid, &unused, 0);
	name = usyms_find(us, pid, (uintptr_t)landmark + 1, &off, &dso);
	OK(name && !strcmp(name, "landmark"), "dead process: the file is still there", "%s in %s",
	   str(name), str(dso));
	usyms_free(us);
}

static void jit_write(const char *path, const char *mode, const char *text)
{
	FILE *f = fopen(path, mode);

	if (!f)
		die(EXIT_FAIL, "%s: %s", path, strerror(errno));
	fputs(text, f);
	fclose(f);
}

static void test_jit(void)
{
	char *code = mmap(NULL, 8192, PROT_READ | PROT_WRITE | PROT_EXEC,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t at = (uintptr_t)code, off;
	struct usyms *us = usyms_new();
	char path[64], text[256];
	const char *name, *dso;

	if (code == MAP_FAILED) {
		SKIP("jit", "no writable code");
		usyms_free(us);
		return;
	}
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", getpid());
	unlink(path);
	snprintf(text, sizeof(text), "%llx 20 first thing\nzzz\n\n%llx\n12 34\nffffffffffffffff "
		 "ffffffffffffffff wild\n%llx 40 ", (unsigned long long)at,
		 (unsigned long long)at, (unsigned long long)at + 0x100);
	jit_write(path, "w", text);
	name = usyms_find(us, getpid(), at + 4, &off, &dso);
	OK(name && !strcmp(name, "first thing") && off == 4 && !dso, "jit", "%s in %s",
	   str(name), str(dso));
	OK(!usyms_find(us, getpid(), at + 0x20, &off, NULL), "jit: beyond the function", "found");
	OK(!usyms_find(us, getpid(), at + 0x100, &off, NULL), "jit: unfinished line", "found");
	snprintf(text, sizeof(text), "second\n%llx 20 recompiled\n", (unsigned long long)at);
	jit_write(path, "a", text);
	nap_ms(1100);
	name = usyms_find(us, getpid(), at + 0x13f, &off, NULL);
	OK(name && !strcmp(name, "second") && off == 0x3f, "jit: added later", "%s", str(name));
	name = usyms_find(us, getpid(), at + 1, &off, NULL);
	OK(name && !strcmp(name, "recompiled"), "jit: the latest counts", "%s", str(name));
	usyms_free(us);

	unlink(path);
	us = usyms_new();
	if (!symlink("/proc/self/maps", path))
		OK(!usyms_find(us, getpid(), at + 4, &off, NULL), "jit: no links", "followed");
	usyms_free(us);
	unlink(path);
	us = usyms_new();
	snprintf(text, sizeof(text), "%llx 20 planted\n", (unsigned long long)at);
	jit_write(path, "w", text);
	if (!geteuid() && !chown(path, 65534, 65534))
		OK(!usyms_find(us, getpid(), at + 4, &off, NULL), "jit: not from strangers",
		   "taken");
	else
		SKIP("jit: not from strangers", "needs root");
	unlink(path);
	usyms_free(us);
	munmap(code, 8192);
}

static void test_later_mapping(void)
{
	struct usyms *us = usyms_new();
	int fd = open("/proc/self/exe", O_RDONLY);
	const char *name, *dso;
	struct elf_func f = {};
	uint64_t off = 0;
	struct elf *e;
	char *p;

	usyms_snapshot(us, getpid());
	nap_ms(150);
	e = elf_file_open("/proc/self/exe", NULL);
	if (e)
		elf_find_func(e, "landmark", &f);
	elf_file_close(e);
	p = mmap(NULL, f.offset + 64, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0);
	if (p != MAP_FAILED) {
		name = usyms_find(us, getpid(), (uintptr_t)p + f.offset + 1, &off, &dso);
		OK(name && !strcmp(name, "landmark") && off == 1, "mapped after the first look",
		   "%s in %s", str(name), str(dso));
	}
	close(fd);
	usyms_free(us);
}

static void test_finding(void)
{
	char path[PATH_MAX], other[PATH_MAX], tiny[4];
	struct elf *self = elf_file_open("/proc/self/exe", NULL), *e;
	bool is_static = self && !elf_interp(self);
	int err;

	OK(!program_find("sh", path, sizeof(path)) && *path == '/' && !access(path, X_OK),
	   "find sh", "%s", path);
	OK(!program_find(path, other, sizeof(other)) && !strcmp(path, other),
	   "program by path", "%s", other);
	OK(program_find("no-such-program", path, sizeof(path)) == -ENOENT &&
	   program_find("", path, sizeof(path)) == -ENOENT, "no program", "found %s", path);
	OK(program_find("/etc/passwd", path, sizeof(path)) == -EACCES, "not executable", "taken");
	OK(program_find("sh", tiny, sizeof(tiny)) == -ENAMETOOLONG, "program: no room", "fits");

	err = lib_find(0, "c", path, sizeof(path));
	printf("# libc is %s\n", err ? strerror(-err) : path);
	e = err ? NULL : elf_file_open(path, NULL);
	OK(err == -ENOENT || (e && self && elf_same_machine(e, self)), "find libc", "%s", path);
	elf_file_close(e);
	if (!err) {
		OK(!lib_find(0, path, other, sizeof(other)) && !strcmp(path, other),
		   "library by path", "%s", other);
		OK(lib_find(0, "c", tiny, sizeof(tiny)) == -ENAMETOOLONG, "library: no room",
		   "fits");
	}
	OK(lib_find(0, "no-such-library", path, sizeof(path)) == -ENOENT &&
	   lib_find(0, "", path, sizeof(path)) == -ENOENT &&
	   lib_find(0, "/no/such/lib.so", path, sizeof(path)) == -ENOENT, "no library", "%s", path);
	OK(lib_find(0x3fffffff, "c", path, sizeof(path)) == -ESRCH, "library of no process", "%s",
	   path);
	err = lib_find(getpid(), "c", path, sizeof(path));
	if (is_static)
		OK(err == -ENOENT, "a static program has no libc", "%s", path);
	else
		OK(!err && !strncmp(path, "/proc/", 6) && !access(path, R_OK), "own libc", "%s",
		   path);
	elf_file_close(self);
}

int main(int argc, char **argv)
{
	(void)argv;
	if (argc > 1)
		return pause();
	setvbuf(stdout, NULL, _IOLBF, 0);
	test_symtab();
	test_ksyms();
	test_suffix();
	test_hidden();
	test_self();
	test_vdso();
	test_deleted_and_dead();
	test_jit();
	test_later_mapping();
	test_finding();
	return checks_failed || landmark(0) != 1;
}
