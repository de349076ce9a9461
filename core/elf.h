/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Read what uprobes and symbolisers need out of ELF files that nobody vouches for.
 *
 * The files belong to the processes under observation, so nothing in them is believed: a truncated
 * or lying file gives an error or fewer symbols, never a crash or an endless loop. They are read
 * with pread() and not mapped: their owner may shorten them at any time, and a mapping would turn
 * that into SIGBUS. 32 and 64 bits, the byte order of this machine only. */
/* The C library has a header of this name: where -I puts this one in front of it, both are meant.
 * The pragma keeps clang from a warning about the next line, no more. */
#pragma GCC system_header
#include_next <elf.h>

#ifndef CORE_ELF_H
#define CORE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* libbpf and libelf have taken elf_open(), elf_close() and elf_begin(). */
struct elf;

/* One function. */
struct elf_func {
	const char *name;	/* the file's memory: only valid inside the callback */
	uint64_t vaddr;		/* as linked */
	uint64_t offset;	/* in the file, in bytes: what a uprobe takes */
	uint64_t size;		/* in bytes; 0 when the file does not tell */
	uint64_t room;		/* to the end of the section; 0 when the file does not tell */
	bool ifunc;		/* this is the resolver, which runs once, not the function itself */
	bool global;		/* false: local to one object file, so the name may not be unique */
	bool weak;
	bool hidden;		/* an old version, which new programs do not link to */
};

/* Open the ELF file `path`. NULL when it cannot be read or is none, then *why says so in a few
 * words (static memory; `why` may be NULL). Close with elf_file_close(). */
struct elf *elf_file_open(const char *path, const char **why);

/* The same for an open file, of which `fd` becomes the property of the call even if it fails.
 * `path` (may be NULL) is only used to find debug files beside it. */
struct elf *elf_file_open_fd(int fd, const char *path, const char **why);

/* The same for an image of `size` bytes at `base` in `fd`, for example a vDSO in /proc/PID/mem. */
struct elf *elf_file_open_at(int fd, uint64_t base, uint64_t size, const char **why);

void elf_file_close(struct elf *e);		/* NULL is fine */

/* Call `cb` for each function of .symtab, then of .dynsym, until it returns false. Without a
 * .symtab that of the debug data is taken if there is any: .gnu_debugdata inside it, or a file by
 * build-id or debug link, in the file's own root (/proc/PID/root) and by build-id in ours. Returns 1
 * when stopped, else 0. */
typedef bool (*elf_func_cb)(const struct elf_func *f, void *arg);
int elf_each_func(struct elf *e, elf_func_cb cb, void *arg);

/* The function `name`; "name@@VERSION" and "name@VERSION" are found too, and the current version
 * and global ones are preferred. 0 and *f (its name is `name`), or -ENOENT. */
int elf_find_func(struct elf *e, const char *name, struct elf_func *f);

/* Where the variable `name` is, as linked. 0 or -ENOENT. */
int elf_find_object(struct elf *e, const char *name, uint64_t *vaddr);

/* Translate through the loadable segments. False when the place is not in the file. */
bool elf_vaddr_to_offset(const struct elf *e, uint64_t vaddr, uint64_t *offset);
bool elf_offset_to_vaddr(const struct elf *e, uint64_t offset, uint64_t *vaddr);

/* Has code made by the Go compiler: a return probe would crash it. */
bool elf_is_go(const struct elf *e);

uint16_t elf_machine(const struct elf *e);	/* EM_* */
bool elf_is_64(const struct elf *e);
/* A program that is loaded where it was linked (no PIE, no library). */
bool elf_is_fixed(const struct elf *e);

/* Where a section is, as linked. False when there is none of that name. */
bool elf_section_find(const struct elf *e, const char *name, uint64_t *vaddr);

/* What is in it, with a NUL behind it; the caller frees. NULL when there is none, or more than `max`
 * bytes of it. */
char *elf_section_load(const struct elf *e, const char *name, size_t max, uint64_t *size);

/* Can be loaded into a process that `other` is loaded into: same machine and class. */
bool elf_same_machine(const struct elf *e, const struct elf *other);

/* The build-id as hex digits. False when there is none. */
#define ELF_BUILD_ID_LEN 65
bool elf_build_id(const struct elf *e, char hex[ELF_BUILD_ID_LEN]);

/* The file name in .gnu_debuglink and the CRC of that file, into `name`. False without one. */
#define ELF_NAME_LEN 256
bool elf_debuglink(const struct elf *e, char name[ELF_NAME_LEN], uint32_t *crc);

/* The i-th library (from 0) that the file needs, such as "libc.so.6"; NULL after the last. The name
 * of the dynamic loader; NULL for a static program. Memory of `e`. */
const char *elf_needed(struct elf *e, unsigned i);
const char *elf_interp(struct elf *e);

/* Small helpers of the symbol readers. */

/* Open the regular file `path` for reading as a process with the root directory `root` sees it:
 * links in it do not lead outside. "" is our own root. `flags` is 0 or O_NOFOLLOW. Never blocks. A
 * descriptor or -errno. */
int file_open_in(const char *root, const char *path, int flags);

/* Call `line` for each line of `fd` from its current position on, NUL-terminated and without the
 * newline, until it returns false. The text is the callback's to change. `len` is without the NUL;
 * lines above 32 kB come in pieces. Closes `fd`. 0 or -errno. */
typedef bool (*line_cb)(char *text, size_t len, void *arg);
int file_lines(int fd, line_cb line, void *arg);

/* Take the hex digits at *s, without 0x, and step behind them; at most 64 bits. */
uint64_t hex_take(char **s);

/* Does `s` match `glob` (* and ?)? */
bool glob_matches(const char *glob, const char *s);

#endif
