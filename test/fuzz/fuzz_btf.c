// SPDX-License-Identifier: GPL-2.0-or-later
// libFuzzer on files of types: raw BTF, ELF and gzip. What is accepted then serves as a kernel's
// types for an audit of the objects that the environment variable AUDIT_OBJECTS names, separated by
// colons, which sends libbpf's resolver through it. Build libbpf with the sanitizers too.
#include "../../core/audit.h"
#include "../../core/btf.h"
#include "../../core/util.h"

#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { OBJECTS = 8, OBJECT_MAX = 1 << 20 };

static struct {
	void *elf;
	size_t size;
} objects[OBJECTS];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *env = getenv("AUDIT_OBJECTS");
	char *list = xstrdup(env ? env : ""), *path = strtok(list, ":");

	(void)argc;
	(void)argv;
	libbpf_set_print(NULL);
	for (int i = 0; path && i < OBJECTS; i++, path = strtok(NULL, ":")) {
		FILE *f = fopen(path, "re");

		if (!f)
			die(EXIT_FAIL, "%s: cannot open", path);
		objects[i].elf = xalloc(OBJECT_MAX);
		objects[i].size = fread(objects[i].elf, 1, OBJECT_MAX, f);
		fclose(f);
	}
	free(list);
	return 0;
}

static void on_row(const struct audit_row *row, void *arg)
{
	if (strlen(row->text) > 2000 || !row->prog || !row->section)
		abort();
	(void)arg;
}

/* From memory where it looks like raw types, else by way of a file. */
static struct btf *load(const uint8_t *data, size_t size, char *why, size_t why_size)
{
	struct btf *btf;
	int fd;

	if (size > 2 && data[0] == 0x9f && data[1] == 0xeb)
		return btf_load(data, size, why, why_size);
	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	btf = btf_load_fd(fd, why, why_size);
	close(fd);
	return btf;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char why[128] = "";
	struct btf *btf = load(data, size, why, sizeof(why));
	struct audit_kernel *kernel;

	if (!btf && !*why)
		abort(); /* a failure without a reason */
	if (!btf)
		return 0;
	btf_has_func(btf, "vfs_read");
	kernel = audit_kernel_new(btf);
	for (int i = 0; i < OBJECTS && objects[i].elf; i++)
		audit_object(objects[i].elf, objects[i].size, kernel, on_row, NULL);
	audit_kernel_free(kernel);
	btf__free(btf);
	return 0;
}
