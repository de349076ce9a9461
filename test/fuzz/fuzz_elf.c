// SPDX-License-Identifier: GPL-2.0-or-later
// libFuzzer target: the ELF reader on any bytes.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../core/elf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool func_see(const struct elf_func *f, void *arg)
{
	size_t *left = arg;

	if (memchr(f->name, '\n', strlen(f->name)))
		--*left;
	return --*left < 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char hex[ELF_BUILD_ID_LEN], name[ELF_NAME_LEN];
	const char *why = NULL, *s;
	size_t left = 100000;
	struct elf_func f;
	uint64_t v = 0;
	uint32_t crc;
	struct elf *e;
	int fd = memfd_create("elf", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	e = elf_file_open_fd(fd, "/usr/bin/no-such-program", &why);
	if (!e) {
		if (!why || !*why)
			abort();
		return 0;
	}
	elf_each_func(e, func_see, &left);
	if (!elf_find_func(e, "main", &f) && f.offset >= size)
		abort();
	if (elf_vaddr_to_offset(e, 0x401000, &v) && v >= size)
		abort();
	elf_offset_to_vaddr(e, size / 2, &v);
	elf_is_go(e);
	if (elf_build_id(e, hex) && (strlen(hex) % 2 || strlen(hex) >= sizeof(hex)))
		abort();
	if (elf_debuglink(e, name, &crc) && (!*name || strchr(name, '/')))
		abort();
	for (unsigned i = 0; i < 1000 && (s = elf_needed(e, i)); i++)
		v += strlen(s);
	s = elf_interp(e);
	if (s)
		v += strlen(s);
	elf_same_machine(e, e);
	elf_file_close(e);
	return 0;
}
