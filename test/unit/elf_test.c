// SPDX-License-Identifier: GPL-2.0-or-later
// The ELF reader: right answers on good files, no harm from bad ones. Build with core/elf.c and
// core/util.c; the sanitizers are what makes the second half worth its time.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../core/elf.h"
#include "../../core/util.h"
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Found by its name in our own file. */
__attribute__((noinline)) int landmark(int n)
{
	return n * 3 + 1;
}

static bool func_count(const struct elf_func *f, void *arg)
{
	size_t *total = arg;

	*total += strlen(f->name) + 1;
	return true;
}

/* Ask everything. */
static void elf_exercise(struct elf *e)
{
	char hex[ELF_BUILD_ID_LEN], name[ELF_NAME_LEN];
	struct elf_func f;
	size_t total = 0;
	uint64_t v = 0;
	uint32_t crc;

	elf_each_func(e, func_count, &total);
	elf_find_func(e, "landmark", &f);
	elf_vaddr_to_offset(e, 0x1000, &v);
	elf_offset_to_vaddr(e, 0x1000, &v);
	elf_is_go(e);
	elf_build_id(e, hex);
	elf_debuglink(e, name, &crc);
	for (unsigned i = 0; elf_needed(e, i); i++)
		total += strlen(elf_needed(e, i));
	if (elf_interp(e))
		total += strlen(elf_interp(e));
}

static char *file_load(const char *path, size_t *size)
{
	int fd = open(path, O_RDONLY);
	struct stat st;
	char *p;

	if (fd < 0 || fstat(fd, &st))
		return NULL;
	p = xalloc(st.st_size);
	*size = pread(fd, p, st.st_size, 0);
	close(fd);
	return p;
}

static int memory_file(const char *p, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, p, size) != (ssize_t)size)
		die(EXIT_FAIL, "memfd: %s", strerror(errno));
	return fd;
}

static void try_image(const char *p, size_t size)
{
	const char *why = NULL;
	struct elf *e = elf_file_open_fd(memory_file(p, size), NULL, &why);

	if (!e && !why)
		OK(false, "reason", "refused without one");
	if (e)
		elf_exercise(e);
	elf_file_close(e);
}

static void test_self(void)
{
	const char *why = "";
	struct elf *e = elf_file_open("/proc/self/exe", &why);
	struct elf_func f = {};
	uint64_t v = 0, off = 0;
	size_t size = 0;
	char *p = file_load("/proc/self/exe", &size);

	OK(e, "open self", "%s", why);
	if (!e)
		return;
	OK(!elf_find_func(e, "landmark", &f), "find own function", "not found");
	OK(f.size > 0 && f.offset + f.size <= size && f.global && !f.weak && !f.ifunc, "its place",
	   "offset %llx size %llu", (unsigned long long)f.offset, (unsigned long long)f.size);
#if !defined(__arm__) && !(defined(__powerpc64__) && _CALL_ELF == 1)
	OK(f.offset + 16 <= size && !memcmp(p + f.offset, (void *)landmark, 8), "its code",
	   "the file has other bytes at %llx", (unsigned long long)f.offset);
#endif
	OK(elf_offset_to_vaddr(e, f.offset, &v) && v == f.vaddr, "offset to address",
	   "%llx for %llx", (unsigned long long)v, (unsigned long long)f.vaddr);
	OK(elf_vaddr_to_offset(e, v, &off) && off == f.offset, "address to offset", "%llx",
	   (unsigned long long)off);
	OK(elf_find_func(e, "landmar", &f) == -ENOENT, "no function by half a name", "found");
	OK(elf_find_func(e, "", &f) == -ENOENT, "no function without a name", "found");
	OK(!elf_is_go(e), "not Go", "it is");
	OK(!elf_vaddr_to_offset(e, ~0ULL, &off), "no offset beyond the file", "%llx",
	   (unsigned long long)off);
	elf_exercise(e);
	elf_file_close(e);
	free(p);
}

static void test_refused(void)
{
	const char *why = NULL;
	char empty;

	OK(!elf_file_open("/dev/null", &why) && why, "device refused", "opened");
	OK(!elf_file_open("/", &why) && why, "directory refused", "opened");
	OK(!elf_file_open("/nonexistent/file", &why) && !strcmp(why, strerror(ENOENT)),
	   "missing file", "%s", why);
	OK(!elf_file_open("/proc/self/maps", &why) && why, "text refused", "opened");
	try_image(&empty, 0);
}

/* Each prefix near the start and near the end, steps in between. */
static void test_truncated(const char *path)
{
	size_t size = 0, step;
	char *p = file_load(path, &size);

	if (!p)
		return;
	step = size / 500 + 1;
	for (size_t n = 0; n < size; n += n < 1024 || n + 512 > size ? 1 : step)
		try_image(p, n);
	OK(true, "truncated", " ");
	free(p);
}

/* Bits flipped where it matters: headers, tables and anywhere. */
static void test_flipped(const char *path, int rounds)
{
	size_t size = 0, shoff;
	char *p = file_load(path, &size), *q;
	unsigned seed = 1;

	if (!p)
		return;
	q = xalloc(size);
	memcpy(&shoff, p + (sizeof(long) == 8 ? 40 : 32), sizeof(shoff));
	for (int i = 0; i < rounds; i++) {
		memcpy(q, p, size);
		for (int n = rand_r(&seed) % 8 + 1; n; n--) {
			size_t at = rand_r(&seed), part = rand_r(&seed) % 3;

			at = part == 0 ? at % 1024 : part == 1 ? shoff + at % (size - shoff) : at;
			q[at % size] ^= 1 << rand_r(&seed) % 8;
		}
		try_image(q, size);
	}
	OK(true, "bits flipped", " ");
	free(p);
	free(q);
}

static void test_helpers(void)
{
	char text[] = "7fFf00 x", *s = text;

	OK(hex_take(&s) == 0x7fff00 && *s == ' ', "hex", "rest '%s'", s);
	OK(glob_matches("tcp_*", "tcp_sendmsg") && !glob_matches("tcp_*", "udp_sendmsg") &&
	   glob_matches("*send*g", "tcp_sendmsg") && glob_matches("?cp", "tcp") &&
	   !glob_matches("", "x") && glob_matches("*", "") && !glob_matches("tcp", "tcp_") &&
	   glob_matches("**a*b", "xaxb"), "glob", "wrong");
	OK(file_open_in("/proc/self/root", "/nonexistent", 0) == -ENOENT, "file in a root",
	   "opened");
}

int main(int argc, char **argv)
{
	const char *victim = argc > 1 ? argv[1] : "/proc/self/exe";

	test_self();
	test_refused();
	test_helpers();
	test_truncated(victim);
	test_flipped(victim, argc > 2 ? atoi(argv[2]) : 10000);
	return checks_failed || landmark(0) != 1;
}
